import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outboxInsert, sweepOutbox } from '../../functions/platform/outbox-store.ts';
import {
  MAX_WAITING,
  PICTURE_TOPIC,
  pictureWish,
  wishInsert,
} from '../../functions/platform/picture-wish.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(() => t.sql('DELETE FROM outbox'));
afterAll(() => t?.drop());

const id = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const wish = (n: number, subject = n) =>
  t.db.run(
    wishInsert(
      'trade',
      sql`SELECT ${id(n)}::uuid AS event_id, ${id(subject)}::uuid AS subject_id, ${id(7)}::uuid AS user_id`,
      START_MS,
    ),
  );

describe('a wish for a picture', () => {
  it('is an event of its topic, once for its id, due at once', async () => {
    await wish(1);
    await wish(1, 2);
    const rows = await t.sql('SELECT topic, payload, available_at FROM outbox');
    expect(rows).toEqual([
      {
        topic: PICTURE_TOPIC,
        payload: { kind: 'trade', id: id(1), user_id: id(7) },
        available_at: new Date(START_MS),
      },
    ]);
    expect(pictureWish(rows[0]?.['payload'] as Record<string, unknown>)).toEqual({
      ...{ kind: 'trade', id: id(1), userId: id(7) },
    });
    for (const other of [{}, { kind: 'user', id: 'x', user_id: 'y' }, { kind: 'trade', id: 1, user_id: 'y' }])
      expect(pictureWish(other)).toBeNull();
  });

  it('is not taken on while as many wait as there may, and is again when one is done', async () => {
    await t.sql(
      `INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
       SELECT gen_random_uuid(), $1, '{}', now(), now(), 0 FROM generate_series(1, $2)`,
      [PICTURE_TOPIC, MAX_WAITING],
    );
    await wish(1);
    const stands = async () => (await t.sql('SELECT 1 FROM outbox WHERE id = $1', [id(1)])).length;
    expect(await stands()).toBe(0);
    await t.sql('UPDATE outbox SET done_at = now() WHERE id IN (SELECT id FROM outbox LIMIT 1)');
    await wish(1);
    expect(await stands()).toBe(1);
  });

  it('is swept apart from everything else, so that neither waits for the other', async () => {
    const { ids } = testDeps(t);
    const other = ids.next();
    const event = { id: other, topic: 'command.created', payload: {}, nowMs: START_MS - 60_000 };
    await t.db.run(outboxInsert({ ...event, from: sql`(SELECT 1) AS one` }));
    for (const n of [1, 2, 3]) await wish(n);
    expect(await sweepOutbox(t.db, START_MS, 1)).toEqual([other]);
    expect(await sweepOutbox(t.db, START_MS, 10)).toEqual([]);
    expect((await sweepOutbox(t.db, START_MS, 2, 'pictures')).length).toBe(2);
    expect((await sweepOutbox(t.db, START_MS, 2, 'pictures')).length).toBe(1);
  });

  it('is found by its own index, however many other events wait', async () => {
    await t.sql(`INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      SELECT gen_random_uuid(), 'signal.created', '{}', now(), now(), 0 FROM generate_series(1, 5000)`);
    await t.sql('ANALYZE outbox');
    const plan =
      await t.sql(`EXPLAIN SELECT 1 FROM outbox o WHERE o.topic = 'picture.wanted' AND o.done_at IS NULL
      AND o.dead_at IS NULL LIMIT 200`);
    expect(JSON.stringify(plan)).toContain('ix_outbox_pictures');
  });
});
