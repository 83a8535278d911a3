/**
 * How a command's fate is written. Invariants: by the holder of its account's lease alone, from the states named, once,
 * with its delivery and its event in the same statement; nothing that was settled is settled again from here.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { derivedId } from '../platform/ids.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { statusCode } from '../signals/signal-status.ts';
import { heldLease, type Lease } from './account-lease-store.ts';
import type { Outcome, Settlement } from './command-outcome.ts';
import { type CommandState, enters } from './command-store.ts';
import { exitsWoken } from './exit-store.ts';

/** Ids that the suspension of an account needs. */
export type SuspensionIds = { alertId: string; eventId: string; auditId: string };

/**
 * Settles a command that is in one of `from`; false where it is not, or the lease is lost. Its delivery is executed when
 * something was filled, and failed, expired or cancelled when surely nothing was. With `suspension` the account is halted
 * in the same statement, with its audit row and an alert: the broker lets nothing be traded there, and only an owner or
 * admin resumes it.
 */
export async function settleCommand(
  db: Database,
  lease: Lease,
  command: { id: string; from: readonly CommandState[] },
  to: Settlement,
  nowMs: number,
  suspension: SuspensionIds | null = null,
): Promise<boolean> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const open = to.state === 'unknown' || to.state === 'placed';
  const said = 'retcode' in to ? to : { retcode: null, brokerComment: null };
  const sets = [
    sql`state = ${to.state}, updated_at = ${now}, resolved_at = ${open ? null : isoTime(nowMs)}::timestamptz`,
    sql`reason = ${'reason' in to ? to.reason : null}`,
    // What a look-up settles leaves the bridge's earlier words as they are.
    sql`retcode = coalesce(${said.retcode}::int, c.retcode), broker_comment = coalesce(${said.brokerComment}, c.broker_comment)`,
    sql`order_ticket = coalesce(${'orderTicket' in to ? to.orderTicket : null}, c.order_ticket)`,
    sql`position_id = coalesce(${'positionId' in to ? to.positionId : null}, c.position_id)`,
    sql`volume_filled = coalesce(${'volume' in to ? to.volume : null}::numeric, c.volume_filled)`,
  ];
  const parts = [
    heldLease(lease),
    sql`settled AS (UPDATE commands c SET ${sql.join(sets, sql`, `)} FROM lease
      WHERE c.id = ${command.id}::uuid AND c.account_id = lease.account_id
        AND c.state = ANY(${sqlArray('text', command.from)})
      RETURNING c.id, c.kind, c.approval_id, c.account_id)`,
    sql`fin AS (UPDATE outbox SET done_at = ${now} FROM settled WHERE outbox.id = settled.id AND outbox.done_at IS NULL)`,
    ...(to.state === 'unknown' || !isUnknown(command.from)
      ? []
      : [resolution({ accountId: lease.accountId, key: command.id, became: to.state }, sql`settled`, now)]),
    ...(open ? [] : [sql`moved AS (${deliveryUpdate(to, now)})`]),
    // What is settled may be what a close has waited for.
    ...(open && to.state !== 'placed' ? [] : [sql`woken AS (${exitsWoken(sql`settled`, now)})`]),
    ...(suspension === null ? [] : [suspend(lease, command.id, said.retcode, nowMs, suspension)]),
  ];
  const rows = await db.run(sql`WITH ${sql.join(parts, sql`, `)} SELECT id FROM settled`);
  return rows.length === 1;
}

const isUnknown = (from: readonly CommandState[]): boolean => from.length === 1 && from[0] === 'unknown';
const NOTHING_DONE: ReadonlySet<string> = new Set(['failed', 'expired', 'not_executed', 'created']);

type Resolution = { accountId: string; key: string; became: string };

/** That it is known what became of it is told among the divergences, once: each row of `from` is a command or an attempt. */
function resolution({ accountId, key, became }: Resolution, from: SQL, now: SQL): SQL {
  const code = NOTHING_DONE.has(became) ? 'UNKNOWN_RESOLVED_NOT_EXECUTED' : 'UNKNOWN_RESOLVED_DONE';
  return sql`noted AS (INSERT INTO divergences (id, account_id, code, broker_key, evidence, policy, status, detected_at,
      seen_at, resolved_at, resolution)
    SELECT ${derivedId(accountId, `${code}/${key}`)}::uuid, ${accountId}::uuid, ${code}, ${key},
      jsonb_build_object('became', ${became}::text), 'notice', 'resolved', ${now}, ${now}, ${now}, 'noted'
    FROM ${from} ON CONFLICT DO NOTHING)`;
}

