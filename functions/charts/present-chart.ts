import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { need } from '../platform/config.ts';
import { timestamp } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { type CdnKey, cdnKey } from './cdn-signature.ts';
import { chartAddresses, PRIVATE_LIFE_SECONDS } from './chart-address.ts';

export const chartSchema = z
  .object({
    url: z.string(),
    urls: z.object({ png: z.string(), svg: z.string(), pdf: z.string() }),
    expires_at: timestamp
      .nullable()
      .openapi({ description: 'until when the addresses work; null: for ever' }),
    etag: z.string(),
    alt: z.string(),
  })
  .openapi('Chart');

/** The key that private digests and addresses are made with. Throws where the duty has none. */
export function mediaKey({ config }: Pick<Deps, 'config'>): Uint8Array<ArrayBuffer> {
  const master = need(config, 'MEDIA_SIGNING_KEY')[0]?.bytes;
  if (master === undefined) throw new Error('the media key ring is empty');
  return master;
}

async function cdnOf({ config }: Pick<Deps, 'config'>): Promise<CdnKey | null> {
  const { MEDIA_CDN_PRIVATE_KEY: pem, MEDIA_KEY_PAIR_ID: id } = config;
  return pem === undefined || id === undefined ? null : cdnKey(pem, id);
}

/**
 * The wire form of a chart. Addresses of a private one are signed anew with each answer; they live for an hour, and no
 * longer than the chart, which goes at `endMs` (milliseconds UTC; null: never).
 */
export async function presentChart(
  deps: Pick<Deps, 'config' | 'clock'>,
  chart: { digest: string; private: boolean; alt: string; endMs: number | null },
): Promise<z.output<typeof chartSchema>> {
  const { digest, alt } = chart;
  const nowSeconds = Math.floor(deps.clock.nowMs() / 1000);
  const endSeconds = chart.endMs === null ? Number.POSITIVE_INFINITY : Math.floor(chart.endMs / 1000);
  const expSeconds = Math.min(nowSeconds + PRIVATE_LIFE_SECONDS, endSeconds);
  const access = chart.private ? { master: mediaKey(deps), expSeconds, cdn: await cdnOf(deps) } : null;
  const urls = await chartAddresses(deps.config.MEDIA_PUBLIC_BASE_URL, digest, access);
  const expires_at = access === null ? null : isoTime(expSeconds * 1000);
  return { url: urls.png, urls, expires_at, etag: `"${digest}"`, alt };
}
