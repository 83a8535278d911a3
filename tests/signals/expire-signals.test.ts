import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { expireSignals } from '../../functions/signals/expire-signals.ts';
import { listSignals, readSignal } from '../../functions/signals/signal-store.ts';
import {
  approveSignal,
  auditOf,
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

const nowMs = () => deps.clock.nowMs();
const status = async (userId = desk.userId) =>
  (
    await t.sql('SELECT status FROM deliveries WHERE signal_id = $1 AND user_id = $2', [signal.id, userId])
  )[0]?.['status'];
const fanOut = () => consume(deps, [{ kind: 'outbox', id: signal.eventId }]);
async function subscriber(): Promise<string> {
  const userId = await makeUser(stage);
  await insertSubscription(
    t.db,
    { producerId: desk.producer.id, userId, createdMs: nowMs() },
    auditOf(deps, userId),
  );
  return userId;
}

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

  it('waits for no decision that is being written: what it passes over is the next tick’s', async () => {
    await expireSignals(deps);
    const member = await subscriber();
    await fanOut();
    await expireAt(nowMs());
    const decision = await t.connect('owner');
    await decision.query('BEGIN');
    await decision.query(
      'UPDATE deliveries SET updated_at = updated_at WHERE signal_id = $1 AND user_id = $2',
      [signal.id, member],
    );
    expect(await expireSignals(deps)).toBe(1);
    await decision.query('ROLLBACK');
    expect([await status(), await status(member)]).toEqual([6, 0]);
    expect(await expireSignals(deps)).toBe(1);
  });
});
