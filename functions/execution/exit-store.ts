/**
 * Approved closes, from their countersignature to their end. Invariants: a close is opened by the statement that ends its
 * approval's event, once; what follows is written by the holder of its account's lease alone, its orders with the row that
 * says so; it ends once, with its delivery, and with an alert where anything was left standing that it could not close.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { statusCode } from '../signals/signal-status.ts';
import { heldLease, type Lease } from './account-lease-store.ts';
import { accountOf } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import { COMMAND_COLUMNS, NEW_MAGIC } from './command-store.ts';
import type { ExitLeg } from './exit-legs.ts';
import type { ExitFacts, ExitPlan } from './exit-plan.ts';
import type { LiquidationFacts } from './liquidation-plan.ts';
import { liquidationOf, openLiquidation } from './liquidation-store.ts';
import { divergencesToRemedy } from './remedy-store.ts';
import type { Stake } from './stake.ts';
import { STAKE_COLUMN } from './stake-store.ts';
import { ordersToWithdraw } from './withdrawal-store.ts';

export type OpenExit = ExitFacts & {
  approvalId: string;
  reason: string | null;
  /** When it was to be looked at again. */
  nextMs: number;
};

/** An UPDATE that has the open closes of the accounts of `from` looked at again at once. */
export const exitsWoken = (from: SQL, now: SQL): SQL =>
  sql`UPDATE exits x SET next_at = ${now}, updated_at = ${now} FROM ${from} w
    WHERE x.account_id = w.account_id AND x.state = 'open'`;

/**
 * Opens the close of an approval, and ends the approval's event; false where it is not approved any more, its signal was
 * cancelled, or it was opened before.
 */
export async function openExit(
  db: Database,
  exit: { approvalId: string; expiresMs: number },
  doneEventId: string,
  nowMs: number,
): Promise<boolean> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const rows = await db.run(sql`WITH open AS (
    SELECT q.id, q.account_id FROM approvals q JOIN signals s ON s.id = q.signal_id
      JOIN deliveries v ON v.signal_id = q.signal_id AND v.user_id = q.user_id
    WHERE q.id = ${exit.approvalId}::uuid AND s.status = ${statusCode('new')} AND v.status = ${statusCode('approved')}
    FOR SHARE OF s, v
  ), ins AS (
    INSERT INTO exits (approval_id, account_id, state, next_at, expires_at, created_at, updated_at)
    SELECT open.id, open.account_id, 'open', ${now}, ${isoTime(exit.expiresMs)}::timestamptz, ${now}, ${now} FROM open
    ON CONFLICT DO NOTHING RETURNING approval_id
  ), fin AS (
    UPDATE outbox SET done_at = ${now}
    WHERE outbox.id = ${doneEventId}::uuid AND outbox.done_at IS NULL AND EXISTS (SELECT 1 FROM ins)
  ) SELECT approval_id FROM ins`);
  return rows.length === 1;
}

/**
 * The open closes of an account, oldest first, each with all that its next step depends on; the commands whose orders are to
 * be taken back whatever becomes of these; the divergences that have a remedy; and the guard's trip that takes everything out.
 */
export async function readLeaving(
  db: Database,
  accountId: string,
  nowMs: number,
): Promise<{
  exits: OpenExit[];
  withdrawn: string[];
  unsettled: string[];
  liquidation: LiquidationFacts | null;
}> {
  const [exits = [], withdrawn = [], unsettled = [], [trip] = []] = await db.batch([
    ...[openExits(accountId), ordersToWithdraw(accountId), divergencesToRemedy(accountId)],
    openLiquidation(accountId, nowMs),
  ]);
  return {
    exits: exits.map(exitOf),
    withdrawn: withdrawn.map((r) => String(r['id'])),
    unsettled: unsettled.map((r) => String(r['id'])),
    liquidation: trip === undefined ? null : liquidationOf(trip),
  };
}

