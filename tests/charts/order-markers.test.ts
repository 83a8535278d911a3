import { describe, expect, it } from 'vitest';
import { candleGround } from '../../functions/charts/candle-ground.ts';
import type { Rect } from '../../functions/charts/mark.ts';
import { markerSize } from '../../functions/charts/marker-shapes.ts';
import { markerPadding } from '../../functions/charts/order-markers.ts';
import type { ChartAnnotations, ChartMarker } from '../../functions/charts/resolved-chart.ts';
import { expectTextsApart, textsOf } from './drawn-inside.ts';
import { candleScene, sampleChart } from './sample-chart.ts';

const chart = sampleChart(100);
const bar = chart.candles[50];
const price = bar?.close ?? 0;
const marker = (changes: Partial<ChartMarker>): ChartMarker => {
  return { timeMs: (bar?.timeMs ?? 0) + 60_000, side: 'buy', kind: 'exit', price, ...changes };
};
const sceneOf = (markers: readonly ChartMarker[]) => candleScene({ ...chart, annotations: { markers } });
const reasons = (markers: readonly ChartMarker[]): string[] =>
  textsOf(sceneOf(markers)).flatMap(({ role, text }) => (role === 'exit-reason' ? [text] : []));
const many = (count: number, changes: Partial<ChartMarker>): ChartMarker[] =>
  Array.from({ length: count }, () => marker(changes));

describe('exits', () => {
  it.each([
    ['sl', ['SL']],
    ['tp', ['TP']],
    ['so', ['SO']],
    ['client', []],
    [undefined, []],
  ])('for the reason %s are named %o', (reason, expected) => {
    expect(reasons([marker(reason === undefined ? {} : { reason })])).toEqual(expected);
  });

  it('of one reason on one bar are one with their number when they are many', () => {
    const scene = sceneOf(many(29, { reason: 'so' }));
    expect(scene.marks.filter(({ role }) => role === 'buy-exit')).toHaveLength(1);
    expect(reasons(many(29, { reason: 'so' }))).toEqual(['SO ×29']);
    expect(reasons(many(29, { reason: 'client' }))).toEqual(['×29']);
    expect(sceneOf(many(3, {})).marks.filter(({ role }) => role === 'buy-exit')).toHaveLength(3);
  });

  it('of many reasons on neighbouring bars have names that do not touch', () => {
    const markers = Array.from({ length: 12 }, (_, index) =>
      marker({
        timeMs: (bar?.timeMs ?? 0) + index * 3_600_000,
        reason: ['sl', 'tp', 'so'][index % 3] ?? 'sl',
      }),
    );
    const scene = sceneOf(markers);
    expectTextsApart(scene);
    expect(textsOf(scene).filter(({ role }) => role === 'exit-reason').length).toBeGreaterThan(3);
  });
});

describe('the name of an exit', () => {
  const marksOf = (annotations: ChartAnnotations) => candleScene({ ...chart, annotations }).marks;
  const plateOf = (annotations: ChartAnnotations): Rect => {
    const plate = marksOf(annotations).find(({ role }) => role === 'exit-reason-plate');
    const box = plate?.kind === 'rects' ? plate.rects[0] : undefined;
    if (box === undefined) throw new Error('the exit has no name');
    return box;
  };
  const indices = Array.from({ length: 40 }, (_, index) => 30 + index);
  const exitAt = (index: number): ChartMarker => {
    const { timeMs = 0, close = 0 } = chart.candles[index] ?? {};
    return marker({ timeMs, price: close, reason: 'sl' });
  };

  it.each(indices)('on bar %i covers no candle and no line of a level', (index) => {
    const exit = exitAt(index);
    const annotations = { entry: (exit.price ?? 0) + 4, stop_loss: exit.price ?? 0, markers: [exit] };
    const { x, y, width, height } = plateOf(annotations);
    const covered = marksOf(annotations).flatMap((mark): (string | Rect)[] => {
      if (mark.kind === 'line' && ['entry', 'stop-loss', 'last-price'].includes(mark.role))
        return mark.from.y > y && mark.from.y < y + height ? [mark.role] : [];
      if (mark.kind !== 'rects' || !mark.role.startsWith('candles-')) return [];
      return mark.rects.filter(
        (rect) =>
          rect.x < x + width && x < rect.x + rect.width && rect.y < y + height && y < rect.y + rect.height,
      );
    });
    expect(covered).toEqual([]);
  });

  it('stands on the side away from the entry', () => {
    const exit = exitAt(50);
    const at = exit.price ?? 0;
    const [below, above] = [
      plateOf({ entry: at + 6, markers: [exit] }),
      plateOf({ entry: at - 6, markers: [exit] }),
    ];
    expect(below.y).toBeGreaterThan(above.y);
  });
});

describe('room for entries', () => {
  const { bars, layout } = candleGround(chart);
  const roomOf = (count: number) =>
    markerPadding({ markers: many(count, { kind: 'entry' }) }, bars, layout).bottom;

  it('is that of the markers drawn: one, three, or one with a number', () => {
    const { height, gap } = markerSize(layout);
    expect([0, 1, 3].map(roomOf)).toEqual([0, height + 2 * gap, 3 * height + 4 * gap]);
    expect(roomOf(29)).toBeGreaterThan(roomOf(1));
    expect(roomOf(29)).toBeLessThan(roomOf(3));
    expect(markerPadding({ markers: many(3, {}) }, bars, layout)).toEqual({ top: 0, bottom: 0 });
  });
});

describe('fills', () => {
  const pointers = (markers: readonly ChartMarker[]) =>
    sceneOf(markers).marks.filter(({ role }) => role.endsWith('-fill'));

  it('have a pointer each at their price, equal ones together', () => {
    const entries = [price, price, price + 3].map((at) => marker({ kind: 'entry', price: at }));
    expect(pointers(entries)).toHaveLength(2);
    const { price: _, ...unpriced } = marker({ kind: 'entry' });
    expect(pointers([unpriced])).toEqual([]);
  });

  it('stand on a rim of background, so that a candle of their colour does not hide them', () => {
    const { marks, background } = sceneOf([marker({ kind: 'entry' })]);
    const at = marks.findIndex(({ role }) => role === 'buy-fill');
    const [rim, fill] = [marks[at - 1], marks[at]];
    expect(rim).toMatchObject({ role: 'buy-fill-rim', fill: background });
    const tipOf = (mark: typeof rim): number => (mark?.kind === 'polygon' ? (mark.points[0]?.x ?? 0) : 0);
    expect(tipOf(rim)).toBeGreaterThan(tipOf(fill));
  });

  it('outside the plot have none', () => {
    expect(pointers([marker({ kind: 'entry', price: price * 5 })])).toEqual([]);
  });
});
