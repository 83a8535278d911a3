/** The digest under which a chart is catalogued. Pure but for WebCrypto. */
import { privateDigestKey } from './chart-address.ts';
import { chartDigest } from './chart-digest.ts';
import { isPrivateChart, type ResolvedChart } from './resolved-chart.ts';

/** A market chart's digest is of its content alone; a private one's begins with `p-` and is the user's own. */
export async function chartName(
  chart: ResolvedChart,
  by: { master: Uint8Array<ArrayBuffer>; userId: string },
): Promise<{ digest: string; private: boolean }> {
  if (!isPrivateChart(chart))
    return { digest: await chartDigest(chart, { visibility: 'public' }), private: false };
  const key = await privateDigestKey(by.master, by.userId);
  return { digest: `p-${await chartDigest(chart, { visibility: 'private', key })}`, private: true };
}
