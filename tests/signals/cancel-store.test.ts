import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Approval, insertApproval } from '../../functions/approvals/approval-store.ts';
import { ordersToWithdraw } from '../../functions/execution/withdrawal-store.ts';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
import { accountsOfOrders, cancelSignal } from '../../functions/signals/cancel-store.ts';
import { expireSignals } from '../../functions/signals/expire-signals.ts';
import {
  approveSignal,
  auditOf,
  CLIENT,
  decisionOf,
  makeDesk,
  makeUser,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let signal: { id: string; eventId: string };
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  deps = testDeps(t);
  stage = { t, deps };
  desk = await makeDesk(stage);
  signal = await storeSignal(stage, desk.producer.id);
});
afterAll(() => t?.drop());

const [APPROVED, REJECTED, CANCELLED, EXPIRED, FAILED] = [1, 2, 5, 6, 7];
const nowMs = () => deps.clock.nowMs();
const cancel = () => cancelSignal(t.db, signal.id, auditOf(deps, signal.id, 'cancel'));
const status = async (userId = desk.userId) =>
  (
    await t.sql('SELECT status FROM deliveries WHERE signal_id = $1 AND user_id = $2', [signal.id, userId])
  )[0]?.['status'];
const fanOut = () => consumeOne(signal.eventId);
const ordersOf = (accountId: string) => t.db.run(ordersToWithdraw(accountId));
const audited = async () =>
  (await t.sql(`SELECT 1 FROM audit_log WHERE action = 'cancel' AND subject_id = $1`, [signal.id])).length;
const consumeOne = (eventId: string) => consume(deps, [{ kind: 'outbox', id: eventId }]);
const insert = (decision: Approval) =>
  insertApproval(t.db, decision, CLIENT, deps.ids.next(), auditOf(deps, signal.id));
const reject = async () => insert(await decisionOf(stage, signal.id, desk.userId, { decision: 'rejected' }));
/** What stands of the signal, of its owner's delivery and of the cancellation. */
const state = async () => ({
  status: (await t.sql('SELECT status FROM signals WHERE id = $1', [signal.id]))[0]?.['status'],
  delivery: await status(),
  audited: await audited(),
});
async function subscriber(): Promise<string> {
  const userId = await makeUser(stage);
  await insertSubscription(
    t.db,
    { producerId: desk.producer.id, userId, createdMs: nowMs() },
    auditOf(deps, userId),
  );
  return userId;
}

