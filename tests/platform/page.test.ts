import { sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import type { Database, Row } from '../../functions/platform/database.ts';
import {
  decodeCursor,
  MAX_EXACT_TOTAL,
  pageQuery,
  readPage,
  rowTime,
} from '../../functions/platform/page.ts';

const ID = '0199c7a0-0000-7000-8000-000000000001';
const AT = '2026-11-21 01:40:17.57+00';
const cursorOf = (text: string): string => Buffer.from(text).toString('base64url');
const parts = { columns: sql`*`, from: sql`FROM things WHERE true`, at: sql`created_at`, id: sql`id` };

/** A database that answers every page with these rows and this total, and keeps what it was asked. */
function answering(rows: Row[], total: number) {
  const asked: { sql: string; params: unknown[] }[] = [];
  const db: Database = {
    run: async () => [],
    batch: async (statements) => {
      asked.push(...statements.map((s) => new PgDialect().sqlToQuery(s)));
      return [rows, [{ total }]];
    },
  };
  return { db, asked };
}
const rowsOf = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ n: i, page_at: AT, page_id: ID }));
const query = (more: Partial<{ page: number; page_size: number; cursor: string }> = {}) => ({
  page: 1,
  page_size: 2,
  ...more,
});

describe('a cursor', () => {
  it('names a moment as PostgreSQL prints it and an id', () => {
    expect(decodeCursor(cursorOf(`${AT}|${ID}`))).toEqual({ at: AT, id: ID });
    expect(decodeCursor(cursorOf(`2026-11-21 01:40:17+05:30|${ID}`))).not.toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no separator', cursorOf('2026')],
    ['too many parts', cursorOf(`${AT}|${ID}|x`)],
    ['no id', cursorOf(`${AT}|`)],
    ['a foreign id', cursorOf(`${AT}|1`)],
    ['no moment', cursorOf(`|${ID}`)],
    ['a word that JavaScript takes for a date', cursorOf(`Jan 1 2020|${ID}`)],
    ['a month that is not', cursorOf(`2026-13-01 00:00:00+00|${ID}`)],
    ['a day that is not', cursorOf(`2026-02-30 00:00:00+00|${ID}`)],
    ['infinity', cursorOf(`infinity|${ID}`)],
    ['the year 0', cursorOf(`0000-01-01 00:00:00+00|${ID}`)],
  ])('of %s is none of ours', (_what, text) => {
    expect(decodeCursor(text)).toBeNull();
  });

  const net = { name: 'net-', kind: 'decimal', ascending: false } as const;
  const closed = { name: 'closed_at', kind: 'time', ascending: true } as const;

  it('of another order names that order, and a place in it alone', () => {
    const place = cursorOf(`-12.50|${ID}|net-`);
    expect(decodeCursor(place, net)).toEqual({ at: '-12.50', id: ID });
    expect(decodeCursor(place)).toBeNull();
    expect(decodeCursor(place, { ...net, name: 'net' })).toBeNull();
    expect(decodeCursor(cursorOf(`${AT}|${ID}|closed_at`), closed)).toEqual({ at: AT, id: ID });
    expect(decodeCursor(cursorOf(`infinity|${ID}|closed_at`), closed)).toEqual({ at: 'infinity', id: ID });
    expect(decodeCursor(cursorOf(`${AT}|${ID}`), closed)).toBeNull();
  });

  it.each(['NaN', 'infinity', '1e5', '', '1 ', '--1', '1.123456789', '1234567890123', '0x1'])(
    'of the amount %s is none of ours',
    (amount) => {
      expect(decodeCursor(cursorOf(`${amount}|${ID}|net-`), net)).toBeNull();
    },
  );

  it('may name a row by a text, where its list does so', () => {
    const place = cursorOf(`${AT}|${ID}/42`);
    expect(decodeCursor(place)).toBeNull();
    expect(decodeCursor(place, null, 'text')).toEqual({ at: AT, id: `${ID}/42` });
    expect(decodeCursor(cursorOf(`${AT}|a b`), null, 'text')).toBeNull();
  });

  it('that is none of ours is refused with its pointer, and the database is not asked', async () => {
    const { db, asked } = answering([], 0);
    await expect(readPage(db, query({ cursor: 'junk' }), parts, (r) => r)).rejects.toMatchObject({
      slug: 'invalid-query',
      extra: { errors: [{ pointer: '/cursor' }] },
    });
    expect(asked).toEqual([]);
  });
});

