import { sql } from 'drizzle-orm';
import type { SealedVersion } from '../identity/producer-store.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import type { Channel } from './delivery-store.ts';

export type StoredDestination = {
  id: string;
  ownerId: string;
  /** Whose alerts go there; null: all of them. */
  userId: string | null;
  channel: Channel;
  name: string;
  address: string;
  createdMs: number;
  revoked: boolean;
};

/** Adds a destination with its first secret, where it has one, and its audit row. False: there is no such user. */
export async function insertDestination(
  db: Database,
  d: StoredDestination,
  secret: SealedVersion | null,
  audit: AuditEntry,
): Promise<boolean> {
  const at = isoTime(d.createdMs);
  const rows = await db.run(sql`WITH ins AS (
    INSERT INTO alert_destinations (id, owner_id, user_id, channel, name, address, created_at)
    SELECT ${d.id}::uuid, ${d.ownerId}::uuid, ${d.userId}::uuid, ${d.channel}, ${d.name}, ${d.address}, ${at}::timestamptz
    WHERE ${d.userId}::uuid IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = ${d.userId}::uuid) RETURNING id
  ), sec AS (
    INSERT INTO alert_destination_secrets (destination_id, version, key_id, iv, ciphertext, created_at)
    SELECT id, ${secret?.version ?? 1}::int, ${secret?.keyId ?? ''}, ${secret?.iv ?? ''}, ${secret?.ciphertext ?? ''},
      ${at}::timestamptz
    FROM ins WHERE ${secret !== null}::boolean
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
  return rows.length === 1;
}

/** A page of destinations, revoked ones too. */
export const listDestinations = (db: Database, query: { page: number; page_size: number; cursor?: string }) =>
  readPage(
    db,
    query,
    {
      columns: sql`id, owner_id, user_id, channel, name, address, created_at, revoked_at`,
      from: sql`FROM alert_destinations WHERE true`,
      at: sql`created_at`,
      id: sql`id`,
    },
    (row): StoredDestination => ({
      id: String(row['id']),
      ownerId: String(row['owner_id']),
      userId: row['user_id'] === null ? null : String(row['user_id']),
      channel: row['channel'] as Channel,
      name: String(row['name']),
      address: String(row['address']),
      createdMs: rowTime(row, 'created_at'),
      revoked: row['revoked_at'] !== null,
    }),
  );
