import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setHalted } from '../../functions/execution/account-store.ts';
import {
  type CommandState,
  createCommand,
  listCommands,
  markSent,
  type NewCommand,
  noteNegativeLookup,
  readCommand,
  readEntryFacts,
  readOpenCommands,
  refuseEntry,
  settleCommand,
} from '../../functions/execution/command-store.ts';
import type { EntryOrder } from '../../functions/execution/entry-order.ts';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import {
  approveSignal,
  auditOf,
  makeDesk,
  makeUser,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

const ORDER: EntryOrder = {
  kind: 'open',
  pre: { login: '1001', server: 'Demo-1', symbol: 'XAUUSD', price_low: '2000', price_high: '2100' },
  order: { symbol: 'XAUUSD', type: 'buy', volume: '0.10' },
};
const TTL_MS = 30_000;

let t: TestDatabase;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let entry: { signalId: string; approvalId: string; eventId: string };
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
beforeEach(async () => {
  await t.sql('UPDATE deployment SET halted = false');
  desk = await makeDesk(stage);
  const signal = await storeSignal(stage, desk.producer.id);
  const { approval, eventId } = await approveSignal(stage, signal.id, desk.userId);
  entry = { signalId: signal.id, approvalId: approval.id, eventId };
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
let numbers = 0n;
function newCommand(given: Partial<NewCommand> = {}): NewCommand {
  numbers += 1n;
  return {
    id: stage.deps.ids.next(),
    accountId: desk.account.id,
    approvalId: entry.approvalId,
    signalId: entry.signalId,
    order: ORDER,
    magic: magicNumber(1, numbers, 0),
    comment: 'cs0123456789ab',
    expiresMs: nowMs() + TTL_MS,
    ...given,
  };
}
const create = (c: NewCommand) =>
  createCommand(t.db, c, { done: entry.eventId, next: stage.deps.ids.next() }, nowMs());
async function created(given: Partial<NewCommand> = {}): Promise<NewCommand> {
  const command = newCommand(given);
  expect(await create(command)).toBe(true);
  return command;
}
async function sent(): Promise<NewCommand> {
  const command = await created();
  expect(await markSent(t.db, command.id, nowMs())).toBe(true);
  return command;
}
const halt = (halted: boolean) =>
  setHalted(t.db, desk.account.id, halted, nowMs(), auditOf(stage.deps, desk.account.id, 'halt'));
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [entry.signalId]))[0];
const eventDone = async (id: string) =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [id]))[0]?.['done'];
const commandsOfEntry = async () =>
  (await t.sql('SELECT count(*)::int AS n FROM commands WHERE approval_id = $1', [entry.approvalId]))[0]?.[
    'n'
  ];
const stateOf = async (id: string) => (await readCommand(t.db, id))?.state;

