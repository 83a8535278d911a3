import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import { type Database, databaseFault } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';

export type Subscription = { producerId: string; userId: string; createdMs: number };

/** Puts a user into a producer's audience, with its audit row. A repeat is `exists`; an unknown id is `unknown`. */
export async function insertSubscription(
  db: Database,
  s: Subscription,
  audit: AuditEntry,
): Promise<{ kind: 'created' | 'exists' | 'unknown' }> {
  try {
    const rows = await db.run(sql`WITH ins AS (
      INSERT INTO subscriptions (producer_id, user_id, created_at)
      VALUES (${s.producerId}::uuid, ${s.userId}::uuid, ${isoTime(s.createdMs)}::timestamptz)
      ON CONFLICT DO NOTHING RETURNING producer_id
    ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT producer_id FROM ins`);
    return { kind: rows.length === 1 ? 'created' : 'exists' };
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.code === '23503') return { kind: 'unknown' };
    throw e;
  }
}

/** A page of one user's subscriptions, or of all where `userId` is null. */
export const listSubscriptions = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`producer_id, user_id, created_at`,
      from: sql`FROM subscriptions WHERE ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`}`,
      at: sql`created_at`,
      // A list is ordered by a unique id, and a subscription has two.
      id: sql`md5(producer_id::text || user_id::text)::uuid`,
    },
    (row): Subscription => ({
      producerId: String(row['producer_id']),
      userId: String(row['user_id']),
      createdMs: rowTime(row, 'created_at'),
    }),
  );

/** Takes a user out of an audience with its audit row; what was delivered stays. False where he was not in it. */
export async function deleteSubscription(
  db: Database,
  producerId: string,
  userId: string,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await db.run(sql`WITH del AS (
    DELETE FROM subscriptions WHERE producer_id = ${producerId}::uuid AND user_id = ${userId}::uuid
    RETURNING producer_id
  ), aud AS (${auditInsert(audit, sql`del`)}) SELECT producer_id FROM del`);
  return rows.length === 1;
}
