import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { SealedVersion } from './producer-store.ts';

/**
 * Whether a producer of this id can be made: there is none yet, revoked or not, somebody owns the deployment, and an
 * instrument is enabled that it could send.
 */
export async function isDefaultProducerDue(db: Database, id: string): Promise<boolean> {
  const [row] = await db.run(sql`SELECT NOT EXISTS (SELECT 1 FROM producers WHERE id = ${id}::uuid)
    AND EXISTS (SELECT 1 FROM users WHERE role = 'owner' AND disabled_at IS NULL)
    AND EXISTS (SELECT 1 FROM instruments WHERE enabled) AS due`);
  return row?.['due'] === true;
}

/**
 * Makes the default producer for the deployment's first live owner with every instrument that is enabled now, its
 * secret and its audit row, in one statement. False where it is there already or can belong to nobody yet.
 */
export async function insertDefaultProducer(
  db: Database,
  producer: { id: string; dedupWindowSeconds: number },
  secret: SealedVersion,
  audit: AuditEntry,
): Promise<boolean> {
  const at = isoTime(audit.nowMs);
  const rows = await db.run(sql`WITH own AS (
    SELECT id FROM users WHERE role = 'owner' AND disabled_at IS NULL ORDER BY created_at, id LIMIT 1
  ), listed AS (
    SELECT array_agg(symbol ORDER BY symbol) AS symbols FROM instruments WHERE enabled
  ), ins AS (
    INSERT INTO producers (id, owner_id, name, instruments, dedup_scope, dedup_window_seconds, max_age_seconds,
      rate_per_minute, created_at)
    SELECT ${producer.id}::uuid, own.id, 'Default producer', listed.symbols, ${producer.id}::uuid,
      ${producer.dedupWindowSeconds}::int, 900, 600, ${at}::timestamptz
    FROM own, listed WHERE listed.symbols IS NOT NULL ON CONFLICT DO NOTHING RETURNING id
  ), sec AS (
    INSERT INTO producer_secrets (producer_id, version, key_id, iv, ciphertext, created_at)
    SELECT id, ${secret.version}::int, ${secret.keyId}, ${secret.iv}, ${secret.ciphertext}, ${at}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
  return rows.length === 1;
}
