import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deleteSubscription, insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import {
  approveSignal,
  auditOf,
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

  it('reaches an audience larger than one statement takes, and is done with the last page', async () => {
    await t.sql(`INSERT INTO users (id, email, name, role, created_at)
      SELECT gen_random_uuid(), 'crowd-' || n || '@example.test', 'one of many', 'user', now()
      FROM generate_series(1, 5100) n`);
    await t.sql(
      `INSERT INTO subscriptions (producer_id, user_id, created_at)
        SELECT $1, id, now() FROM users WHERE email LIKE 'crowd-%'`,
      [desk.producer.id],
    );
    await fanOut();
    const [row] = await t.sql(
      `SELECT (SELECT count(*)::int FROM deliveries WHERE signal_id = $1) AS deliveries,
        (SELECT done_at IS NOT NULL FROM outbox WHERE id = $2) AS done`,
      [signal.id, signal.eventId],
    );
    expect(row).toEqual({ deliveries: 5101, done: true });
  });
});
