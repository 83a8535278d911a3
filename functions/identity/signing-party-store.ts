/**
 * Rotation and revocation. Invariants: at most two secrets of a party are live at any moment; the older one ends with
 * its overlap; a revoked party stays revoked, and nothing it signs is taken from the commit of its revocation on.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { SealedVersion } from './producer-store.ts';
import type { SigningParty } from './signing-party.ts';

export type PartyRow = { id: string; ownerId: string; revoked: boolean; lastVersion: number };

/** A party's owner, state and newest secret version; null where there is none of this id. */
export async function readParty(db: Database, party: SigningParty, id: string): Promise<PartyRow | null> {
  const [row] = await db.run(sql`SELECT p.id, p.owner_id, p.revoked_at,
      (SELECT max(s.version) FROM ${party.secrets} s WHERE s.${party.key} = p.id) AS last_version
    FROM ${party.table} p WHERE p.id = ${id}::uuid`);
  if (row === undefined) return null;
  return {
    id: String(row['id']),
    ownerId: String(row['owner_id']),
    revoked: row['revoked_at'] !== null,
    lastVersion: Number(row['last_version'] ?? 0),
  };
}

/**
 * Adds the next secret version. The newest before it lives until `overlapEndsMs`, all older ones end now. False where
 * another rotation took the version, or the party is revoked.
 */
export async function rotateSecret(
  db: Database,
  party: SigningParty,
  id: string,
  secret: SealedVersion,
  overlapEndsMs: number,
  audit: AuditEntry,
): Promise<boolean> {
  const now = isoTime(audit.nowMs);
  const rows = await db.run(sql`WITH live AS (
    SELECT p.id FROM ${party.table} p WHERE p.id = ${id}::uuid AND p.revoked_at IS NULL
  ), ins AS (
    INSERT INTO ${party.secrets} (${party.key}, version, key_id, iv, ciphertext, created_at)
    SELECT id, ${secret.version}::int, ${secret.keyId}, ${secret.iv}, ${secret.ciphertext}, ${now}::timestamptz
    FROM live ON CONFLICT DO NOTHING RETURNING ${party.key} AS id
  ), old AS (
    UPDATE ${party.secrets} s SET expires_at = least(coalesce(s.expires_at, 'infinity'::timestamptz),
      CASE WHEN s.version = ${secret.version - 1}::int THEN ${isoTime(overlapEndsMs)}::timestamptz
           ELSE ${now}::timestamptz END)
    FROM ins WHERE s.${party.key} = ins.id AND s.version < ${secret.version}::int
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
  return rows.length === 1;
}

/** Revokes a party, for ever. False where it was revoked before. */
export async function revokeParty(
  db: Database,
  party: SigningParty,
  id: string,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await db.run(sql`WITH upd AS (
    UPDATE ${party.table} SET revoked_at = ${isoTime(audit.nowMs)}::timestamptz
    WHERE id = ${id}::uuid AND revoked_at IS NULL RETURNING id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}
