import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  insertChart,
  readChart,
  readSignalSubject,
  readTradeSubject,
} from '../../functions/charts/chart-store.ts';
import { listPositions, listTrades, readTrade } from '../../functions/ledger/trade-store.ts';
import { newestCandles, storeCandles } from '../../functions/market/candle-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { makeUser, storeSignal } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
let other: DeskAtBroker;
/** Two desks; the first has one trade closed and one open, the second one open. */
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
  other = await DeskAtBroker.make(t);
  const open = at.opening({ ticket: '20', order: '21', position_id: '21', symbol: 'EURUSD', type: 'sell' });
  at.answer({
    deals: [at.opening(), at.closing(), open],
    positions: [
      wirePosition({
        identifier: '21',
        magic: '0',
        atMs: at.deps.clock.nowMs(),
        symbol: 'EURUSD',
        type: 'sell',
      }),
    ],
  });
  other.answer({
    deals: [other.opening()],
    positions: [wirePosition({ identifier: '7', magic: '0', atMs: at.deps.clock.nowMs() })],
  });
  await at.run();
  await other.run();
});
afterAll(() => t?.drop());
const page = { page: 1, page_size: 100 };

describe('trades', () => {
  const list = async (filter: Parameters<typeof listTrades>[2], userId: string | null = at.desk.userId) =>
    (await listTrades(t.db, userId, filter, page)).items.map((x) => `${x.symbol} ${x.status}`).sort();

  it('are listed to the account’s user, by instrument, status, source and account', async () => {
    expect(await list({})).toEqual(['EURUSD open', 'XAUUSD closed']);
    expect(await list({ instrument: 'EURUSD' })).toEqual(['EURUSD open']);
    expect(await list({ status: 'closed' })).toEqual(['XAUUSD closed']);
    expect(await list({ source: 'bot' })).toEqual([]);
    expect(await list({ source: 'manual' })).toEqual(['EURUSD open', 'XAUUSD closed']);
    expect(await list({ account: other.desk.account.id })).toEqual([]);
    expect(await list({}, null)).toEqual(['EURUSD open', 'XAUUSD closed', 'XAUUSD open']);
    expect(await list({}, await makeUser(at))).toEqual([]);
  });

  it('are read one by one, decimals without trailing zeros', async () => {
    const [closed] = (await listTrades(t.db, at.desk.userId, { status: 'closed' }, page)).items;
    expect(await readTrade(t.db, closed?.id ?? '')).toEqual(closed);
    expect(closed).toMatchObject({
      userId: at.desk.userId,
      positionId: '7',
      source: 'manual',
      volume: '0.1',
      volumeOpen: '0',
      entryPrice: '2035.1',
      exitPrice: '2040.1',
      profit: '50',
      commission: '-0.7',
      net: '49.3',
      openedMs: at.deps.clock.nowMs(),
      closedMs: at.deps.clock.nowMs(),
      exitReason: 'tp',
    });
    expect(await readTrade(t.db, at.deps.ids.next())).toBeNull();
  });
});

describe('positions', () => {
  it('are those of the user’s own accounts, or of all', async () => {
    const of = async (userId: string | null) =>
      (await listPositions(t.db, userId)).map((p) => p.identifier).sort();
    expect(await of(at.desk.userId)).toEqual(['21']);
    expect(await of(null)).toEqual(['21', '7']);
    expect((await listPositions(t.db, at.desk.userId))[0]).toMatchObject({
      side: 'sell',
      volume: '0.1',
      priceOpen: '2035.1',
      profit: '10',
      snapshotMs: at.deps.clock.nowMs(),
    });
  });
});

describe('candles', () => {
  const of = () => ({ accountId: at.desk.account.id, instrument: 'XAUUSD', timeframe: 'M5' });
  const bar = (minute: number, close: string) => ({
    time: at.deps.clock.nowMs() + minute * 60_000,
    open: '1.5',
    high: '2',
    low: '1',
    close,
    volume: '10',
  });

  it('are kept once as first seen, and come newest last, no more than were asked for', async () => {
    await storeCandles(t.db, of(), [bar(0, '1.1'), bar(5, '1.2')]);
    await Promise.all(
      Array.from({ length: 5 }, () => storeCandles(t.db, of(), [bar(5, '9'), bar(10, '1.30')])),
    );
    await storeCandles(t.db, of(), [bar(15, '1.4'), bar(15, '1.4')]);
    const closes = async (count: number) => (await newestCandles(t.db, of(), count)).map((c) => c.close);
    expect(await closes(10)).toEqual(['1.1', '1.2', '1.3', '1.4']);
    expect(await closes(2)).toEqual(['1.3', '1.4']);
    expect(await newestCandles(t.db, { ...of(), timeframe: 'H1' }, 10)).toEqual([]);
    expect((await newestCandles(t.db, of(), 1))[0]).toEqual({
      timeMs: bar(15, '').time,
      open: '1.5',
      high: '2',
      low: '1',
      close: '1.4',
      volume: '10',
    });
  });
});

describe('charts', () => {
  it('are catalogued once, under whoever asked first', async () => {
    const entry = {
      digest: 'digest',
      userId: at.desk.userId,
      private: true,
      chart: { kind: 'candlestick' } as Parameters<typeof insertChart>[1]['chart'],
      alt: 'a chart',
      createdMs: at.deps.clock.nowMs(),
    };
    await Promise.all(Array.from({ length: 5 }, () => insertChart(t.db, entry)));
    await insertChart(t.db, { ...entry, userId: other.desk.userId, alt: 'another' });
    expect(await readChart(t.db, 'digest')).toEqual({ ...entry, revoked: false });
    await t.sql('UPDATE charts SET revoked_at = now()');
    expect(await readChart(t.db, 'digest')).toMatchObject({ revoked: true });
    expect(await readChart(t.db, 'none')).toBeNull();
  });

  it('show of a signal its levels, and candles through the asking user’s own account, if it follows', async () => {
    const signal = await storeSignal(at, at.desk.producer.id, { stop_loss: '2000', take_profit: '2100' });
    expect(await readSignalSubject(t.db, signal.id, at.desk.userId)).toEqual({
      userId: at.desk.userId,
      mine: true,
      accountId: at.desk.account.id,
      bridgeId: at.desk.bridge.id,
      instrument: 'XAUUSD',
      digits: 2,
      side: 'buy',
      entry: '2035.10000000',
      stopLoss: '2000.00000000',
      takeProfit: '2100.00000000',
      marks: [],
    });
    expect(await readSignalSubject(t.db, signal.id, other.desk.userId)).toMatchObject({ mine: false });
    expect(await readSignalSubject(t.db, at.deps.ids.next(), at.desk.userId)).toBeNull();
  });

  it('show of a trade its fills, and of an open one its entry alone', async () => {
    const [closed] = (await listTrades(t.db, at.desk.userId, { status: 'closed' }, page)).items;
    const [open] = (await listTrades(t.db, at.desk.userId, { status: 'open' }, page)).items;
    const marks = async (id: string | undefined) =>
      (await readTradeSubject(t.db, id ?? '', at.desk.userId))?.marks.map((m) => `${m.kind} ${m.side}`);
    expect(await marks(closed?.id)).toEqual(['entry buy', 'exit sell']);
    expect(await marks(open?.id)).toEqual(['entry sell']);
    expect(await readTradeSubject(t.db, closed?.id ?? '', other.desk.userId)).toMatchObject({
      mine: false,
      accountId: at.desk.account.id,
    });
    expect(await readTradeSubject(t.db, at.deps.ids.next(), at.desk.userId)).toBeNull();
  });
});
