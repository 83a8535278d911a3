import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newestCandles, storeCandles } from '../../functions/market/candle-store.ts';
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
