import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertApproval } from '../../functions/approvals/approval-store.ts';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
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

const CANCELLED = 5;
const nowMs = () => deps.clock.nowMs();
const cancel = () => cancelSignal(t.db, signal.id, auditOf(deps, signal.id, 'cancel'));
const status = async (userId = desk.userId) =>
  (
    await t.sql('SELECT status FROM deliveries WHERE signal_id = $1 AND user_id = $2', [signal.id, userId])
  )[0]?.['status'];
const fanOut = () => consume(deps, [{ kind: 'outbox', id: signal.eventId }]);
const audited = async () =>
  (await t.sql(`SELECT 1 FROM audit_log WHERE action = 'cancel' AND subject_id = $1`, [signal.id])).length;
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
    expect(ends.filter(Boolean).length).toBe(1);
    expect([await status(), await status(member)]).toEqual([CANCELLED, CANCELLED]);
    expect(await audited()).toBe(1);
  });

  it('leaves a rejection as it is', async () => {
    const rejection = await decisionOf(stage, signal.id, desk.userId, { decision: 'rejected' });
    await insertApproval(t.db, rejection, CLIENT, deps.ids.next(), auditOf(deps, signal.id));
    expect(await cancel()).toBe(true);
    expect(await status()).toBe(2);
  });

  it('comes too late for an approval that has its command, and changes nothing then', async () => {
    const { eventId } = await approveSignal(stage, signal.id, desk.userId);
    await consume(deps, [{ kind: 'outbox', id: eventId }]);
    expect(await cancel()).toBe(false);
    expect(await status()).toBe(1);
    expect(await audited()).toBe(0);
  });

  it('at the same time as the execution has one winner: a command, or a cancelled delivery', async () => {
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const { eventId, approval } = await approveSignal(stage, signal.id, desk.userId);
      const [, cancelled] = await Promise.all([consume(deps, [{ kind: 'outbox', id: eventId }]), cancel()]);
      const commands = await t.sql('SELECT 1 FROM commands WHERE approval_id = $1', [approval.id]);
      expect(commands.length).toBe(cancelled ? 0 : 1);
      expect(await status()).toBe(cancelled ? CANCELLED : 1);
    }
  });

  it('at the same time as decisions never leaves an approved delivery on a cancelled signal', async () => {
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const decision = await decisionOf(stage, signal.id, desk.userId);
      const [cancelled] = await Promise.all([
        cancel(),
        insertApproval(t.db, decision, CLIENT, deps.ids.next(), auditOf(deps, signal.id)),
      ]);
      expect(cancelled).toBe(true);
      expect(await status()).toBe(CANCELLED);
    }
  });
});
