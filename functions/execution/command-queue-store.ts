/**
 * The commands that wait to be sent. Invariants, each held by the very statement that says `sent`:
 *  1. nothing is sent after its deadline, to another login or server than the account is bound to, while a restored
 *     database is suspected (`restore-epoch-store.ts`), or without the account's lease; no entry is sent while the account
 *     or the deployment is halted, closes are;
 *  2. commands of one account and symbol go in the order of their making, exits before entries. An entry waits while
 *     anything before it is on its way or unknown; an exit waits only for an earlier exit of the same position;
 *  3. nobody waits for ever: a command's own deadline ends the wait, and `predecessor-open` is then its reason.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from '../signals/signal-status.ts';
import { heldLease, LEASE_MS, type Lease, leaseEnd } from './account-lease-store.ts';
import { blockersOf, type Command, commandOf, isEarlier } from './command-store.ts';

/** Over a created command `c`, its account `a` and the deployment `d`. */
const halted = sql`c.kind <> 'close' AND (a.halted OR d.halted)`;
const elsewhere = sql`(c.instruction->'pre'->>'login', c.instruction->'pre'->>'server') IS DISTINCT FROM (a.login, a.server)`;
const unsendable = (now: SQL): SQL => sql`(c.expires_at <= ${now} OR ${halted} OR ${elsewhere})`;
const sendable = (now: SQL): SQL => sql`(c.expires_at > ${now} AND NOT (${halted}) AND NOT (${elsewhere})
  AND (c.not_before IS NULL OR c.not_before <= ${now}) AND NOT EXISTS (SELECT 1 ${blockersOf(now)}))`;

/**
 * created -> sent of the command whose turn it is, once; null where nobody's is. What this returns is to be sent: the row
 * is committed, and the lease renewed.
 */
export async function sendNext(db: Database, lease: Lease, nowMs: number): Promise<Command | null> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [row] = await db.run(sql`WITH lease AS (
    UPDATE account_leases SET expires_at = ${isoTime(nowMs + LEASE_MS)}::timestamptz
    WHERE account_id = ${lease.accountId}::uuid AND epoch = ${String(lease.epoch)}::bigint AND expires_at > ${now}
    RETURNING account_id, epoch
  ), a AS (
    SELECT id, halted, login, server, bridge_id, symbols FROM accounts
    WHERE id = (SELECT account_id FROM lease) FOR SHARE
  ), d AS (
    SELECT halted FROM deployment WHERE epoch_behind_at IS NULL FOR SHARE
  ), next AS (
    SELECT c.id FROM commands c JOIN a ON a.id = c.account_id CROSS JOIN d
    WHERE c.state = 'created' AND ${sendable(now)} ORDER BY c.kind <> 'close', c.created_at, c.magic LIMIT 1
  ), upd AS (
    UPDATE commands c SET state = 'sent', sent_at = ${now}, updated_at = ${now}, not_before = NULL,
      lease_epoch = lease.epoch FROM next, lease
    WHERE c.id = next.id AND c.state = 'created' AND c.expires_at > ${now} RETURNING c.*
  ) SELECT upd.*, a.bridge_id, instrument_of(a.symbols, upd.symbol) AS instrument FROM upd CROSS JOIN a`);
  return row === undefined ? null : commandOf(row);
}

/** Settles what waited and may not be sent any more, with its deliveries and events; how many those were. */
export async function refuseUnsendable(db: Database, lease: Lease, nowMs: number): Promise<number> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const rows = await db.run(sql`WITH ${heldLease(lease)}, due AS (
    SELECT c.id, CASE WHEN c.expires_at > ${now} THEN 'failed' ELSE 'expired' END AS state,
      CASE WHEN c.expires_at <= ${now} AND EXISTS (SELECT 1 ${blockersOf(sql`c.created_at`)}
          AND (b.kind = 'close' OR ${isEarlier})) THEN 'predecessor-open'
        WHEN c.expires_at <= ${now} THEN 'command-expired' WHEN ${elsewhere} THEN 'account-rebound'
        WHEN a.halted THEN 'account-halted' ELSE 'deployment-halted' END AS reason
    FROM lease JOIN accounts a ON a.id = lease.account_id JOIN commands c ON c.account_id = a.id CROSS JOIN deployment d
    WHERE c.state = 'created' AND ${unsendable(now)}
  ), settled AS (
    UPDATE commands c SET state = due.state, reason = due.reason, resolved_at = ${now}, updated_at = ${now}
    FROM due WHERE c.id = due.id AND c.state = 'created' RETURNING c.id, c.approval_id, c.reason
  ), moved AS (
    UPDATE deliveries v SET status = ${statusCode('failed')}::smallint, refusal = settled.reason, updated_at = ${now}
    FROM settled JOIN approvals p ON p.id = settled.approval_id
    WHERE v.signal_id = p.signal_id AND v.user_id = p.user_id AND v.status = ${statusCode('approved')}
  ), fin AS (
    UPDATE outbox SET done_at = ${now} FROM settled WHERE outbox.id = settled.id AND outbox.done_at IS NULL
  ) SELECT id FROM settled`);
  return rows.length;
}

/**
 * Lets go of the lease; true where there is work that may have come while it was held. Two statements, the second of
 * which sees whatever was committed before anybody could have been turned away by the first.
 */
export async function releaseLease(db: Database, lease: Lease, nowMs: number): Promise<boolean> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [, rows = []] = await db.batch([
    leaseEnd(lease),
    sql`SELECT 1 AS one FROM commands c JOIN accounts a ON a.id = c.account_id CROSS JOIN deployment d
        WHERE a.id = ${lease.accountId}::uuid AND c.state = 'created'
          AND (${unsendable(now)} OR d.epoch_behind_at IS NULL AND ${sendable(now)}) LIMIT 1`,
  ]);
  return rows.length > 0;
}
