/**
 * The lease on an account: one sender at a time. Redis may not decide that, so it is a row here, and its growing `epoch`
 * is the fence: every statement that changes a command's state names it (`heldLease`), and a holder who was overtaken
 * changes nothing. Whoever finds the lease held may go: the holder looks for more work after it has let go.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

/**
 * Longer than any call to a bridge lasts, whose deadline is ten seconds, and so much shorter than a market order or an attempt
 * of a close may wait (half a minute) that what a holder leaves behind who died is still sent. Renewed with each command sent.
 */
export const LEASE_MS = 20_000;

export type Lease = { accountId: string; epoch: bigint };

/**
 * Takes the lease where nobody holds it; null where somebody does. What an earlier holder sent and did not settle is in
 * nobody's hands any more: its fate is unknown from here on.
 */
export async function takeLease(db: Database, accountId: string, nowMs: number): Promise<Lease | null> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [row] = await db.run(sql`WITH lease AS (
    INSERT INTO account_leases AS l (account_id, epoch, expires_at)
    VALUES (${accountId}::uuid, 1, ${isoTime(nowMs + LEASE_MS)}::timestamptz)
    ON CONFLICT (account_id) DO UPDATE SET epoch = l.epoch + 1, expires_at = excluded.expires_at
      WHERE l.expires_at <= ${now} RETURNING account_id, epoch
  ), lost AS (
    UPDATE commands c SET state = 'unknown', reason = 'interrupted', updated_at = ${now} FROM lease
    WHERE c.account_id = lease.account_id AND c.state = 'sent' RETURNING c.id
  ), fin AS (
    UPDATE outbox SET done_at = ${now} FROM lost WHERE outbox.id = lost.id AND outbox.done_at IS NULL
  ) SELECT epoch FROM lease`);
  return row === undefined ? null : { accountId, epoch: BigInt(String(row['epoch'])) };
}

/** Lets go of the lease, where it is still this holder's; for every clock, also one that is behind this holder's. */
export const leaseEnd = (lease: Lease): SQL =>
  sql`UPDATE account_leases SET expires_at = 'epoch'
      WHERE account_id = ${lease.accountId}::uuid AND epoch = ${String(lease.epoch)}::bigint`;

/** Part of a WITH list, `lease`: one row while this epoch is the newest, none once somebody has overtaken it. */
export const heldLease = (lease: Lease): SQL =>
  sql`lease AS (SELECT account_id, epoch FROM account_leases
    WHERE account_id = ${lease.accountId}::uuid AND epoch = ${String(lease.epoch)}::bigint FOR SHARE)`;
