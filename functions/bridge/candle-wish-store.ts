/** Bars that only a bridge which polls can give: what somebody wants is kept until its next request, and told to it once. */
import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import type { WantedCandles } from './bridge-port.ts';

/** A wish behind so many others of its bridge is dropped: whoever has it asks again. */
const MAX_WAITING = 20;

const wantedOf = (row: Row): WantedCandles => ({
  symbol: String(row['symbol']),
  timeframe: String(row['timeframe']),
  count: Number(row['bars']),
  ...(row['from_at'] === null
    ? {}
    : { window: { fromMs: rowTime(row, 'from_at'), toMs: rowTime(row, 'to_at') } }),
});

/** Leaves a wish for a bridge that polls, unless the same one waits already. */
export async function leaveCandleWish(
  db: Database,
  wish: { id: string; bridgeId: string; wanted: WantedCandles; nowMs: number },
): Promise<void> {
  const { symbol, timeframe, count, window } = wish.wanted;
  const edge = (ms: number | undefined) => sql`${ms === undefined ? null : isoTime(ms)}::timestamptz`;
  await db.run(sql`INSERT INTO bridge_candle_wishes (id, bridge_id, symbol, timeframe, bars, from_at, to_at, created_at)
    SELECT ${wish.id}::uuid, b.id, ${symbol}, ${timeframe}, ${count}::int, ${edge(window?.fromMs)},
      ${edge(window?.toMs)}, ${isoTime(wish.nowMs)}::timestamptz
    FROM bridges b WHERE b.id = ${wish.bridgeId}::uuid
      AND (SELECT count(*) FROM bridge_candle_wishes w WHERE w.bridge_id = b.id) < ${MAX_WAITING}::int
      AND NOT EXISTS (SELECT 1 FROM bridge_candle_wishes w WHERE w.bridge_id = b.id AND w.symbol = ${symbol}
        AND w.timeframe = ${timeframe} AND w.bars = ${count}::int
        AND w.from_at IS NOT DISTINCT FROM ${edge(window?.fromMs)}
        AND w.to_at IS NOT DISTINCT FROM ${edge(window?.toMs)})`);
}

/** Takes up to `limit` wishes, the oldest first, to be told to the bridge: no other request of it is told them too. */
export async function takeCandleWishes(
  db: Database,
  bridgeId: string,
  limit: number,
): Promise<WantedCandles[]> {
  const rows = await db.run(sql`WITH took AS (
    DELETE FROM bridge_candle_wishes
    WHERE id IN (SELECT id FROM bridge_candle_wishes WHERE bridge_id = ${bridgeId}::uuid
      ORDER BY created_at, id LIMIT ${limit}::int) RETURNING *
  ) SELECT * FROM took ORDER BY created_at, id`);
  return rows.map(wantedOf);
}
