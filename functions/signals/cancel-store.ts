/**
 * Cancelling. In one statement: undecided deliveries are cancelled, the signal itself takes no further decision, and
 * the audit row stands with it. A delivery that somebody approved is left to its order: what was sent cannot be unsaid.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from './signal-status.ts';

/**
 * False where the signal is cancelled already or an approval of it has its command. The row is locked by a statement
 * of its own first: what a statement waits for, its own snapshot cannot see.
 */
export async function cancelSignal(db: Database, id: string, audit: AuditEntry): Promise<boolean> {
  const at = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const cancelled = sql`${statusCode('cancelled')}::smallint`;
  const [, rows = []] = await db.batch([
    sql`SELECT id FROM signals WHERE id = ${id}::uuid FOR UPDATE`,
    sql`WITH upd AS (
      UPDATE signals s SET status = ${cancelled}, updated_at = ${at}
      WHERE s.id = ${id}::uuid AND s.status = ${statusCode('new')}
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.signal_id = s.id) RETURNING s.id
    ), del AS (
      UPDATE deliveries d SET status = ${cancelled}, updated_at = ${at} FROM upd
      WHERE d.signal_id = upd.id AND d.status IN (${statusCode('new')}, ${statusCode('approved')})
    ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`,
  ]);
  return rows.length === 1;
}
