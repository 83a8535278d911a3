/// <reference types="vite/client" />
// The golden pictures inside workerd: every kind and theme has the pixels that were looked at.
import rasterizerWasm from '@resvg/resvg-wasm/index_bg.wasm';
import { describe, expect, it } from 'vitest';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { goldenCharts } from '../charts/golden-charts.ts';
import { decodedPixels, sha256Hex } from './fixed-pictures.ts';

const GOLDEN = import.meta.glob<string>('../charts/golden/*.png', {
  ...{ query: '?inline', import: 'default', eager: true },
});
const rasterizer = createRasterizer(async () => rasterizerWasm as WebAssembly.Module);

const bytesOf = (dataUrl: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(dataUrl.slice(dataUrl.indexOf(',') + 1)), (c) => c.charCodeAt(0));

describe('the golden pictures', () => {
  it('are those of the golden charts, none more and none less', () => {
    const names = goldenCharts().map(([name]) => `../charts/golden/${name}.png`);
    expect(Object.keys(GOLDEN).toSorted()).toEqual(names.toSorted());
  });

  it.each(goldenCharts())('have the same pixels in workerd: %s', async (name, chart) => {
    const golden = bytesOf(GOLDEN[`../charts/golden/${name}.png`] ?? '');
    const { bytes } = await renderChart(chart, 'png', rasterizer);
    expect(await sha256Hex(decodedPixels(bytes))).toBe(await sha256Hex(decodedPixels(golden)));
  });
});
