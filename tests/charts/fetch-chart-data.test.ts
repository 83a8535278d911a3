// The data of charts by reference over a desk's own books: candles around a trade, equity, values, and who may see them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TradeSubject } from '../../functions/charts/chart-subject-store.ts';
import { tradesValues } from '../../functions/charts/fetch-account-data.ts';
import { fetchChartData } from '../../functions/charts/fetch-chart-data.ts';
import type { CandleData, EquityData, HistogramData } from '../../functions/charts/resolved-chart.ts';
import type { Role } from '../../functions/identity/scope.ts';
import { listTrades } from '../../functions/ledger/trade-store.ts';
import { storeCandles } from '../../functions/market/candle-store.ts';
import { ProblemError } from '../../functions/platform/problem.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { makeUser, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { specOf } from './sample-chart.ts';

const MINUTE_MS = 60_000;
const NOBODY = '018f0000-0000-7000-8000-000000000000';
let t: TestDatabase;
let at: DeskAtBroker;
let stranger: string;
let tradeId: string;
let openedMs: number;
/** A desk with a deposit and one trade of half an hour that ended two days ago, and bars of all minutes around it. */
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
  stranger = await makeUser(at);
  const { clock } = at.deps;
  openedMs = clock.nowMs();
  const deposit = {
    ...{ ticket: '1', order: '0', position_id: '0', type: 'balance', symbol: '', volume: '0', price: '0' },
    ...{ magic: '0', profit: '1000', entry: null, reason: 'client', atMs: openedMs - 60 * MINUTE_MS },
  };
  const closing = { ...at.closing(), time: new Date(openedMs + 30 * MINUTE_MS).toISOString() };
  const opening = at.opening();
  clock.advance(48 * 60 * MINUTE_MS);
  at.answer({ deals: [at.opening(deposit), opening, closing] });
  await at.run();
  tradeId = (await listTrades(t.db, at.desk.userId, {}, { page: 1, page_size: 9 })).items[0]?.id ?? '';
  const bars = Array.from({ length: 400 }, (_, i) => ({
    timeMs: openedMs + (i - 250) * MINUTE_MS,
    ...{ open: '2035', high: '2041', low: '2030', close: '2036', volume: '7' },
  }));
  await storeCandles(t.db, { accountId: at.desk.account.id, symbol: 'XAUUSD', timeframe: 'M1' }, bars);
});
afterAll(() => t?.drop());

const data = (
  spec: unknown,
  reader: { userId: string; role: Role } = { userId: at.desk.userId, role: 'user' },
) => fetchChartData(at.deps, specOf(spec), reader);
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'data',
    (e) => (e instanceof ProblemError ? [e.slug, e.extra.errors?.[0]?.pointer] : e),
  );

describe('candles by reference', () => {
  it('of a trade that is over are those around it, in the timeframe that holds it, with its fills', async () => {
    const found = (await data({ kind: 'candlestick', source: { trade_id: tradeId } })) as CandleData;
    expect(found).toMatchObject({ instrument: 'XAUUSD', timeframe: 'M1', digits: 2, visibleFrom: 50 });
    const shown = found.candles.slice(found.visibleFrom);
    expect(shown.length).toBe(150);
    expect(shown.at(-1)?.timeMs).toBe(openedMs + 50 * MINUTE_MS);
    expect(shown.at(-1)).toMatchObject({ open: 2035, high: 2041, low: 2030, close: 2036, volume: 7 });
    expect(found.annotations).toMatchObject({
      entry: 2035.1,
      markers: [
        { kind: 'entry', side: 'buy', timeMs: openedMs, price: 2035.1 },
        { kind: 'exit', side: 'sell', timeMs: openedMs + 30 * MINUTE_MS, price: 2040.1, reason: 'tp' },
      ],
    });
  });

  it('of a set of one are those of that one, levels and all', async () => {
    const found = (await data({ kind: 'renko', source: { trade_ids: [tradeId] } })) as CandleData;
    expect(found.annotations).toMatchObject({ entry: 2035.1 });
    expect(found.candles.length).toBe(200);
  });

  it('are not there for a signal that no bridge has bars for: 422, not an empty picture', async () => {
    const signal = await storeSignal(at, at.desk.producer.id, { instrument: 'EURUSD' });
    const asked = data({ kind: 'candlestick', source: { signal_id: signal.id } });
    expect(await refusalOf(asked)).toEqual(['invalid-body', '/source']);
  });
});

