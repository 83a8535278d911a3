// The performance of an account as its user asks for it, over the whole application and a real database.
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { isoTime } from '../../functions/platform/clock.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { legOf } from './leg-facts.ts';
import { mt4Statement, type Statement, tester2024, tester2026 } from './shared-statements.ts';
import { storeDeals, storeLegs } from './stored-legs.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer's JSON, whose members the expectations name
type Answer = any;

let t: TestDatabase;
let at: DeskAtBroker;
let ask: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
  ask = await askingAs(at, at.desk.userId, ['trading:read']);
});
afterAll(() => t?.drop());

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MONDAY = Date.UTC(2026, 2, 2);
const account = () => at.desk.account.id;
async function got(path: string, query: Record<string, string> = {}, as = ask): Promise<Answer> {
  const answer = await as('GET', `/api/v1/${path}?${new URLSearchParams(query)}`);
  return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
}
const performance = (query: Record<string, string> = {}) => got('performance', query);
const attribution = (query: Record<string, string> = {}) => got('performance/attribution', query);
const points = (rows: readonly [number, number, number?][]) =>
  t.sql(
    `INSERT INTO equity_points SELECT $1::uuid, x.at, x.balance, 0, x.equity
     FROM jsonb_to_recordset($2::jsonb) AS x(at timestamptz, balance numeric, equity numeric)`,
    [
      account(),
      JSON.stringify(
        rows.map(([ms, balance, equity = balance]) => ({ ...{ at: isoTime(ms), balance, equity } })),
      ),
    ],
  );

describe('real statements', () => {
  it.for<[string, (t: TestContext) => Statement, Record<string, unknown>]>([
    [
      'the MT4 statement of 2026',
      mt4Statement,
      {
        ...{ net: '172705.68', total_trades: 422, wins: 360, balance_dd_maximal: '8832' },
        ...{ balance_dd_maximal_percent: expect.closeTo(5.1456, 3), balance_dd_relative_money: '6277' },
        ...{ balance_dd_relative_percent: expect.closeTo(21.0312, 3), withdrawals: '-120000' },
      },
    ],
    [
      'the tester’s report of 2024',
      tester2024,
      { net: '-499.25', total_trades: 1001, wins: 610, balance_dd_maximal: '661.03', start_balance: '3000' },
    ],
    [
      'the tester’s report of 2026',
      tester2026,
      {
        ...{ net: '207457.32', gross_loss: '-250324', total_trades: 1395, wins: 1244 },
        ...{ balance_dd_maximal: '42965', balance_dd_relative_money: '25601', balance_dd_absolute: '0' },
      },
    ],
  ])('come out of the books as their terminal states them: %s', async ([, read, stated], context) => {
    const { legs, flows } = read(context);
    await storeLegs(t, account(), [...legs].reverse());
    await storeDeals(t, account(), flows.map((flow) => ({ ...flow, type: 'balance' })).reverse());
    const found = await performance({ period: 'weekly', tz: 'Europe/Athens' });
    expect(found.statement).toMatchObject(stated);
    expect(found.figures.net).toBe(stated['net']);
    const net = found.buckets.reduce(
      (all: number, b: { net: string }) => all + Math.round(Number(b.net) * 100),
      0,
    );
    expect(net).toBe(Math.round(Number(stated['net']) * 100));
    // Without snapshots a unit is worth what the balance says, and no withdrawal is a loss.
    expect(found.nav).toMatchObject({ basis: 'balance', stopped_at: null });
    expect(found.nav.drawdown.percent).toBeGreaterThanOrEqual(found.statement.balance_dd_maximal_percent);
    expect(found.nav.drawdown.percent).toBeLessThan(60);
  });
});

