import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Headed } from '../../functions/charts/chart-frame.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { NAMED_SIZES } from '../../functions/charts/chart-size.ts';
import { type EquityFacts, equityScene } from '../../functions/charts/equity-scene.ts';
import { textBox } from '../../functions/charts/mark.ts';
import type { EquityChart, EquityPoint } from '../../functions/charts/resolved-chart.ts';
import { chartScene, type Scene } from '../../functions/charts/scene.ts';
import { THEMES } from '../../functions/charts/theme.ts';
import { mt4Statement, tester2026 } from '../ledger/shared-statements.ts';
import { runs } from '../support/property.ts';
import { expectDrawnInside, expectTextsApart, textsOf } from './drawn-inside.ts';
import { dice, equityChart, equityWalk, statementPoints } from './sample-account.ts';

const DAY_MS = 86_400_000;
const small = (width: number, height: number) => ({ size: { width, height, scale: 1 as const } });

function curveOf(points: readonly EquityPoint[], changes: Partial<EquityChart> = {}): EquityChart {
  return { ...equityChart(1), points, ...changes };
}

const line = (...values: number[]): EquityPoint[] =>
  values.map((equity, index) => ({ timeMs: index * DAY_MS + 3_600_000, equity, flow: 0 }));

const factsOf = (chart: EquityChart): EquityFacts => equityScene(chart).facts;
const wordsOf = (scene: Scene): string[] => textsOf(scene).map(({ text }) => text);
const rolesOf = (chart: EquityChart): string[] => chartScene(chart).marks.map(({ role }) => role);

