// A resolved chart in the format asked for. Invariant: SVG and PDF need no rasterizer, and without a header no WebAssembly
// at all, so where it is missing or out of CPU time they still answer.
import { headedScene } from './headed-scene.ts';
import { writePdf } from './pdf-writer.ts';
import { writePng } from './png-writer.ts';
import type { Rasterizer } from './rasterizer.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import type { HeaderLayout } from './satori-client.ts';
import { bandedScene } from './scene-pixels.ts';
import { writeSvg } from './svg-writer.ts';

export type ChartFormat = 'png' | 'svg' | 'pdf';
export type RenderedChart = { bytes: Uint8Array<ArrayBuffer>; contentType: string };

/**
 * Draws a chart, under its header where it has one and `layout` is given; without `layout` a title is set in plain
 * lines. Throws when the rasterizer or the layout cannot start or draw; a checked spec gives them no other reason to.
 */
export async function renderChart(
  chart: ResolvedChart,
  format: ChartFormat,
  rasterizer: Rasterizer,
  layout?: HeaderLayout,
): Promise<RenderedChart> {
  const scene = headedScene(chart, await layout?.(chart));
  switch (format) {
    case 'svg':
      return {
        bytes: new Uint8Array(new TextEncoder().encode(writeSvg(scene))),
        contentType: 'image/svg+xml; charset=utf-8',
      };
    case 'pdf':
      return { bytes: writePdf(scene), contentType: 'application/pdf' };
    case 'png':
      return { bytes: await writePng(bandedScene(scene, rasterizer)), contentType: 'image/png' };
  }
}
