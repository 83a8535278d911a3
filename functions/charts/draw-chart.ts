import type { Deps } from '../platform/deps.ts';
import { causeOf } from '../platform/log.ts';
import { problem } from '../platform/problem.ts';
import { MEDIA_RENDER } from './chart-metrics.ts';
import { createRasterizer, type WasmSource } from './rasterizer.ts';
import { type ChartFormat, type RenderedChart, renderChart } from './render-chart.ts';
import type { ResolvedChart } from './resolved-chart.ts';

/** Caching of a market chart: its address names its content, so it never changes. */
export const PUBLIC_CACHE = 'public, max-age=31536000, immutable';
/** Caching of a private chart: short, so that a revocation is seen within five minutes. */
export const PRIVATE_CACHE = 'private, max-age=300';

/**
 * Draws a chart and stores it under its address; later readers get the stored bytes. Throws 503 where either fails: it
 * may go well the next time, so that answer is never kept, and the cause goes to the log.
 */
export async function drawChart(
  deps: Deps,
  digest: string,
  chart: ResolvedChart,
  format: ChartFormat,
): Promise<RenderedChart> {
  try {
    return await draw(deps, digest, chart, format);
  } catch (e) {
    deps.log({ kind: 'fault', name: 'draw-chart', outcome: 'thrown', request_id: '', cause: causeOf(e) });
    const detail = 'the picture could not be drawn';
    throw problem('unavailable', { detail }, { 'cache-control': 'no-store' });
  }
}

async function draw(
  deps: Deps,
  digest: string,
  chart: ResolvedChart,
  format: ChartFormat,
): Promise<RenderedChart> {
  const rasterizer = createRasterizer(async () => (await deps.loadRasterizerWasm()) as WasmSource);
  const rendered = await renderChart(chart, format, rasterizer);
  const cacheControl = digest.startsWith('p-') ? PRIVATE_CACHE : PUBLIC_CACHE;
  await deps.media.put(`charts/${digest}.${format}`, rendered.bytes, {
    contentType: rendered.contentType,
    cacheControl,
  });
  deps.metrics.count(MEDIA_RENDER, [format]);
  return rendered;
}
