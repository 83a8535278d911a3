/**
 * Cancelling. In one transaction: undecided and unsent deliveries are cancelled, orders that wait to be sent are ended, the
 * signal itself takes no further decision, and the audit row stands with it. An order that works at the broker is taken back
 * by whoever holds its account next, and its delivery ends with it. What was sent and has filled, or may have, cannot be
 * unsaid. What is decided or past its deadline everywhere is not cancelled any more, and nothing is written of the try.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from './signal-status.ts';

/** `cancelled`: by this call. `too-late`: nobody is undecided, unsent or waits for a fill, or an order may have filled. */
export type CancelOutcome = 'cancelled' | 'cancelled-before' | 'too-late';

/**
 * Cancels at the moment of the audit entry. Signal, waiting orders and deliveries are locked by statements of their own
 * first: what a statement waits for, its own snapshot cannot see. The signal's lock is the one that a decision's reference
 * to it does not wait for, or the two would deadlock; a command and the fan-out wait for it.
 */
export async function cancelSignal(db: Database, id: string, audit: AuditEntry): Promise<CancelOutcome> {
  const at = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const cancelled = sql`${statusCode('cancelled')}::smallint`;
  const [fresh, approved] = [statusCode('new'), statusCode('approved')];
  const open = sql`(d.status = ${approved} OR d.status = ${fresh} AND s.expires_at > ${at})`;
  // Who has no delivery yet will be undecided.
  const onItsWay = sql`(s.expires_at > ${at} AND EXISTS (SELECT 1 FROM subscriptions u
    WHERE u.producer_id = s.producer_id
      AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND d.user_id = u.user_id)))`;
  const acted = sql`EXISTS (SELECT 1 FROM commands c WHERE c.signal_id = s.id AND c.kind <> 'cancel'
    AND (c.state IN ('sent', 'unknown', 'done', 'partial') OR c.state = 'placed' AND c.position_id IS NOT NULL))`;
  const [, , , rows = []] = await db.batch([
    sql`SELECT id FROM signals WHERE id = ${id}::uuid FOR NO KEY UPDATE`,
    sql`SELECT count(*) FROM (SELECT 1 FROM commands WHERE signal_id = ${id}::uuid AND state = 'created'
      ORDER BY id FOR UPDATE) AS locked`,
    sql`SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE signal_id = ${id}::uuid
      AND status IN (${fresh}, ${approved}) ORDER BY user_id FOR NO KEY UPDATE) AS locked`,
    sql`WITH upd AS (
      UPDATE signals s SET status = ${cancelled}, updated_at = ${at}
      WHERE s.id = ${id}::uuid AND s.status = ${fresh} AND NOT ${acted}
        AND (${onItsWay} OR EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND ${open}))
      RETURNING s.id, s.expires_at
    ), com AS (
      UPDATE commands c SET state = 'failed', reason = 'signal-cancelled', resolved_at = ${at}, updated_at = ${at}
      FROM upd s WHERE c.signal_id = s.id AND c.state = 'created' AND c.kind <> 'cancel' RETURNING c.id
    ), fin AS (
      UPDATE outbox SET done_at = ${at} FROM com WHERE outbox.id = com.id AND outbox.done_at IS NULL
    ), del AS (
      UPDATE deliveries d SET status = ${cancelled}, updated_at = ${at} FROM upd s
      WHERE d.signal_id = s.id AND ${open} AND NOT EXISTS (SELECT 1 FROM commands c
        JOIN approvals q ON q.id = c.approval_id WHERE c.signal_id = s.id AND q.user_id = d.user_id AND c.state = 'placed')
    ), aud AS (${auditInsert(audit, sql`upd`)})
    SELECT EXISTS (SELECT 1 FROM upd) AS now, s.status = ${cancelled} AS before FROM signals s
    WHERE s.id = ${id}::uuid`,
  ]);
  if (rows[0]?.['now'] === true) return 'cancelled';
  return rows[0]?.['before'] === true ? 'cancelled-before' : 'too-late';
}

/** The accounts at which orders of a signal work, or an approved close of it is under way. */
export async function accountsOfOrders(db: Database, signalId: string): Promise<string[]> {
  const rows = await db.run(sql`SELECT account_id FROM commands
      WHERE signal_id = ${signalId}::uuid AND state = 'placed'
    UNION SELECT x.account_id FROM exits x JOIN approvals q ON q.id = x.approval_id
      WHERE q.signal_id = ${signalId}::uuid AND x.state = 'open'`);
  return rows.map((r) => String(r['account_id']));
}
