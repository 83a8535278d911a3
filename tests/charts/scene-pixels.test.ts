import pixelmatch from 'pixelmatch';
import { describe, expect, it } from 'vitest';
import type { Mark, TextMark } from '../../functions/charts/mark.ts';
import type { PixelImage } from '../../functions/charts/png-writer.ts';
import type { Rasterizer } from '../../functions/charts/rasterizer.ts';
import { chartScene, type Scene } from '../../functions/charts/scene.ts';
import { scenePixels } from '../../functions/charts/scene-pixels.ts';
import { writeRasterSvg } from '../../functions/charts/svg-writer.ts';
import { rasterizer, sampleChart } from './sample-chart.ts';

const text = (changes: Partial<TextMark>): TextMark => ({
  ...{ kind: 'text', role: 'x', text: 'Wjg 1,234.50', x: 10, y: 30, size: 20, weight: 400 },
  ...{ anchor: 'start', fill: '#c62f34' },
  ...changes,
});
const sceneOf = (marks: readonly Mark[]): Scene => ({
  ...chartScene(sampleChart(3)),
  ...{ width: 200, height: 60, background: '#ffffff', marks },
});
const apart = (one: PixelImage, other: PixelImage, threshold = 0.1): number =>
  pixelmatch(one.pixels, other.pixels, undefined, one.width, one.height, { threshold });
const atOnce = (scene: Scene): Promise<PixelImage> => rasterizer.rasterize(writeRasterSvg(scene));

/** What the rasterizer was given, drawn by the real one. */
function watched(): { seen: string[]; rasterizer: Rasterizer } {
  const seen: string[] = [];
  return {
    seen,
    rasterizer: {
      rasterize(svg) {
        seen.push(svg);
        return rasterizer.rasterize(svg);
      },
    },
  };
}

describe('the pixels of a scene', () => {
  it.each(['light', 'cvd_dark'] as const)(
    'look as if the rasterizer had drawn it all (%s)',
    async (theme) => {
      const scene = chartScene(sampleChart(150, { theme, size: { width: 700, height: 450, scale: 2 } }));
      const [ours, whole] = [await scenePixels(scene, rasterizer), await atOnce(scene)];
      expect([ours.width, ours.height]).toEqual([1400, 900]);
      // Letters stand on quarters of a pixel.
      expect(apart(ours, whole)).toBeLessThan(200);
    },
  );

  it('draws a glyph once: what was drawn before is not asked for again, and is the same', async () => {
    const scene = sceneOf([text({ size: 23, text: 'Once' })]);
    const first = watched();
    const one = await scenePixels(scene, first.rasterizer);
    expect(first.seen).toHaveLength(2);
    const second = watched();
    expect((await scenePixels(scene, second.rasterizer)).pixels).toEqual(one.pixels);
    expect(second.seen).toHaveLength(1);
    const letters = one.pixels.filter((value, at) => at % 4 === 1 && value < 200).length;
    expect(letters).toBeGreaterThan(100);
  });

  it('does not depend on what was drawn before', async () => {
    const scene = sceneOf([text({ size: 27, text: 'abc' }), text({ size: 27, text: 'c', x: 100.25 })]);
    const alone = await scenePixels(sceneOf([text({ size: 27, text: 'c', x: 100.25 })]), rasterizer);
    const both = await scenePixels(scene, rasterizer);
    const right = (image: PixelImage): number[] =>
      [...image.pixels].filter((_, at) => Math.floor(at / 4) % image.width >= 90);
    expect(right(both)).toEqual(right(alone));
  });

  it('leaves a text in its place that something covers later, that is faint, or that is huge', async () => {
    const cover: Mark = {
      ...{ kind: 'rects', role: 'plate', fill: '#0b8074' },
      rects: [{ x: 0, y: 0, width: 60, height: 60 }],
    };
    const line: Mark = {
      ...{ kind: 'polyline', role: 'line', stroke: '#000000', width: 2 },
      points: [
        { x: 0, y: 24 },
        { x: 200, y: 24 },
      ],
    };
    const covered = [
      [text({}), cover],
      [text({}), line],
      [text({ opacity: 0.1 })],
      [text({ size: 90, y: 58 })],
      [text({ y: 30.5 })],
      [text({ fill: '#000000' }), text({ opacity: 0.5 })],
    ];
    for (const marks of covered) {
      const { seen, rasterizer: drawing } = watched();
      const scene = sceneOf(marks);
      expect(apart(await scenePixels(scene, drawing), await atOnce(scene), 0)).toBe(0);
      expect(seen).toHaveLength(1);
    }
  });

  it('draws a large page in bands, as it looks drawn at once', async () => {
    const points = [
      { x: 0, y: 0 },
      { x: 2000, y: 1499 },
      { x: 0, y: 1400 },
    ];
    const marks: Mark[] = [
      { kind: 'polygon', role: 'slant', fill: '#0072b2', points },
      { kind: 'polyline', role: 'line', stroke: '#d55e00', width: 3, points },
      { kind: 'rects', role: 'bar', fill: '#0b8074', rects: [{ x: 1900, y: 20, width: 7, height: 1470 }] },
      text({ x: 1600, y: 1052, size: 40 }),
    ];
    const scene = { ...sceneOf(marks), width: 2000, height: 1500 };
    const { seen, rasterizer: drawing } = watched();
    const bands = await scenePixels(scene, drawing);
    expect([bands.width, bands.height, bands.pixels.length]).toEqual([2000, 1500, 12_000_000]);
    // Letters of that size, and two bands.
    expect(seen).toHaveLength(3);
    expect(apart(bands, await atOnce(scene))).toBeLessThan(60);
  });

  it('cuts a text at the edge of the page', async () => {
    const scene = sceneOf([text({ x: -20 }), text({ x: 195, y: 66, text: 'MMM' }), text({ y: 4 })]);
    expect(apart(await scenePixels(scene, rasterizer), await atOnce(scene))).toBeLessThan(5);
  });
});