describe('an equity chart', () => {
  it('states result, cash flows and drawdowns', () => {
    const points = line(1000, 1500, 1200, 700, 1400).map((point, index) =>
      index === 3 ? { ...point, flow: -600 } : point,
    );
    const facts = factsOf(curveOf(points));
    expect(facts).toMatchObject({ kind: 'equity', pointCount: 5, columnCount: 5, zone: 'UTC' });
    expect(facts).toMatchObject({ net: '+1,000.00', flows: '−600.00', last: { text: '2,000.00' } });
    expect(facts.maxDrawdown).toEqual({
      ...{ money: 300, percent: 20, text: '300.00 (20.00%)' },
      ...{ fromMs: points[1]?.timeMs, toMs: points[2]?.timeMs },
    });
    const words = wordsOf(chartScene(curveOf(points, { name: 'Gold', ...small(900, 500) })));
    expect(words).toEqual(
      expect.arrayContaining(['Gold', 'Equity net of cash flows, USD', '+1,000.00', '300.00 (20.00%)']),
    );
    expect(words).toEqual(expect.arrayContaining(['Max −20.00% (300.00)', '−600', 'Drawdown']));
  });

  it('tells the change in percent only where no cash flow makes it a lie', () => {
    expect(factsOf(curveOf(line(1000, 1100)))).toMatchObject({ net: '+100.00 (+10.00%)', flows: undefined });
    expect(factsOf(curveOf(line(0, 100))).net).toBe('+100.00');
    expect(factsOf(curveOf(line(-50, 50))).net).toBe('+100.00');
  });

  it('has its last value at the height of its last point, and the fall over the curve', () => {
    const chart = curveOf(line(100, 160, 120, 140));
    const scene = chartScene(chart);
    const points = (role: string) => {
      const mark = scene.marks.find((each) => each.role === role && each.kind === 'polyline');
      return mark?.kind === 'polyline' ? mark.points : [];
    };
    const curve = points('equity');
    expect(Math.round(curve.at(-1)?.y ?? 0)).toBe(factsOf(chart).last.y);
    const start = scene.marks.find(({ role }) => role === 'start');
    expect(start?.kind === 'line' && Math.round(start.from.y - 0.5)).toBe(Math.round(curve[0]?.y ?? 0));
    expect(points('maximal-drawdown')).toEqual(curve.slice(1, 3));
    const shade = scene.marks.find(({ role }) => role === 'shade');
    expect(shade?.kind === 'polygon' && shade.points.slice(1, -1)).toEqual(curve);
    expect(shade).toMatchObject({ fill: THEMES.light.indicators[0], opacity: 0.14 });
  });

  it('shades down to zero where the pane has it, and to the pane’s end where it has not', () => {
    const feet = (...values: number[]): number[] => {
      const shade = chartScene(curveOf(line(...values))).marks.find(({ role }) => role === 'shade');
      if (shade?.kind !== 'polygon') throw new Error('no shade');
      return [shade.points[0]?.y ?? 0, shade.points.at(-1)?.y ?? 0];
    };
    const zeroY = (...values: number[]): number =>
      factsOf(curveOf(line(...values))).valueTicks.find(({ value }) => value === 0)?.y ?? 0;
    for (const values of [
      [1000, 4000, -900, 20],
      [100, 5000, 4000, 9000],
    ]) {
      for (const foot of feet(...values)) expect(Math.abs(foot - zeroY(...values))).toBeLessThanOrEqual(1);
    }
    const [far = 0] = feet(10_000, 10_100, 10_050);
    const [debt = 0] = feet(-10_000, -10_100, -10_050);
    expect(far).toBe(debt);
    expect(far).toBeGreaterThan(zeroY(100, 5000, 4000, 9000));
  });

  it('names both falls, the red one on the curve clear of it and of the lines of flows', () => {
    const rise = Array.from({ length: 60 }, (_, index) => 10_000 + 300 * index);
    const later = rise.slice(0, 20).map((value) => value + 17_000);
    const points = line(1000, 500, ...rise, 26_500, 26_000, ...later).map((point, index) =>
      index === 62 ? { ...point, flow: 0.01 } : point,
    );
    const scene = chartScene(curveOf(points));
    const name = textsOf(scene).find(({ role }) => role === 'maximal-drawdown-name');
    if (name === undefined) throw new Error('no name');
    expect(name.text).toBe('Max drawdown');
    expect(wordsOf(scene).some((word) => word.startsWith('Relative −50.00%'))).toBe(true);
    const box = textBox(name);
    const inside = ({ x, y }: { x: number; y: number }): boolean =>
      x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
    for (const mark of scene.marks) {
      if (mark.kind === 'polyline') expect(mark.points.some(inside)).toBe(false);
      if (mark.kind !== 'line' || mark.role !== 'flow-line') continue;
      expect(mark.from.x < box.x || mark.from.x > box.x + box.width).toBe(true);
    }
    expect(rolesOf(curveOf(line(1, 2, 3)))).not.toContain('maximal-drawdown-name');
  });

  it('says nothing that the cards above it say', () => {
    const chart = curveOf(line(1000, 1500, 1200, 700, 1400), { name: 'Gold' });
    const roles = (headed?: Headed): string[] =>
      chartScene(chart, headed).marks.flatMap(({ role }) =>
        /^(legend-|watermark)/.test(role) ? [role] : [],
      );
    const [cards, title] = [new Set(roles({ cards: true, texts: [] })), roles({ cards: false, texts: [] })];
    expect([...cards]).toEqual(['legend-plate', 'legend-what', 'legend-start']);
    expect(title).toEqual(roles());
    expect(title).toEqual(expect.arrayContaining(['watermark', 'legend-name', 'legend-net', 'legend-end']));
  });

  it('has a bar down from zero for every point under water, as deep as it is', () => {
    const scene = chartScene(curveOf(line(100, 90, 100, 60, 100)));
    const bars = scene.marks.find(({ role }) => role === 'drawdown');
    const rects = bars?.kind === 'rects' ? bars.rects : [];
    expect(rects).toHaveLength(2);
    expect(rects[0]?.y).toBe(rects[1]?.y);
    expect((rects[1]?.height ?? 0) / (rects[0]?.height ?? 1)).toBeCloseTo(4, 0);
    expect(scene.facts.kind === 'equity' && scene.facts.drawdownTicks.map(({ text }) => text)).toContain(
      '−40%',
    );
  });

  it('names the drawdown pane in the corner where the worst one is not', () => {
    const nameX = (...values: number[]): number =>
      textsOf(chartScene(curveOf(line(...values)))).find(({ role }) => role === 'drawdown-name')?.x ?? 0;
    const rise = Array.from({ length: 40 }, (_, index) => 100 + index);
    expect(nameX(...rise)).toBeLessThan(600);
    expect(nameX(90, 40, ...rise)).toBeGreaterThan(600);
    expect(nameX(...rise, 20, 150)).toBeLessThan(600);
  });

  it('tells drawdowns in money where a peak not above zero has no percent', () => {
    const facts = factsOf(curveOf(line(-100, -50, -250)));
    expect(facts.maxDrawdown).toMatchObject({ money: 200, percent: null, text: '200.00' });
    expect(facts.relativeDrawdown).toBeUndefined();
    expect(facts.drawdownTicks.map(({ text }) => text)).toContain('−200');
  });

  it('marks deposits and withdrawals once for a column, the largest by its amount', () => {
    const points = line(...Array.from({ length: 40 }, (_, index) => 1000 + index)).map((point, index) => {
      const flow = { 5: 300, 6: -50, 30: -7000 }[index] ?? 0;
      return { ...point, flow };
    });
    const scene = chartScene(curveOf(points));
    const roles = scene.marks.map(({ role }) => role);
    expect(roles.filter((role) => role === 'deposit')).toHaveLength(1);
    expect(roles.filter((role) => role === 'withdrawal')).toHaveLength(2);
    expect(wordsOf(scene)).toEqual(expect.arrayContaining(['+300', '−7,000']));
  });

  it('draws many flows without a fence of lines', () => {
    const flows = line(...Array.from({ length: 60 }, () => 1000)).map((point) => ({ ...point, flow: 10 }));
    const roles = rolesOf(curveOf(flows));
    expect(roles).not.toContain('flow-line');
    expect(roles.filter((role) => role === 'deposit')).toHaveLength(59);
  });

  it('takes one colour for the curve and two for curve and drawdown', () => {
    const one = factsOf(equityChart(20, { color: '#123456' }));
    expect(one.colours).toEqual({ background: '#ffffff', curve: '#123456', drawdown: THEMES.light.down });
    const two = factsOf(equityChart(20, { color: { up: '#123456', down: '#654321' } }));
    expect(two.colours).toEqual({ background: '#ffffff', curve: '#123456', drawdown: '#654321' });
  });

  it('has neither zone nor clock where its points are days', () => {
    const days = Array.from({ length: 9 }, (_, index) => ({
      timeMs: index * DAY_MS,
      equity: index,
      flow: 0,
    }));
    const scene = chartScene(curveOf(days, { tz: 'America/New_York', ...small(900, 500) }));
    expect(factsOf(curveOf(days)).zone).toBe('');
    expect(wordsOf(scene)).toContain('1 Jan – 9 Jan 1970  ·  9 points');
  });

  it('leaves out a name that the alphabet cannot spell', () => {
    const scene = chartScene(curveOf(line(1, 2), { name: '黄金' }));
    expect(wordsOf(scene).join()).not.toContain('黄');
    expect(scene.description).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('the equity chart of a real statement', () => {
  it('shows the terminal’s drawdowns in facts and legend: MT4, 2026', (t) => {
    const { points } = statementPoints(mt4Statement, t);
    const scene = chartScene(curveOf(points));
    expect(scene.facts).toMatchObject({
      ...{ pointCount: 425, net: '+172,705.68', flows: '−120,000.00' },
      ...{ maxDrawdown: { text: '8,832.00 (5.15%)' }, relativeDrawdown: { text: '21.03% (6,277.00)' } },
    });
    expect(wordsOf(scene)).toEqual(expect.arrayContaining(['8,832.00 (5.15%)', '21.03% (6,277.00)']));
    expect(wordsOf(scene)).toEqual(
      expect.arrayContaining(['−35,000', '−85,000', 'Relative −21.03% (6,277.00)']),
    );
    expectDrawnInside(scene);
    expectTextsApart(scene);
  });

  it('shows the terminal’s drawdowns in facts and legend: the tester’s report of 2026', (t) => {
    const { points } = statementPoints(tester2026, t);
    const scene = chartScene(curveOf(points));
    expect(scene.facts).toMatchObject({
      ...{ pointCount: 1396, net: '+207,457.32 (+2,074.57%)', flows: undefined },
      ...{ maxDrawdown: { text: '42,965.00 (37.19%)' }, relativeDrawdown: { text: '50.35% (25,601.00)' } },
    });
    expect(wordsOf(scene)).toEqual(expect.arrayContaining(['42,965.00 (37.19%)', '50.35% (25,601.00)']));
  });
});

const SIZES = {
  ...NAMED_SIZES,
  least: { width: 200, height: 200, scale: 1 },
  ribbon: { width: 4000, height: 300, scale: 1 },
} as const;
const roll = dice(3);
const CURVES: Record<string, EquityPoint[]> = {
  walk: equityChart(300).points.slice(),
  one: line(1000),
  two: line(1000, 900),
  flat: line(...Array.from({ length: 30 }, () => 500)),
  zero: line(0, 0, 0),
  negative: line(-10, -400, -90, -2000),
  ruin: line(1000, 4000, -900, 20),
  debt: line(-8e13, 9e13, -9e13),
  beyond: line(...Array.from({ length: 30 }, () => 0)).map((point) => ({ ...point, flow: 9e13 })),
  huge: line(8e13, 1, 9e13, -9e13),
  long: equityWalk(20_000).map(({ time, equity, flow = '0' }) => {
    return { timeMs: time * 1000, equity: Number(equity), flow: Number(flow) };
  }),
  flows: line(...Array.from({ length: 400 }, () => roll() * 1e6)).map((point) => ({
    ...point,
    flow: (roll() - 0.5) * 1e6,
  })),
  sameTime: line(1, 2, 3).map((point) => ({ ...point, timeMs: 1e12 })),
};

describe('any equity chart', () => {
  const cases = Object.keys(CURVES).flatMap((curve) =>
    Object.keys(SIZES).map((size) => [curve, size as keyof typeof SIZES] as const),
  );
  it.each(cases)('%s at size %s keeps every mark on the canvas and its words apart', (curve, size) => {
    for (const theme of THEME_NAMES) {
      const title = size === 'social' ? 'Six months of gold' : undefined;
      const look = { theme, size: SIZES[size], ...(title === undefined ? {} : { title }) };
      const scene = chartScene(curveOf(CURVES[curve] ?? [], { ...look, name: 'A trading account' }));
      expectDrawnInside(scene);
      expectTextsApart(scene);
    }
  });

  it('keeps every mark on the canvas and its words apart, whatever the size', () => {
    const side = fc.integer({ min: 200, max: 1400 });
    const money = fc.integer({ min: -1e7, max: 1e7 }).map((cents) => cents / 100);
    const row = fc.record({
      timeMs: fc.nat(1e10),
      equity: money,
      flow: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: money }),
    });
    const rows = fc
      .array(row, { minLength: 1, maxLength: 80 })
      .map((all) => all.toSorted((one, other) => one.timeMs - other.timeMs));
    const size = fc.record({ width: side, height: side, scale: fc.constantFrom(1 as const, 2 as const) });
    fc.assert(
      fc.property(rows, size, fc.constantFrom('UTC', 'Asia/Kolkata'), (points, page, tz) => {
        const scene = chartScene(curveOf(points, { size: page, tz }));
        expectDrawnInside(scene);
        expectTextsApart(scene);
      }),
      runs(150),
    );
  });

  it('is drawn in no more columns than pixels', () => {
    const facts = factsOf(curveOf(CURVES['long'] ?? []));
    expect(facts.pointCount).toBe(20_000);
    expect(facts.columnCount).toBeLessThanOrEqual(1200);
  });
});
