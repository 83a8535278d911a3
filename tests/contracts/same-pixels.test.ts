// The fixed charts as Node draws them: the digests that workerd's pixels are held against in tests/workers. They change
// only on purpose: delete the file, run once, look at the pictures, raise RENDERER_VERSION.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { chartHeader, chartRasterizer } from '../../infra/charts/chart-tools.ts';
import { decodedPixels } from '../workers/fixed-pictures.ts';
import { fixedCharts, pictureDigests } from '../workers/sample-spec.ts';

const STATED = join(import.meta.dirname, '../workers/picture-digests.json');

it('draws the pixels and writes the SVG that are stated, of every kind', async () => {
  const found = await pictureDigests(
    async (chart, format) => (await renderChart(chart, format, chartRasterizer, chartHeader)).bytes,
  );
  if (!existsSync(STATED)) {
    writeFileSync(STATED, `${JSON.stringify(found, null, 2)}\n`);
    expect.fail('wrote the digests: look at the pictures and run again');
  }
  expect(found).toEqual(JSON.parse(readFileSync(STATED, 'utf8')));
});

it('has them right, as an independent reader of PNG sees them', async () => {
  for (const [name, chart] of fixedCharts().slice(0, 2)) {
    const { bytes } = await renderChart(chart, 'png', chartRasterizer, chartHeader);
    const seen = PNG.sync.read(Buffer.from(bytes)).data;
    expect(Buffer.from(decodedPixels(bytes)).equals(seen), name).toBe(true);
  }
});
