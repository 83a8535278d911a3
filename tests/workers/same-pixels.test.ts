// Charts inside workerd: their pixels, and what lays out their headers, are those of Node.
import rasterizerWasm from '@resvg/resvg-wasm/index_bg.wasm';
import layoutWasm from 'satori/yoga.wasm';
import { expect, it } from 'vitest';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { createHeaderLayout } from '../../functions/charts/satori-client.ts';
import stated from './picture-digests.json' with { type: 'json' };
import { pictureDigests } from './sample-spec.ts';

const rasterizer = createRasterizer(async () => rasterizerWasm as WebAssembly.Module);
const header = createHeaderLayout(async () => layoutWasm as WebAssembly.Module);

it('draws the pixels and writes the SVG that Node does, of every kind', async () => {
  const found = await pictureDigests(
    async (chart, format) => (await renderChart(chart, format, rasterizer, header)).bytes,
  );
  expect(found).toEqual(stated);
});
