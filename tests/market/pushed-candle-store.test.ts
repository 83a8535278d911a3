import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newestCandles } from '../../functions/market/candle-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const HOUR_MS = 3_600_000;

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});

/** The bar that began so many hours before the snapshot was taken. */
const bar = (hoursAgo: number, close = '1.5') => ({
  time: new Date(at.deps.clock.nowMs() - hoursAgo * HOUR_MS).toISOString(),
  ...{ open: '1.5', high: '2', low: '1', close, volume: '3' },
});
const pushed = (bars: object[], over: object = {}) => ({ symbol: 'XAUUSD', timeframe: 'H1', bars, ...over });
const stored = async (symbol = 'XAUUSD') => {
  const of = { accountId: at.desk.account.id, symbol, timeframe: 'H1' as const };
  const found = await newestCandles(t.db, of, 99);
  return found.map((c) => (at.deps.clock.nowMs() - c.timeMs) / HOUR_MS);
};
const snapshotWith = async (...candles: object[]) => {
  at.answer({ candles });
  return (await at.run()).outcome;
};

describe('candles pushed with a snapshot', () => {
  it('are kept once it is applied, closed ones alone, and once', async () => {
    expect(await snapshotWith(pushed([bar(2), bar(1), bar(0)]))).toBe('applied');
    expect(await stored()).toEqual([2, 1]);
    expect(await snapshotWith(pushed([bar(3), bar(2, '1.9')]))).toBe('applied');
    expect(await stored()).toEqual([3, 2, 1]);
  });

  it('that cannot be bars, or of a timeframe that is not stored, are left out and hold nothing up', async () => {
    const unsound = pushed([bar(2), bar(1, '9')]);
    const longer = pushed([bar(4)], { timeframe: 'H4' });
    expect(await snapshotWith(unsound, longer, pushed([bar(1)]))).toBe('applied');
    expect(await stored()).toEqual([1]);
  });

  it('are kept under the broker’s name, whatever we call it', async () => {
    await t.sql(`UPDATE accounts SET symbols = '{"XAUUSD":"GOLD.m"}' WHERE id = $1`, [at.desk.account.id]);
    const both = [pushed([bar(3), bar(2)]), pushed([bar(2), bar(1)], { symbol: 'GOLD.m' })];
    expect(await snapshotWith(...both)).toBe('applied');
    expect([await stored('GOLD.m'), await stored('XAUUSD')]).toEqual([
      [2, 1],
      [3, 2],
    ]);
  });

  it('of a snapshot that is refused are not kept', async () => {
    at.answer({ connected: false, candles: [pushed([bar(1)])] });
    expect((await at.run()).outcome).not.toBe('applied');
    expect(await stored()).toEqual([]);
  });
});
