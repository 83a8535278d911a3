import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import type { SealedVersion } from './producer-store.ts';

export type Bridge = {
  id: string;
  ownerId: string;
  name: string;
  /** Where it is called; null: it polls. */
  url: string | null;
  createdMs: number;
  revoked: boolean;
};

const bridgeOf = (row: Row): Bridge => ({
  id: String(row['id']),
  ownerId: String(row['owner_id']),
  name: String(row['name']),
  url: row['url'] === null ? null : String(row['url']),
  createdMs: rowTime(row, 'created_at'),
  revoked: row['revoked_at'] !== null,
});

/**
 * Adds a bridge with its first secret and its audit row, all or nothing. False where its owner has as many that are not
 * revoked as he may: `most`, unless an admin has set another number for him. The owner's row is locked by a statement of its
 * own, so that of two at once the second counts the first.
 */
export async function insertBridge(
  db: Database,
  b: Bridge,
  secret: SealedVersion,
  most: number,
  audit: AuditEntry,
): Promise<boolean> {
  const at = isoTime(b.createdMs);
  const [, rows = []] = await db.batch([
    sql`SELECT 1 AS one FROM users WHERE id = ${b.ownerId}::uuid FOR NO KEY UPDATE`,
    sql`WITH ins AS (
      INSERT INTO bridges (id, owner_id, name, url, created_at)
      SELECT ${b.id}::uuid, u.id, ${b.name}, ${b.url}, ${at}::timestamptz FROM users u
      WHERE u.id = ${b.ownerId}::uuid AND coalesce(u.max_bridges, ${most}::int) > (
        SELECT count(*) FROM bridges o WHERE o.owner_id = u.id AND o.revoked_at IS NULL) RETURNING id
    ), sec AS (
      INSERT INTO bridge_secrets (bridge_id, version, key_id, iv, ciphertext, created_at)
      SELECT id, ${secret.version}::int, ${secret.keyId}, ${secret.iv}, ${secret.ciphertext}, ${at}::timestamptz FROM ins
    ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`,
  ]);
  return rows.length === 1;
}

const WITH_SECRETS = sql`SELECT b.id, b.owner_id, b.name, b.url, b.created_at, b.revoked_at, s.version, s.key_id,
    s.iv, s.ciphertext
  FROM bridges b JOIN bridge_secrets s ON s.bridge_id = b.id`;

const secretOf = (row: Row): SealedVersion => ({
  version: Number(row['version']),
  keyId: String(row['key_id']),
  iv: String(row['iv']),
  ciphertext: String(row['ciphertext']),
});

/** A live bridge with its newest secret, which is what we sign with. */
export type KnownBridge = { bridge: Bridge; secret: SealedVersion };

/** Null where it is unknown or revoked. */
export async function readBridge(db: Database, id: string): Promise<KnownBridge | null> {
  const [row] = await db.run(sql`${WITH_SECRETS}
    WHERE b.id = ${id}::uuid AND b.revoked_at IS NULL ORDER BY s.version DESC LIMIT 1`);
  return row === undefined ? null : { bridge: bridgeOf(row), secret: secretOf(row) };
}

/** Of the accounts (`ids`, a list of uuids) those whose bridge is live, each with it: `knownBridgeOf` reads a row. */
export const bridgesOfAccounts = (ids: SQL): SQL =>
  sql`SELECT a.id AS account_id, x.* FROM accounts a JOIN LATERAL (${WITH_SECRETS}
    WHERE b.id = a.bridge_id AND b.revoked_at IS NULL ORDER BY s.version DESC LIMIT 1) x ON true WHERE a.id = ANY(${ids})`;

/** A row of `bridgesOfAccounts`. */
export const knownBridgeOf = (row: Row): KnownBridge => ({ bridge: bridgeOf(row), secret: secretOf(row) });

/** A live bridge with its live secrets, newest first, each of which it may sign with; null where there is none. */
export async function readBridgeSecrets(
  db: Database,
  id: string,
  nowMs: number,
): Promise<{ bridge: Bridge; secrets: SealedVersion[] } | null> {
  const rows = await db.run(sql`${WITH_SECRETS}
    WHERE b.id = ${id}::uuid AND b.revoked_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > ${isoTime(nowMs)}::timestamptz)
    ORDER BY s.version DESC LIMIT 2`);
  const [first] = rows;
  return first === undefined ? null : { bridge: bridgeOf(first), secrets: rows.map(secretOf) };
}

/** A page of one owner's bridges, or of all where `ownerId` is null. */
export const listBridges = (
  db: Database,
  ownerId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`id, owner_id, name, url, created_at, revoked_at`,
      from: sql`FROM bridges WHERE ${ownerId === null ? sql`true` : sql`owner_id = ${ownerId}::uuid`}`,
      at: sql`created_at`,
      id: sql`id`,
    },
    bridgeOf,
  );
