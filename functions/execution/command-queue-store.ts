/**
 * The commands that wait to be sent. Invariants, each held by the very statement that says `sent`:
 *  1. nothing is sent after its deadline, to another login or server than the account is bound to, or without the
 *     account's lease; no entry is sent while the account or the deployment is halted, or a restored database is suspected
 *     (`restore-epoch.ts`), nor while the account's history is read page by page: what stands in it is not known before the
 *     last; and none while the account's guard looks closer, warns or closes everything. Closes are: each names what it takes back, and the bridge looks whether that is there;
 *  2. commands of one account and symbol go in the order of their making, exits before entries. An entry waits while
 *     anything before it is on its way or unknown; an exit waits only for an earlier exit of the same position;
 *  3. nobody waits for ever: a command's own deadline ends the wait, and `predecessor-open` is then its reason;
 *  4. commands of a bridge that polls are sent by the answer to its own request and by nothing else, and those of one that
 *     is called by a call alone (`Lane`);
 *  5. nothing is sent under a magic that may be another order's at the broker by now: of an epoch that has ended, or given
 *     before a restore was suspected.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Lane } from '../bridge/bridge-port.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { heldLease, LEASE_MS, type Lease, leaseEnd } from './account-lease-store.ts';
import { blockersOf, type Command, commandOf, enters, isEarlier, OUR_INSTRUMENT } from './command-store.ts';
import { exitsWoken } from './exit-store.ts';
import { isWanted, liquidates } from './liquidation-store.ts';
import { inDoubt, sendableMagic } from './restore-epoch-store.ts';

/** Over a created command `c`, its account `a` and the deployment `d`. */
const halted = sql`${enters('c')} AND (a.halted OR d.halted)`;
const elsewhere = sql`(c.instruction->'pre'->>'login', c.instruction->'pre'->>'server') IS DISTINCT FROM (a.login, a.server)`;
/** Of an entry: the guard closes everything, or has, and it is refused; or it looks closer, and the entry waits. */
const refusedByGuard = sql`a.guard_phase IN ('tripped', 'flat_latched')`;
const heldByGuard = sql`a.guard_phase NOT IN ('armed', 'empty')`;
/** A trip is over, or its owner has stopped it: what it made and was not sent is not sent any more. */
const outlived = sql`c.trip_id IS NOT NULL AND NOT ${isWanted}`;
const catchingUp = sql`a.history_until IS NOT NULL`;
const unsendable = (now: SQL): SQL => sql`(c.expires_at <= ${now} OR ${halted} OR ${elsewhere}
  OR ${enters('c')} AND ${refusedByGuard} OR ${outlived})`;
const sendable = (
  now: SQL,
): SQL => sql`(c.expires_at > ${now} AND NOT (${halted}) AND NOT (${elsewhere}) AND NOT (${outlived})
  AND NOT (${enters('c')} AND (${inDoubt} OR ${catchingUp} OR ${heldByGuard}))
  AND (c.not_before IS NULL OR c.not_before <= ${now}) AND NOT EXISTS (SELECT 1 ${blockersOf(now)}))`;

/** What takes back an order that may still fill comes first, then what closes, then what protects, then what opens (domain 3.3). */
const RANK = sql`CASE c.kind WHEN 'cancel' THEN 0 WHEN 'close' THEN 1 WHEN 'modify_sltp' THEN 2 ELSE 3 END`;

/**
 * The instruction to send `c` with: of a close or a stop, by the ticket that its position has now, and of a close no more than
 * is left of it, as the last snapshot shows them. A position that it does not show is for the broker to speak of.
 */
