/** Commands as an approval makes them, for the tests of what becomes of commands: each of a signal of its own. */
import { createCommand, type NewCommand } from '../../functions/execution/command-store.ts';
import type { EntryOrder } from '../../functions/execution/entry-order.ts';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { approveSignal, type makeDesk, type Stage, storeSignal } from '../support/organisation.ts';

export type Desk = Awaited<ReturnType<typeof makeDesk>>;
export type Given = {
  kind?: EntryOrder['kind'];
  symbol?: string;
  ttlMs?: number;
  login?: string;
  position?: string;
};

let numbers = 0n;

export const orderOf = (desk: Desk, given: Given = {}): EntryOrder => {
  const { kind = 'open', symbol = 'XAUUSD', login = desk.account.login } = given;
  const position = given.position ?? '7';
  return {
    kind,
    pre: { login, server: 'Demo-1', symbol, ...(kind === 'close' ? { position_id: position } : {}) },
    order: {
      symbol,
      type: kind === 'place' ? 'buy_limit' : kind === 'close' ? 'sell' : 'buy',
      volume: '0.1',
      ...(kind === 'place' ? { price: '2000' } : {}),
      ...(kind === 'close' ? { position_ticket: position } : {}),
    },
  };
};

/** A created command of the desk's account, with the ids around it. */
export async function madeCommand(
  stage: Stage,
  desk: Desk,
  given: Given = {},
): Promise<NewCommand & { eventId: string; signalId: string }> {
  const { deps } = stage;
  const nowMs = deps.clock.nowMs();
  const signal = await storeSignal(stage, desk.producer.id);
  const { approval, eventId } = await approveSignal(stage, signal.id, desk.userId);
  numbers += 1n;
  const id = deps.ids.next();
  const command = {
    ...{ id, accountId: desk.account.id, approvalId: approval.id, signalId: signal.id },
    ...{ order: orderOf(desk, given), magic: magicNumber(1, numbers, 0), comment: `cs${id.slice(-12)}` },
    ...{ expiresMs: nowMs + (given.ttlMs ?? 30_000), eventId: id },
  };
  if (command.order.kind === 'close') await insertClose(stage, command);
  else if (!(await createCommand(deps.db, command, { doneEventId: eventId, ordersMade: null }, nowMs)))
    throw new Error('a test command could not be made');
  return command;
}

/** As a step of an approved close makes one, without the close: no event, for its holder sends it. */
async function insertClose({ t, deps }: Stage, c: NewCommand): Promise<void> {
  await t.sql(
    `INSERT INTO commands (id, account_id, approval_id, signal_id, kind, symbol, instrument, instruction, magic, comment,
       attempt, state, expires_at, negative_lookups, created_at, updated_at)
     VALUES ($1, $2, $3, $4, 'close', $5, $5, $6, $7, $8, 0, 'created', $9, 0, $10, $10)`,
    [
      ...[c.id, c.accountId, c.approvalId, c.signalId, c.order.order.symbol, JSON.stringify(c.order)],
      ...[String(c.magic), c.comment, isoTime(c.expiresMs), isoTime(deps.clock.nowMs())],
    ],
  );
}
