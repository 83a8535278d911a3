/**
 * The facts of a plan, as parts of the statement that applies it: rows of the account `acc` that it has just updated. Orders
 * are only ever inserted, one row per state; a member's signal follows the trades of its command.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import { statusCode } from '../signals/signal-status.ts';
import type { ReconcilePlan } from './reconcile.ts';

/** Inserts the ended orders that a snapshot tells of; one that stands already stays as it stands. */
export function orderInsert(s: Snapshot, nowMs: number): SQL {
  const rows = s.history_orders.map((o) => ({
    ...o,
    time_setup: isoTime(o.time_setup),
    time_done: o.time_done === null || o.time_done === undefined ? null : isoTime(o.time_done),
  }));
  return sql`INSERT INTO broker_orders (account_id, ticket, state, type, symbol, magic, position_id, volume_initial,
      volume_current, price_open, time_setup, time_done, comment, recorded_at)
    SELECT acc.id, x.ticket, x.state, x.type, x.symbol, x.magic, x.position_id, x.volume_initial, x.volume_current,
      x.price_open, x.time_setup, x.time_done, x.comment, ${isoTime(nowMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(ticket text, state text, type text, symbol text,
      magic bigint, position_id text, volume_initial numeric, volume_current numeric, price_open numeric,
      time_setup timestamptz, time_done timestamptz, comment text)
    ON CONFLICT DO NOTHING`;
}

/**
 * A member's signal is executed with its first fill and closed when all its volume is out, in every life that its command
 * began; a close that the broker cancels opens it again.
 */
export function deliveryUpdate(plan: Pick<ReconcilePlan, 'trades'>, nowMs: number): SQL {
  const closed = new Map<string, boolean>();
  for (const t of plan.trades)
    if (t.commandId !== null)
      closed.set(t.commandId, (closed.get(t.commandId) ?? true) && t.status === 'closed');
  const rows = [...closed].map(([commandId, all]) => ({
    commandId,
    status: statusCode(all ? 'closed' : 'executed'),
  }));
  return sql`UPDATE deliveries d SET status = x.status, refusal = NULL, updated_at = ${isoTime(nowMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x("commandId" uuid, status smallint)
      JOIN commands c ON c.id = x."commandId" JOIN approvals p ON p.id = c.approval_id
    WHERE d.signal_id = p.signal_id AND d.user_id = p.user_id AND d.status <> x.status AND d.status IN
      (${statusCode('approved')}, ${statusCode('executed')}, ${statusCode('closed')}, ${statusCode('failed')})`;
}
