import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartFaults } from '../../functions/charts/chart-faults.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import type { Mark } from '../../functions/charts/mark.ts';
import type { ChartAnnotations } from '../../functions/charts/resolved-chart.ts';
import type { Scene } from '../../functions/charts/scene.ts';
import { THEMES } from '../../functions/charts/theme.ts';
import { runs } from '../support/property.ts';
import { expectDrawnInside, expectTextsApart, textsOf } from './drawn-inside.ts';
import { candleScene, realCandles, START_MS, sampleChart, walk } from './sample-chart.ts';

const annotations = fc.record(
  {
    entry: fc.double({ min: 1500, max: 2500, noNaN: true }),
    stop_loss: fc.double({ min: 1500, max: 2500, noNaN: true }),
    take_profit: fc.double({ min: 1500, max: 2500, noNaN: true }),
    markers: fc.array(
      fc.record({
        timeMs: fc.integer({ min: START_MS - 1e7, max: START_MS + 4e8 }),
        side: fc.constantFrom('buy' as const, 'sell' as const),
        kind: fc.constantFrom('entry' as const, 'exit' as const),
        price: fc.double({ min: 1900, max: 2100, noNaN: true }),
        reason: fc.constantFrom('sl', 'tp', 'so', 'client'),
      }),
      { maxLength: 40 },
    ),
  },
  { requiredKeys: [] },
);

describe('scene facts', () => {
  it('state what the chart shows', () => {
    const chart = sampleChart(150);
    const { facts, width, height, background, title } = candleScene(chart);
    const last = chart.candles.at(-1)?.close ?? 0;
    expect(facts).toMatchObject({ barCount: 150, columnCount: 150, zone: 'UTC' });
    expect(facts.lastPrice.text.replaceAll(',', '')).toBe(last.toFixed(2));
    expect(facts.indicators.map(({ name }) => name)).toEqual(['SMA 20', 'SMA 50']);
    expect(facts.timeLabels.length).toBeGreaterThan(4);
    expect(facts.priceTicks.filter(({ hidden }) => !hidden).length).toBeGreaterThan(4);
    expect({ width, height, background, title }).toEqual({
      ...{ width: 1200, height: 630, background: THEMES.light.background, title: 'XAUUSD H1' },
    });
  });

  it('are a function of the chart', () => {
    expect(candleScene(sampleChart(80))).toEqual(candleScene(sampleChart(80)));
  });

  it.each(THEME_NAMES)('%s uses its own colours for up and down', (theme) => {
    const { marks } = candleScene(sampleChart(60, { theme }));
    const fillOf = (role: string): unknown =>
      marks.flatMap((mark) => (mark.role === role && 'fill' in mark ? [mark.fill] : []))[0];
    expect([fillOf('candles-up'), fillOf('candles-down')]).toEqual([THEMES[theme].up, THEMES[theme].down]);
  });

  it('warm-up bars feed the indicators and are not drawn', () => {
    const chart = { ...sampleChart(120), visibleFrom: 60 };
    const { facts, marks } = candleScene(chart);
    const line = marks.find(({ role }) => role === 'SMA 50');
    expect(facts.barCount).toBe(60);
    expect(line?.kind === 'polyline' && line.points.length).toBe(60);
  });

  it('draws 20,000 bars in no more columns than pixels', () => {
    const { facts } = candleScene(sampleChart(20_000));
    expect(facts.barCount).toBe(20_000);
    expect(facts.columnCount).toBeLessThanOrEqual(1200);
  });

  it('volume can be left out', () => {
    const roles = candleScene(sampleChart(50, { volume: false })).marks.map(({ role }) => role);
    expect(roles).not.toContain('volume-up');
    expect(roles).not.toContain('legend-Vol');
  });

  it('shows a real history without a gap at weekends', () => {
    const candles = realCandles('xauusd_h1_2012-2022.csv', 150);
    if (candles === undefined) return;
    const source = { candles, instrument: 'XAUUSD', timeframe: 'H1' };
    const scene = candleScene(sampleChart(1, { source }));
    expect(scene.facts.lastPrice.text).toBe('1,969.74');
    const grid = scene.facts.timeLabels.map(({ text }) => text);
    expect(grid).toContain('Mar');
    expectDrawnInside(scene);
    expectTextsApart(scene);
  });
});

