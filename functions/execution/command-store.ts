/**
 * Commands. Invariants: the row, with id and magic, is committed before anything is sent; one command per approval
 * (`ux_commands_approval`); created -> sent happens once, and only while the account is not halted and the time has
 * not run out, in the statement that says so; from sent it is settled once, by the one who finds it unsettled.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { ApprovalTerms } from '../approvals/approval-terms.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { outboxDone, outboxInsert } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { accountOf } from './account-store.ts';
import type { EntryFacts, EntryOrder } from './entry-order.ts';

export type CommandState =
  | 'created'
  | 'sent'
  | 'done'
  | 'partial'
  | 'failed'
  | 'expired'
  | 'unknown'
  | 'not_executed';
export type Command = {
  id: string;
  accountId: string;
  bridgeId: string;
  approvalId: string | null;
  signalId: string | null;
  instruction: EntryOrder;
  symbol: string;
  magic: string;
  comment: string;
  attempt: number;
  state: CommandState;
  expiresMs: number;
  sentMs: number | null;
  negativeLookups: number;
  lookedUpMs: number | null;
  positionId: string | null;
  orderTicket: string | null;
  retcode: number | null;
  reason: string | null;
  createdMs: number;
};

const timeOrNull = (row: Row, column: string) => (row[column] === null ? null : rowTime(row, column));
const textOrNull = (value: unknown) => (value === null ? null : String(value));

/** A row of commands joined with its account's bridge. */
export const commandOf = (row: Row): Command => ({
  id: String(row['id']),
  accountId: String(row['account_id']),
  bridgeId: String(row['bridge_id']),
  approvalId: textOrNull(row['approval_id']),
  signalId: textOrNull(row['signal_id']),
  instruction: row['instruction'] as EntryOrder,
  symbol: String(row['symbol']),
  magic: String(row['magic']),
  comment: String(row['comment']),
  attempt: Number(row['attempt']),
  state: row['state'] as CommandState,
  expiresMs: rowTime(row, 'expires_at'),
  sentMs: timeOrNull(row, 'sent_at'),
  negativeLookups: Number(row['negative_lookups']),
  lookedUpMs: timeOrNull(row, 'looked_up_at'),
  positionId: textOrNull(row['position_id']),
  orderTicket: textOrNull(row['order_ticket']),
  retcode: row['retcode'] === null ? null : Number(row['retcode']),
  reason: textOrNull(row['reason']),
  createdMs: rowTime(row, 'created_at'),
});

/** What an approval's execution depends on, and the next command number; null where it has its command already. */
export async function readEntryFacts(
  db: Database,
  approvalId: string,
): Promise<(EntryFacts & { signalId: string; namespace: number; commandNumber: bigint }) | null> {
  const [row] =
    await db.run(sql`SELECT a.*, p.terms, p.signal_id, s.instrument, s.stale, s.expires_at, s.status AS signal_status,
      d.halted AS deployment_halted, d.magic_namespace, nextval('command_number') AS command_number
    FROM approvals p JOIN accounts a ON a.id = p.account_id JOIN signals s ON s.id = p.signal_id
    CROSS JOIN deployment d
    WHERE p.id = ${approvalId}::uuid AND p.decision = 1
      AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.approval_id = p.id)`);
  if (row === undefined) return null;
  return {
    account: accountOf(row),
    deploymentHalted: row['deployment_halted'] === true,
    signal: {
      instrument: String(row['instrument']),
      stale: row['stale'] === true,
      cancelled: Number(row['signal_status']) === statusCode('cancelled'),
      expiresMs: rowTime(row, 'expires_at'),
    },
    terms: row['terms'] as ApprovalTerms,
    signalId: String(row['signal_id']),
    namespace: Number(row['magic_namespace']),
    commandNumber: BigInt(String(row['command_number'])),
  };
}

export type NewCommand = {
  id: string;
  accountId: string;
  approvalId: string;
  signalId: string;
  order: EntryOrder;
  magic: bigint;
  comment: string;
  expiresMs: number;
};

/**
 * Makes the command, its event and the end of the approval's event, all or nothing; false where a halt or the signal's
 * cancellation came first, or there is a command already.
 */
export async function createCommand(
  db: Database,
  c: NewCommand,
  events: { done: string; next: string },
  nowMs: number,
): Promise<boolean> {
  const at = isoTime(nowMs);
  const next = {
    id: events.next,
    topic: 'command.created',
    payload: { command_id: c.id },
    nowMs,
    from: sql`ins`,
  };
  const rows = await db.run(sql`WITH open AS (
    SELECT a.id FROM accounts a CROSS JOIN deployment d CROSS JOIN signals s
    WHERE a.id = ${c.accountId}::uuid AND NOT a.halted AND NOT d.halted
      AND s.id = ${c.signalId}::uuid AND s.status = ${statusCode('new')} FOR SHARE OF a, d, s
  ), ins AS (
    INSERT INTO commands (id, account_id, approval_id, signal_id, kind, symbol, instruction, magic, comment, attempt,
      state, expires_at, negative_lookups, created_at, updated_at)
    SELECT ${c.id}::uuid, id, ${c.approvalId}::uuid, ${c.signalId}::uuid, ${c.order.kind}, ${c.order.order.symbol},
      ${JSON.stringify(c.order)}::jsonb, ${String(c.magic)}::bigint, ${c.comment}, 0, 'created',
      ${isoTime(c.expiresMs)}::timestamptz, 0, ${at}::timestamptz, ${at}::timestamptz FROM open
    ON CONFLICT DO NOTHING RETURNING id
  ), evt AS (${outboxInsert(next)}), fin AS (
    UPDATE outbox SET done_at = ${at}::timestamptz FROM ins WHERE outbox.id = ${events.done}::uuid
  ) SELECT id FROM ins`);
  return rows.length === 1;
}

