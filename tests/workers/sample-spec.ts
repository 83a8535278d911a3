// The charts of fixed data, the same on every runtime, and their digests.
import { parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { type ResolvedChart, resolveChart } from '../../functions/charts/resolved-chart.ts';
import { decodedPixels, FIXED_BODIES, sha256Hex } from './fixed-pictures.ts';

/** Lower-case hex SHA-256 of each fixed chart's decoded pixels (RGBA, row by row) and of its SVG, as Node draws them. */
export type PictureDigests = Record<string, { pixels: string; svg: string }>;

/** The fixed charts by name. */
export function fixedCharts(): [string, ResolvedChart][] {
  return Object.entries(FIXED_BODIES).map(([name, body]) => {
    const parsed = parseChartSpec(body);
    if (parsed.outcome !== 'ok') throw new Error(`${name}: ${JSON.stringify(parsed.faults)}`);
    return [name, resolveChart(parsed.spec)];
  });
}

/** Digests of every fixed chart. */
export async function pictureDigests(
  draw: (chart: ResolvedChart, format: 'png' | 'svg') => Promise<Uint8Array<ArrayBuffer>>,
): Promise<PictureDigests> {
  const found: PictureDigests = {};
  for (const [name, chart] of fixedCharts()) {
    const pixels = await sha256Hex(decodedPixels(await draw(chart, 'png')));
    found[name] = { pixels, svg: await sha256Hex(await draw(chart, 'svg')) };
  }
  return found;
}
