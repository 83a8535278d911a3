/**
 * Commands: one row per intent. Invariants: the row, with id, magic and comment, is committed before anything is sent; one
 * command per approval, or one per position of a close (`ux_commands_approval`); no magic is given twice
 * (`ux_commands_magic`), also not after a restore (`restore-epoch.ts`). What moves a command on from `created` is in
 * `command-queue-store.ts` and `command-settlement-store.ts`: created -> sent -> done | partial | placed | failed |
 * unknown; created -> expired, never sent; unknown -> done on evidence, and not_executed by the full rule of
 * `unknown-command.ts` alone; placed -> done | ended. A definite refusal that passes leads from sent back to created, with
 * the next attempt in the magic's last four bits. A bridge is called, so what it was delivered and what it was sent is one.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { outboxDone, outboxInsert } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import type { EntryOrder } from './entry-order.ts';
import type { OrderRefusal } from './order-refusal.ts';
import { isCurrentMagic } from './restore-epoch-store.ts';

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
  instruction: EntryOrder;
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
  instruction: row['instruction'] as EntryOrder,
  symbol: String(row['symbol']),
  instrument: String(row['instrument']),
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
 * Makes the commands of one approval, each with its event, and the end of the approval's event, all or nothing; false
 * where a halt (unless all are closes), the signal's cancellation or a freeze came first, or there is a command already. With
 * `ordersMade` also false where another command was made for the account since that was read: what was counted then
 * does not hold any more.
 */
export async function createCommands(
  db: Database,
  commands: readonly (NewCommand & { eventId: string })[],
  made: { doneEventId: string; ordersMade: bigint | null },
  nowMs: number,
): Promise<boolean> {
  const [first] = commands;
  if (first === undefined) throw new Error('there is no command to make');
  const at = isoTime(nowMs);
  const closes = commands.every((c) => c.order.kind === 'close');
  const rows = await db.run(sql`WITH open AS (
    SELECT a.id FROM accounts a CROSS JOIN deployment d CROSS JOIN signals s
    WHERE a.id = ${first.accountId}::uuid AND (${closes}::boolean OR NOT (a.halted OR d.halted))
      AND (${made.ordersMade === null}::boolean OR a.orders_made = ${String(made.ordersMade ?? 0)}::bigint)
      AND s.id = ${first.signalId}::uuid AND s.status = ${statusCode('new')} AND ${isCurrentMagic(first.magic)}
      AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = ${first.approvalId}::uuid)
    FOR NO KEY UPDATE OF a FOR SHARE OF d, s
  ), ins AS (
    INSERT INTO commands (id, account_id, approval_id, signal_id, kind, leg, symbol, instruction, magic, comment, attempt,
      state, expires_at, negative_lookups, created_at, updated_at)
    SELECT x.id, open.id, ${first.approvalId}::uuid, ${first.signalId}::uuid, x.kind, x.leg, x.symbol, x.instruction,
      x.magic, x.comment, 0, 'created', ${isoTime(first.expiresMs)}::timestamptz, 0, ${at}::timestamptz,
      ${at}::timestamptz
    FROM open, jsonb_to_recordset(${JSON.stringify(commands.map(rowOf))}::jsonb) AS x(id uuid, kind text, leg smallint,
      symbol text, instruction jsonb, magic bigint, comment text)
    ON CONFLICT DO NOTHING RETURNING id
  ), cnt AS (
    UPDATE accounts SET orders_made = orders_made + 1 FROM open WHERE accounts.id = open.id AND EXISTS (SELECT 1 FROM ins)
  ), ${sql.join(commands.map(eventOf(nowMs)), sql`, `)}, fin AS (
    UPDATE outbox SET done_at = ${at}::timestamptz
    WHERE outbox.id = ${made.doneEventId}::uuid AND EXISTS (SELECT 1 FROM ins)
  ) SELECT id FROM ins`);
  return rows.length > 0;
}

const rowOf = (c: NewCommand, leg: number) => ({
  id: c.id,
  kind: c.order.kind,
  leg,
  symbol: c.order.order.symbol,
  instruction: c.order,
  magic: String(c.magic),
  comment: c.comment,
});

const eventOf = (nowMs: number) => (c: NewCommand & { eventId: string }, i: number) => {
  const from = sql`ins WHERE ins.id = ${c.id}::uuid`;
  const event = { id: c.eventId, topic: 'command.created', payload: { command_id: c.id }, nowMs, from };
  return sql`${sql.raw(`evt${i}`)} AS (${outboxInsert(event)})`;
};

/** The delivery of an approval fails with a reason, and the event is done. */
export async function refuseEntry(
  db: Database,
  approvalId: string,
  reason: OrderRefusal,
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

const COMMAND = sql`SELECT c.*, a.bridge_id, instrument_of(a.symbols, c.symbol) AS instrument
  FROM commands c JOIN accounts a ON a.id = c.account_id`;

/** One command. */
export async function readCommand(db: Database, id: string): Promise<Command | null> {
  const [row] = await db.run(sql`${COMMAND} WHERE c.id = ${id}::uuid`);
  return row === undefined ? null : commandOf(row);
}

/** The commands of an account that are not settled: waiting, on their way, working or unknown; those that work last. */
export async function readOpenCommands(db: Database, accountId: string): Promise<Command[]> {
  const rows = await db.run(sql`${COMMAND} WHERE c.account_id = ${accountId}::uuid
    AND c.state IN ('created', 'sent', 'unknown', 'placed') ORDER BY c.state = 'placed', c.created_at, c.id LIMIT 200`);
  return rows.map(commandOf);
}

/** Magics tell what was made in one millisecond apart: their numbers are drawn one after the other. */
export const isEarlier = sql`(b.created_at, b.magic) < (c.created_at, c.magic)`;

/** Commands `b` for which the command `c` waits, as a FROM and WHERE clause. */
export const blockersOf = (now: SQL): SQL => sql`FROM commands b
  WHERE b.account_id = c.account_id AND b.symbol = c.symbol AND b.id <> c.id
    AND (b.state IN ('sent', 'unknown') OR b.state = 'created' AND b.expires_at > ${now}
      AND (c.kind <> 'close' AND b.kind = 'close' OR ${isEarlier}))
    AND (c.kind <> 'close' OR b.kind = 'close'
      AND b.instruction->'pre'->>'position_id' = c.instruction->'pre'->>'position_id')`;

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
      columns: sql`c.*, a.bridge_id, instrument_of(a.symbols, c.symbol) AS instrument,
        CASE WHEN c.state = 'created' THEN (SELECT b.id ${blockersOf(sql`${isoTime(nowMs)}::timestamptz`)}
          ORDER BY b.created_at, b.magic LIMIT 1) END AS waits_for`,
      from: sql`FROM commands c JOIN accounts a ON a.id = c.account_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`c.created_at`,
      id: sql`c.id`,
    },
    (row) => ({ ...commandOf(row), waitsFor: textOrNull(row['waits_for']) }),
  );
