// A resolved chart in the format asked for. Invariant: SVG and PDF need no WebAssembly, so where the rasterizer is
// missing or out of CPU time they still answer.
import { writePdf } from './pdf-writer.ts';
import { writePng } from './png-writer.ts';
import type { Rasterizer } from './rasterizer.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import { chartScene } from './scene.ts';
import { writeSvg } from './svg-writer.ts';

export type ChartFormat = 'png' | 'svg' | 'pdf';
export type RenderedChart = { bytes: Uint8Array<ArrayBuffer>; contentType: string };

/** Draws a chart. Throws when the rasterizer cannot start or draw; a checked spec gives it no other reason to. */
export async function renderChart(
  chart: ResolvedChart,
  format: ChartFormat,
  rasterizer: Rasterizer,
): Promise<RenderedChart> {
  const scene = chartScene(chart);
  switch (format) {
    case 'svg':
      return {
        bytes: new Uint8Array(new TextEncoder().encode(writeSvg(scene))),
        contentType: 'image/svg+xml; charset=utf-8',
      };
    case 'pdf':
      return { bytes: writePdf(scene), contentType: 'application/pdf' };
    case 'png':
      return { bytes: writePng(await rasterizer.rasterize(writeSvg(scene))), contentType: 'image/png' };
  }
}
