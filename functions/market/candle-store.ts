import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import type { Candle, Interval } from './candle.ts';
import type { StoredTimeframe } from './timeframe.ts';

/**
 * Whose bars: one account's broker may state others than the next one's. `symbol` is that broker's own name, and not ours of
 * the instrument, so that bars of two symbols never stand in one series, whatever an account's user maps to what.
 */
export type Series = { accountId: string; symbol: string; timeframe: StoredTimeframe };

/** Bars of one statement; a request to the database stays well under a megabyte. */
const ROWS_PER_STATEMENT = 5_000;

/**
 * Keeps closed bars once, all of them or none. A bar that stands already is left as it was first seen; the openings of
 * those that are stated otherwise now are given back, so that somebody may be told.
 */
export async function storeCandles(db: Database, of: Series, candles: readonly Candle[]): Promise<number[]> {
  const statements: SQL[] = [];
  for (let i = 0; i < candles.length; i += ROWS_PER_STATEMENT)
    statements.push(insertion(of, candles.slice(i, i + ROWS_PER_STATEMENT)));
  const restated = await db.batch(statements);
  return restated.flat().map((row) => rowTime(row, 'time'));
}

function insertion(of: Series, candles: readonly Candle[]): SQL {
  const rows = JSON.stringify(
    candles.map(({ timeMs, ...figures }) => ({ time: isoTime(timeMs), ...figures })),
  );
  return sql`WITH stated AS (
    SELECT * FROM jsonb_to_recordset(${rows}::jsonb) AS x(time timestamptz, open numeric, high numeric, low numeric,
      close numeric, volume numeric)
  ), ins AS (
    INSERT INTO candles (account_id, symbol, timeframe, time, open, high, low, close, volume)
    SELECT ${of.accountId}::uuid, ${of.symbol}, ${of.timeframe}, time, open, high, low, close, volume FROM stated
    ON CONFLICT DO NOTHING
  ) SELECT c.time FROM stated s JOIN candles c ON c.account_id = ${of.accountId}::uuid
    AND c.symbol = ${of.symbol} AND c.timeframe = ${of.timeframe} AND c.time = s.time
  WHERE (c.open, c.high, c.low, c.close, c.volume) IS DISTINCT FROM (s.open, s.high, s.low, s.close, s.volume)
  ORDER BY c.time`;
}

const candleOf = (row: Row): Candle => ({
  timeMs: rowTime(row, 'time'),
  open: plain(String(row['open'])),
  high: plain(String(row['high'])),
  low: plain(String(row['low'])),
  close: plain(String(row['close'])),
  volume: plain(String(row['volume'])),
});

const ofSeries = (of: Series): SQL => sql`FROM candles WHERE account_id = ${of.accountId}::uuid
  AND symbol = ${of.symbol} AND timeframe = ${of.timeframe}`;

/** The newest `count` stored bars, oldest first. */
export async function newestCandles(db: Database, of: Series, count: number): Promise<Candle[]> {
  const rows = await db.run(sql`SELECT time, open, high, low, close, volume ${ofSeries(of)}
    ORDER BY time DESC LIMIT ${count}`);
  return rows.reverse().map(candleOf);
}

/** The stored bars that begin within a window, oldest first. The caller bounds the window. */
export async function candlesWithin(db: Database, of: Series, window: Interval): Promise<Candle[]> {
  const rows = await db.run(sql`SELECT time, open, high, low, close, volume ${ofSeries(of)}
    AND time >= ${isoTime(window.fromMs)}::timestamptz AND time < ${isoTime(window.toMs)}::timestamptz ORDER BY time`);
  return rows.map(candleOf);
}

/** `symbols`: what its broker calls an instrument, where it is another name. */
export type CandleAccount = {
  id: string;
  userId: string;
  /** None: it has the bars that were imported, and nobody to ask for others. */
  bridgeId: string | null;
  symbols: Readonly<Record<string, string>>;
};

/**
 * Through which account bars are read: the one of this id, or without an id the user's own with a bridge where there is
 * exactly one; null otherwise.
 */
export async function readCandleAccount(
  db: Database,
  of: { accountId: string | null; userId: string },
): Promise<CandleAccount | null> {
  const which =
    of.accountId === null
      ? sql`user_id = ${of.userId}::uuid AND bridge_id IS NOT NULL`
      : sql`id = ${of.accountId}::uuid`;
  const [row, other] = await db.run(
    sql`SELECT id, user_id, bridge_id, symbols FROM accounts WHERE ${which} LIMIT 2`,
  );
  return row === undefined || other !== undefined
    ? null
    : {
        id: String(row['id']),
        userId: String(row['user_id']),
        bridgeId: row['bridge_id'] === null ? null : String(row['bridge_id']),
        symbols: row['symbols'] as Record<string, string>,
      };
}
