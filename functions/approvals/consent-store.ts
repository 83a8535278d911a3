import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

export type Consent = { version: number; text: string; sha256: string };

/** The text now in force; null before the first. */
export async function currentConsent(db: Database): Promise<Consent | null> {
  const [row] = await db.run(sql`SELECT version, text, sha256 FROM consents ORDER BY version DESC LIMIT 1`);
  return row === undefined
    ? null
    : { version: Number(row['version']), text: String(row['text']), sha256: String(row['sha256']) };
}

/**
 * Publishes the next version. Two at once take two different numbers: the loser's statement meets the winner's key,
 * stores nothing and returns null, and the caller asks again.
 */
export async function insertConsent(
  db: Database,
  consent: { text: string; sha256: string; createdBy: string; nowMs: number },
  audit: AuditEntry,
): Promise<number | null> {
  const [row] = await db.run(sql`WITH ins AS (
    INSERT INTO consents (version, text, sha256, created_by, created_at)
    SELECT coalesce(max(version), 0) + 1, ${consent.text}, ${consent.sha256}, ${consent.createdBy}::uuid,
      ${isoTime(consent.nowMs)}::timestamptz FROM consents
    ON CONFLICT DO NOTHING RETURNING version
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT version FROM ins`);
  return row === undefined ? null : Number(row['version']);
}
