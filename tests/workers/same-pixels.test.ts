// A chart inside workerd: the pixels are those that Node draws.
import rasterizerWasm from '@resvg/resvg-wasm/index_bg.wasm';
import { expect, it } from 'vitest';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { decodedPixels, fixedChart, PIXELS_SHA256, SVG_SHA256, sha256Hex } from './sample-spec.ts';

const rasterizer = createRasterizer(async () => rasterizerWasm as WebAssembly.Module);

it('draws the pixels of a PNG that Node draws', async () => {
  const { bytes } = await renderChart(fixedChart(), 'png', rasterizer);
  expect(await sha256Hex(decodedPixels(bytes))).toBe(PIXELS_SHA256);
});

it('writes the SVG that Node writes', async () => {
  const { bytes } = await renderChart(fixedChart(), 'svg', rasterizer);
  expect(await sha256Hex(bytes)).toBe(SVG_SHA256);
});