describe('a page', () => {
  it('goes the way of its order, and from the cursor on', async () => {
    const { db, asked } = answering([], 0);
    const order = { name: 'net', kind: 'decimal', ascending: true } as const;
    const at = sql`net`;
    await readPage(db, query({ cursor: cursorOf(`7|${ID}|net`) }), { ...parts, at, order }, (r) => r);
    expect(asked[0]?.sql).toContain('AND (net, id) > ($1::numeric, $2::uuid)');
    expect(asked[0]?.sql).toContain('ORDER BY net ASC, id ASC');
    expect(asked[0]?.params.slice(0, 2)).toEqual(['7', ID]);
  });

  it('asks for one row more than it shows, and that row makes the next cursor', async () => {
    const { db, asked } = answering(rowsOf(3), 3);
    const page = await readPage(db, query(), parts, (r) => r['n']);
    expect(page).toEqual({
      items: [0, 1],
      page: 1,
      page_size: 2,
      total: 3,
      next_cursor: cursorOf(`${AT}|${ID}`),
    });
    expect(asked[0]?.params).toEqual([3, 0]);
  });

  it('that is the last has no next cursor, also when it is full', async () => {
    const full = await readPage(answering(rowsOf(2), 2).db, query(), parts, (r) => r['n']);
    expect(full).toMatchObject({ items: [0, 1], next_cursor: null });
    const past = await readPage(answering([], 2).db, query({ page: 9 }), parts, (r) => r['n']);
    expect(past).toMatchObject({ items: [], next_cursor: null, page: 9, total: 2 });
  });

  it('after a cursor starts there and not at an offset', async () => {
    const { db, asked } = answering([], 0);
    await readPage(db, query({ page: 5, cursor: cursorOf(`${AT}|${ID}`) }), parts, (r) => r);
    expect(asked[0]?.sql).toMatch(/\(created_at, id\) < \(\$1::timestamptz, \$2::uuid\)/);
    expect(asked[0]?.params).toEqual([AT, ID, 3, 0]);
    expect(asked[1]?.sql, 'the total is of the list, not of what is left').not.toContain('<');
  });

  it('by number starts at its offset', async () => {
    const { db, asked } = answering([], 0);
    await readPage(db, query({ page: 5 }), parts, (r) => r);
    expect(asked[0]?.params).toEqual([3, 8]);
  });

  it('says an exact total up to the limit and a lower bound beyond', async () => {
    const exact = await readPage(answering([], MAX_EXACT_TOTAL).db, query(), parts, (r) => r);
    expect(exact).toMatchObject({ total: 10_000 });
    expect(exact).not.toHaveProperty('total_is_lower_bound');
    const beyond = await readPage(answering([], MAX_EXACT_TOTAL + 1).db, query(), parts, (r) => r);
    expect(beyond).toMatchObject({ total: 10_000, total_is_lower_bound: true });
  });
});

describe('the query of a list', () => {
  it('has 50 a page by default, and at most 100', () => {
    expect(pageQuery.parse({})).toEqual({ page: 1, page_size: 50 });
    expect(pageQuery.parse({ page: '3', page_size: '100' })).toEqual({ page: 3, page_size: 100 });
  });

  it.each([
    { page: '0' },
    { page: '-1' },
    { page: '1.5' },
    { page: '' },
    { page: 'two' },
    { page: '1000001' },
    { page_size: '0' },
    { page_size: '101' },
    { page_size: 'all' },
    { cursor: 'x'.repeat(201) },
  ])('%j is refused', (given) => {
    expect(pageQuery.safeParse(given).success).toBe(false);
  });
});

describe('a time in a row', () => {
  it('is read to the millisecond', () => {
    expect(rowTime({ at: AT }, 'at')).toBe(Date.UTC(2026, 10, 21, 1, 40, 17, 570));
  });
});
