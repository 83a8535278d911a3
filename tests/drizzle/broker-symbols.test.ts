// The migration that keys bars by the broker's symbol, over rows as they stood before it, and its way back.
import { neon } from '@neondatabase/serverless';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateDown, migrateUp, readMigrations } from '../../drizzle/migrate.ts';
import { fillEveryTable } from '../support/one-row-each.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const TAG = '0022_broker_symbols';
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

it('bars go to the broker’s name, those of that very name first, and come back', async () => {
  const sql = neon(t.ownerUrl);
  await fillEveryTable(await t.connect('owner'));
  const all = await readMigrations();
  const index = all.findIndex((m) => m.tag === TAG);
  await migrateDown(sql, all.length - index);
  const [{ id } = {}] = await t.sql('SELECT id FROM accounts');
  const [{ instrument: before } = {}] = await t.sql('SELECT instrument FROM candles');
  expect(before).toBe('XAUUSD');
  await t.sql('DELETE FROM candles');
  const symbols = { XAUUSD: 'GOLD.m', EURUSD: 'GBPUSD', GBPUSD: 'EURUSD', USDJPY: 'USDJPY' };
  await t.sql('UPDATE accounts SET symbols = $1', [JSON.stringify(symbols)]);
  const stand = (instrument: string, minute: number, close: number) =>
    t.sql(`INSERT INTO candles VALUES ($1, $2, 'M5', $3, 1, 9, 1, $4, 1)`, [
      ...[id, instrument, new Date(Date.UTC(2026, 0, 5, 10, minute)).toISOString(), close],
    ]);
  // What stood under XAUUSD may have been either symbol; what a bridge pushed as GOLD.m was that.
  await stand('XAUUSD', 0, 2);
  await stand('XAUUSD', 5, 3);
  await stand('GOLD.m', 5, 4);
  await stand('EURUSD', 0, 5);
  await stand('GBPUSD', 0, 6);
  await stand('USDJPY', 0, 7);
  await stand('XAGUSD', 0, 8);
  const bars = async (key: string) =>
    (await t.sql(`SELECT ${key} AS key, close::int FROM candles ORDER BY 1, time`)).map((r) => [
      ...[r['key'], r['close']],
    ]);
  await migrateUp(sql, () => new Date(), all.slice(0, index + 1));
  expect(await bars('symbol')).toEqual([
    ...[
      ['EURUSD', 6],
      ['GBPUSD', 5],
      ['GOLD.m', 2],
      ['GOLD.m', 4],
      ['USDJPY', 7],
      ['XAGUSD', 8],
    ],
  ]);
  expect((await t.sql('SELECT c.instrument FROM commands c'))[0]).toEqual({ instrument: 'XAUUSD' });
  // A symbol that has the name of an instrument which is another symbol.
  await t.sql(`INSERT INTO candles (account_id, symbol, timeframe, time, open, high, low, close, volume)
    SELECT account_id, 'XAUUSD', timeframe, time, open, high, low, 1, volume FROM candles WHERE symbol = 'GOLD.m'`);
  await t.sql(
    `UPDATE accounts SET history_until = '2026-01-05T10:00:00Z', deals_cursor = '2026-01-05T09:00:00Z'`,
  );
  await migrateDown(sql, 1);
  expect(await bars('instrument')).toEqual([
    ...[
      ['EURUSD', 5],
      ['GBPUSD', 6],
      ['USDJPY', 7],
      ['XAGUSD', 8],
      ['XAUUSD', 2],
      ['XAUUSD', 4],
    ],
  ]);
  expect(await t.sql('SELECT deals_cursor FROM accounts')).toEqual([{ deals_cursor: null }]);
});
