// Pictures that were looked at and committed. A golden picture changes only on purpose: delete it, run once, look at
// the new one, raise RENDERER_VERSION.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { expect } from 'vitest';
import { renderChart } from '../../functions/charts/render-chart.ts';
import type { ResolvedChart } from '../../functions/charts/resolved-chart.ts';
import { rasterizer } from './sample-chart.ts';

const GOLDEN = join(import.meta.dirname, 'golden');

/** Draws a chart, compares it with its golden picture, and returns the SHA-256 of its decoded pixels. */
export async function goldenPixels(chart: ResolvedChart, name: string): Promise<string> {
  const bytes = Buffer.from((await renderChart(chart, 'png', rasterizer)).bytes);
  const file = join(GOLDEN, `${name}.png`);
  if (!existsSync(file)) {
    writeFileSync(file, bytes);
    expect.fail(`wrote the golden picture ${name}: look at it and run again`);
  }
  const [image, golden] = [PNG.sync.read(bytes), PNG.sync.read(readFileSync(file))];
  const { width, height } = golden;
  expect([image.width, image.height]).toEqual([width, height]);
  const different = pixelmatch(image.data, golden.data, undefined, width, height, { threshold: 0.1 });
  expect(different, `pixels that differ from golden/${name}.png`).toBe(0);
  return createHash('sha256').update(image.data).digest('hex');
}
