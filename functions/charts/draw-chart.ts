import type { Deps } from '../platform/deps.ts';
import { MEDIA_RENDER } from './chart-metrics.ts';
import { createRasterizer, type WasmSource } from './rasterizer.ts';
import { type ChartFormat, type RenderedChart, renderChart } from './render-chart.ts';
import type { ResolvedChart } from './resolved-chart.ts';

/** Caching of a market chart: its address names its content, so it never changes. */
export const PUBLIC_CACHE = 'public, max-age=31536000, immutable';
/** Caching of a private chart: short, so that a revocation is seen within five minutes. */
export const PRIVATE_CACHE = 'private, max-age=300';

/** Draws a chart and stores it under its address; later readers get the stored bytes. Throws where either fails. */
export async function drawChart(
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
