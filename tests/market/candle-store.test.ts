import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  candlesWithin,
  newestCandles,
  readCandleAccount,
  storeCandles,
} from '../../functions/market/candle-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

describe('candles', () => {
  const of = () => ({ accountId: at.desk.account.id, symbol: 'XAUUSD', timeframe: 'M5' as const });
  const bar = (minute: number, close: string) => ({
    timeMs: at.deps.clock.nowMs() + minute * 60_000,
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
    expect(await newestCandles(t.db, { ...of(), timeframe: 'H1' as const }, 10)).toEqual([]);
    expect((await newestCandles(t.db, of(), 1))[0]).toEqual({
      timeMs: bar(15, '').timeMs,
      open: '1.5',
      high: '2',
      low: '1',
      close: '1.4',
      volume: '10',
    });
  });

  it('that are stated otherwise later are named and stay as they were', async () => {
    const own = { ...of(), timeframe: 'M15' as const };
    expect(await storeCandles(t.db, own, [bar(0, '1.1'), bar(15, '1.2')])).toEqual([]);
    const again = [bar(0, '1.10'), bar(15, '1.3'), bar(30, '1.4')];
    expect(await storeCandles(t.db, own, again)).toEqual([bar(15, '').timeMs]);
    expect((await newestCandles(t.db, own, 9)).map((c) => c.close)).toEqual(['1.1', '1.2', '1.4']);
    expect(await storeCandles(t.db, own, [])).toEqual([]);
  });

  it('of more than one statement are kept all or none', async () => {
    const own = { ...of(), timeframe: 'M1' as const };
    const many = Array.from({ length: 5_001 }, (_, i) => bar(i, '1.1'));
    const overflowing = [...many.slice(0, 5_000), { ...bar(5_000, '1.1'), volume: '10000000000' }];
    await expect(storeCandles(t.db, own, overflowing)).rejects.toThrow();
    expect(await newestCandles(t.db, own, 1)).toEqual([]);
    await storeCandles(t.db, own, many);
    expect((await newestCandles(t.db, own, 1))[0]?.timeMs).toBe(bar(5_000, '').timeMs);
  });

  it('of a window are those that begin in it, its end not included', async () => {
    const own = { ...of(), timeframe: 'M30' as const };
    await storeCandles(
      t.db,
      own,
      [0, 30, 60, 90].map((m) => bar(m, '1.1')),
    );
    const window = { fromMs: bar(30, '').timeMs, toMs: bar(90, '').timeMs };
    expect((await candlesWithin(t.db, own, window)).map((c) => c.timeMs)).toEqual(
      [30, 60].map((m) => bar(m, '').timeMs),
    );
  });
});

describe('the account that candles are read through', () => {
  it('is the one named, or the user’s only one', async () => {
    const { id, userId } = { id: at.desk.account.id, userId: at.desk.userId };
    const found = { id, userId, bridgeId: at.desk.bridge.id, symbols: {} };
    const nobody = '018f0000-0000-7000-8000-000000000000';
    const read = (accountId: string | null, of = userId) =>
      readCandleAccount(t.db, { accountId, userId: of });
    expect(await read(id)).toEqual(found);
    expect(await read(id, nobody)).toEqual(found);
    expect(await read(null)).toEqual(found);
    expect(await read(nobody)).toBeNull();
    expect(await read(null, nobody)).toBeNull();
    await at.unbound();
    expect(await read(null)).toBeNull();
    expect(await read(id)).toEqual(found);
  });
});
