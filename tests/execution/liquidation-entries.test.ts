// What an account's guard does to entries, at each place that judges them: at their approval, in the statement that makes their
// command, and in the one that sends it. Closes pass.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeLease } from '../../functions/execution/account-lease-store.ts';
import { refuseUnsendable, sendNext } from '../../functions/execution/command-queue-store.ts';
import { storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { EXECUTED, ExitDesk, FAILED, SECOND } from './exit-desk.ts';
import { madeCommand } from './made-commands.ts';

let t: TestDatabase;
let d: ExitDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  d = await ExitDesk.make(t);
});
afterAll(() => t?.drop());

const phase = (name: string) =>
  t.sql('UPDATE accounts SET guard_phase = $2 WHERE id = $1', [d.at.desk.account.id, name]);
/** What comes later comes, while the guard's phase stays as it was put. */
async function events(ms: number): Promise<void> {
  const { deps } = d.at;
  deps.clock.advance(ms);
  deps.sent.push(...deps.delayed.splice(0).filter((m) => m.kind === 'outbox'));
  await deps.drain();
}
const commandsOf = async (signalId: string) =>
  (await t.sql('SELECT state, reason FROM commands WHERE signal_id = $1', [signalId])).map((c) => [
    ...[c['state'], c['reason']],
  ]);

describe('an approved entry', () => {
  it.each(['suspect', 'warned'])(
    'waits while the guard is %s, and goes when it is armed again',
    async (name) => {
      await phase(name);
      const id = await d.open();
      expect([await commandsOf(id), await d.delivery(id)]).toEqual([[], [1, null]]);
      await events(2 * SECOND);
      expect(await commandsOf(id)).toEqual([]);
      await phase('armed');
      await events(2 * SECOND);
      expect([d.held(), await d.delivery(id)]).toEqual([['0.1'], [EXECUTED, null]]);
    },
  );

  it('goes where there was nothing to guard', async () => {
    await phase('empty');
    expect(await d.delivery(await d.open())).toEqual([EXECUTED, null]);
  });

  it('is refused when the guard closes everything meanwhile', async () => {
    await phase('warned');
    const id = await d.open();
    await phase('tripped');
    await events(2 * SECOND);
    expect([await commandsOf(id), await d.delivery(id)]).toEqual([[], [FAILED, 'guard-tripped']]);
  });

  it('does not wait for ever: its own time ends it', async () => {
    await phase('suspect');
    const id = await d.open();
    for (let n = 0; n < 10; n += 1) {
      await d.at.reconcile();
      await phase('suspect');
      await events(10 * SECOND);
    }
    expect(await d.delivery(id)).toEqual([FAILED, 'approval-expired']);
  });

  it.each([
    ['tripped', 'guard-tripped'],
    ['flat_latched', 'guard-latched'],
  ])('is refused while the guard is %s', async (name, reason) => {
    await phase(name);
    const id = await d.open();
    expect([await commandsOf(id), await d.delivery(id)]).toEqual([[], [FAILED, reason]]);
  });
});

describe('the command of an entry', () => {
  const made = (kind: 'open' | 'close' = 'open') => madeCommand({ t, deps: d.at.deps }, d.at.desk, { kind });
  async function sending() {
    const lease = await takeLease(t.db, d.at.desk.account.id, d.nowMs());
    if (lease === null) throw new Error('the lease is held');
    return {
      next: async () => (await sendNext(t.db, lease, d.nowMs()))?.id ?? null,
      refuse: () => refuseUnsendable(t.db, lease, d.nowMs()),
    };
  }

  it.each(['suspect', 'warned', 'tripped', 'flat_latched'])('is not made while it is %s', async (name) => {
    await phase(name);
    await expect(made()).rejects.toThrow('could not be made');
    await phase('armed');
    expect((await made()).id).toBeTruthy();
  });

  it('is not sent while it is suspect or warned, and then is; a close is sent all the while', async () => {
    const entry = await made();
    const of = await sending();
    for (const name of ['suspect', 'warned']) {
      await phase(name);
      expect([await of.next(), await of.refuse()]).toEqual([null, 0]);
    }
    const close = await made('close');
    expect(await of.next()).toBe(close.id);
    await t.sql(`UPDATE commands SET state = 'done' WHERE id = $1`, [close.id]);
    await phase('armed');
    expect(await of.next()).toBe(entry.id);
  });

  it.each([
    ['tripped', 'guard-tripped'],
    ['flat_latched', 'guard-latched'],
  ])('is refused by name while it is %s, with its signal', async (name, reason) => {
    const entry = await made();
    const close = await made('close');
    await phase(name);
    const of = await sending();
    expect(await of.refuse()).toBe(1);
    expect([await commandsOf(entry.signalId), await d.delivery(entry.signalId)]).toEqual([
      [['failed', reason]],
      [FAILED, reason],
    ]);
    expect(await of.next()).toBe(close.id);
  });
});

it('is shown on the account', async () => {
  const { presentAccount } = await import('../../functions/execution/present-account.ts');
  const { readAccount } = await import('../../functions/execution/account-store.ts');
  for (const [name, reason] of [
    ['warned', 'guard-warned'],
    ['flat_latched', 'guard-latched'],
    ['armed', null],
  ] as const) {
    await phase(name);
    const account = await readAccount(t.db, d.at.desk.account.id);
    if (account === null) throw new Error('there is no account');
    expect(presentAccount(account, d.nowMs()).entries).toEqual({ taken: reason === null, reason });
  }
});

it('an approval of a signal of before waits like any other', async () => {
  const signal = await storeSignal(d.at, d.at.desk.producer.id);
  await phase('suspect');
  await d.open({}, d.at.desk.producer.id);
  await d.at.approve(signal.id);
  await phase('armed');
  await events(2 * SECOND);
  expect(d.held()).toEqual(['0.1', '0.1']);
});
