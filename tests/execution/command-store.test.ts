import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setHalted } from '../../functions/execution/account-store.ts';
import {
  createCommand,
  listCommands,
  type NewCommand,
  readCommand,
  readOpenCommands,
  refuseEntry,
} from '../../functions/execution/command-store.ts';
import { readEntryFacts } from '../../functions/execution/entry-facts-store.ts';
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
const createAs = (command: NewCommand, ordersMade: bigint | null, next = stage.deps.ids.next) =>
  createCommand(t.db, { ...command, eventId: next() }, { doneEventId: entry.eventId, ordersMade }, nowMs());
const create = (c: NewCommand) => createAs(c, null);
async function created(given: Partial<NewCommand> = {}): Promise<NewCommand> {
  const command = newCommand(given);
  expect(await create(command)).toBe(true);
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

describe('making a command', () => {
  it('stands with its event, and ends the approval’s event', async () => {
    const command = newCommand();
    const next = stage.deps.ids.next();
    expect(await createAs(command, null, () => next)).toBe(true);
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
      { topic: 'command.created', payload: { command_id: command.id, account_id: desk.account.id } },
    ]);
    expect(await eventDone(entry.eventId)).toBe(true);
  });

  it('happens once for an approval, also when 40 consumers try at once, and the facts then say so', async () => {
    expect(await readEntryFacts(t.db, entry.approvalId)).toMatchObject({
      account: { id: desk.account.id, halted: false },
      deployment: { halted: false, epochBehind: false },
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
    const attempt = () => createAs(newCommand(), null, () => next);
    await halt(true);
    expect(await attempt()).toBe(false);
    await halt(false);
    await t.sql('UPDATE deployment SET halted = true');
    expect(await attempt()).toBe(false);
    expect(await commandsOfEntry()).toBe(0);
    expect(await t.sql('SELECT 1 FROM outbox WHERE id = $1', [next])).toEqual([]);
    expect(await eventDone(entry.eventId)).toBe(false);
  });

  it('is refused where the account’s orders were counted before another one was made', async () => {
    const other = await storeSignal(stage, desk.producer.id);
    const { approval } = await approveSignal(stage, other.id, desk.userId);
    const facts = await readEntryFacts(t.db, entry.approvalId);
    expect(facts?.ordersMade).toBe(0n);
    const both = [newCommand(), newCommand({ approvalId: approval.id, signalId: other.id })];
    const ends = await Promise.all(both.map((c) => createAs(c, facts?.ordersMade ?? null)));
    expect(ends.filter(Boolean).length).toBe(1);
    const left = ends[0] ? approval.id : entry.approvalId;
    expect((await readEntryFacts(t.db, left))?.ordersMade).toBe(1n);
    expect(await createAs(both[ends[0] ? 1 : 0] as NewCommand, 1n)).toBe(true);
  });

  it('is blocked by a suspected restore, of the account, of all, or since the account was heard', async () => {
    const free = `UPDATE accounts SET epoch_behind_at = NULL, epoch_behind_magic = NULL;
      UPDATE deployment SET epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_doubts = 0`;
    for (const suspect of [
      'UPDATE accounts SET epoch_behind_at = now(), epoch_behind_magic = 1',
      'UPDATE deployment SET epoch_behind_at = now(), epoch_behind_magic = 1',
      'UPDATE deployment SET epoch_doubts = 1',
    ]) {
      await t.sql(suspect);
      expect(await create(newCommand()), suspect).toBe(false);
      await t.sql(free);
    }
    expect(await create(newCommand())).toBe(true);
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

describe('the rest of a command’s life', () => {
  it('an entry that is refused stores its reason once, fails the delivery and ends the event', async () => {
    await refuseEntry(t.db, entry.approvalId, 'account-halted', entry.eventId, nowMs());
    await refuseEntry(t.db, entry.approvalId, 'signal-stale', entry.eventId, nowMs());
    expect(await delivery()).toEqual({ status: 7, refusal: 'account-halted' });
    expect(await eventDone(entry.eventId)).toBe(true);
  });

  it('it is open from its making until it is settled', async () => {
    const command = await created();
    const open = async () => (await readOpenCommands(t.db, desk.account.id)).map((c) => c.id);
    for (const state of ['created', 'sent', 'unknown', 'placed']) {
      await t.sql('UPDATE commands SET state = $2 WHERE id = $1', [command.id, state]);
      expect(await open(), state).toEqual([command.id]);
    }
    for (const state of ['done', 'partial', 'failed', 'expired', 'not_executed', 'ended']) {
      await t.sql('UPDATE commands SET state = $2 WHERE id = $1', [command.id, state]);
      expect(await open(), state).toEqual([]);
    }
    expect(await readCommand(t.db, stage.deps.ids.next())).toBeNull();
  });

  it('it is listed to the account’s user and to those who read everything', async () => {
    const command = await created();
    const page = { page: 1, page_size: 100 };
    expect((await listCommands(t.db, desk.userId, page, nowMs())).items.map((c) => c.id)).toEqual([
      command.id,
    ]);
    expect((await listCommands(t.db, await makeUser(stage), page, nowMs())).items).toEqual([]);
    expect((await listCommands(t.db, null, page, nowMs())).items.map((c) => c.id)).toContain(command.id);
  });
});
