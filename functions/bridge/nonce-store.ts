/** The nonces of bridges' requests. Invariant: of equal ones of one bridge within 15 minutes one is taken (the key). */
import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

/** Longer than a timestamp may be off, either way. */
export const NONCE_KEPT_MS = 15 * 60_000;

/** Spends a nonce of a proven request; false where it was spent before, or the bridge has been revoked meanwhile. */
export async function spendNonce(
  db: Database,
  bridgeId: string,
  nonce: string,
  nowMs: number,
): Promise<boolean> {
  const rows = await db.run(sql`INSERT INTO bridge_nonces (bridge_id, nonce, seen_at)
    SELECT id, ${nonce}, ${isoTime(nowMs)}::timestamptz FROM bridges
    WHERE id = ${bridgeId}::uuid AND revoked_at IS NULL
    ON CONFLICT DO NOTHING RETURNING 1 AS one`);
  return rows.length === 1;
}

/** Deletes what was spent before `beforeMs`, and wishes for bars of which nothing has come since then. */
export async function pruneBridgePolls(db: Database, beforeMs: number): Promise<void> {
  const before = sql`${isoTime(beforeMs)}::timestamptz`;
  await db.batch([
    sql`DELETE FROM bridge_nonces WHERE seen_at < ${before}`,
    sql`DELETE FROM bridge_candle_wishes WHERE created_at < ${before}`,
  ]);
}
