import { type SQL, sql } from 'drizzle-orm';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { type SignalStatus, statusCode, statusOf } from './signal-status.ts';

export type Signal = {
  id: string;
  userId: string;
  producerId: string;
  instrument: string;
  side: 'buy' | 'sell';
  intent: 'open' | 'close';
  orderType: 'market' | 'limit' | 'stop';
  price: string;
  stopLoss: string | null;
  takeProfit: string | null;
  orderExpiresMs: number | null;
  maxSlippagePoints: number | null;
  timeMs: number;
  expiresMs: number;
  version: string;
  externalId: string | null;
  strategy: string | null;
  timeframe: string | null;
  schema: number;
  payload: Record<string, unknown> | null;
  status: SignalStatus;
  refusal: string | null;
  trust: 'signed' | 'tradingview';
  stale: boolean;
  createdMs: number;
  updatedMs: number;
};

const textOrNull = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T => {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw new Error('an unknown value is stored in signals');
  return found;
};

/** A row of signals joined with one delivery (`delivery_status`, `refusal`, `delivery_updated_at`). */
export const signalOf = (row: Row): Signal => ({
  id: String(row['id']),
  userId: String(row['user_id']),
  producerId: String(row['producer_id']),
  instrument: String(row['instrument']),
  side: Number(row['side']) === 0 ? 'buy' : 'sell',
  intent: oneOf(row['intent'], ['open', 'close']),
  orderType: oneOf(row['order_type'], ['market', 'limit', 'stop']),
  price: String(row['price']),
  stopLoss: textOrNull(row['stop_loss']),
  takeProfit: textOrNull(row['take_profit']),
  orderExpiresMs: row['order_expires_at'] === null ? null : timestampMs(String(row['order_expires_at'])),
  maxSlippagePoints: row['max_slippage_points'] === null ? null : Number(row['max_slippage_points']),
  timeMs: rowTime(row, 'time'),
  expiresMs: rowTime(row, 'expires_at'),
  version: String(row['version']),
  externalId: textOrNull(row['external_id']),
  strategy: textOrNull(row['strategy']),
  timeframe: textOrNull(row['timeframe']),
  schema: Number(row['schema']),
  payload: row['payload'] as Record<string, unknown> | null,
  status: statusOf(row['delivery_status']),
  refusal: textOrNull(row['refusal']),
  trust: oneOf(row['trust'], ['signed', 'tradingview']),
  stale: row['stale'] === true,
  createdMs: rowTime(row, 'created_at'),
  updatedMs: rowTime(row, 'delivery_updated_at'),
});

const COLUMNS = sql`s.id, s.user_id, s.producer_id, s.instrument, s.side, s.intent, s.order_type, s.price, s.stop_loss,
  s.take_profit, s.order_expires_at, s.max_slippage_points, s.time, s.expires_at, s.version, s.external_id, s.strategy,
  s.timeframe, s.schema, s.payload, s.trust, s.stale, s.created_at, d.refusal, d.updated_at AS delivery_updated_at`;

/**
 * The caller's view of a delivery's status at a moment: a new one past its deadline is expired, whether or not a
 * schedule has written that down yet.
 */
export const statusAt = (nowMs: number): SQL =>
  sql`CASE WHEN d.status = ${statusCode('new')} AND s.expires_at <= ${isoTime(nowMs)}::timestamptz
      THEN ${statusCode('expired')} ELSE d.status END`;

/**
 * One signal. `mine` says whether the user is in its audience; an owner or admin may read it all the same and then
 * sees the owner's delivery.
 */
export async function readSignal(
  db: Database,
  id: string,
  userId: string,
  nowMs: number,
): Promise<{ signal: Signal; mine: boolean } | null> {
  const [row] = await db.run(sql`SELECT ${COLUMNS}, ${statusAt(nowMs)} AS delivery_status,
      (d.user_id = ${userId}::uuid) AS mine
    FROM signals s JOIN deliveries d ON d.signal_id = s.id
    WHERE s.id = ${id}::uuid AND d.user_id IN (${userId}::uuid, s.user_id)
    ORDER BY (d.user_id = ${userId}::uuid) DESC LIMIT 1`);
  return row === undefined ? null : { signal: signalOf(row), mine: row['mine'] === true };
}

export type SignalFilter = {
  status?: SignalStatus | undefined;
  instrument?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
};

/** A page of the signals in a user's audience, newest first; of all signals, as their owners see them, for null. */
export function listSignals(
  db: Database,
  userId: string | null,
  filter: SignalFilter,
  nowMs: number,
  query: { page: number; page_size: number; cursor?: string },
) {
  const parts = [
    userId === null ? sql`d.user_id = s.user_id` : sql`d.user_id = ${userId}::uuid`,
    filter.status === undefined ? null : sql`${statusAt(nowMs)} = ${statusCode(filter.status)}`,
    filter.instrument === undefined ? null : sql`s.instrument = ${filter.instrument}`,
    filter.fromMs === undefined ? null : sql`d.created_at >= ${isoTime(filter.fromMs)}::timestamptz`,
    filter.toMs === undefined ? null : sql`d.created_at < ${isoTime(filter.toMs)}::timestamptz`,
  ].filter((p) => p !== null);
  return readPage(
    db,
    query,
    {
      columns: sql`${COLUMNS}, ${statusAt(nowMs)} AS delivery_status`,
      from: sql`FROM deliveries d JOIN signals s ON s.id = d.signal_id WHERE ${sql.join(parts, sql` AND `)}`,
      at: sql`d.created_at`,
      id: sql`d.signal_id`,
    },
    signalOf,
  );
}