describe('an account’s money', () => {
  const equity = () => ({ kind: 'equity', source: { account_id: at.desk.account.id } });

  it('is its balance over closed trades where it has no equity points, from what came in before the first', async () => {
    const found = (await data(equity())) as EquityData;
    expect(found).toMatchObject({ name: 'An account', currency: 'USD', digits: 2 });
    expect(found.points.at(-1)).toMatchObject({ equity: 1049.3 });
    expect(found.points.map(({ flow }) => flow)).toEqual(found.points.map(() => 0));
    expect(found.points[0]).toMatchObject({ equity: 1000 });
  });

  it('is what snapshots showed where there are more of them', async () => {
    const atMs = at.deps.clock.nowMs();
    const point = (minutes: number, worth: string) =>
      t.sql('INSERT INTO equity_points VALUES ($1, $2, $3, 0, $4, NULL, NULL) ON CONFLICT DO NOTHING', [
        ...[at.desk.account.id, new Date(atMs - minutes * MINUTE_MS).toISOString(), '1049.30', worth],
      ]);
    for (const [minutes, worth] of [
      [50, '1100'],
      [40, '1010.5'],
      [30, '1060'],
    ] as const)
      await point(minutes, worth);
    const found = (await data(equity())) as EquityData;
    expect(found.points.slice(0, 3).map((p) => p.equity)).toEqual([1100, 1010.5, 1060]);
  });

  it('and its trades are values by column', async () => {
    const of = async (column: string, source: unknown = { account_id: at.desk.account.id }) =>
      (await data({ kind: 'histogram', source, column })) as HistogramData;
    expect(await of('profit')).toMatchObject({
      name: 'An account',
      currency: 'USD',
      digits: 2,
      values: [49.3],
    });
    expect(await of('duration')).toMatchObject({ digits: 0, values: [1800] });
    expect(await of('profit', { trade_ids: [tradeId] })).toMatchObject({ currency: 'USD', values: [49.3] });
    expect(await refusalOf(of('r'))).toEqual(['invalid-body', '/source']);
    const before = { account_id: at.desk.account.id, to: new Date(openedMs).toISOString() };
    expect(await refusalOf(of('profit', before))).toEqual(['invalid-body', '/source']);
  });
});

describe('a source', () => {
  const specs = (account_id: string, trade_id: string) => [
    { kind: 'candlestick', source: { trade_id } },
    { kind: 'volume_profile', source: { trade_ids: [trade_id] } },
    { kind: 'equity', source: { account_id } },
    { kind: 'histogram', source: { account_id }, column: 'profit' },
    { kind: 'histogram', source: { trade_ids: [trade_id] }, column: 'duration' },
  ];

  it('of another is 403, but for who reads everything', async () => {
    for (const spec of specs(at.desk.account.id, tradeId)) {
      expect(await refusalOf(data(spec, { userId: stranger, role: 'user' })), spec.kind).toEqual([
        'forbidden',
        undefined,
      ]);
      expect(await refusalOf(data(spec, { userId: stranger, role: 'admin' })), spec.kind).toBe('data');
    }
    const { id } = await storeSignal(at, at.desk.producer.id);
    const spec = { kind: 'candlestick', source: { signal_id: id } };
    expect(await refusalOf(data(spec, { userId: stranger, role: 'user' }))).toEqual(['forbidden', undefined]);
  });

  it('that nothing has is 404', async () => {
    for (const spec of [...specs(NOBODY, NOBODY), { kind: 'candlestick', source: { signal_id: NOBODY } }])
      expect(await refusalOf(data(spec)), spec.kind).toEqual(['not-found', undefined]);
  });

  it('of trades that do not belong together names the one that does not', async () => {
    const open = at.opening({
      ...{ ticket: '30', order: '31', position_id: '31', symbol: 'EURUSD', atMs: at.deps.clock.nowMs() },
    });
    at.answer({ deals: [open] });
    await at.run();
    const { items } = await listTrades(
      t.db,
      at.desk.userId,
      { instrument: 'EURUSD' },
      { page: 1, page_size: 9 },
    );
    const trade_ids = [tradeId, items[0]?.id];
    expect(await refusalOf(data({ kind: 'candlestick', source: { trade_ids } }))).toEqual([
      ...['invalid-body', '/source/trade_ids/1'],
    ]);
    const doubled = { trade_ids: [tradeId, tradeId] };
    expect(await refusalOf(data({ kind: 'histogram', source: doubled, column: 'profit' }))).toEqual([
      ...['invalid-body', '/source/trade_ids/1'],
    ]);
  });

  it('of trades that do have all their fills, and the levels of none', async () => {
    const again = { ticket: '40', order: '41', position_id: '41', atMs: openedMs };
    const time = new Date(openedMs + 20 * MINUTE_MS).toISOString();
    const closing = { ...at.closing(), ticket: '42', order: '43', position_id: '41', time };
    at.answer({ deals: [at.opening(again), closing] });
    await at.run();
    const { items } = await listTrades(
      t.db,
      at.desk.userId,
      { instrument: 'XAUUSD' },
      { page: 1, page_size: 9 },
    );
    const source = { trade_ids: items.map((trade) => trade.id) };
    const found = (await data({ kind: 'candlestick', source })) as CandleData;
    expect(Object.keys(found.annotations ?? {})).toEqual(['markers']);
    expect(found.annotations?.markers?.map((m) => m.kind).sort()).toEqual(['entry', 'entry', 'exit', 'exit']);
    const values = (await data({ kind: 'histogram', source, column: 'duration' })) as HistogramData;
    expect(values.values.toSorted((a, b) => a - b)).toEqual([1200, 1800]);
  });

  it('of trades in two currencies has no money in common, but may have durations', () => {
    const ended = { endMs: 2_000, fromMs: 1_000, net: '1', r: null };
    const trades = ['USD', 'USD', 'EUR'].map((currency) => ({ ...ended, currency }) as TradeSubject);
    expect(() => tradesValues(trades, 'profit')).toThrow(ProblemError);
    expect(tradesValues(trades.slice(0, 2), 'profit').values).toEqual([1, 1]);
    expect(tradesValues(trades, 'duration').values).toEqual([1, 1, 1]);
  });

  it('that was sent along needs nothing of ours', async () => {
    const points = [{ time: 1_767_225_600, equity: '1' }];
    expect(await data({ kind: 'equity', source: { points } })).toBeUndefined();
    expect(await data({ kind: 'histogram', source: { values: [1] }, column: 'r' })).toBeUndefined();
  });
});