const freshInstruction = sql`CASE WHEN c.kind = 'close' THEN coalesce((
    SELECT jsonb_set(jsonb_set(jsonb_set(c.instruction, '{order,position_ticket}', to_jsonb(p.ticket)),
      '{order,volume}', to_jsonb(v.volume)), '{pre,volume_at_most}', to_jsonb(v.volume))
    FROM positions p CROSS JOIN LATERAL (SELECT trim_scale(least(p.volume,
      (c.instruction->'order'->>'volume')::numeric))::text AS volume) v
    WHERE p.account_id = c.account_id AND p.identifier = c.instruction->'pre'->>'position_id'), c.instruction)
  WHEN c.kind = 'modify_sltp' THEN coalesce((
    SELECT jsonb_set(c.instruction, '{order,position_ticket}', to_jsonb(p.ticket)) FROM positions p
    WHERE p.account_id = c.account_id AND p.identifier = c.instruction->'pre'->>'position_id'), c.instruction)
  ELSE c.instruction END`;

/** Over an account `a`: whether its bridge is reached by this lane. One that polls has just proved itself. */
const reachedBy = (lane: Lane): SQL => sql`EXISTS (SELECT 1 FROM bridges r WHERE r.id = a.bridge_id
  AND ${lane === 'polled' ? sql`r.url IS NULL AND r.revoked_at IS NULL` : sql`r.url IS NOT NULL`})`;

/**
 * created -> sent of the command whose turn it is, once; null where nobody's is. What this returns is to be sent, by
 * `lane`: the row is committed, and the lease renewed.
 */
export async function sendNext(
  db: Database,
  lease: Lease,
  nowMs: number,
  lane: Lane = 'called',
): Promise<Command | null> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [row] = await db.run(sql`WITH lease AS (
    UPDATE account_leases SET expires_at = ${isoTime(nowMs + LEASE_MS)}::timestamptz
    WHERE account_id = ${lease.accountId}::uuid AND epoch = ${String(lease.epoch)}::bigint AND expires_at > ${now}
    RETURNING account_id, epoch
  ), a AS (
    SELECT id, halted, guard_phase, login, server, bridge_id, symbols, history_until, epoch_behind_at, epoch_doubts FROM accounts
    WHERE id = (SELECT account_id FROM lease) FOR SHARE
  ), d AS (
    SELECT halted, magic_epoch, epoch_behind_at, epoch_doubts FROM deployment FOR SHARE
  ), next AS (
    SELECT c.id FROM commands c JOIN a ON a.id = c.account_id CROSS JOIN d
    WHERE c.state = 'created' AND ${reachedBy(lane)} AND ${sendable(now)} ORDER BY ${RANK}, c.created_at, c.magic LIMIT 1
  ), upd AS (
    UPDATE commands c SET state = 'sent', sent_at = ${now}, updated_at = ${now}, not_before = NULL,
      lease_epoch = lease.epoch, instruction = ${freshInstruction}, magic = ${sendableMagic} FROM next, lease, d, a
    WHERE c.id = next.id AND c.state = 'created' AND c.expires_at > ${now} RETURNING c.*
  ) SELECT c.*, a.bridge_id, ${OUR_INSTRUMENT} FROM upd c CROSS JOIN a`);
  return row === undefined ? null : commandOf(row);
}

/** Settles what waited and may not be sent any more, with its deliveries and events; how many those were. */
export async function refuseUnsendable(db: Database, lease: Lease, nowMs: number): Promise<number> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const rows = await db.run(sql`WITH ${heldLease(lease)}, due AS (
    SELECT c.id, CASE WHEN c.expires_at > ${now} THEN 'failed' ELSE 'expired' END AS state,
      CASE WHEN c.expires_at <= ${now} AND EXISTS (SELECT 1 ${blockersOf(sql`c.created_at`)}
          AND (NOT (${enters('b')}) OR ${isEarlier})) THEN 'predecessor-open'
        WHEN c.expires_at <= ${now} THEN coalesce(CASE WHEN NOT (${enters('c')}) THEN c.reason END, 'command-expired') WHEN ${elsewhere} THEN 'account-rebound'
        WHEN c.trip_id IS NOT NULL THEN 'liquidation-stopped'
        WHEN a.halted THEN 'account-halted' WHEN d.halted THEN 'deployment-halted'
        WHEN a.guard_phase = 'tripped' THEN 'guard-tripped' ELSE 'guard-latched' END AS reason
    FROM lease JOIN accounts a ON a.id = lease.account_id JOIN commands c ON c.account_id = a.id CROSS JOIN deployment d
    WHERE c.state = 'created' AND ${unsendable(now)}
  ), settled AS (
    UPDATE commands c SET state = due.state, reason = due.reason, resolved_at = ${now}, updated_at = ${now}
    FROM due WHERE c.id = due.id AND c.state = 'created' RETURNING c.id, c.approval_id, c.account_id, c.kind, c.reason
  ), moved AS (
    UPDATE deliveries v SET status = ${statusCode('failed')}::smallint, refusal = c.reason, updated_at = ${now}
    FROM settled c JOIN approvals p ON p.id = c.approval_id
    WHERE ${enters('c')} AND v.signal_id = p.signal_id AND v.user_id = p.user_id AND v.status = ${statusCode('approved')}
  ), woken AS (${exitsWoken(sql`settled`, now)}
  ), fin AS (
    UPDATE outbox SET done_at = ${now} FROM settled WHERE outbox.id = settled.id AND outbox.done_at IS NULL
  ) SELECT id FROM settled`);
  return rows.length;
}

