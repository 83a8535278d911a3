import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paintFills, splitMarks } from '../../functions/charts/flat-fills.ts';
import type { Mark, Rect } from '../../functions/charts/mark.ts';
import { chartScene, type Scene } from '../../functions/charts/scene.ts';
import { scenePixels } from '../../functions/charts/scene-pixels.ts';
import { writeRasterSvg } from '../../functions/charts/svg-writer.ts';
import { rasterizer, sampleChart } from './sample-chart.ts';

const PAGE = { width: 60, height: 45 };
const rects = (fill: string, ...of: Rect[]): Mark => ({ kind: 'rects', role: 'bars', fill, rects: of });
const splitOf = (marks: readonly Mark[]) => splitMarks(PAGE, marks, new Set());
const sceneOf = (marks: readonly Mark[]): Scene => ({
  ...chartScene(sampleChart(3)),
  ...PAGE,
  ...{ background: '#131722', marks },
});

const place = fc.integer({ min: -5, max: 62 });
const side = fc.integer({ min: 0, max: 30 });
const colour = fc.constantFrom('#0b8074', '#d6363b', '#E69F00');
const point = fc.record({
  x: fc.double({ min: 0, max: 60, noNaN: true }),
  y: fc.double({ min: 0, max: 45, noNaN: true }),
});
const anyMark: fc.Arbitrary<Mark> = fc.oneof(
  fc.record(
    {
      ...{ kind: fc.constant('rects' as const), role: fc.constant('bars'), fill: colour },
      opacity: fc.constant(0.5),
      rects: fc.array(fc.record({ x: place, y: place, width: side, height: side }), { maxLength: 12 }),
    },
    { requiredKeys: ['kind', 'role', 'fill', 'rects'] },
  ),
  fc.record({
    ...{ kind: fc.constant('polyline' as const), role: fc.constant('line'), stroke: colour },
    ...{ width: fc.constantFrom(1.5, 3), points: fc.array(point, { minLength: 2, maxLength: 6 }) },
  }),
  fc.record({
    ...{ kind: fc.constant('polygon' as const), role: fc.constant('marker'), fill: colour },
    points: fc.array(point, { minLength: 3, maxLength: 5 }),
  }),
);

describe('flat rectangles', () => {
  it('have the pixels that the rasterizer gives them, whatever lies over and under them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMark, { maxLength: 8 }), async (marks) => {
        const scene = sceneOf(marks);
        const ours = await scenePixels(scene, rasterizer);
        expect(ours.pixels).toEqual((await rasterizer.rasterize(writeRasterSvg(scene))).pixels);
      }),
    );
  });

  it('are left to the rasterizer where it draws over them, between pixels, and faint', () => {
    const bar = { x: 4, y: 10, width: 3, height: 20 };
    const clear = { ...bar, x: 40 };
    const points = [
      { x: 0, y: 15 },
      { x: 20, y: 16 },
    ];
    const line: Mark = { kind: 'polyline', role: 'line', stroke: '#000000', width: 1.5, points };
    expect(splitOf([rects('#0b8074', bar, clear), line])).toEqual({
      shapes: [rects('#0b8074', bar), line],
      fills: [{ fill: '#0b8074', rects: [clear] }],
    });
    // The line is under it here.
    expect(splitOf([line, rects('#0b8074', bar)]).fills).toHaveLength(1);
    // What is drawn over one that is drawn has to be drawn.
    const under = rects('#d6363b', { ...bar, y: 25, height: 19 });
    expect(splitOf([under, rects('#0b8074', bar), line]).fills).toEqual([]);
    const between = rects('#0b8074', { ...bar, y: 10.5 });
    const faint: Mark = { kind: 'rects', role: 'bars', fill: '#0b8074', opacity: 0.5, rects: [clear] };
    expect(splitOf([between, faint])).toEqual({ shapes: [between, faint], fills: [] });
  });

  it('are cut at the edges of a band', () => {
    const band = { width: 3, height: 2, pixels: new Uint8Array(24) };
    paintFills(band, 10, [{ fill: '#010203', rects: [{ x: 2, y: 4, width: 9, height: 7 }] }]);
    expect([...band.pixels.subarray(8, 12)]).toEqual([1, 2, 3, 255]);
    expect(band.pixels.reduce((sum, value) => sum + value, 0)).toBe(261);
  });
});
