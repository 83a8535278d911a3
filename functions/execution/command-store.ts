/**
 * Commands: one row per intent. Invariants: the row, with id, magic and comment, is committed before anything is sent; one
 * command per approved entry, and those of a close by their number (`ux_commands_approval`; `exit-store.ts`); no magic is given twice
 * (`ux_commands_magic`), also not after a restore (`restore-epoch.ts`); an approval is refused or has commands, never both:
 * the row of its delivery decides, which making and refusing both lock while it is approved. Locks go in one order, account,
 * deployment, signal, delivery, event, so that nobody waits in a circle. What moves a command on from `created` is in
 * `command-queue-store.ts` and `command-settlement-store.ts`: created -> sent -> done | partial | placed | failed |
 * unknown; created -> expired, never sent; unknown -> done on evidence, and not_executed by the full rule of
 * `unknown-command.ts` alone; placed -> done | ended. A definite refusal that passes leads from sent back to created, with
 * the next attempt in the magic's last four bits. A bridge is called, so what it was delivered and what it was sent is one.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { CancelInstruction, ModifyInstruction, TradeInstruction } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plainOrNull } from '../platform/decimal.ts';
import { outboxDone, outboxInsert } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import type { EntryOrder } from './entry-order.ts';
import type { OrderRefusal } from './order-refusal.ts';
import { inDoubt, isCurrentMagic, NEXT_NUMBER } from './restore-epoch-store.ts';

export type CommandState =
  | 'created'
  | 'sent'
  /** A pending order that works at the broker. */
  | 'placed'
  | 'done'
  | 'partial'
  | 'failed'
  | 'expired'
  | 'unknown'
  | 'not_executed'
  /** A working order that ended without a fill. */
  | 'ended';
export type Command = {
  id: string;
  accountId: string;
  bridgeId: string;
  approvalId: string | null;
  signalId: string | null;
  instruction: TradeInstruction | CancelInstruction | ModifyInstruction;
  /** The broker's name, and ours. */
  symbol: string;
  instrument: string;
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
  /** In lots; null where nobody said. */
  volumeFilled: string | null;
  /** The command whose order it cancels. */
  targetId: string | null;
  /** The guard's trip that closes by it. */
  tripId: string | null;
  retcode: number | null;
  brokerComment: string | null;
  reason: string | null;
  /** The next attempt waits until then. */
  notBeforeMs: number | null;
  resolvedMs: number | null;
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
  instruction: row['instruction'] as Command['instruction'],
  symbol: String(row['symbol']),
  instrument: String(row['our_instrument']),
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
  volumeFilled: plainOrNull(textOrNull(row['volume_filled'])),
  targetId: textOrNull(row['target_id']),
  tripId: textOrNull(row['trip_id']),
  retcode: row['retcode'] === null ? null : Number(row['retcode']),
  brokerComment: textOrNull(row['broker_comment']),
  reason: textOrNull(row['reason']),
  notBeforeMs: timeOrNull(row, 'not_before'),
  resolvedMs: timeOrNull(row, 'resolved_at'),
  createdMs: rowTime(row, 'created_at'),
});

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
 * Makes the command of an approved entry with its event, and the end of the approval's event, all or nothing; false where
 * a halt, a suspected restore, the account's guard, the signal's cancellation, a refusal of the approval or a new epoch came first, or there is a
 * command already. With `ordersMade` also false where another command was made for the account since that was read: what
 * was counted then does not hold any more.
 */
export async function createCommand(
  db: Database,
  command: NewCommand & { eventId: string },
  made: { doneEventId: string; ordersMade: bigint | null },
  nowMs: number,
): Promise<boolean> {
  const { id, accountId, approvalId, signalId, order, magic } = command;
  const at = sql`${isoTime(nowMs)}::timestamptz`;
  const payload = { command_id: id, account_id: accountId };
  const event = { id: command.eventId, topic: 'command.created', payload, nowMs, from: sql`ins` };
  const rows = await db.run(sql`WITH open AS (
    SELECT a.id, s.instrument FROM accounts a CROSS JOIN deployment d CROSS JOIN signals s
      JOIN approvals q ON q.signal_id = s.id JOIN deliveries v ON v.signal_id = s.id AND v.user_id = q.user_id
    WHERE a.id = ${accountId}::uuid AND NOT (a.halted OR d.halted OR ${inDoubt})
      AND a.guard_phase IN ('armed', 'empty')
      AND (${made.ordersMade === null}::boolean OR a.orders_made = ${String(made.ordersMade ?? 0)}::bigint)
      AND s.id = ${signalId}::uuid AND s.status = ${statusCode('new')} AND ${isCurrentMagic(magic)}
      AND q.id = ${approvalId}::uuid AND q.account_id = a.id AND v.status = ${statusCode('approved')}
      AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = q.id)
    FOR NO KEY UPDATE OF a FOR SHARE OF d, s, v
  ), ins AS (
    INSERT INTO commands (${COMMAND_COLUMNS})
    SELECT ${id}::uuid, open.id, ${approvalId}::uuid, ${signalId}::uuid, ${order.kind}, ${order.order.symbol},
      open.instrument, ${JSON.stringify(order)}::jsonb, ${String(magic)}::bigint, ${command.comment}, 0, 'created',
      ${isoTime(command.expiresMs)}::timestamptz, 0, ${at}, ${at}
    FROM open ON CONFLICT DO NOTHING RETURNING id
  ), cnt AS (
    UPDATE accounts SET orders_made = orders_made + 1 FROM open WHERE accounts.id = open.id AND EXISTS (SELECT 1 FROM ins)
  ), evt AS (${outboxInsert(event)}), fin AS (
    UPDATE outbox SET done_at = ${at} WHERE outbox.id = ${made.doneEventId}::uuid AND EXISTS (SELECT 1 FROM ins)
  ) SELECT id FROM ins`);
  return rows.length > 0;
}

