/**
 * Cancelling. In one transaction: undecided and unsent deliveries are cancelled, the signal itself takes no further
 * decision, and the audit row stands with it. A delivery whose order was made is left to it: what was sent cannot be
 * unsaid. What is decided or past its deadline everywhere is not cancelled any more, and nothing is written of the try.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from './signal-status.ts';

/** `cancelled`: by this call. `too-late`: nobody is undecided or unsent, or an approval has its command. */
export type CancelOutcome = 'cancelled' | 'cancelled-before' | 'too-late';

/**
 * Cancels at the moment of the audit entry. Signal and deliveries are locked by statements of their own first: what a
 * statement waits for, its own snapshot cannot see. The lock is the one that a decision's reference to the signal does
 * not wait for, or the two would deadlock; a command and the fan-out wait for it.
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
  const [, , rows = []] = await db.batch([
    sql`SELECT id FROM signals WHERE id = ${id}::uuid FOR NO KEY UPDATE`,
    sql`SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE signal_id = ${id}::uuid
      AND status IN (${fresh}, ${approved}) ORDER BY user_id FOR NO KEY UPDATE) AS locked`,
    sql`WITH upd AS (
      UPDATE signals s SET status = ${cancelled}, updated_at = ${at}
      WHERE s.id = ${id}::uuid AND s.status = ${fresh}
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.signal_id = s.id)
        AND (${onItsWay} OR EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND ${open}))
      RETURNING s.id, s.expires_at
    ), del AS (
      UPDATE deliveries d SET status = ${cancelled}, updated_at = ${at} FROM upd s
      WHERE d.signal_id = s.id AND ${open}
    ), aud AS (${auditInsert(audit, sql`upd`)})
    SELECT EXISTS (SELECT 1 FROM upd) AS now, s.status = ${cancelled} AS before FROM signals s
    WHERE s.id = ${id}::uuid`,
  ]);
  if (rows[0]?.['now'] === true) return 'cancelled';
  return rows[0]?.['before'] === true ? 'cancelled-before' : 'too-late';
}