describe('orders', () => {
  const chart = sampleChart(100);
  const at = (index: number): number => (chart.candles[index]?.timeMs ?? 0) + 60_000;
  const withOrder = (extra: ChartAnnotations): Scene => candleScene({ ...chart, annotations: extra });

  it('have a solid entry, dashed stop and target, labels with prices and the reward', () => {
    const last = chart.candles.at(-1)?.close ?? 0;
    const scene = withOrder({ entry: last, stop_loss: last - 2, take_profit: last + 5 });
    const line = (role: string): Mark | undefined =>
      scene.marks.find((mark) => mark.kind === 'line' && mark.role === role);
    expect(line('entry')).not.toHaveProperty('dash');
    expect(line('stop-loss')).toHaveProperty('dash');
    expect(line('take-profit')).toHaveProperty('dash');
    const words = textsOf(scene).map(({ text }) => text);
    expect(words).toEqual(expect.arrayContaining(['Entry', 'SL', 'TP 2.5R']));
    expectTextsApart(scene);
  });

  it('have tags at their lines, or a leader from the one to the other', () => {
    const last = chart.candles.at(-1)?.close ?? 0;
    const apart = withOrder({ entry: last - 12, stop_loss: last - 24, take_profit: last + 12 });
    const close = withOrder({ entry: last - 0.5, stop_loss: last - 1, take_profit: last + 12 });
    const leaders = ({ marks }: Scene): string[] =>
      marks.flatMap(({ role }) => (role.endsWith('-leader') ? [role] : []));
    expect(leaders(apart)).toEqual([]);
    expect(leaders(close)).toEqual(['entry-leader', 'stop-loss-leader']);
    for (const role of ['entry', 'stop-loss']) {
      const line = close.marks.find((mark) => mark.kind === 'line' && mark.role === role);
      const leader = close.marks.find((mark) => mark.role === `${role}-leader`);
      const plate = close.marks.find((mark) => mark.role === `${role}-tag-plate`);
      const points = leader?.kind === 'polyline' ? leader.points : [];
      expect(line?.kind === 'line' && line.to).toEqual(points[0]);
      const { y = 0, height = 0 } = (plate?.kind === 'rects' && plate.rects[0]) || {};
      expect(Math.abs((points.at(-1)?.y ?? 0) - y - height / 2)).toBeLessThanOrEqual(1);
    }
  });

  it('pin a level far away with an arrow instead of a line', () => {
    const scene = withOrder({ entry: 2000, take_profit: 9000 });
    const roles = scene.marks.map(({ role }) => role);
    expect(roles).toContain('take-profit-pinned');
    expect(scene.marks.some((mark) => mark.kind === 'line' && mark.role === 'take-profit')).toBe(false);
    expect(textsOf(scene).map(({ text }) => text)).toContain('9,000.00');
  });

  it('mark a buy below the low and a sell above the high of the bar that contains the time', () => {
    const markers = (['buy', 'sell'] as const).map((side, index) => {
      return { timeMs: at(40 + index), side, kind: 'entry' as const };
    });
    const scene = withOrder({ markers });
    const tip = (role: string): number => {
      const mark = scene.marks.find((each) => each.role === role);
      return mark?.kind === 'polygon' ? (mark.points[0]?.y ?? 0) : 0;
    };
    const rects = scene.marks.flatMap((mark) =>
      mark.role.startsWith('candles') && mark.kind === 'rects' ? mark.rects : [],
    );
    const x = scene.marks.find(({ role }) => role === 'buy-entry');
    const middle = x?.kind === 'polygon' ? (x.points[0]?.x ?? 0) : 0;
    const bar = rects.filter((rect) => rect.x <= middle && middle <= rect.x + rect.width);
    expect(tip('buy-entry')).toBeGreaterThan(Math.max(...bar.map(({ y, height }) => y + height)) - 1);
    expect(tip('sell-entry')).toBeGreaterThan(0);
  });

  it('stack three markers and count twenty-nine', () => {
    const many = (count: number): Scene =>
      withOrder({
        markers: Array.from(
          { length: count },
          () => ({ timeMs: at(50), side: 'buy', kind: 'entry' }) as const,
        ),
      });
    const triangles = (scene: Scene): number => scene.marks.filter(({ role }) => role === 'buy-entry').length;
    expect(triangles(many(3))).toBe(3);
    expect(triangles(many(29))).toBe(1);
    expect(textsOf(many(29)).map(({ text }) => text)).toContain('×29');
  });

  it('leave out a marker from before the first bar', () => {
    const scene = withOrder({ markers: [{ timeMs: 0, side: 'buy', kind: 'entry' }] });
    expect(scene.marks.some(({ role }) => role === 'buy-entry')).toBe(false);
  });
});

describe('any chart', () => {
  it('keeps every mark on the canvas and every text clear of the others', () => {
    const side = fc.integer({ min: 200, max: 1400 });
    const shape = fc.record({
      kind: fc.constantFrom('candlestick', 'heikin_ashi', 'renko', 'volume_profile'),
      indicators: fc.constantFrom(
        undefined,
        [{ kind: 'rsi', period: 14 }],
        [...[5, 50, 200].map((period) => ({ kind: 'ema', period })), { kind: 'rsi', period: 3 }],
      ),
      count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 3000 })),
      seed: fc.integer({ min: 0, max: 1_000_000 }),
      from: fc.constantFrom(1.1, 37, 2000, 98_000, -40),
      size: fc.oneof(
        fc.constantFrom('web', 'mobile', 'social'),
        fc.record({ width: side, height: side, scale: fc.constantFrom(1, 2) }),
      ),
      theme: fc.constantFrom(...THEME_NAMES),
      tz: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'),
      title: fc.option(fc.constantFrom('Gold', 'A rather long title '.repeat(9).trim()), { nil: undefined }),
      volume: fc.boolean(),
    });
    fc.assert(
      fc.property(
        shape,
        fc.option(annotations, { nil: undefined }),
        ({ count, seed, from, ...spec }, order) => {
          const source = {
            candles: walk(count, seed, from),
            instrument: 'XAUUSD.PRO',
            timeframe: 'H1',
            digits: 2,
          };
          const { title, ...rest } = spec;
          const chart = sampleChart(1, { source, ...rest, ...(title === undefined ? {} : { title }) });
          fc.pre(chartFaults(chart).length === 0);
          const scene = candleScene(
            order === undefined ? chart : { ...chart, annotations: order as ChartAnnotations },
          );
          expectDrawnInside(scene);
          expectTextsApart(scene);
        },
      ),
      { ...runs(100), endOnFailure: true },
    );
  });
});