describe('the figures', () => {
  beforeEach(async () => {
    await storeDeals(t, account(), [
      { ticket: '1', timeMs: MONDAY - DAY_MS, type: 'balance', amount: '1000' },
      { ticket: '4', timeMs: MONDAY + 3 * HOUR_MS, type: 'charge', amount: '-2.5' },
      { ticket: '5', timeMs: MONDAY + 2 * DAY_MS, type: 'balance', amount: '500' },
    ]);
    await storeLegs(t, account(), [
      {
        ...legOf(10, 5_000, { openedMs: MONDAY, closedMs: MONDAY + HOUR_MS, r: '2' }),
        source: 'bot',
        strategy: 'fib',
        pips: '12.5',
      },
      { ...legOf(11, -2_000, { openedMs: MONDAY, closedMs: MONDAY + 2 * HOUR_MS }), pips: '-4' },
      {
        ...legOf(12, 1_000, { openedMs: MONDAY + 2 * DAY_MS, closedMs: MONDAY + 2 * DAY_MS + 23 * HOUR_MS }),
        source: 'bot',
      },
    ]);
  });

  it('are of the whole account, by day where they were asked for, empty days too', async () => {
    const found = await performance({ period: 'daily' });
    expect(found).toMatchObject({
      ...{
        status: 200,
        account_id: account(),
        period: 'daily',
        tz: 'UTC',
        source: null,
        unverified_since: null,
      },
      account_costs: '-2.5',
      figures: {
        ...{ trades: 3, wins: 2, losses: 1, net: '40', profit: '40', commission: '0', pips: '8.5' },
        ...{ profit_factor: 3, expectancy_r: 2, r_trades: 1, longest_wins: { count: 1, money: '50' } },
        time_in_trade_seconds: { shortest: 3_600, mean: 31_200, longest: 82_800 },
        reasons: {},
      },
      statement: { start_balance: '1000', deposits: '1500', balance_dd_maximal: '20' },
    });
    expect(found.buckets.map((b: Answer) => [b.label, b.trades, b.net, b.reason])).toEqual([
      ['2026-03-02', 2, '30', null],
      ['2026-03-03', 0, '0', 'no-trades'],
      ['2026-03-04', 1, '10', 'no-losses'],
    ]);
    // In Tokyo the last of them closed a day later.
    const tokyo = await performance({ period: 'daily', tz: 'Asia/Tokyo' });
    expect(tokyo.buckets.at(-1)).toMatchObject({
      label: '2026-03-05',
      from: '2026-03-04T15:00:00.000Z',
      net: '10',
    });
    expect((await performance()).buckets).toMatchObject([{ label: 'all', trades: 3 }]);
    const trading = { period: 'daily', tz: 'America/New_York', day_start: '17:00' };
    expect((await performance(trading)).buckets.at(-1)).toMatchObject({ label: '2026-03-05', trades: 1 });
  });

  it('are of a window, which begins with the balance of then', async () => {
    const found = await performance({
      from: isoTime(MONDAY + 2 * HOUR_MS),
      to: isoTime(MONDAY + 7 * DAY_MS),
      period: 'weekly',
    });
    expect(found).toMatchObject({
      figures: { trades: 2, net: '-10', pips: '-4' },
      statement: { start_balance: '1000', deposits: '500', total_trades: 2 },
    });
    expect(found.buckets).toMatchObject([{ label: '2026-W10', trades: 2 }]);
    const later = await performance({ from: isoTime(MONDAY + 4 * HOUR_MS) });
    // The charge is gone from the balance by then; results of positions are deals too, and here are none stored.
    expect(later.statement).toMatchObject({ start_balance: '997.5' });
  });

  it('are of one party, and then nothing is said of the whole account', async () => {
    const bot = await performance({ source: 'bot' });
    expect(bot).toMatchObject({
      source: 'bot',
      statement: null,
      nav: null,
      figures: { trades: 2, net: '60', pips: '12.5' },
    });
    const manual = await performance({ source: 'manual' });
    expect(manual.figures).toMatchObject({
      trades: 1,
      net: '-20',
      win_rate: 0,
      reasons: { payoff: 'no-wins' },
    });
  });

  it('are attributed: bot against manual by period, and by strategy', async () => {
    const found = await attribution({ period: 'daily' });
    expect(found).toMatchObject({
      bot: { trades: 2, net: '60', reason: 'no-losses' },
      ...{ manual: { trades: 1, net: '-20', profit_factor: 0 }, bot_share: expect.closeTo(2 / 3, 12) },
      strategies: [
        { strategy: 'fib', source: 'bot', trades: 1, net: '50', expectancy_r: 2 },
        { strategy: null, source: 'bot', trades: 1, net: '10', expectancy_r: null },
        { strategy: null, source: 'manual', trades: 1, net: '-20', gross_loss: '-20' },
      ],
    });
    expect(found.buckets.map((b: Answer) => [b.label, b.bot.net, b.manual.net, b.bot_share])).toEqual([
      ['2026-03-02', '50', '-20', 0.5],
      ['2026-03-03', '0', '0', null],
      ['2026-03-04', '10', '0', 1],
    ]);
    const part = await attribution({ to: isoTime(MONDAY + 90 * 60_000) });
    expect(part.strategies).toHaveLength(1);
    expect(part).toMatchObject({ bot: { trades: 1 }, manual: { trades: 0, reason: 'no-trades' } });
  });

  it('follow the equity that snapshots showed: a fall that floated counts, a deposit whose deal came late does not', async () => {
    await points([
      [MONDAY - HOUR_MS, 1_000],
      [MONDAY + 30 * 60_000, 1_000, 800],
      [MONDAY + HOUR_MS, 1_050],
      [MONDAY + 2 * HOUR_MS + 60_000, 1_030],
      [MONDAY + 4 * HOUR_MS, 1_027.5],
      // Its deal is of midnight, and the money was there five minutes before.
      [MONDAY + 2 * DAY_MS - 5 * 60_000, 1_527.5],
      [MONDAY + 3 * DAY_MS, 1_537.5],
    ]);
    const ofPositions = [
      { ticket: '2', timeMs: MONDAY + HOUR_MS, amount: '50' },
      { ticket: '3', timeMs: MONDAY + 2 * HOUR_MS, amount: '-20' },
      { ticket: '20', timeMs: MONDAY + 2 * DAY_MS + 23 * HOUR_MS, amount: '10' },
    ];
    await storeDeals(
      t,
      account(),
      ofPositions.map((deal) => ({ ...deal, positionId: '7', type: 'buy' })),
    );
    const { nav } = await performance();
    expect(nav).toMatchObject({
      basis: 'equity',
      since: isoTime(MONDAY - HOUR_MS),
      working_days: 'weekdays',
    });
    expect(nav.drawdown).toMatchObject({
      ...{ percent: expect.closeTo(20, 9), money: '200' },
      ...{ trough_at: isoTime(MONDAY + 30 * 60_000), recovered_at: isoTime(MONDAY + HOUR_MS) },
    });
    expect(nav.return_percent).toBeCloseTo((1.0275 * (1_537.5 / 1_527.5) - 1) * 100, 8);
    expect(nav.reasons).toEqual({
      ...{ sharpe: 'fewer-than-30-days', sortino: 'fewer-than-30-days' },
      ...{ cagr: 'fewer-than-90-days', calmar: 'fewer-than-90-days' },
    });
  });

  it('take the last word of a deal that was stated otherwise', async () => {
    await storeDeals(t, account(), [
      { ticket: '4', revision: 1, timeMs: MONDAY + 3 * HOUR_MS, type: 'charge', amount: '-1' },
      { ticket: '5', revision: 1, timeMs: MONDAY + 2 * DAY_MS, type: 'balance', amount: '700' },
    ]);
    expect(await performance()).toMatchObject({ account_costs: '-1', statement: { deposits: '1700' } });
  });

  it('say since when they are not verified', async () => {
    await t.sql('UPDATE accounts SET unverified_at = $2 WHERE id = $1', [account(), isoTime(MONDAY)]);
    expect(await performance()).toMatchObject({ unverified_since: isoTime(MONDAY) });
  });
});

