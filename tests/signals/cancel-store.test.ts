import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertApproval } from '../../functions/approvals/approval-store.ts';
import { deleteSubscription, insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import { expireSignals } from '../../functions/signals/expire-signals.ts';
import { listSignals, readSignal } from '../../functions/signals/signal-store.ts';
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
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
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
const fanOut = () => consume(deps, { kind: 'outbox', id: signal.eventId });
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

describe('the fan-out of a signal', () => {
  it('gives every subscriber one delivery, however often its event comes, and leaves the owner’s alone', async () => {
    const members = [await subscriber(), await subscriber()];
    await approveSignal(stage, signal.id, desk.userId);
    await Promise.all(Array.from({ length: 5 }, fanOut));
    await fanOut();
    const rows = await t.sql('SELECT user_id, status FROM deliveries WHERE signal_id = $1', [signal.id]);
    expect(new Map(rows.map((r) => [r['user_id'], r['status']]))).toEqual(
      new Map([[desk.userId, 1], ...members.map((m) => [m, 0] as const)]),
    );
    const [event] = await t.sql('SELECT done_at FROM outbox WHERE id = $1', [signal.eventId]);
    expect(event?.['done_at']).toEqual(new Date(nowMs()));
  });

  it('reaches nobody who has left before it, and takes nothing from one who leaves after it', async () => {
    const [gone, leaving] = [await subscriber(), await subscriber()];
    const leave = (userId: string) =>
      deleteSubscription(t.db, desk.producer.id, userId, auditOf(deps, userId));
    await leave(gone);
    await fanOut();
    await leave(leaving);
    expect([await status(gone), await status(leaving)]).toEqual([undefined, 0]);
  });

  it('that comes after a cancellation leaves nobody with an open delivery', async () => {
    const member = await subscriber();
    await cancel();
    await fanOut();
    expect(await status(member)).toBe(CANCELLED);
  });

  it('that is overtaken by a cancellation leaves nobody with an open delivery', async () => {
    const member = await subscriber();
    const rival = await t.connect('owner');
    await rival.query('BEGIN');
    await rival.query('UPDATE signals SET status = $2 WHERE id = $1', [signal.id, CANCELLED]);
    // The fan-out has read the signal as it was before the cancellation that is not yet committed.
    const fanning = fanOut();
    await untilBlocked(t);
    await rival.query('COMMIT');
    await fanning;
    expect(await status(member)).toBe(CANCELLED);
  });
});

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
    await consume(deps, { kind: 'outbox', id: eventId });
    expect(await cancel()).toBe(false);
    expect(await status()).toBe(1);
    expect(await audited()).toBe(0);
  });

  it('at the same time as the execution has one winner: a command, or a cancelled delivery', async () => {
    for (let round = 0; round < 5; round += 1) {
      signal = await storeSignal(stage, desk.producer.id);
      const { eventId, approval } = await approveSignal(stage, signal.id, desk.userId);
      const [, cancelled] = await Promise.all([consume(deps, { kind: 'outbox', id: eventId }), cancel()]);
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

describe('the expiry of signals', () => {
  const expireAt = (atMs: number) =>
    t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signal.id, isoTime(atMs)]);

  it('is written from the millisecond of the deadline, for undecided deliveries only, and once', async () => {
    const member = await subscriber();
    await fanOut();
    await approveSignal(stage, signal.id, desk.userId);
    await expireAt(nowMs() + 1);
    expect(await expireSignals(deps)).toBe(0);
    deps.clock.advance(1);
    const ends = await Promise.all(Array.from({ length: 5 }, () => expireSignals(deps)));
    expect(ends.reduce((a, b) => a + b)).toBe(1);
    expect([await status(), await status(member)]).toEqual([1, 6]);
  });

  it('is seen by every reader before it is written', async () => {
    await expireAt(nowMs());
    const page = { page: 1, page_size: 10 };
    const filtered = (s: 'new' | 'expired') => listSignals(t.db, desk.userId, { status: s }, nowMs(), page);
    expect(await status()).toBe(0);
    expect((await readSignal(t.db, signal.id, desk.userId, nowMs()))?.signal.status).toBe('expired');
    expect((await filtered('new')).items).toEqual([]);
    expect((await filtered('expired')).items.map((s) => s.id)).toEqual([signal.id]);
    expect((await readSignal(t.db, signal.id, desk.userId, nowMs() - 1))?.signal.status).toBe('new');
  });
});

describe('reading signals', () => {
  const page = { page: 1, page_size: 100 };

  it('shows each member his own delivery, and one who reads everything the owner’s', async () => {
    const member = await subscriber();
    const outsider = await makeUser(stage);
    await fanOut();
    await approveSignal(stage, signal.id, desk.userId);
    const seen = async (userId: string) => {
      const found = await readSignal(t.db, signal.id, userId, nowMs());
      return [found?.mine, found?.signal.status];
    };
    expect(await seen(desk.userId)).toEqual([true, 'approved']);
    expect(await seen(member)).toEqual([true, 'new']);
    expect(await seen(outsider)).toEqual([false, 'approved']);
    expect(await readSignal(t.db, deps.ids.next(), desk.userId, nowMs())).toBeNull();
  });

  it('lists by instrument, status and time, from inclusive and to exclusive', async () => {
    deps.clock.advance(1);
    const second = await storeSignal(stage, desk.producer.id, { instrument: 'EURUSD' });
    const ids = async (filter: Parameters<typeof listSignals>[2]) =>
      (await listSignals(t.db, desk.userId, filter, nowMs(), page)).items.map((s) => s.id);
    expect(await ids({})).toEqual([second.id, signal.id]);
    expect(await ids({ instrument: 'EURUSD' })).toEqual([second.id]);
    expect(await ids({ fromMs: nowMs() })).toEqual([second.id]);
    expect(await ids({ toMs: nowMs() })).toEqual([signal.id]);
    expect(await ids({ status: 'approved' })).toEqual([]);
    const everybodys = (await listSignals(t.db, null, {}, nowMs(), page)).items.map((s) => s.id);
    expect(everybodys).toEqual(expect.arrayContaining([second.id, signal.id]));
    expect((await listSignals(t.db, await makeUser(stage), {}, nowMs(), page)).items).toEqual([]);
  });
});
