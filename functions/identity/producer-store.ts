import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import type { Sealed } from '../platform/secret-box.ts';
import { sqlArray } from '../platform/sql-array.ts';

export type Producer = {
  id: string;
  ownerId: string;
  name: string;
  instruments: string[];
  dedupScope: string;
  dedupWindowSeconds: number;
  maxAgeSeconds: number;
  ratePerMinute: number;
  createdMs: number;
  revoked: boolean;
};
export type SealedVersion = Sealed & { version: number };

const COLUMNS = sql`id, owner_id, name, instruments, dedup_scope, dedup_window_seconds, max_age_seconds,
  rate_per_minute, created_at, revoked_at`;

const producerOf = (row: Row): Producer => ({
  id: String(row['id']),
  ownerId: String(row['owner_id']),
  name: String(row['name']),
  instruments: row['instruments'] as string[],
  dedupScope: String(row['dedup_scope']),
  dedupWindowSeconds: Number(row['dedup_window_seconds']),
  maxAgeSeconds: Number(row['max_age_seconds']),
  ratePerMinute: Number(row['rate_per_minute']),
  createdMs: rowTime(row, 'created_at'),
  revoked: row['revoked_at'] !== null,
});

/** Adds a producer with its first secret and its audit row, all or nothing. */
export async function insertProducer(
  db: Database,
  p: Producer,
  secret: SealedVersion,
  audit: AuditEntry,
): Promise<void> {
  const at = isoTime(p.createdMs);
  await db.run(sql`WITH ins AS (
    INSERT INTO producers (id, owner_id, name, instruments, dedup_scope, dedup_window_seconds, max_age_seconds,
      rate_per_minute, created_at)
    VALUES (${p.id}::uuid, ${p.ownerId}::uuid, ${p.name}, ${sqlArray('text', p.instruments)}, ${p.dedupScope}::uuid,
      ${p.dedupWindowSeconds}, ${p.maxAgeSeconds}, ${p.ratePerMinute}, ${at}::timestamptz) RETURNING id
  ), sec AS (
    INSERT INTO producer_secrets (producer_id, version, key_id, iv, ciphertext, created_at)
    SELECT id, ${secret.version}::int, ${secret.keyId}, ${secret.iv}, ${secret.ciphertext}, ${at}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
}

/** A producer with its live secrets, newest first, for the verifier's cache; null where it is unknown or revoked. */
export async function readProducerSecrets(
  db: Database,
  id: string,
  nowMs: number,
): Promise<{ producer: Producer; secrets: SealedVersion[] } | null> {
  const rows =
    await db.run(sql`SELECT p.id, p.owner_id, p.name, p.instruments, p.dedup_scope, p.dedup_window_seconds,
      p.max_age_seconds, p.rate_per_minute, p.created_at, p.revoked_at, s.version, s.key_id, s.iv, s.ciphertext
    FROM producers p JOIN producer_secrets s ON s.producer_id = p.id
    WHERE p.id = ${id}::uuid AND p.revoked_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > ${isoTime(nowMs)}::timestamptz)
    ORDER BY s.version DESC LIMIT 2`);
  const first = rows[0];
  if (first === undefined) return null;
  return {
    producer: producerOf(first),
    secrets: rows.map((r) => ({
      version: Number(r['version']),
      keyId: String(r['key_id']),
      iv: String(r['iv']),
      ciphertext: String(r['ciphertext']),
    })),
  };
}

/** A page of the producers of one owner, or of all where `ownerId` is null. */
export const listProducers = (
  db: Database,
  ownerId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: COLUMNS,
      from: sql`FROM producers WHERE ${ownerId === null ? sql`true` : sql`owner_id = ${ownerId}::uuid`}`,
      at: sql`created_at`,
      id: sql`id`,
    },
    producerOf,
  );

/** One producer, revoked or not. */
export async function readProducer(db: Database, id: string): Promise<Producer | null> {
  const [row] = await db.run(sql`SELECT ${COLUMNS} FROM producers WHERE id = ${id}::uuid`);
  return row === undefined ? null : producerOf(row);
}

/** Changes a producer's settings with its audit row; what is in force is judged by the next signal's own statement. */
export async function updateProducer(db: Database, p: Producer, audit: AuditEntry): Promise<void> {
  await db.run(sql`WITH upd AS (
    UPDATE producers SET name = ${p.name}, instruments = ${sqlArray('text', p.instruments)},
      dedup_window_seconds = ${p.dedupWindowSeconds}::int, max_age_seconds = ${p.maxAgeSeconds}::int,
      rate_per_minute = ${p.ratePerMinute}::int
    WHERE id = ${p.id}::uuid RETURNING id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
}
