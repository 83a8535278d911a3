import { Buffer } from 'node:buffer';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { rasterizer, sampleChart } from './sample-chart.ts';

async function pngBytes(chart: Parameters<typeof renderChart>[0]): Promise<Buffer> {
  return Buffer.from((await renderChart(chart, 'png', rasterizer)).bytes);
}

async function png(chart: Parameters<typeof renderChart>[0]): Promise<PNG> {
  return PNG.sync.read(await pngBytes(chart));
}

describe('rendered chart', () => {
  it.each([
    ['web', 1200, 630],
    ['mobile', 1080, 1350],
    ['social', 1200, 675],
  ])('as PNG at size %s is %d x %d with at most 256 colours', async (size, width, height) => {
    const image = await png(sampleChart(150, { size }));
    const colours = new Set<number>();
    for (let at = 0; at < image.data.length; at += 4) colours.add(image.data.readUInt32BE(at));
    expect([image.width, image.height]).toEqual([width, height]);
    expect(colours.size).toBeGreaterThan(8);
    expect(colours.size).toBeLessThanOrEqual(256);
  });

  it.each(['png', 'svg', 'pdf'] as const)('as %s is byte for byte the same twice', async (format) => {
    const [one, two] = [
      await renderChart(sampleChart(100), format, rasterizer),
      await renderChart(sampleChart(100), format, rasterizer),
    ];
    expect(two).toEqual(one);
    expect(one.contentType).toMatch(
      { png: /^image\/png$/, svg: /^image\/svg\+xml/, pdf: /^application\/pdf$/ }[format],
    );
  });

  it('needs no rasterizer for SVG and PDF', async () => {
    const none = { rasterize: () => Promise.reject(new Error('no wasm')) };
    await renderChart(sampleChart(3), 'svg', none);
    await renderChart(sampleChart(3), 'pdf', none);
    await expect(renderChart(sampleChart(3), 'png', none)).rejects.toThrow('no wasm');
  });

  it.each([1, 2, 20_000])('draws %d bars', async (count) => {
    expect((await png(sampleChart(count, { size: { width: 400, height: 300 } }))).width).toBe(400);
  });
});