describe('making a command', () => {
  it('stands with its event, and ends the approval’s event', async () => {
    const command = newCommand();
    const next = stage.deps.ids.next();
    expect(await createCommand(t.db, command, { done: entry.eventId, next }, nowMs())).toBe(true);
    expect(await readCommand(t.db, command.id)).toMatchObject({
      id: command.id,
      accountId: desk.account.id,
      bridgeId: desk.bridge.id,
      approvalId: entry.approvalId,
      signalId: entry.signalId,
      instruction: ORDER,
      symbol: 'XAUUSD',
      magic: String(command.magic),
      comment: command.comment,
      state: 'created',
      expiresMs: command.expiresMs,
      sentMs: null,
      negativeLookups: 0,
      attempt: 0,
    });
    expect(await t.sql('SELECT topic, payload FROM outbox WHERE id = $1', [next])).toEqual([
      { topic: 'command.created', payload: { command_id: command.id } },
    ]);
    expect(await eventDone(entry.eventId)).toBe(true);
  });

  it('happens once for an approval, also when 40 consumers try at once, and the facts then say so', async () => {
    expect(await readEntryFacts(t.db, entry.approvalId)).toMatchObject({
      account: { id: desk.account.id, halted: false },
      deploymentHalted: false,
      signal: { instrument: 'XAUUSD', stale: false },
      signalId: entry.signalId,
    });
    const ends = await Promise.all(Array.from({ length: 40 }, () => create(newCommand())));
    expect(ends.filter(Boolean).length).toBe(1);
    expect(await commandsOfEntry()).toBe(1);
    const events = await t.sql(
      `SELECT 1 FROM outbox o JOIN commands c ON c.id::text = o.payload->>'command_id' WHERE c.approval_id = $1`,
      [entry.approvalId],
    );
    expect(events.length).toBe(1);
    expect(await readEntryFacts(t.db, entry.approvalId)).toBeNull();
  });

  it('is kept from nobody’s magic number: one that is taken makes no second command of another approval', async () => {
    const first = await created();
    const other = await storeSignal(stage, desk.producer.id);
    const { approval } = await approveSignal(stage, other.id, desk.userId);
    expect(
      await create(newCommand({ approvalId: approval.id, signalId: other.id, magic: first.magic })),
    ).toBe(false);
  });

  it('is blocked by a halt of the account or the deployment, and leaves nothing, its event included', async () => {
    const next = stage.deps.ids.next();
    const attempt = () => createCommand(t.db, newCommand(), { done: entry.eventId, next }, nowMs());
    await halt(true);
    expect(await attempt()).toBe(false);
    await halt(false);
    await t.sql('UPDATE deployment SET halted = true');
    expect(await attempt()).toBe(false);
    expect(await commandsOfEntry()).toBe(0);
    expect(await t.sql('SELECT 1 FROM outbox WHERE id = $1', [next])).toEqual([]);
    expect(await eventDone(entry.eventId)).toBe(false);
  });

  it.each([
    ['the account', `UPDATE accounts SET halted = true WHERE id = $1`],
    ['the deployment', 'UPDATE deployment SET halted = true WHERE $1::text IS NOT NULL'],
  ])('waits for a halt of %s that is being committed, and is blocked by it', async (_what, text) => {
    const operator = await t.connect('owner');
    await operator.query('BEGIN');
    await operator.query(text, [desk.account.id]);
    const waiting = create(newCommand());
    await untilBlocked(t);
    await operator.query('COMMIT');
    expect(await waiting).toBe(false);
    expect(await commandsOfEntry()).toBe(0);
  });

  it('never comes after a halt of the deployment that was committed while it waited for the account’s row', async () => {
    const reconciler = await t.connect('owner');
    await reconciler.query('BEGIN');
    await reconciler.query('UPDATE accounts SET version = version + 1 WHERE id = $1', [desk.account.id]);
    const waiting = create(newCommand());
    await untilBlocked(t);
    const operator = t.sql('UPDATE deployment SET halted = true');
    const haltedFirst = await Promise.race([operator.then(() => true), untilBlocked(t, 2).then(() => false)]);
    await reconciler.query('COMMIT');
    await operator;
    expect(await waiting).toBe(!haltedFirst);
  });
});

describe('sending a command', () => {
  it('is marked once, under 40 at once, with the moment of the one that did', async () => {
    const command = await created();
    const ends = await Promise.all(Array.from({ length: 40 }, () => markSent(t.db, command.id, nowMs())));
    expect(ends.filter(Boolean).length).toBe(1);
    expect(await readCommand(t.db, command.id)).toMatchObject({ state: 'sent', sentMs: nowMs() });
  });

  it('is refused from the very millisecond of its expiry', async () => {
    const command = await created();
    expect(await markSent(t.db, command.id, command.expiresMs)).toBe(false);
    expect(await stateOf(command.id)).toBe('created');
    expect(await markSent(t.db, command.id, command.expiresMs - 1)).toBe(true);
  });

  it('is refused by a halt that came after it was made, of the account or the deployment; a close is not', async () => {
    const command = await created();
    await halt(true);
    expect(await markSent(t.db, command.id, nowMs())).toBe(false);
    await halt(false);
    await t.sql('UPDATE deployment SET halted = true');
    expect(await markSent(t.db, command.id, nowMs())).toBe(false);
    expect(await stateOf(command.id)).toBe('created');
    await halt(true);
    await t.sql(`UPDATE commands SET kind = 'close' WHERE id = $1`, [command.id]);
    expect(await markSent(t.db, command.id, nowMs())).toBe(true);
  });

  it.each([
    ['the account', `UPDATE accounts SET halted = true WHERE id = $1`],
    ['the deployment', 'UPDATE deployment SET halted = true WHERE $1::text IS NOT NULL'],
  ])('waits for a halt of %s that is being committed, and is refused by it', async (_what, text) => {
    const command = await created();
    const operator = await t.connect('owner');
    await operator.query('BEGIN');
    await operator.query(text, [desk.account.id]);
    const waiting = markSent(t.db, command.id, nowMs());
    await untilBlocked(t);
    await operator.query('COMMIT');
    expect(await waiting).toBe(false);
    expect(await stateOf(command.id)).toBe('created');
  });

  it('is refused for a command that nobody knows', async () => {
    expect(await markSent(t.db, stage.deps.ids.next(), nowMs())).toBe(false);
    expect(await readCommand(t.db, stage.deps.ids.next())).toBeNull();
  });
});