const openExits = (
  accountId: string,
): SQL => sql`SELECT a.*, x.approval_id, x.acted, x.reason AS exit_reason, x.next_at AS exit_next_at,
      x.expires_at AS exit_expires_at, x.created_at AS exit_created_at, q.terms, q.created_at AS approved_at,
      s.status AS signal_status, ${STAKE_COLUMN},
      -- Of what stands there: it may have been opened under a name that the account has mapped otherwise since.
      (SELECT coalesce(jsonb_object_agg(y.symbol, jsonb_build_object('min', y.spec->>'volume_min',
          'max', y.spec->>'volume_max', 'step', y.spec->>'volume_step')), '{}') FROM account_symbols y
        WHERE y.account_id = a.id AND y.symbol IN (SELECT p.symbol FROM positions p WHERE p.account_id = a.id)) AS limits,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('state', c.state, 'reason', c.reason, 'filled', c.volume_filled::text,
          'position_id', c.instruction->'pre'->>'position_id',
          'resolved_ms', (extract(epoch FROM c.resolved_at) * 1000)::bigint) ORDER BY c.leg), '[]')
        FROM commands c WHERE c.approval_id = q.id) AS legs
    FROM exits x JOIN approvals q ON q.id = x.approval_id JOIN signals s ON s.id = q.signal_id
      JOIN accounts a ON a.id = x.account_id
    WHERE x.account_id = ${accountId}::uuid AND x.state = 'open' ORDER BY x.created_at, x.approval_id`;

const exitOf = (row: Row): OpenExit => ({
  approvalId: String(row['approval_id']),
  approvedMs: rowTime(row, 'approved_at'),
  createdMs: rowTime(row, 'exit_created_at'),
  expiresMs: rowTime(row, 'exit_expires_at'),
  nextMs: rowTime(row, 'exit_next_at'),
  acted: row['acted'] === true,
  reason: row['exit_reason'] === null ? null : String(row['exit_reason']),
  signalCancelled: Number(row['signal_status']) === statusCode('cancelled'),
  binding: accountOf(row).binding,
  terms: row['terms'] as ApprovedTerms,
  limits: row['limits'] as OpenExit['limits'],
  stake: row['stake'] as Stake,
  legs: row['legs'] as ExitLeg[],
});

/** Ends of which nobody has to hear: there was nothing, or somebody did not want it any more. */
const QUIET: ReadonlySet<string> = new Set(['nothing-to-close', 'signal-cancelled']);

/**
 * Writes a step of an open close: what it takes back, its new orders under the ids given, what it waits for or its end. True
 * where it raised an alert, whose event is then to be sent. Nothing where the lease is lost or the close has ended.
 */
export async function applyExit(
  db: Database,
  lease: Lease,
  exit: { approvalId: string; expiresMs: number },
  plan: ExitPlan,
  made: { orderIds: readonly string[]; alert: { id: string; eventId: string } },
  nowMs: number,
): Promise<boolean> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const { end, reason } = plan;
  const endedAt = end === null ? sql`NULL` : now;
  const loud = end === 'failed' && reason !== null && !QUIET.has(reason);
  const parts = [
    heldLease(lease),
    sql`x AS (UPDATE exits SET state = ${end ?? 'open'}, reason = ${reason}, acted = ${plan.acted}::boolean,
        next_at = ${isoTime(plan.nextMs)}::timestamptz, ended_at = ${endedAt}::timestamptz, updated_at = ${now}
      FROM lease WHERE exits.approval_id = ${exit.approvalId}::uuid AND exits.account_id = lease.account_id
        AND exits.state = 'open' RETURNING exits.approval_id, exits.account_id)`,
    // A cancellation that is being committed is waited for: after it nothing of the signal is made any more.
    sql`q AS (SELECT f.id, f.user_id, f.signal_id, x.account_id, s.instrument FROM x JOIN approvals f ON f.id = x.approval_id
      JOIN signals s ON s.id = f.signal_id
      WHERE ${end !== null}::boolean OR s.status = ${statusCode('new')} FOR SHARE OF s)`,
    ...(plan.drop.length === 0 ? [] : dropped(plan.drop, now)),
    ...(plan.orders.length === 0 ? [] : [ordered(exit, plan, made.orderIds, now)]),
    ...(end === null ? [] : [sql`moved AS (${deliveryUpdate(end, reason, now)})`]),
    ...(loud ? [alarm(exit, made.alert, reason, nowMs)] : []),
  ];
  const rows = await db.run(sql`WITH ${sql.join(parts, sql`, `)}
    SELECT ${loud ? sql`EXISTS (SELECT 1 FROM raised)` : sql`false`} AS told FROM x`);
  return rows[0]?.['told'] === true;
}

