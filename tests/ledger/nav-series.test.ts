import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookedDeal } from '../../functions/ledger/arrived-flows.ts';
import { unitsOf } from '../../functions/ledger/exact-money.ts';
import { navFigures, WEEKDAYS } from '../../functions/ledger/nav-figures.ts';
import {
  type Booking,
  balanceSamples,
  type EquityPoint,
  equitySamples,
  navSeries,
} from '../../functions/ledger/nav-series.ts';
import type { Flow } from '../../functions/ledger/statement-figures.ts';
import { caseCensus, runs } from '../support/property.ts';

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 2, 2, 9);
const at = (minutes: number) => START + minutes * MINUTE_MS;
const point = (minutes: number, balance: number, equity = balance, credit = 0): EquityPoint => ({
  ...{ atMs: at(minutes), balance: balance.toFixed(2), credit: credit.toFixed(2), equity: equity.toFixed(2) },
  ...{ booked: null, flowed: null },
});
const flow = (ticket: number, minutes: number, amount: number): Flow => ({
  ...{ ticket: String(ticket), timeMs: at(minutes), amount: amount.toFixed(2) },
});
const booking = (minutes: number, amount: number): Booking => ({
  timeMs: at(minutes),
  amount: amount.toFixed(2),
});
const deal = (amount: number, kind: BookedDeal['kind'] = 'result'): BookedDeal => ({
  ...{ units: unitsOf(amount.toFixed(2)), kind },
});
const navOf = (points: EquityPoint[], flows: Flow[] = [], booked: BookedDeal[] = []) =>
  navSeries(equitySamples(points, flows, booked)).points.map((p) => p.nav);
const drawdownOf = (points: EquityPoint[], flows: Flow[] = [], booked: BookedDeal[] = []) =>
  navFigures(navSeries(equitySamples(points, flows, booked)), () => 0, WEEKDAYS).drawdown;

describe('the worth of a unit', () => {
  it('is the domain’s worked example: 15 % down stays 15 % down when as much again is paid in', () => {
    const points = [point(0, 10_000), point(1, 10_000, 8_500), point(2, 20_000, 18_500)];
    expect(navOf(points, [flow(1, 2, 10_000)])).toEqual([1, 0.85, 0.85]);
    expect(drawdownOf(points, [flow(1, 2, 10_000)])).toMatchObject({
      percent: expect.closeTo(15, 9),
      money: '1500',
    });
  });

  it('falls by no withdrawal, and rises by no credit', () => {
    expect(navOf([point(0, 10_000), point(1, 7_000)], [flow(1, 1, -3_000)])).toEqual([1, 1]);
    expect(navOf([point(0, 10_000), point(1, 10_000, 10_500, 500)], [flow(1, 1, 500)])).toEqual([1, 1]);
    expect(navOf([point(0, 10_000), point(1, 7_000)])).toEqual([1, 0.7]);
  });

  it('goes on where it was after everything was taken out, and ends where everything was lost', () => {
    const emptied = [point(0, 1_000), point(1, 1_100), point(2, 0), point(9, 500), point(10, 550)];
    const flows = [flow(1, 2, -1_100), flow(2, 9, 500)];
    expect(navOf(emptied, flows)).toEqual([1, 1.1, 1.1, 1.1, 1.21]);
    const lost = navSeries(
      equitySamples([point(0, 1_000), point(1, 0), point(2, 500)], [flow(1, 2, 500)], []),
    );
    expect(lost).toMatchObject({ stoppedMs: at(1), points: [{ nav: 1 }, { nav: 0 }] });
    expect(navOf([point(0, 0), point(5, 100), point(6, 110)], [flow(1, 5, 100)])).toEqual([1, 1.1]);
  });
});

describe('a flow', () => {
  const booked = [deal(1_000, 'flow'), deal(40), deal(1_000, 'flow'), deal(-40)];
  const points = [point(0, 1_000), point(1, 1_000), point(2, 2_040), point(3, 2_000), point(4, 2_000)];
  const shape = (stated: number, deals = booked) => navOf(points, [flow(1, stated, 1_000)], deals);
  const exact = shape(2);

  it('arrived where the balance moved, whenever its deal says', () => {
    expect(exact[2]).toBeCloseTo(1.04, 12);
    for (const stated of [-5, 0.5, 1, 2.5, 3.9, 9]) expect(shape(stated)).toEqual(exact);
  });

  it('arrived at the time of its deal where nothing else is known', () => {
    expect(shape(1.5, [])).toEqual(exact);
    expect(shape(2.5, [])[2]).toBeCloseTo(2.04, 12);
  });

  it('that comes twice is one; one whose money has not moved yet, or moved before the first point, is none', () => {
    const twice = [flow(1, 3, 1_000), flow(1, 2, 1_000)];
    expect(navOf(points, twice)).toEqual(exact);
    const late = [...points, point(5, 2_500)];
    const deals = [...booked, deal(500, 'flow')];
    expect(navOf(points, [], deals)).toEqual(exact);
    expect(navOf(late, [], deals)).toEqual([...exact, exact.at(-1)]);
    expect(navOf(points, [flow(0, -60, 900), flow(1, 2, 1_000)])).toEqual(exact);
  });

  it('is none of the money that a drawdown is of', () => {
    const down = drawdownOf(
      [point(0, 1_000), point(1, 400), point(2, 390)],
      [],
      [deal(1_000, 'flow'), deal(-600, 'flow'), deal(-10)],
    );
    expect(down).toMatchObject({ percent: expect.closeTo(2.5, 9), money: '10' });
  });

  it('is told from a result of the same moment by the order of the deals', () => {
    const mixed = [point(0, 1_000), point(1, 900), point(2, 1_400)];
    expect(navOf(mixed, [], [deal(1_000, 'flow'), deal(-100), deal(500, 'flow')])).toEqual([1, 0.9, 0.9]);
  });
});

