import { sql } from 'drizzle-orm';
import type { Candles } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';

export type StoredCandle = {
  timeMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
};

/** Keeps closed bars once; a bar that stands already is left as it was first seen. */
export async function storeCandles(
  db: Database,
  of: { accountId: string; instrument: string; timeframe: string },
  candles: Candles,
): Promise<void> {
  const rows = JSON.stringify(candles.map((c) => ({ ...c, time: isoTime(c.time) })));
  await db.run(sql`INSERT INTO candles (account_id, instrument, timeframe, time, open, high, low, close, volume)
    SELECT ${of.accountId}::uuid, ${of.instrument}, ${of.timeframe}, x.time, x.open, x.high, x.low, x.close, x.volume
    FROM jsonb_to_recordset(${rows}::jsonb) AS x(time timestamptz, open numeric, high numeric, low numeric,
      close numeric, volume numeric)
    ON CONFLICT DO NOTHING`);
}

/** The newest `count` stored bars, oldest first. */
export async function newestCandles(
  db: Database,
  of: { accountId: string; instrument: string; timeframe: string },
  count: number,
): Promise<StoredCandle[]> {
  const rows = await db.run(sql`SELECT time, open, high, low, close, volume FROM candles
    WHERE account_id = ${of.accountId}::uuid AND instrument = ${of.instrument} AND timeframe = ${of.timeframe}
    ORDER BY time DESC LIMIT ${count}`);
  return rows.reverse().map((r) => ({
    timeMs: rowTime(r, 'time'),
    open: plain(String(r['open'])),
    high: plain(String(r['high'])),
    low: plain(String(r['low'])),
    close: plain(String(r['close'])),
    volume: plain(String(r['volume'])),
  }));
}