describe('an account without trades', () => {
  it('has figures of nothing, with reasons', async () => {
    const found = await performance({ period: 'daily' });
    expect(found).toMatchObject({
      ...{ status: 200, buckets: [], figures: { trades: 0, net: '0', pips: null } },
      ...{ nav: { since: null, return_percent: null }, statement: { total_trades: 0 } },
    });
    expect(found.figures.reasons).toMatchObject({ pips: 'no-trades', profit_factor: 'no-trades' });
    expect(new Set(Object.values(found.nav.reasons))).toEqual(new Set(['no-samples']));
    const days = await performance({
      period: 'daily',
      from: '2026-03-01T00:00:00Z',
      to: '2026-03-03T00:00:00Z',
    });
    expect(days.buckets.map((b: Answer) => b.net)).toEqual(['0', '0']);
  });
});

describe('asking', () => {
  it.each<[string, Record<string, string>]>([
    ['a zone that is none', { tz: 'Europe/Nowhere' }],
    ['an offset for a zone', { tz: '+02:00' }],
    ['a period', { period: 'hourly' }],
    ['a day that starts never', { day_start: '24:00' }],
    ['a window that ends before it begins', { from: '2026-03-02T00:00:00Z', to: '2026-03-02T00:00:00Z' }],
    [
      'more days than an answer has',
      { period: 'daily', from: '1990-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
    ],
    ['a moment without an offset', { from: '2026-03-02T00:00:00' }],
    ['a source', { source: 'luck' }],
    ['what nobody knows', { account_id: 'x' }],
  ])('is refused: %s', async (_, query) => {
    for (const report of [performance, attribution])
      expect(await report(query)).toMatchObject({
        status: 422,
        type: 'urn:countersign:problem:invalid-query',
      });
  });

  it('names an account where there is not exactly one; another’s is for owner and admin alone', async () => {
    const reads = async (role: 'user' | 'admin') => askingAs(at, await makeUser(at, role), ['trading:read']);
    const [stranger, admin] = [await reads('user'), await reads('admin')];
    for (const path of ['performance', 'performance/attribution']) {
      expect(await got(path, {}, stranger)).toMatchObject({
        status: 422,
        type: 'urn:countersign:problem:account-required',
      });
      expect(await got(path, { account: account() }, stranger)).toMatchObject({ status: 403 });
      expect(await got(path, { account: account() }, admin)).toMatchObject({
        status: 200,
        account_id: account(),
      });
      expect(await got(path, { account: at.deps.ids.next() }, admin)).toMatchObject({ status: 404 });
    }
  });
});
