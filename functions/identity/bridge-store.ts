import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import type { SealedVersion } from './producer-store.ts';

export type Bridge = {
  id: string;
  ownerId: string;
  name: string;
  url: string;
  createdMs: number;
  revoked: boolean;
};

const bridgeOf = (row: Row): Bridge => ({
  id: String(row['id']),
  ownerId: String(row['owner_id']),
  name: String(row['name']),
  url: String(row['url']),
  createdMs: rowTime(row, 'created_at'),
  revoked: row['revoked_at'] !== null,
});

/** Adds a bridge with its first secret and its audit row, all or nothing. */
export async function insertBridge(
  db: Database,
  b: Bridge,
  secret: SealedVersion,
  audit: AuditEntry,
): Promise<void> {
  const at = isoTime(b.createdMs);
  await db.run(sql`WITH ins AS (
    INSERT INTO bridges (id, owner_id, name, url, created_at)
    VALUES (${b.id}::uuid, ${b.ownerId}::uuid, ${b.name}, ${b.url}, ${at}::timestamptz) RETURNING id
  ), sec AS (
    INSERT INTO bridge_secrets (bridge_id, version, key_id, iv, ciphertext, created_at)
    SELECT id, ${secret.version}::int, ${secret.keyId}, ${secret.iv}, ${secret.ciphertext}, ${at}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
}

/** A live bridge with its newest secret; null where it is unknown or revoked. */
export async function readBridge(
  db: Database,
  id: string,
): Promise<{ bridge: Bridge; secret: SealedVersion } | null> {
  const [row] =
    await db.run(sql`SELECT b.id, b.owner_id, b.name, b.url, b.created_at, b.revoked_at, s.version, s.key_id,
      s.iv, s.ciphertext
    FROM bridges b JOIN bridge_secrets s ON s.bridge_id = b.id
    WHERE b.id = ${id}::uuid AND b.revoked_at IS NULL ORDER BY s.version DESC LIMIT 1`);
  if (row === undefined) return null;
  return {
    bridge: bridgeOf(row),
    secret: {
      version: Number(row['version']),
      keyId: String(row['key_id']),
      iv: String(row['iv']),
      ciphertext: String(row['ciphertext']),
    },
  };
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
