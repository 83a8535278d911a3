// The equity of an account thinned in the database, against what all of its points give.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BookedDeal } from '../../functions/ledger/arrived-flows.ts';
import {
  bookedInOrder,
  bookedInOrderOf,
  equitySeries,
  equitySeriesOf,
} from '../../functions/ledger/equity-series-store.ts';
import { unitsOf } from '../../functions/ledger/exact-money.ts';
import { navFigures, WEEKDAYS } from '../../functions/ledger/nav-figures.ts';
import { type EquityPoint, equitySamples, navSeries } from '../../functions/ledger/nav-series.ts';
import { dayStarts, reportClock } from '../../functions/ledger/report-period.ts';
import type { Flow } from '../../functions/ledger/statement-figures.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { caseCensus, runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { storeDeals } from './stored-legs.ts';

const HOUR_MS = 3_600_000;
/** The clocks of Prague are moved on Sunday. */
const FRIDAY = Date.UTC(2026, 2, 27, 6);

let t: TestDatabase;
let accountId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  accountId = (await DeskAtBroker.make(t)).desk.account.id;
});
afterAll(() => t?.drop());

/** Of each point: so many minutes after the one before, what trading made, a flow, and whether its deal is told with the next. */
const step = fc.record({
  minutes: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 120 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 3_000 }) },
  ),
  made: fc.integer({ min: -90, max: 90 }),
  flow: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -300, max: 900 }) },
  ),
  late: fc.boolean(),
});

function accountOf(steps: readonly { minutes: number; made: number; flow: number; late: boolean }[]) {
  const flows: Flow[] = [];
  const points: EquityPoint[] = [];
  let [atMs, held, equity, booked, owed] = [FRIDAY, 1_000, 1_000, 1_000, 0];
  const keep = () =>
    points.push({
      ...{ atMs, balance: String(held), credit: '0', equity: String(equity) },
      ...{ booked: String(booked), flowed: String(booked) },
    });
  flows.push({ ticket: '1', timeMs: atMs, amount: '1000' });
  keep();
  for (const [i, { minutes, made, flow, late }] of steps.entries()) {
    atMs += minutes * 60_000;
    booked += owed;
    owed = late ? flow : 0;
    booked += flow - owed;
    held += flow;
    equity = Math.max(1, equity + made) + flow;
    if (flow !== 0) flows.push({ ticket: String(i + 2), timeMs: atMs, amount: String(flow) });
    keep();
  }
  return { points, flows };
}

async function thinned(points: readonly EquityPoint[], zone: string): Promise<EquityPoint[]> {
  await t.sql('DELETE FROM equity_points WHERE account_id = $1', [accountId]);
  await t.sql(
    `INSERT INTO equity_points SELECT $1::uuid, x.at, x.balance, 0, x.equity, x.booked, x.flowed FROM jsonb_to_recordset($2::jsonb)
       AS x(at timestamptz, balance numeric, equity numeric, booked numeric, flowed numeric)`,
    [accountId, JSON.stringify(points.map((p) => ({ ...p, at: isoTime(p.atMs) })))],
  );
  const [first, last] = [points[0]?.atMs ?? 0, points.at(-1)?.atMs ?? 0];
  const window = { fromMs: null, toMs: null };
  const days = dayStarts(reportClock(zone), window, { first, last });
  const [row] = await t.db.run(equitySeries({ accountId, ...window, dayStarts: days }));
  return equitySeriesOf(row);
}

