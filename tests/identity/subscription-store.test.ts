import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deleteSubscription,
  insertSubscription,
  listSubscriptions,
} from '../../functions/identity/subscription-store.ts';
import { auditOf, makeProducer, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());
const nowMs = () => stage.deps.clock.nowMs();
const page = { page: 1, page_size: 100 };

describe('subscriptions', () => {
  const subscribe = (producerId: string, userId: string) =>
    insertSubscription(
      t.db,
      { producerId, userId, createdMs: nowMs() },
      auditOf(stage.deps, userId, 'subscribe'),
    );

  it('are made once, however many ask at once, end once, and name what is unknown', async () => {
    const userId = await makeUser(stage);
    const producer = await makeProducer(stage, await makeUser(stage));
    const ends = await Promise.all(Array.from({ length: 20 }, () => subscribe(producer.id, userId)));
    expect(ends.filter((e) => e.kind === 'created').length).toBe(1);
    expect(ends.filter((e) => e.kind === 'exists').length).toBe(19);
    expect(await subscribe(stage.deps.ids.next(), userId)).toEqual({ kind: 'unknown' });
    expect(await subscribe(producer.id, stage.deps.ids.next())).toEqual({ kind: 'unknown' });
    const audit = await t.sql(`SELECT 1 FROM audit_log WHERE action = 'subscribe' AND subject_id = $1`, [
      userId,
    ]);
    expect(audit.length).toBe(1);
    const leave = () => deleteSubscription(t.db, producer.id, userId, auditOf(stage.deps, userId, 'leave'));
    expect([await leave(), await leave()]).toEqual([true, false]);
    expect((await listSubscriptions(t.db, userId, page)).items).toEqual([]);
  });

  it('of several users to one producer in the same millisecond are each listed once, page by page', async () => {
    const producer = await makeProducer(stage, await makeUser(stage));
    const users = await Promise.all(Array.from({ length: 7 }, () => makeUser(stage)));
    await Promise.all(users.map((u) => subscribe(producer.id, u)));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const found = await listSubscriptions(t.db, null, {
        page: 1,
        page_size: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...found.items.filter((s) => s.producerId === producer.id).map((s) => s.userId));
      cursor = found.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.sort()).toEqual(users.sort());
    expect((await listSubscriptions(t.db, users[0] ?? '', page)).items).toEqual([
      { producerId: producer.id, userId: users[0], createdMs: nowMs() },
    ]);
  });
});
