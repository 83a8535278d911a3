import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import type { Settlement } from '../../functions/execution/command-outcome.ts';
import {
  noteNegativeLookup,
  retryCommand,
  settleCommand,
} from '../../functions/execution/command-settlement-store.ts';
import { type CommandState, readCommand } from '../../functions/execution/command-store.ts';
import { makeDesk, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { type Desk, madeCommand } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
let lease: Lease;
let made: Awaited<ReturnType<typeof madeCommand>>;
beforeAll(async () => {
  t = await createTestDatabase();
});
/** A command on its way. */
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  lease = await taken();
  made = await madeCommand(stage, desk);
  await put('sent');
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
async function taken(atMs = nowMs()): Promise<Lease> {
  const found = await takeLease(t.db, desk.account.id, atMs);
  if (found === null) throw new Error('the lease is held');
  return found;
}
const put = (state: string, more = '') =>
  t.sql(`UPDATE commands SET state = $2 ${more} WHERE id = $1`, [made.id, state]);
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [made.signalId]))[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [made.id]))[0]?.['done'];
const stored = () => readCommand(t.db, made.id);
const SAID = { retcode: null, brokerComment: null };
const FILLED = {
  ...{ orderTicket: '7', positionId: '7', volume: '0.1', retcode: 10009, brokerComment: 'ok' },
};
const DONE: Settlement = { ...FILLED, state: 'done' };
const FAILED: Settlement = { state: 'failed', reason: 'no-money', retcode: 10019, brokerComment: 'No money' };
const settle = (to: Settlement, from: CommandState[] = ['sent'], of = lease) =>
  settleCommand(t.db, of, { id: made.id, from }, to, nowMs());

describe('settling a command', () => {
  it('keeps the tickets, the code and the broker’s words, moves the delivery and ends the event', async () => {
    expect(await settle(DONE)).toBe(true);
    expect(await stored()).toMatchObject({
      ...{ state: 'done', orderTicket: '7', positionId: '7', retcode: 10009, brokerComment: 'ok' },
      ...{ reason: null, resolvedMs: nowMs(), volumeFilled: '0.1' },
    });
    expect(await delivery()).toEqual({ status: 3, refusal: null });
    expect(await eventDone()).toBe(true);
  });

  it.each<[Settlement, number, string | null, boolean]>([
    [{ ...FILLED, state: 'partial' }, 3, null, true],
    [FAILED, 7, 'no-money', true],
    [{ state: 'expired', reason: 'late', ...SAID }, 7, 'late', true],
    [{ state: 'not_executed', reason: 'absent', ...SAID }, 7, 'absent', true],
    [{ state: 'unknown', reason: 'bridge-timeout', ...SAID }, 1, null, false],
    [{ state: 'placed', orderTicket: '12', ...SAID }, 1, null, false],
    [{ state: 'ended', reason: 'order-rejected' }, 7, 'order-rejected', true],
    [{ state: 'ended', reason: 'order-expired' }, 6, 'order-expired', true],
    [{ state: 'ended', reason: 'order-canceled' }, 5, 'order-canceled', true],
  ])('as %j moves the delivery as far as is known', async (to, status, refusal, resolved) => {
    expect(await settle(to)).toBe(true);
    const command = await stored();
    expect(command?.state).toBe(to.state);
    expect(command?.resolvedMs !== null).toBe(resolved);
    expect(await delivery()).toEqual({ status, refusal });
    expect(await eventDone()).toBe(true);
  });

  it('happens once: of 40 different endings at once one stands, and the delivery agrees with it', async () => {
    const ends = await Promise.all(Array.from({ length: 40 }, (_, i) => settle(i % 2 === 0 ? DONE : FAILED)));
    expect(ends.filter(Boolean).length).toBe(1);
    const done = (await stored())?.state === 'done';
    expect(await delivery()).toEqual(
      done ? { status: 3, refusal: null } : { status: 7, refusal: 'no-money' },
    );
    expect(await settle(done ? FAILED : DONE, ['sent', 'unknown'])).toBe(false);
  });

  it('is not for who has lost the lease: not even the truth', async () => {
    const holder = await taken(nowMs() + LEASE_MS);
    expect((await stored())?.state, 'its next holder knows of nothing in flight').toBe('unknown');
    expect(await settle(DONE, ['sent', 'unknown'])).toBe(false);
    expect(await delivery()).toEqual({ status: 1, refusal: null });
    await noteNegativeLookup(t.db, lease, made.id, nowMs());
    expect((await stored())?.negativeLookups).toBe(0);
    expect(await settle(DONE, ['unknown'], holder)).toBe(true);
  });

  it('is not for who holds another account', async () => {
    const other = { accountId: (await makeDesk(stage)).account.id, epoch: 1n };
    await takeLease(t.db, other.accountId, nowMs());
    expect(await settle(DONE, ['sent'], other)).toBe(false);
  });

  it('leaves what a look-up does not say as the bridge said it', async () => {
    await settle({ state: 'unknown', reason: 'retcode-10012', retcode: 10012, brokerComment: 'Timed out' });
    await settle({ state: 'done', orderTicket: '7', positionId: '7', volume: null, ...SAID }, ['unknown']);
    expect(await stored()).toMatchObject({ state: 'done', retcode: 10012, brokerComment: 'Timed out' });
  });

  it('of one leg of a close counts as filled, whatever became of the others before', async () => {
    await settle(FAILED);
    await put('sent');
    await settle(DONE);
    expect(await delivery()).toEqual({ status: 3, refusal: null });
  });
});

