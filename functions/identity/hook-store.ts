/**
 * Hook tokens of producers. Invariants: only hashes are stored; at most two tokens of a producer are live at any
 * moment, and the older one ends with its overlap; a revoked producer has none.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

export type Hook = { producerId: string; ratePerMinute: number };

/**
 * Adds the next hook token. The newest before it lives until `overlapEndsMs`, all older ones end now. Returns the new
 * version, 1 for the first; null where another rotation was faster, or the producer is revoked.
 */
export async function rotateHook(
  db: Database,
  producerId: string,
  tokenSha256: string,
  overlapEndsMs: number,
  audit: AuditEntry,
): Promise<number | null> {
  const now = isoTime(audit.nowMs);
  const [row] = await db.run(sql`WITH live AS (
    SELECT p.id, 1 + coalesce((SELECT max(h.version) FROM producer_hooks h WHERE h.producer_id = p.id), 0) AS version
    FROM producers p WHERE p.id = ${producerId}::uuid AND p.revoked_at IS NULL
  ), ins AS (
    INSERT INTO producer_hooks (producer_id, version, token_sha256, created_at)
    SELECT id, version, ${tokenSha256}, ${now}::timestamptz FROM live
    ON CONFLICT DO NOTHING RETURNING producer_id, version
  ), old AS (
    UPDATE producer_hooks h SET expires_at = least(coalesce(h.expires_at, 'infinity'::timestamptz),
      CASE WHEN h.version = ins.version - 1 THEN ${isoTime(overlapEndsMs)}::timestamptz ELSE ${now}::timestamptz END)
    FROM ins WHERE h.producer_id = ins.producer_id AND h.version < ins.version
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT version FROM ins`);
  return row === undefined ? null : Number(row['version']);
}

/** The producer that a live hook token belongs to; null where the token is unknown or over, or its producer revoked. */
export async function findHook(db: Database, tokenSha256: string, nowMs: number): Promise<Hook | null> {
  const [row] = await db.run(sql`SELECT p.id, p.rate_per_minute
    FROM producer_hooks h JOIN producers p ON p.id = h.producer_id
    WHERE h.token_sha256 = ${tokenSha256} AND p.revoked_at IS NULL
      AND (h.expires_at IS NULL OR h.expires_at > ${isoTime(nowMs)}::timestamptz)`);
  return row === undefined
    ? null
    : { producerId: String(row['id']), ratePerMinute: Number(row['rate_per_minute']) };
}
