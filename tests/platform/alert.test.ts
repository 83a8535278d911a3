import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Alert, alertInsert } from '../../functions/platform/alert.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
});
afterAll(() => t?.drop());

const alert = (over: Partial<Alert> = {}): Alert => ({
  ...{ id: deps.ids.next(), eventId: deps.ids.next(), nowMs: deps.clock.nowMs(), kind: 'guard-tripped' },
  ...{
    subjectKind: 'account',
    subjectId: deps.ids.next(),
    period: 'once',
    userId: null,
    detail: { bps: 500 },
  },
  ...over,
});
/** Raises within a statement that changes something, here nothing but whether there is a row. */
const raise = async (a: Alert, changed = true): Promise<unknown[]> =>
  (
    await t.db.run(sql`WITH change AS (SELECT 1 WHERE ${changed}::boolean), ${alertInsert(a, sql`change`)}
    SELECT id FROM raised`)
  ).map((row) => row['id']);
const stored = (subjectId: string) =>
  t.sql(
    `SELECT a.id, a.detail, o.id AS event, o.topic, o.payload FROM alerts a LEFT JOIN outbox o ON o.id = a.event_id
     WHERE a.subject_id = $1`,
    [subjectId],
  );

it('an alert is stored with the event that carries it out', async () => {
  const a = alert();
  expect(await raise(a)).toEqual([a.id]);
  expect(await stored(a.subjectId)).toEqual([
    {
      ...{ id: a.id, detail: { bps: 500 }, event: a.eventId, topic: 'alert.raised' },
      payload: { alert_id: a.id },
    },
  ]);
});

it('nothing is raised where nothing changed', async () => {
  const a = alert();
  expect(await raise(a, false)).toEqual([]);
  expect(await stored(a.subjectId)).toEqual([]);
});

it('the same subject is said once for a period, and again for another kind or period, even by 20 at once', async () => {
  const { subjectId } = alert();
  const all = await Promise.all(Array.from({ length: 20 }, () => raise(alert({ subjectId }))));
  expect(all.flat()).toHaveLength(1);
  expect(await stored(subjectId)).toHaveLength(1);
  await raise(alert({ subjectId, period: 'another' }));
  await raise(alert({ subjectId, kind: 'daily-loss' }));
  expect(await stored(subjectId)).toHaveLength(3);
});

it('period, user and detail may be the statement’s own', async () => {
  const a = alert({ period: sql`'p' || 1`, userId: null, detail: sql`jsonb_build_object('n', 1 + 1)` });
  await raise(a);
  expect(await stored(a.subjectId)).toMatchObject([{ detail: { n: 2 } }]);
});
