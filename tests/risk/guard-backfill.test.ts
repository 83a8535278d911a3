import { describe, expect, it } from 'vitest';
import { navFigures, WEEKDAYS } from '../../functions/ledger/nav-figures.ts';
import { balanceSamples, navSeries, type Sample } from '../../functions/ledger/nav-series.ts';
import { statementFigures } from '../../functions/ledger/statement-figures.ts';
import { guardBackfill } from '../../functions/risk/guard-backfill.ts';
import { GUARD_DEFAULTS } from '../../functions/risk/guard-settings.ts';
import { mt4Statement } from '../ledger/shared-statements.ts';

const START = Date.UTC(2026, 2, 2, 9);
const MINUTE = 60_000;
/** Points a minute apart: what the account was worth, and what came with it. */
const points = (...worth: (number | [number, number])[]): Sample[] =>
  worth.map((w, i) => {
    const [equity, flow] = typeof w === 'number' ? [w, 0] : w;
    return {
      atMs: START + i * MINUTE,
      equity: BigInt(equity) * 100_000_000n,
      flow: BigInt(flow) * 100_000_000n,
    };
  });
/** A balance stands until the next trade: it is seen more than once. */
const standing = (samples: readonly Sample[]): Sample[] =>
  samples.flatMap((s) => [s, { ...s, atMs: s.atMs + 1, flow: 0n }]);
const kinds = (samples: readonly Sample[], settings = GUARD_DEFAULTS) =>
  guardBackfill(settings, samples).events.map((e) => `${e.kind} ${(e.atMs - START) / 1_000}`);

describe('the past of an account', () => {
  it('is what the guard would have done: told, warned, and closed 10 s later', () => {
    const { events, samples, deepestBps, deepestMs } = guardBackfill(
      GUARD_DEFAULTS,
      points(10_000, 10_000, 8_500, 7_900, 7_000),
    );
    expect(events).toEqual([
      { kind: 'warn-level', atMs: START + 2 * MINUTE, causes: [], equity: '8500', drawdownBps: 1_500 },
      { kind: 'warned', atMs: START + 182_000, causes: ['drawdown'], equity: '7900', drawdownBps: 2_100 },
      { kind: 'tripped', atMs: START + 192_000, causes: ['drawdown'], equity: '7900', drawdownBps: 2_100 },
    ]);
    expect({ samples, deepestBps, deepestMs }).toEqual({
      samples: 5,
      deepestBps: 2_100,
      deepestMs: START + 180_000,
    });
  });

  it('begins anew after each trip', () => {
    expect(kinds(points(1_000, 1_000, 790, 600, 590, 590))).toEqual([
      ...['warned 122', 'tripped 132', 'warned 182', 'tripped 192'],
    ]);
  });

  it('takes a point that stood for a second for one sample, and one far beyond the trip for enough', () => {
    const short = points(10_000, 10_000, 7_900, 10_000);
    const next = short[3];
    if (next) next.atMs = START + 2 * MINUTE + 1_000;
    expect(kinds(short)).toEqual([]);
    expect(kinds(points(10_000, 10_000, 7_000))).toEqual(['warned 120', 'tripped 120']);
  });

  it('knows no loss by a withdrawal, and one where all was lost', () => {
    expect(kinds(points(10_000, 10_000, [2_000, -8_000], [0, -2_000], [500, 500]))).toEqual([]);
    expect(kinds(points(10_000, 10_000, 0))).toEqual(['warned 120', 'tripped 120']);
    expect(kinds(points(10_000, 10_000, [500, 500]))).toEqual(['warned 120', 'tripped 120']);
  });

  it('is judged by the floor and by daily rules too', () => {
    const down = points(10_000, 10_000, 9_400, 9_400);
    expect(kinds(down, { ...GUARD_DEFAULTS, floorEquity: '9500' })).toEqual(['warned 122', 'tripped 132']);
    const limit = { name: 'day', actBelow: '9500', breachBelow: '9400', resetsAtMs: START + 86_400_000 };
    const { events } = guardBackfill(GUARD_DEFAULTS, down, (atMs) => (atMs > START ? [limit] : []));
    expect(events.map((e) => [e.kind, ...e.causes])).toEqual([
      ['warned', 'daily:day'],
      ['tripped', 'daily:day'],
    ]);
  });
});

describe('the real statement with two withdrawals', () => {
  const read = (t: Parameters<typeof mt4Statement>[0]) => {
    const { legs, flows } = mt4Statement(t);
    const results = legs.map((l) => ({ timeMs: l.closedMs, amount: l.net }));
    const [first] = flows;
    if (first === undefined) throw new Error('the statement begins with a deposit');
    const stated = statementFigures(legs, flows);
    return { results, flows, stated, real: standing(balanceSamples('0', results, flows)), first };
  };
  const WIDE = { ...GUARD_DEFAULTS, warnBps: 8_998, tripBps: 8_999 };

  it('fell by 5.15 % where it fell most, and not by 68 %', (t) => {
    const { results, stated, first } = read(t);
    const own = balanceSamples(first.amount, results, []);
    const { money_peak_ms: peakMs } = navFigures(navSeries(own), () => 0, WEEKDAYS).drawdown;
    const since = standing(own.filter((s) => s.atMs >= (peakMs ?? 0)));
    const { deepestBps } = guardBackfill(WIDE, since);
    expect(deepestBps / 100).toBeCloseTo(stated.balance_dd_maximal_percent ?? Number.NaN, 6);
    expect(deepestBps / 100).toBeCloseTo(5.15, 2);
  });

  it('fell by 21.03 % of what a unit was worth at most, as the terminal states, and by no withdrawal', (t) => {
    const { real, stated } = read(t);
    const found = guardBackfill(WIDE, real);
    expect(found.deepestBps / 100).toBeCloseTo(stated.balance_dd_relative_percent ?? Number.NaN, 6);
    expect(found.events).toEqual([]);
    const withdrawn = real.flatMap((s, i) => (s.flow < 0n ? [i] : []));
    expect(withdrawn).toHaveLength(2);
    const after = guardBackfill(WIDE, real.slice((withdrawn[0] ?? 0) - 2));
    expect(after.deepestBps).toBeLessThan(1_100);
  });

  it('would have fallen by 68 % with its withdrawals as losses, and closed at each', (t) => {
    const { real } = read(t);
    const naive = real.map((s) => ({ ...s, flow: 0n }));
    expect(guardBackfill(WIDE, naive).deepestBps / 100).toBeGreaterThan(66);
    const trips = (samples: readonly Sample[]) =>
      guardBackfill(GUARD_DEFAULTS, samples).events.filter((e) => e.kind === 'tripped');
    expect(trips(naive).length - trips(real).length).toBe(2);
  });
});
