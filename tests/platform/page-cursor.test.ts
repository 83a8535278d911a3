import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_EXACT_TOTAL, readPage } from '../../functions/platform/page.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
  await t.sql('CREATE TABLE things (id uuid PRIMARY KEY, made timestamptz NOT NULL, kind text NOT NULL)');
  await t.sql('GRANT SELECT ON things TO countersign_runtime');
  // Thirty of one moment, thirty of another with microseconds, and one each before and after.
  await t.sql(
    `INSERT INTO things SELECT gen_random_uuid(), CASE WHEN i <= 30 THEN '2026-03-02T10:00:00.123456Z'
       WHEN i <= 60 THEN '2026-03-02T10:00:00.123457Z' WHEN i = 61 THEN '2026-01-01Z' ELSE '2026-12-31Z' END::timestamptz,
       'few' FROM generate_series(1, 62) AS i`,
  );
});
afterAll(() => t?.drop());

type Query = { page: number; page_size: number; cursor?: string };
const list = (query: Query, where = sql`kind = 'few'`) =>
  readPage(
    t.db,
    query,
    { columns: sql`id, made`, from: sql`FROM things WHERE ${where}`, at: sql`made`, id: sql`id` },
    (row) => String(row['id']),
  );
async function everyPage(pageSize: number): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ page: 1, page_size: pageSize, ...(cursor ? { cursor } : {}) });
    expect(page.total).toBe(62);
    seen.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return seen;
}

describe('a list', () => {
  it.each([1, 7, 31, 62, 100])(
    'by cursor in pages of %i shows every row exactly once, newest first',
    async (size) => {
      const wanted = await t.sql('SELECT id FROM things ORDER BY made DESC, id DESC');
      expect(await everyPage(size)).toEqual(wanted.map((r) => r['id']));
    },
  );

  it('by page number shows the same rows in the same order', async () => {
    const pages = [1, 2, 3, 4, 5].map((page) => list({ page, page_size: 13 }));
    const items = (await Promise.all(pages)).flatMap((p) => p.items);
    expect(items).toEqual(await everyPage(100));
    const beyond = await list({ page: 6, page_size: 13 });
    expect(beyond).toEqual({ items: [], page: 6, page_size: 13, total: 62, next_cursor: null });
  });

  it('shows a row that came meanwhile on no later page, and loses none for it', async () => {
    const first = await list({ page: 1, page_size: 31 });
    await t.sql(`INSERT INTO things VALUES (gen_random_uuid(), '2027-01-01Z', 'few')`);
    const second = await list({ page: 1, page_size: 100, cursor: first.next_cursor ?? '' });
    await t.sql(`DELETE FROM things WHERE made = '2027-01-01Z'`);
    expect([...first.items, ...second.items]).toEqual(await everyPage(100));
  });

  it('ends without a cursor exactly where the last page is full', async () => {
    expect((await list({ page: 2, page_size: 31 })).next_cursor).toBeNull();
    expect((await list({ page: 1, page_size: 31 })).next_cursor).not.toBeNull();
  });

  it('refuses a cursor of another making as an invalid query', async () => {
    for (const cursor of ['', 'x', Buffer.from(`now|${'0'.repeat(36)}`).toString('base64url')])
      await expect(list({ page: 1, page_size: 1, cursor })).rejects.toMatchObject({ slug: 'invalid-query' });
  });

  it('counts exactly up to ten thousand, and says so beyond', async () => {
    const many = sql`kind = 'many'`;
    await t.sql(
      `INSERT INTO things SELECT gen_random_uuid(), now(), 'many' FROM generate_series(1, $1::int)`,
      [MAX_EXACT_TOTAL],
    );
    const exact = await list({ page: 1, page_size: 1 }, many);
    expect([exact.total, exact.total_is_lower_bound]).toEqual([MAX_EXACT_TOTAL, undefined]);
    await t.sql(`INSERT INTO things VALUES (gen_random_uuid(), now(), 'many')`);
    const bound = await list({ page: 1, page_size: 1 }, many);
    expect([bound.total, bound.total_is_lower_bound]).toEqual([MAX_EXACT_TOTAL, true]);
  });
});
