// The fixed chart as Node draws it: the constants that workerd's pixels are held against in tests/workers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { decodedPixels, fixedChart, PIXELS_SHA256, SVG_SHA256, sha256Hex } from '../workers/sample-spec.ts';

const WASM = join(import.meta.dirname, '../../node_modules/@resvg/resvg-wasm/index_bg.wasm');
const rasterizer = createRasterizer(async () => new Uint8Array(readFileSync(WASM)));

it('draws the pixels that the constant states, as an independent reader of PNG sees them', async () => {
  const { bytes } = await renderChart(fixedChart(), 'png', rasterizer);
  const pixels = decodedPixels(bytes);
  expect(Buffer.from(pixels).equals(PNG.sync.read(Buffer.from(bytes)).data)).toBe(true);
  expect(await sha256Hex(pixels)).toBe(PIXELS_SHA256);
});

it('writes the SVG that the constant states', async () => {
  const { bytes } = await renderChart(fixedChart(), 'svg', rasterizer);
  expect(await sha256Hex(bytes)).toBe(SVG_SHA256);
});
