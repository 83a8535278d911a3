/**
 * Taking back orders that work at the broker and shall not: of a signal that was cancelled, of an account or a deployment
 * that was halted so, or that an approved close stands against. It is done by what stands and not by what happened, so that
 * an order whose fate was open then is taken back when it is found to work. One cancellation of an order at a time, and
 * another a while after it where the order works all the same. By the holder of the account's lease alone.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from '../signals/signal-status.ts';
import { heldLease, type Lease } from './account-lease-store.ts';
import { COMMAND_COLUMNS, NEW_MAGIC } from './command-store.ts';

/** How long a cancellation may wait to be sent (domain 7.3). */
const CANCEL_TTL_MS = 10 * 60_000;
/** What a cancellation has done is seen by then, and another is made where the order works all the same. */
const AGAIN_MS = 2 * 60_000;

/** SELECT of the ids of an account's commands whose working orders a halt or a cancelled signal takes back. */
export const ordersToWithdraw = (accountId: string): SQL =>
  sql`SELECT c.id FROM commands c JOIN accounts a ON a.id = c.account_id CROSS JOIN deployment d
    WHERE c.account_id = ${accountId}::uuid AND c.state = 'placed' AND (a.withdraw_pending OR d.withdraw_pending
      OR EXISTS (SELECT 1 FROM signals s WHERE s.id = c.signal_id AND s.status = ${statusCode('cancelled')}))`;

/**
 * Makes the cancellations of those of the orders (ids of their commands, each with the id of its cancellation) that work
 * and of which none is under way or has only just ended. An order at another login or server is out of reach.
 */
export async function cancelOrders(
  db: Database,
  lease: Lease,
  orders: readonly { id: string; cancelId: string }[],
  nowMs: number,
): Promise<void> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  await db.run(sql`WITH ${heldLease(lease)}
    INSERT INTO commands (${COMMAND_COLUMNS}, target_id)
    SELECT i."cancelId", c.account_id, NULL, c.signal_id, 'cancel', c.symbol, c.instrument,
      jsonb_build_object('kind', 'cancel', 'pre', jsonb_build_object('login', a.login, 'server', a.server,
        'symbol', c.symbol), 'order', jsonb_build_object('symbol', c.symbol, 'order_ticket', c.order_ticket)),
      ${NEW_MAGIC}, 'cs' || right(replace(i."cancelId"::text, '-', ''), 12), 0, 'created',
      ${isoTime(nowMs + CANCEL_TTL_MS)}::timestamptz, 0, ${now}, ${now}, c.id
    FROM lease JOIN accounts a ON a.id = lease.account_id JOIN commands c ON c.account_id = a.id CROSS JOIN deployment d
      JOIN jsonb_to_recordset(${JSON.stringify(orders)}::jsonb) AS i(id uuid, "cancelId" uuid) ON i.id = c.id
    WHERE c.state = 'placed' AND c.order_ticket IS NOT NULL
      AND (c.instruction->'pre'->>'login', c.instruction->'pre'->>'server') = (a.login, a.server)
      AND NOT EXISTS (SELECT 1 FROM commands k WHERE k.target_id = c.id AND (k.state IN ('created', 'sent', 'unknown')
        OR k.resolved_at > ${isoTime(nowMs - AGAIN_MS)}::timestamptz))
    ON CONFLICT DO NOTHING`);
}