/**
 * The delivery of an approval fails with a reason, where no command of the approval was made first, and the event is done
 * either way. The delivery is locked by a statement of its own: what a statement waits for, its own snapshot cannot see.
 */
export async function refuseEntry(
  db: Database,
  approvalId: string,
  reason: OrderRefusal,
  eventId: string,
  nowMs: number,
): Promise<void> {
  const approved = sql`p.id = ${approvalId}::uuid AND d.signal_id = p.signal_id AND d.user_id = p.user_id
    AND d.status = ${statusCode('approved')}`;
  await db.batch([
    sql`SELECT 1 AS one FROM deliveries d, approvals p WHERE ${approved} FOR NO KEY UPDATE OF d`,
    sql`UPDATE deliveries d SET status = ${statusCode('failed')}::smallint, refusal = ${reason},
        updated_at = ${isoTime(nowMs)}::timestamptz
      FROM approvals p WHERE ${approved} AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = p.id)`,
    outboxDone(eventId, nowMs),
  ]);
}

/** What an INSERT of a command names, in this order. */
export const COMMAND_COLUMNS = sql`id, account_id, approval_id, signal_id, kind, symbol, instrument, instruction, magic,
  comment, attempt, state, expires_at, negative_lookups, created_at, updated_at`;

/** Over the deployment `d`: a magic that no command has had, of its first attempt. */
export const NEW_MAGIC = sql`((d.magic_namespace::bigint << 40) | (${NEXT_NUMBER} << 4))`;

/** Over a command `c` and its account `a`: as the signal named it, and where none did by what the account maps now. */
export const OUR_INSTRUMENT = sql`coalesce(c.instrument, instrument_of(a.symbols, c.symbol)) AS our_instrument`;
const COMMAND = sql`SELECT c.*, a.bridge_id, ${OUR_INSTRUMENT}
  FROM commands c JOIN accounts a ON a.id = c.account_id`;

/** One command. */
export async function readCommand(db: Database, id: string): Promise<Command | null> {
  const [row] = await db.run(sql`${COMMAND} WHERE c.id = ${id}::uuid`);
  return row === undefined ? null : commandOf(row);
}

/** The commands of an account that are not settled: waiting, on their way, working or unknown; those that work last. */
export async function readOpenCommands(db: Database, accountId: string): Promise<Command[]> {
  return (await db.run(openCommands(sql`ARRAY[${accountId}::uuid]`))).map(commandOf);
}

/** Those of several accounts (`ids`, a list of uuids) in one statement, of each its first 200: `commandOf` reads a row. */
export const openCommands = (ids: SQL): SQL =>
  sql`SELECT o.* FROM unnest(${ids}) AS x(id) JOIN LATERAL (${COMMAND} WHERE c.account_id = x.id
    AND c.state IN ('created', 'sent', 'unknown', 'placed') ORDER BY c.state = 'placed', c.created_at, c.id LIMIT 200) o ON true
    ORDER BY o.account_id, o.state = 'placed', o.created_at, o.id`;

/** Magics tell what was made in one millisecond apart: their numbers are drawn one after the other. */
export const isEarlier = sql`(b.created_at, b.magic) < (c.created_at, c.magic)`;

/** SQL over a command, by its alias: whether it takes risk, as an entry does, and a close or a cancellation does not. */
export const enters = (alias: 'b' | 'c'): SQL => sql`${sql.raw(alias)}.kind IN ('open', 'place')`;

/** Commands `b` for which the command `c` waits, as a FROM and WHERE clause. */
export const blockersOf = (now: SQL): SQL => sql`FROM commands b
  WHERE b.account_id = c.account_id AND b.symbol = c.symbol AND b.id <> c.id
    AND (b.state IN ('sent', 'unknown') OR b.state = 'created' AND b.expires_at > ${now}
      AND (${enters('c')} AND NOT (${enters('b')}) OR ${isEarlier}))
    AND (${enters('c')} OR b.kind = c.kind AND (b.target_id = c.target_id
      OR b.instruction->'order'->>'order_ticket' = c.instruction->'order'->>'order_ticket'
      OR b.instruction->'pre'->>'position_id' = c.instruction->'pre'->>'position_id'))`;

/**
 * A page of commands of a user's accounts, or of all where `userId` is null, each with what it waits for at `nowMs`: the
 * first of the commands that must come before it.
 */
export const listCommands = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
  nowMs: number,
) =>
  readPage(
    db,
    query,
    {
      columns: sql`c.*, a.bridge_id, ${OUR_INSTRUMENT},
        CASE WHEN c.state = 'created' THEN (SELECT b.id ${blockersOf(sql`${isoTime(nowMs)}::timestamptz`)}
          ORDER BY b.created_at, b.magic LIMIT 1) END AS waits_for`,
      from: sql`FROM commands c JOIN accounts a ON a.id = c.account_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`c.created_at`,
      id: sql`c.id`,
    },
    (row) => ({ ...commandOf(row), waitsFor: textOrNull(row['waits_for']) }),
  );
