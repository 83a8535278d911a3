import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { consume } from '../../functions/jobs.ts';
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