/** Entries that were made and not sent; the account's lease keeps everybody else from sending them. */
const dropped = (ids: readonly string[], now: SQL): SQL[] => [
  sql`dropped AS (UPDATE commands c SET state = 'failed', reason = 'superseded-by-close', resolved_at = ${now},
      updated_at = ${now} FROM q WHERE c.account_id = q.account_id AND c.id = ANY(${sqlArray('uuid', ids)})
      AND c.state = 'created' RETURNING c.id, c.approval_id)`,
  sql`dropped_event AS (UPDATE outbox SET done_at = ${now} FROM dropped
      WHERE outbox.id = dropped.id AND outbox.done_at IS NULL)`,
  sql`dropped_delivery AS (UPDATE deliveries v SET status = ${statusCode('cancelled')}::smallint,
      refusal = 'superseded-by-close', updated_at = ${now} FROM dropped JOIN approvals e ON e.id = dropped.approval_id
      WHERE v.signal_id = e.signal_id AND v.user_id = e.user_id AND v.status = ${statusCode('approved')})`,
];

function ordered(
  { expiresMs }: { expiresMs: number },
  { orders }: ExitPlan,
  ids: readonly string[],
  now: SQL,
): SQL {
  const rows = orders.map((instruction, n) => ({
    n,
    id: ids[n],
    symbol: instruction.order.symbol,
    instruction,
  }));
  return sql`legs AS (INSERT INTO commands (${COMMAND_COLUMNS}, leg)
    SELECT i.id, q.account_id, q.id, q.signal_id, 'close', i.symbol, q.instrument, i.instruction, ${NEW_MAGIC},
      'cs' || right(replace(i.id::text, '-', ''), 12), 0, 'created', ${isoTime(expiresMs)}::timestamptz, 0, ${now}, ${now},
      i.n + (SELECT coalesce(max(c.leg) + 1, 0) FROM commands c WHERE c.approval_id = q.id)
    FROM q CROSS JOIN deployment d CROSS JOIN jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS i(n smallint, id uuid, symbol text, instruction jsonb))`;
}

/** The first fill has made it executed; what could not be closed then stands beside that. */
const deliveryUpdate = (end: 'done' | 'failed', reason: string | null, now: SQL): SQL =>
  sql`UPDATE deliveries v SET refusal = ${reason}, updated_at = ${now}, status = CASE v.status
      WHEN ${statusCode('approved')} THEN ${statusCode(end === 'done' ? 'executed' : 'failed')} ELSE v.status END
    FROM q WHERE v.signal_id = q.signal_id AND v.user_id = q.user_id
      AND v.status IN (${statusCode('approved')}, ${statusCode('executed')})`;

const alarm = (
  { approvalId }: { approvalId: string },
  alert: { id: string; eventId: string },
  reason: string | null,
  nowMs: number,
): SQL =>
  sql`held AS (SELECT q.id, q.instrument, a.name, a.login, a.user_id FROM q JOIN accounts a ON a.id = q.account_id),
    ${alertInsert(
      {
        ...{ ...alert, nowMs, kind: 'close-incomplete', subjectKind: 'approval', period: 'once' },
        ...{ subjectId: approvalId, userId: sql`held.user_id` },
        detail: sql`jsonb_build_object('account', held.name, 'login', held.login, 'instrument', held.instrument,
          'approval', held.id, 'reason', ${reason}::text)`,
      },
      sql`held`,
    )}`;

/**
 * Takes back approved entries that have no command yet: their deliveries are cancelled. They are locked by a statement of
 * their own: what a statement waits for, its own snapshot cannot see.
 */
export async function supersedeApprovals(
  db: Database,
  lease: Lease,
  approvalIds: readonly string[],
  nowMs: number,
): Promise<void> {
  const which = sql`e.id = ANY(${sqlArray('uuid', approvalIds)}) AND v.signal_id = e.signal_id
    AND v.user_id = e.user_id AND v.status = ${statusCode('approved')}`;
  await db.batch([
    sql`SELECT 1 AS one FROM deliveries v, approvals e WHERE ${which} FOR NO KEY UPDATE OF v`,
    sql`WITH ${heldLease(lease)} UPDATE deliveries v SET status = ${statusCode('cancelled')}::smallint,
        refusal = 'superseded-by-close', updated_at = ${isoTime(nowMs)}::timestamptz
      FROM approvals e, lease WHERE ${which} AND e.account_id = lease.account_id
        AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = e.id)`,
  ]);
}