describe('the suspension of an account', () => {
  const ids = () => ({
    ...{ alertId: stage.deps.ids.next(), eventId: stage.deps.ids.next(), auditId: stage.deps.ids.next() },
  });
  const disabled: Settlement = {
    state: 'failed',
    reason: 'retcode-10017',
    retcode: 10017,
    brokerComment: null,
  };

  it('halts it with the command’s end, its audit row and an alert, and once', async () => {
    const first = ids();
    await settleCommand(t.db, lease, { id: made.id, from: ['sent'] }, disabled, nowMs(), first);
    const [account] = await t.sql('SELECT halted FROM accounts WHERE id = $1', [desk.account.id]);
    expect(account).toEqual({ halted: true });
    expect(await t.sql('SELECT action, detail FROM audit_log WHERE id = $1', [first.auditId])).toEqual([
      { action: 'account.suspend', detail: { retcode: 10017 } },
    ]);
    expect(await t.sql('SELECT kind, user_id, detail FROM alerts WHERE id = $1', [first.alertId])).toEqual([
      {
        ...{ kind: 'entries-suspended', user_id: desk.userId },
        detail: { account: 'An account', retcode: 10017 },
      },
    ]);
    await put('sent');
    const second = ids();
    await settleCommand(t.db, lease, { id: made.id, from: ['sent'] }, disabled, nowMs(), second);
    expect(await t.sql('SELECT 1 FROM alerts WHERE id = $1', [second.alertId])).toEqual([]);
  });

  it('does not happen where the command was not settled', async () => {
    await settleCommand(t.db, lease, { id: made.id, from: ['unknown'] }, disabled, nowMs(), ids());
    const [account] = await t.sql('SELECT halted FROM accounts WHERE id = $1', [desk.account.id]);
    expect(account).toEqual({ halted: false });
  });
});

describe('a further attempt', () => {
  const again = (attempt = 0, from: CommandState[] = ['sent'], of = lease, atMs = nowMs()) =>
    retryCommand(
      t.db,
      of,
      { id: made.id, attempt, from },
      { notBeforeMs: atMs + 500, reason: 'retcode-10024', retcode: 10024, brokerComment: 'busy' },
      atMs,
    );

  it('has the same id and the next magic, waits for its pause, and looks anew', async () => {
    await put('sent', ', negative_lookups = 2, looked_up_at = now()');
    expect(await again()).toBe(true);
    expect(await stored()).toMatchObject({
      ...{ state: 'created', attempt: 1, magic: String(made.magic + 1n), notBeforeMs: nowMs() + 500 },
      ...{ negativeLookups: 0, lookedUpMs: null, retcode: 10024, reason: 'retcode-10024' },
    });
    expect(await delivery()).toEqual({ status: 1, refusal: null });
    expect(await eventDone()).toBe(false);
  });

  it('is one, under 20 at once', async () => {
    const ends = await Promise.all(Array.from({ length: 20 }, () => again()));
    expect(ends.filter(Boolean).length).toBe(1);
    expect((await stored())?.attempt).toBe(1);
  });

  it('is none past the deadline, without the lease, from another state, or beyond the sixteenth', async () => {
    expect(await again(0, ['sent'], lease, made.expiresMs)).toBe(false);
    expect(await again(0, ['unknown'])).toBe(false);
    expect(await again(1)).toBe(false);
    await put('sent', ', attempt = 15');
    expect(await again(15)).toBe(false);
    await put('sent', ', attempt = 14');
    expect(await again(14, ['sent'], { ...lease, epoch: lease.epoch + 1n })).toBe(false);
    expect(await again(14)).toBe(true);
  });

  it('is none of an entry that went out by a bridge which has been replaced since; of a close it is', async () => {
    const since = (ms: number) =>
      t.sql('UPDATE accounts SET bridge_since = $2 WHERE id = $1', [desk.account.id, new Date(nowMs() + ms)]);
    await put('sent', `, sent_at = '${new Date(nowMs()).toISOString()}'`);
    await since(1);
    expect(await again()).toBe(false);
    await t.sql(`UPDATE commands SET kind = 'place' WHERE id = $1`, [made.id]);
    expect(await again()).toBe(false);
    await since(0);
    expect(await again(), 'this one sent it itself').toBe(true);
    await put('sent', `, kind = 'close'`);
    await since(1);
    expect(await again(1)).toBe(true);
  });
});

describe('a look-up that found nothing', () => {
  it('is counted while the fate is unknown, and not afterwards', async () => {
    await put('unknown');
    await noteNegativeLookup(t.db, lease, made.id, nowMs());
    expect(await stored()).toMatchObject({ state: 'unknown', negativeLookups: 1, lookedUpMs: nowMs() });
    await settle(FAILED, ['unknown']);
    await noteNegativeLookup(t.db, lease, made.id, nowMs());
    expect(await stored()).toMatchObject({ state: 'failed', negativeLookups: 1 });
  });
});
