/**
 * Rotation, revocation and re-wrapping. Invariants: at most two secrets of a party are live at any moment; the older one ends with
 * its overlap; a revoked party stays revoked, and nothing it signs is taken from the commit of its revocation on.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { Sealed } from '../platform/secret-box.ts';
import { sqlArray } from '../platform/sql-array.ts';
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

export type StoredSecret = SealedVersion & { partyId: string };

/**
 * Up to `limit` secrets, live or not, that an older key of the ring has sealed, by party and version behind `after`.
 * `ring` are the ids of its keys, the first the one that seals.
 */
export async function readSecretsToRewrap(
  db: Database,
  party: SigningParty,
  ring: readonly string[],
  after: { partyId: string; version: number } | null,
  limit: number,
): Promise<StoredSecret[]> {
  const behind = after
    ? sql`AND (${party.key}, version) > (${after.partyId}::uuid, ${after.version}::int)`
    : sql``;
  const rows =
    await db.run(sql`SELECT ${party.key} AS id, version, key_id, iv, ciphertext FROM ${party.secrets}
    WHERE key_id = ANY(${sqlArray('text', ring.slice(1))}) ${behind} ORDER BY ${party.key}, version LIMIT ${limit}::int`);
  return rows.map((r) => ({
    partyId: String(r['id']),
    version: Number(r['version']),
    keyId: String(r['key_id']),
    iv: String(r['iv']),
    ciphertext: String(r['ciphertext']),
  }));
}

/** The ids of keys that secrets are sealed under and the ring lacks. */
export async function listUnknownKeyIds(
  db: Database,
  party: SigningParty,
  ring: readonly string[],
): Promise<string[]> {
  const rows = await db.run(sql`SELECT DISTINCT key_id FROM ${party.secrets}
    WHERE key_id <> ALL(${sqlArray('text', ring)}) ORDER BY key_id LIMIT 100`);
  return rows.map((r) => String(r['key_id']));
}

/** Puts another sealing of the same secret in its place, with its audit row. False where the row is no longer as read. */
export async function rewrapSecret(
  db: Database,
  party: SigningParty,
  read: StoredSecret,
  sealed: Sealed,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await db.run(sql`WITH upd AS (
    UPDATE ${party.secrets} SET key_id = ${sealed.keyId}, iv = ${sealed.iv}, ciphertext = ${sealed.ciphertext}
    WHERE ${party.key} = ${read.partyId}::uuid AND version = ${read.version}::int AND key_id = ${read.keyId}
      AND iv = ${read.iv} AND ciphertext = ${read.ciphertext} RETURNING ${party.key} AS id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}