describe('the points of a report', () => {
  it('are few of each day', async () => {
    const steps = Array.from({ length: 480 }, (_, i) => ({
      ...{ minutes: 3, made: ((i * 37) % 61) - 30, flow: 0, late: false },
    }));
    expect(await thinned([], 'UTC')).toEqual([]);
    expect((await thinned(accountOf(steps).points, 'UTC')).length).toBeLessThanOrEqual(16);
  });

  it('give the figures of all of them: returns by day, drawdowns, and where those began and were deepest', async () => {
    const census = caseCensus('thinned', 'flow', 'late flow', 'drawdown', 'several days');
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.constantFrom('UTC', 'Europe/Prague', 'America/New_York'),
        async (steps, zone) => {
          const { points, flows } = accountOf(steps);
          const booked = flows.map(({ amount }): BookedDeal => ({ units: unitsOf(amount), kind: 'flow' }));
          const few = await thinned(points, zone);
          const { dayOf } = reportClock(zone);
          const figures = (of: readonly EquityPoint[]) => {
            const series = navSeries(equitySamples(of, flows, booked));
            const { drawdown, ...rest } = navFigures(series, dayOf, WEEKDAYS);
            const { recovered_ms, money_recovered_ms, ...fall } = drawdown;
            const days = new Map(series.points.map((p) => [dayOf(p.atMs), p.nav]));
            return { ...rest, ...fall, closes: [...days.values()], stopped: series.stoppedMs };
          };
          const [is, whole] = [figures(few), figures(points)];
          const near = (value: unknown): unknown =>
            typeof value === 'number' && !Number.isInteger(value) ? expect.closeTo(value, 7) : value;
          const near1 = Object.fromEntries(
            Object.entries(whole).map(([key, value]) => [
              key,
              Array.isArray(value) ? value.map(near) : near(value),
            ]),
          );
          expect(is).toEqual(near1);
          census.note('thinned', few.length < points.length);
          census.note(
            'flow',
            steps.some((s) => s.flow !== 0),
          );
          census.note(
            'late flow',
            steps.some((s) => s.flow !== 0 && s.late),
          );
          census.note('drawdown', whole.percent > 0);
          census.note('several days', (points.at(-1)?.atMs ?? 0) - FRIDAY > 30 * HOUR_MS);
        },
      ),
      runs(60),
    );
    census.expectAllMet();
  });
});

describe('the deals of a report', () => {
  const booked = async () =>
    bookedInOrderOf((await t.db.run(bookedInOrder({ accountId, fromMs: null, toMs: null })))[0]);

  it('are all that moved money, in the order of their tickets, each as it counts; none where held and told were one', async () => {
    const timeMs = FRIDAY;
    await storeDeals(t, accountId, [
      { timeMs, ticket: '10', type: 'buy', amount: '-42.5' },
      { timeMs, ticket: '9', type: 'balance', amount: '1000' },
      { timeMs, ticket: '11', type: 'buy', amount: '0' },
      { timeMs, ticket: '12', type: 'sell_canceled', amount: '0' },
      { timeMs, ticket: '14', type: 'buy', amount: '7' },
      { timeMs, ticket: '14', type: 'buy_canceled', amount: '0', revision: 1 },
      { timeMs, ticket: '13', type: 'credit', amount: '50' },
      { timeMs, ticket: '15', type: 'correction', amount: '-3' },
    ]);
    const { points } = accountOf([{ minutes: 1, made: 5, flow: 0, late: false }]);
    await thinned(points, 'UTC');
    expect(await booked()).toEqual([]);
    await thinned(
      points.map((p) => ({ ...p, balance: '1007.5' })),
      'UTC',
    );
    expect(await booked()).toEqual([
      { units: unitsOf('1000'), kind: 'flow' },
      { units: unitsOf('-42.5'), kind: 'result' },
      { units: 0n, kind: 'unseen' },
      { units: unitsOf('50'), kind: 'flow' },
      { units: unitsOf('7'), kind: 'result' },
      { units: unitsOf('-3'), kind: 'correction' },
    ]);
    // Of a point with which nobody knows what was told nobody knows that it was what was held.
    await thinned(
      points.map((p) => ({ ...p, booked: null, flowed: null })),
      'UTC',
    );
    expect(await booked()).toHaveLength(6);
  });
});