type Minute = { nav: number; results: number[]; flows: { part: number; lateMs: number; twice: boolean }[] };
/** What a unit is worth at the end of a minute, what deals booked in it, and the flows whose money moved in it. */
const minute: fc.Arbitrary<Minute> = fc.record({
  nav: fc.integer({ min: 700, max: 1_400 }).map((n) => n / 1000),
  results: fc.array(
    fc.integer({ min: -900_000, max: 900_000 }).map((cents) => cents / 100),
    { maxLength: 2 },
  ),
  flows: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Minute['flows']>([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          part: fc.integer({ min: 1, max: 900 }).map((n) => n / 1000),
          lateMs: fc.integer({ min: -9 * MINUTE_MS, max: 9 * MINUTE_MS }),
          twice: fc.boolean(),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    },
  ),
});

/** An account whose unit is worth `nav` at each minute, whatever comes in (`sign` 1) or goes out (-1) meanwhile. */
function account(minutes: readonly Minute[], sign: number) {
  const points = [point(0, 100_000)];
  const flows: Flow[] = [];
  const booked = [deal(100_000, 'flow')];
  let [balance, units] = [100_000, 100_000];
  for (const [i, { nav, results, flows: own }] of minutes.entries()) {
    for (const result of results) booked.push(deal(result));
    balance += results.reduce((sum, result) => sum + result, 0);
    for (const [n, { part, lateMs, twice }] of own.entries()) {
      // What is taken out leaves half of it.
      const amount = Number((units * nav * part * (sign < 0 ? -0.5 : 1)).toFixed(2));
      [units, balance] = [units + amount / nav, balance + amount];
      booked.push(deal(amount, 'flow'));
      const stated = flow(i * 10 + n + 1, i + 0.5 + lateMs / MINUTE_MS, amount);
      flows.push(stated);
      if (twice) flows.unshift(stated);
    }
    points.push({
      ...{ atMs: at(i + 1), balance: balance.toFixed(2), credit: '0' },
      equity: (units * nav).toFixed(8),
      ...{ booked: null, flowed: null },
    });
  }
  return { points, flows, booked };
}

describe('flows', () => {
  const life = fc.array(minute, { minLength: 2, maxLength: 40 });

  it('never move a unit or its drawdown: late, early, told twice, in any order, with results beside them', () => {
    const census = caseCensus('two at once', 'stated in another minute', 'drawdown', 'told twice');
    fc.assert(
      fc.property(life, fc.constantFrom(1, -1), (minutes, sign) => {
        const { points, flows, booked } = account(minutes, sign);
        const found = navOf([...points].reverse(), flows, booked);
        const expected = [1, ...minutes.map(({ nav }) => nav)];
        expect(found).toEqual(expected.map((nav) => expect.closeTo(nav, 6)));
        const drawdown = drawdownOf(points, flows, booked);
        const deepest = expected.map((nav, i) => 1 - nav / Math.max(...expected.slice(0, i + 1)));
        expect(drawdown.percent).toBeCloseTo(Math.max(...deepest) * 100, 4);
        for (const { flows: own } of minutes) {
          census.note('two at once', own.length > 1);
          census.note(
            'told twice',
            own.some((f) => f.twice),
          );
          census.note(
            'stated in another minute',
            own.some((f) => Math.abs(f.lateMs) > MINUTE_MS),
          );
        }
        census.note('drawdown', drawdown.percent > 0 && flows.length > 0);
      }),
      runs(),
    );
    census.expectAllMet();
  });
});

describe('a history without equity points', () => {
  it('is worth its balance: results move it, flows do not, several of a moment as one', () => {
    const results = [booking(1, 100), booking(1, -40), booking(3, 53)];
    const flows = [flow(1, 0, 1_000), flow(2, 2, 500), flow(3, 2, -500), flow(4, 2, 5_000)];
    const worth = (start: string, given: Flow[]) =>
      navSeries(balanceSamples(start, results, given)).points.map((p) => p.nav);
    expect(worth('0', flows)).toEqual(
      [1, 1.06, 1.06, 1.06 * (6_113 / 6_060)].map((n) => Number(n.toPrecision(12))),
    );
    expect(worth('0', [...flows].reverse())).toEqual(worth('0', flows));
    // What the account held before what was asked for is where it begins.
    expect(worth('1000', []).at(-1)).toBeCloseTo(1.113, 12);
    expect(worth('0', [])).toEqual([1, 113 / 60].map((n) => Number(n.toPrecision(12))));
    expect(navSeries(balanceSamples('0', [], []))).toEqual({ points: [], stoppedMs: null });
  });
});