describe('cancelling a signal', () => {
  it('takes every undecided and every approved delivery that has no command, once, with one audit row', async () => {
    const member = await subscriber();
    await fanOut();
    await approveSignal(stage, signal.id, desk.userId);
    const ends = await Promise.all(Array.from({ length: 10 }, cancel));
    expect(ends.sort()).toEqual(['cancelled', ...Array(9).fill('cancelled-before')]);
    expect([await status(), await status(member)]).toEqual([CANCELLED, CANCELLED]);
    expect(await audited()).toBe(1);
  });

  it('leaves a rejection as it is, and takes what others have not decided', async () => {
    const member = await subscriber();
    await fanOut();
    await reject();
    expect(await cancel()).toBe('cancelled');
    expect([await status(), await status(member)]).toEqual([REJECTED, CANCELLED]);
    expect(await cancel()).toBe('cancelled-before');
  });

  it('of what is rejected everywhere comes too late, and leaves neither a state nor an audit row', async () => {
    await reject();
    expect(await cancel()).toBe('too-late');
    expect(await state()).toEqual({ status: 0, delivery: REJECTED, audited: 0 });
  });

  it('takes a rejected signal that has not reached its subscribers yet', async () => {
    const member = await subscriber();
    await reject();
    expect(await cancel()).toBe('cancelled');
    await fanOut();
    expect([await status(), await status(member)]).toEqual([REJECTED, CANCELLED]);
  });

  it('comes too late from the millisecond of the deadline, whether or not a schedule has written it', async () => {
    const deadlineMs = nowMs() + 1_000;
    await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signal.id, new Date(deadlineMs)]);
    deps.clock.advance(1_000);
    expect(await cancel()).toBe('too-late');
    expect(await state()).toEqual({ status: 0, delivery: 0, audited: 0 });
    expect(await expireSignals(deps)).toBe(1);
    expect(await cancel()).toBe('too-late');
    expect(await state()).toEqual({ status: 0, delivery: EXPIRED, audited: 0 });
  });

  it('takes an approval that was not sent, past the deadline too, and leaves who was expired then', async () => {
    const member = await subscriber();
    await fanOut();
    await approveSignal(stage, signal.id, desk.userId);
    await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signal.id, new Date(nowMs())]);
    expect(await cancel()).toBe('cancelled');
    expect([await status(), await status(member)]).toEqual([CANCELLED, 0]);
    expect(await expireSignals(deps)).toBe(1);
    expect(await status(member)).toBe(EXPIRED);
  });

  it('is too late for an approval that failed, whose order will never be', async () => {
    await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [desk.account.id]);
    const { eventId } = await approveSignal(stage, signal.id, desk.userId);
    await consumeOne(eventId);
    expect(await cancel()).toBe('too-late');
    expect(await state()).toEqual({ status: 0, delivery: FAILED, audited: 0 });
  });

  /** The signal's order, brought to a state. */
  async function ordered(changes = ''): Promise<string> {
    const { eventId, approval } = await approveSignal(stage, signal.id, desk.userId);
    await consumeOne(eventId);
    const [row] = await t.sql(
      `UPDATE commands SET kind = kind ${changes} WHERE approval_id = $1 RETURNING id`,
      [approval.id],
    );
    return String(row?.['id']);
  }
  const command = async (id: string) =>
    (await t.sql('SELECT state, reason FROM commands WHERE id = $1', [id]))[0];

  it('ends an order that waits to be sent, and its event', async () => {
    const id = await ordered();
    expect(await cancel()).toBe('cancelled');
    expect(await command(id)).toEqual({ state: 'failed', reason: 'signal-cancelled' });
    expect(await status()).toBe(CANCELLED);
    expect(await t.sql('SELECT done_at FROM outbox WHERE id = $1', [id])).not.toEqual([{ done_at: null }]);
  });

  it('leaves an order that works, and its delivery, to whoever holds the account next', async () => {
    const id = await ordered(`, state = 'placed', order_ticket = '7', sent_at = now()`);
    expect(await accountsOfOrders(t.db, signal.id)).toEqual([desk.account.id]);
    expect(await cancel()).toBe('cancelled');
    expect(await command(id)).toEqual({ state: 'placed', reason: null });
    expect(await status()).toBe(APPROVED);
    expect(await ordersOf(desk.account.id)).toEqual([{ id }]);
  });

  it.each([
    ['sent', `, state = 'sent', sent_at = now(), lease_epoch = 1`],
    ['unknown', `, state = 'unknown', sent_at = now(), lease_epoch = 1`],
    ['executed', `, state = 'done', sent_at = now(), resolved_at = now(), position_id = '7'`],
    ['filled in part', `, state = 'placed', sent_at = now(), order_ticket = '7', position_id = '7'`],
  ])('comes too late for an order that was %s, and changes nothing then', async (_state, changes) => {
    await ordered(changes);
    expect(await cancel()).toBe('too-late');
    expect(await status()).toBe(APPROVED);
    expect(await audited()).toBe(0);
  });

  it('wakes the accounts at which a close of it is under way', async () => {
    signal = await storeSignal(stage, desk.producer.id, { intent: 'close', side: 'sell' });
    const { approval } = await approveSignal(stage, signal.id, desk.userId);
    await t.sql(
      `INSERT INTO exits (approval_id, account_id, state, next_at, expires_at, created_at, updated_at)
       VALUES ($1, $2, 'open', now(), now(), now(), now())`,
      [approval.id, desk.account.id],
    );
    expect(await accountsOfOrders(t.db, signal.id)).toEqual([desk.account.id]);
    await t.sql(`UPDATE exits SET state = 'done', ended_at = now()`);
    expect(await accountsOfOrders(t.db, signal.id)).toEqual([]);
  });

  it('at the same time as the execution has one winner: a command, or a cancelled delivery', async () => {
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const { eventId, approval } = await approveSignal(stage, signal.id, desk.userId);
      const [, end] = await Promise.all([consumeOne(eventId), cancel()]);
      const cancelled = end === 'cancelled';
      const commands = await t.sql(
        `SELECT state FROM commands WHERE approval_id = $1 AND state <> 'failed'`,
        [approval.id],
      );
      expect(commands.length).toBe(cancelled ? 0 : 1);
      expect(await status()).toBe(cancelled ? CANCELLED : APPROVED);
    }
  });

  it('at the same time as decisions never leaves an approved delivery on a cancelled signal', async () => {
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const decision = await decisionOf(stage, signal.id, desk.userId);
      const [cancelled] = await Promise.all([cancel(), insert(decision)]);
      expect(cancelled).toBe('cancelled');
      expect(await status()).toBe(CANCELLED);
    }
  });

  it('at the same time as rejections has one winner: a rejection, or a cancelled delivery', async () => {
    for (let round = 0; round < 10; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const rejection = await decisionOf(stage, signal.id, desk.userId, { decision: 'rejected' });
      const [end, rejected] = await Promise.all([cancel(), insert(rejection)]);
      expect([end, rejected]).toEqual(rejected ? ['too-late', true] : ['cancelled', false]);
      const cancelled = end === 'cancelled';
      expect(await state()).toEqual({
        status: cancelled ? CANCELLED : 0,
        delivery: cancelled ? CANCELLED : REJECTED,
        audited: cancelled ? 1 : 0,
      });
    }
  });

  it('never deadlocks with decisions and the expiry of a whole audience', async () => {
    const members = await Promise.all(Array.from({ length: 12 }, subscriber));
    const deadlocks = async () =>
      (await t.sql('SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()'))[0];
    const before = await deadlocks();
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      await fanOut();
      const rejections = await Promise.all(
        members.map((m) => decisionOf(stage, signal.id, m, { decision: 'rejected' })),
      );
      await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signal.id, new Date(nowMs() + 1)]);
      const early = auditOf(deps, signal.id, 'cancel');
      deps.clock.advance(1);
      await Promise.all([
        ...rejections.map(insert),
        cancelSignal(t.db, signal.id, early),
        expireSignals(deps),
        cancel(),
      ]);
    }
    expect(await deadlocks()).toEqual(before);
  });
});