/** The first fill counts. An order of a close that was not filled says nothing of the close: `exit-store.ts` ends that. */
function deliveryUpdate(to: Settlement, now: SQL): SQL {
  const filled = to.state === 'done' || to.state === 'partial';
  const [status, from] = filled
    ? [statusCode('executed'), [statusCode('approved'), statusCode('failed')]]
    : [endOf(to), [statusCode('approved')]];
  return sql`UPDATE deliveries v SET status = ${status}::smallint, refusal = ${'reason' in to ? to.reason : null},
      updated_at = ${now}
    FROM approvals p, settled c WHERE p.id = c.approval_id AND v.signal_id = p.signal_id AND v.user_id = p.user_id
      AND v.status = ANY(${sqlArray('smallint', from)}) AND (${filled}::boolean OR ${enters('c')})`;
}

function endOf(to: Settlement): number {
  if (to.state !== 'ended' || to.reason === 'order-rejected') return statusCode('failed');
  return statusCode(to.reason === 'order-expired' ? 'expired' : 'cancelled');
}

function suspend(
  { accountId }: Lease,
  commandId: string,
  retcode: number | null,
  nowMs: number,
  ids: SuspensionIds,
): SQL {
  const raised = alertInsert(
    {
      ...{ id: ids.alertId, eventId: ids.eventId, nowMs, kind: 'entries-suspended', subjectKind: 'account' },
      ...{ subjectId: accountId, period: commandId, userId: sql`halt.user_id` },
      detail: sql`jsonb_build_object('account', halt.name, 'retcode', ${retcode}::int)`,
    },
    sql`halt`,
  );
  const audit = {
    ...{ id: ids.auditId, nowMs, actorKind: 'system' as const, actorId: null, action: 'account.suspend' },
    ...{ subjectKind: 'account', subjectId: accountId, detail: { retcode }, requestId: commandId },
  };
  return sql`halt AS (
      UPDATE accounts SET halted = true, updated_at = ${isoTime(nowMs)}::timestamptz FROM settled
      WHERE accounts.id = settled.account_id AND NOT accounts.halted RETURNING accounts.user_id, accounts.name
    ), aud AS (${auditInsert(audit, sql`halt`)}), ${raised}`;
}

/**
 * Prepares the next attempt of a command of which the last was surely not executed: the same id, the next magic. False where
 * its state is another, the lease is lost, its deadline or its attempts are used up, or it enters and went out by a bridge
 * that has been replaced since: the present one's journal would not hold it back.
 */
export async function retryCommand(
  db: Database,
  lease: Lease,
  command: { id: string; attempt: number; from: readonly CommandState[] },
  to: Omit<Extract<Outcome, { kind: 'retry' }>, 'kind'>,
  nowMs: number,
): Promise<boolean> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const attempt = { accountId: lease.accountId, key: `${command.id}/${command.attempt}`, became: 'created' };
  const noted = isUnknown(command.from) ? sql`, ${resolution(attempt, sql`again`, now)}` : sql``;
  const rows = await db.run(sql`WITH ${heldLease(lease)}, again AS (UPDATE commands c SET state = 'created',
      attempt = c.attempt + 1, magic = c.magic + 1, not_before = ${isoTime(to.notBeforeMs)}::timestamptz,
      negative_lookups = 0, looked_up_at = NULL, retcode = ${to.retcode}::int, reason = ${to.reason},
      broker_comment = ${to.brokerComment}, updated_at = ${now}
    FROM lease WHERE c.id = ${command.id}::uuid AND c.account_id = lease.account_id AND c.attempt = ${command.attempt}::smallint
      AND c.attempt < 15 AND c.expires_at > ${now} AND c.state = ANY(${sqlArray('text', command.from)})
      AND NOT (${enters('c')} AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = c.account_id AND c.sent_at < a.bridge_since))
    RETURNING c.id)${noted} SELECT id FROM again`);
  return rows.length === 1;
}

/** The column's largest: a command may be looked up each minute for longer than that, and nobody else may suffer from it. */
const MOST_LOOKUPS = 32_767;

/** Notes a look-up that found nothing. */
export async function noteNegativeLookup(
  db: Database,
  lease: Lease,
  id: string,
  nowMs: number,
): Promise<void> {
  await db.run(sql`WITH ${heldLease(lease)} UPDATE commands c SET negative_lookups = least(c.negative_lookups + 1, ${MOST_LOOKUPS}::int),
      looked_up_at = ${isoTime(nowMs)}::timestamptz, updated_at = ${isoTime(nowMs)}::timestamptz
    FROM lease WHERE c.id = ${id}::uuid AND c.account_id = lease.account_id AND c.state = 'unknown'`);
}