/** The delivery of an approval fails with a reason, and the event is done. */
export async function refuseEntry(
  db: Database,
  approvalId: string,
  reason: string,
  eventId: string,
  nowMs: number,
): Promise<void> {
  await db.batch([failDelivery(sql`p.id = ${approvalId}::uuid`, reason, nowMs), outboxDone(eventId, nowMs)]);
}

const failDelivery = (which: SQL, reason: string, nowMs: number): SQL =>
  sql`UPDATE deliveries d SET status = ${statusCode('failed')}::smallint, refusal = ${reason},
        updated_at = ${isoTime(nowMs)}::timestamptz
      FROM approvals p WHERE ${which} AND d.signal_id = p.signal_id AND d.user_id = p.user_id
        AND d.status = ${statusCode('approved')}`;

const COMMAND = sql`SELECT c.*, a.bridge_id FROM commands c JOIN accounts a ON a.id = c.account_id`;

/** One command. */
export async function readCommand(db: Database, id: string): Promise<Command | null> {
  const [row] = await db.run(sql`${COMMAND} WHERE c.id = ${id}::uuid`);
  return row === undefined ? null : commandOf(row);
}

/** The commands of an account whose fate is open: sent, or unknown. */
export async function readOpenCommands(db: Database, accountId: string): Promise<Command[]> {
  const rows = await db.run(sql`${COMMAND} WHERE c.account_id = ${accountId}::uuid
    AND c.state IN ('sent', 'unknown') ORDER BY c.created_at LIMIT 100`);
  return rows.map(commandOf);
}

/** A page of commands of a user's accounts, or of all where `userId` is null. */
export const listCommands = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`c.*, a.bridge_id`,
      from: sql`FROM commands c JOIN accounts a ON a.id = c.account_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`c.created_at`,
      id: sql`c.id`,
    },
    commandOf,
  );

/** created -> sent, once; false where it was sent, has expired, or a halt came first. Commit this before sending. */
export async function markSent(db: Database, id: string, nowMs: number): Promise<boolean> {
  const at = isoTime(nowMs);
  const rows = await db.run(sql`WITH open AS (
    SELECT a.id FROM accounts a JOIN commands c ON c.account_id = a.id CROSS JOIN deployment d
    WHERE c.id = ${id}::uuid AND (c.kind = 'close' OR NOT (a.halted OR d.halted)) FOR SHARE OF a, d
  ) UPDATE commands c SET state = 'sent', sent_at = ${at}::timestamptz, updated_at = ${at}::timestamptz FROM open
    WHERE c.id = ${id}::uuid AND c.account_id = open.id AND c.state = 'created'
      AND c.expires_at > ${at}::timestamptz RETURNING c.id`);
  return rows.length === 1;
}

export type Settlement =
  | {
      state: 'done' | 'partial';
      orderTicket: string | null;
      positionId: string | null;
      retcode: number | null;
    }
  | { state: 'failed' | 'expired' | 'not_executed'; reason: string; retcode: number | null }
  | { state: 'unknown'; reason: string };

/**
 * Settles a command that is in one of `from`; with `eventId` its event is done in the same transaction. A settled
 * command moves its delivery: executed when something was filled, failed when surely nothing was.
 */
export async function settleCommand(
  db: Database,
  id: string,
  from: readonly CommandState[],
  to: Settlement,
  nowMs: number,
  eventId: string | null,
): Promise<void> {
  const at = isoTime(nowMs);
  const filled = to.state === 'done' || to.state === 'partial';
  const states = `{${from.join(',')}}`;
  const settled = sql`UPDATE commands SET state = ${to.state}, updated_at = ${at}::timestamptz,
      resolved_at = ${to.state === 'unknown' ? null : at}::timestamptz,
      retcode = ${'retcode' in to ? to.retcode : null}::int, reason = ${'reason' in to ? to.reason : null},
      order_ticket = ${'orderTicket' in to ? to.orderTicket : null},
      position_id = ${'positionId' in to ? to.positionId : null}
    WHERE id = ${id}::uuid AND state = ANY(${states}::text[]) RETURNING approval_id`;
  const status = filled ? 'executed' : 'failed';
  const moved = sql`UPDATE deliveries d SET status = ${statusCode(status)}::smallint,
      refusal = ${filled || !('reason' in to) ? null : to.reason}, updated_at = ${at}::timestamptz
    FROM approvals p, settled WHERE p.id = settled.approval_id AND d.signal_id = p.signal_id
      AND d.user_id = p.user_id AND d.status = ${statusCode('approved')}`;
  const statement =
    to.state === 'unknown'
      ? settled
      : sql`WITH settled AS (${settled}), moved AS (${moved}) SELECT approval_id FROM settled`;
  await db.batch(eventId === null ? [statement] : [statement, outboxDone(eventId, nowMs)]);
}

/** Notes a look-up that found nothing. */
export async function noteNegativeLookup(db: Database, id: string, nowMs: number): Promise<void> {
  await db.run(sql`UPDATE commands SET negative_lookups = negative_lookups + 1, state = 'unknown',
      looked_up_at = ${isoTime(nowMs)}::timestamptz, updated_at = ${isoTime(nowMs)}::timestamptz
    WHERE id = ${id}::uuid AND state IN ('sent', 'unknown')`);
}