export type Waiting = {
  /** Whether anything could be sent by a call, or refused, at once. */
  due: boolean;
  /** When the first pause ends that a call will follow, those of a guard's trip left out; null without one. */
  pausedUntilMs: number | null;
  /** The same of a guard's trip. */
  tripPausedMs: number | null;
  /** When an approved close is to be looked at again by a call; null without one. */
  lookMs: number | null;
};

/**
 * Lets go of the lease, and tells what waits then: work may have come while it was held. Two statements, the second of
 * which sees whatever was committed before anybody could have been turned away by the first.
 */
export async function releaseLease(db: Database, lease: Lease, nowMs: number): Promise<Waiting> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [, [row] = []] = await db.batch([
    leaseEnd(lease),
    sql`SELECT bool_or(${unsendable(now)} OR ${reachedBy('called')} AND ${sendable(now)}) AS due,
          min(c.not_before) FILTER (WHERE c.not_before > ${now} AND c.trip_id IS NULL AND ${reachedBy('called')}) AS paused_until,
          min(c.not_before) FILTER (WHERE c.not_before > ${now} AND c.trip_id IS NOT NULL AND ${reachedBy('called')}) AS trip_paused,
          (SELECT min(x.next_at) FROM exits x JOIN accounts a ON a.id = x.account_id WHERE x.state = 'open'
            AND a.id = ${lease.accountId}::uuid AND (x.next_at <= ${now} OR ${reachedBy('called')})) AS look
        FROM commands c JOIN accounts a ON a.id = c.account_id CROSS JOIN deployment d
        WHERE a.id = ${lease.accountId}::uuid AND c.state = 'created'`,
  ]);
  const timeOf = (column: string) =>
    row === undefined || row[column] === null ? null : rowTime(row, column);
  const lookMs = timeOf('look');
  const due = row?.['due'] === true || (lookMs !== null && lookMs <= nowMs);
  return { due, pausedUntilMs: timeOf('paused_until'), tripPausedMs: timeOf('trip_paused'), lookMs };
}

/** When the account's lease ends, long past where it was let go of; null where nothing waits that a call could still send. */
export async function leaseBeforeWaiting(
  db: Database,
  accountId: string,
  nowMs: number,
): Promise<number | null> {
  const [row] =
    await db.run(sql`SELECT l.expires_at FROM account_leases l JOIN accounts a ON a.id = l.account_id
    WHERE a.id = ${accountId}::uuid AND ${reachedBy('called')} AND (EXISTS (SELECT 1 FROM commands c
        WHERE c.account_id = a.id AND c.state = 'created' AND c.expires_at > ${isoTime(nowMs)}::timestamptz)
      OR EXISTS (SELECT 1 FROM exits x WHERE x.account_id = a.id AND x.state = 'open') OR ${liquidates(sql`a.id`)})`);
  return row === undefined ? null : rowTime(row, 'expires_at');
}