describe('settling a command', () => {
  const settle = (
    id: string,
    from: CommandState[],
    to: Parameters<typeof settleCommand>[3],
    eventId: string | null = null,
  ) => settleCommand(t.db, id, from, to, nowMs(), eventId);
  const DONE = { state: 'done', orderTicket: '7', positionId: '7', retcode: 10009 } as const;
  const FAILED = { state: 'failed', reason: 'no-money', retcode: 10019 } as const;

  it('moves the member’s delivery to executed, with the tickets, and ends its event', async () => {
    const command = await sent();
    const next = stage.deps.ids.next();
    await t.db.run(sql`INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      VALUES (${next}::uuid, 'command.created', '{}', now(), now(), 0)`);
    await settle(command.id, ['sent'], DONE, next);
    expect(await readCommand(t.db, command.id)).toMatchObject({
      state: 'done',
      orderTicket: '7',
      positionId: '7',
      retcode: 10009,
      reason: null,
    });
    expect(await delivery()).toEqual({ status: 3, refusal: null });
    expect(await eventDone(next)).toBe(true);
    expect(await t.sql('SELECT resolved_at FROM commands WHERE id = $1', [command.id])).toEqual([
      { resolved_at: new Date(nowMs()) },
    ]);
  });

  it.each([
    [
      'partial',
      { state: 'partial', orderTicket: '7', positionId: '7', retcode: 10010 },
      { status: 3, refusal: null },
    ],
    ['failed', FAILED, { status: 7, refusal: 'no-money' }],
    ['expired', { state: 'expired', reason: 'late', retcode: null }, { status: 7, refusal: 'late' }],
    [
      'not_executed',
      { state: 'not_executed', reason: 'absent', retcode: null },
      { status: 7, refusal: 'absent' },
    ],
    ['unknown', { state: 'unknown', reason: 'bridge-timeout' }, { status: 1, refusal: null }],
  ] as const)('as %s moves the delivery as far as is known', async (state, settlement, wanted) => {
    const command = await sent();
    await settle(command.id, ['sent'], settlement);
    expect(await stateOf(command.id)).toBe(state);
    expect(await delivery()).toEqual(wanted);
  });

  it('happens once: of 40 different endings at once one stands, and the delivery agrees with it', async () => {
    const command = await sent();
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => settle(command.id, ['sent'], i % 2 === 0 ? DONE : FAILED)),
    );
    const state = await stateOf(command.id);
    expect(['done', 'failed']).toContain(state);
    expect(await delivery()).toEqual(
      state === 'done' ? { status: 3, refusal: null } : { status: 7, refusal: 'no-money' },
    );
    await settle(command.id, ['sent', 'unknown'], state === 'done' ? FAILED : DONE);
    expect(await stateOf(command.id)).toBe(state);
  });

  it('leaves a command and its delivery alone that is in none of the states asked for', async () => {
    const command = await created();
    await settle(command.id, ['sent', 'unknown'], FAILED);
    expect(await stateOf(command.id)).toBe('created');
    expect(await delivery()).toEqual({ status: 1, refusal: null });
  });
});

describe('the rest of a command’s life', () => {
  it('an entry that is refused stores its reason once, fails the delivery and ends the event', async () => {
    await refuseEntry(t.db, entry.approvalId, 'account-halted', entry.eventId, nowMs());
    await refuseEntry(t.db, entry.approvalId, 'another-reason', entry.eventId, nowMs());
    expect(await delivery()).toEqual({ status: 7, refusal: 'account-halted' });
    expect(await eventDone(entry.eventId)).toBe(true);
  });

  it('a look-up that found nothing is counted while the fate is open, and not afterwards', async () => {
    const command = await sent();
    await noteNegativeLookup(t.db, command.id, nowMs());
    expect(await readCommand(t.db, command.id)).toMatchObject({
      state: 'unknown',
      negativeLookups: 1,
      lookedUpMs: nowMs(),
    });
    expect((await readOpenCommands(t.db, desk.account.id)).map((c) => c.id)).toEqual([command.id]);
    await settleCommand(
      t.db,
      command.id,
      ['unknown'],
      { state: 'failed', reason: 'x', retcode: null },
      nowMs(),
      null,
    );
    await noteNegativeLookup(t.db, command.id, nowMs());
    expect(await readCommand(t.db, command.id)).toMatchObject({ state: 'failed', negativeLookups: 1 });
    expect(await readOpenCommands(t.db, desk.account.id)).toEqual([]);
  });

  it('it is listed to the account’s user and to those who read everything', async () => {
    const command = await created();
    const page = { page: 1, page_size: 100 };
    expect((await listCommands(t.db, desk.userId, page)).items.map((c) => c.id)).toEqual([command.id]);
    expect((await listCommands(t.db, await makeUser(stage), page)).items).toEqual([]);
    expect((await listCommands(t.db, null, page)).items.map((c) => c.id)).toContain(command.id);
  });
});
