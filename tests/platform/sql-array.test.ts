import { sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlArray } from '../../functions/platform/sql-array.ts';
import { caseCensus, runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

/** What PostgreSQL holds of an array, each element as it spells it. */
async function arrived(...[type, values]: Parameters<typeof sqlArray>): Promise<unknown> {
  const [row] = await t.db.run(sql`SELECT to_jsonb(${sqlArray(type, values)}::text[]) AS held`);
  return row?.['held'];
}
const parameters = (...of: Parameters<typeof sqlArray>) => {
  const { sql: text, params } = new PgDialect().sqlToQuery(sqlArray(...of));
  return { text, params };
};

describe('an array of texts', () => {
  it('arrives as it was given, whatever the texts hold', async () => {
    const census = caseCensus(
      ...(['no element', 'an empty text', 'NULL', 'a quote', 'a backslash', 'a comma', 'a brace'] as const),
      ...(['white space at an end', 'beyond the basic plane', 'several elements'] as const),
    );
    const mark = fc.constantFrom('"', '\\', ',', '{', '}', ' ', '\n', "'", '$1', '[', 'n', 'NULL', 'null');
    const text = fc.oneof(
      fc.array(mark, { maxLength: 8 }).map((marks) => marks.join('')),
      // U+0000 is in no text of PostgreSQL's.
      fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\0', '')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 12 }), async (texts) => {
        census.note('no element', texts.length === 0);
        census.note('several elements', texts.length > 1);
        const any = (pattern: RegExp): boolean => texts.some((s) => pattern.test(s));
        census.note('an empty text', texts.includes(''));
        census.note('NULL', any(/^null$/i));
        census.note('a quote', any(/"/));
        census.note('a backslash', any(/\\/));
        census.note('a comma', any(/,/));
        census.note('a brace', any(/[{}]/));
        census.note('white space at an end', any(/^\s|\s$/));
        census.note('beyond the basic plane', any(/[\u{10000}-\u{10FFFF}]/u));
        expect(await arrived('text', texts)).toEqual(texts);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('holds no null, though a text says so, and no array within', async () => {
    const texts = ['NULL', '', 'a"b\\c', '{a,b}', '{}', '\\N'];
    const [row] = await t.db.run(sql`SELECT array_ndims(a) AS dimensions, cardinality(a) AS count,
      array_position(a, NULL) AS null_at FROM (SELECT ${sqlArray('text', texts)} AS a) x`);
    expect(row).toEqual({ dimensions: 1, count: texts.length, null_at: null });
  });
});

describe('an array', () => {
  it('is one parameter with its cast, however many its values are', () => {
    expect(parameters('text', [])).toEqual({ text: '$1::text[]', params: ['{}'] });
    expect(parameters('text', ['a', 'b"\\'])).toEqual({ text: '$1::text[]', params: ['{"a","b\\"\\\\"}'] });
    expect(parameters('bigint', [1, 2n, '3'])).toEqual({ text: '$1::bigint[]', params: ['{"1","2","3"}'] });
    const { text, params } = parameters(
      'uuid',
      Array.from({ length: 70_000 }, () => t.name),
    );
    expect([text, params.length]).toEqual(['$1::uuid[]', 1]);
  });

  it('takes its values from whatever can be gone through once', async () => {
    const names = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await arrived('text', names.keys())).toEqual(['a', 'b']);
    expect(await arrived('text', new Set(['b', 'a', 'b']))).toEqual(['b', 'a']);
  });

  const [LOW, HIGH] = [-(2n ** 63n), 2n ** 63n - 1n];
  it.each([
    ['uuid', ['00000000-0000-7000-8000-000000000001', 'FFFFFFFF-ffff-7fff-bfff-ffffffffffff']],
    ['bigint', [LOW, HIGH, 0n, Number.MIN_SAFE_INTEGER, '17']],
    ['int', [-(2 ** 31), 2 ** 31 - 1]],
    ['smallint', [-32_768, 32_767]],
    ['numeric', ['0.1', 0.25, 1e21, '-12345678901234567890.12345678']],
    ['timestamptz', ['2026-03-02T10:00:00.123Z']],
  ] as const)('of %s is of that type, each value as it was given', async (type, values) => {
    const [row] =
      await t.db.run(sql`SELECT pg_typeof(a)::text AS type, to_jsonb(ARRAY(SELECT x::text FROM unnest(a) x)) AS held,
      to_jsonb(ARRAY(SELECT e.value::${sql.raw(type)}::text FROM jsonb_array_elements_text(${JSON.stringify(values.map(String))}::jsonb)
        WITH ORDINALITY e ORDER BY e.ordinality)) AS given FROM (SELECT ${sqlArray(type, values)} AS a) s`);
    const named: Record<string, string> = { int: 'integer', timestamptz: 'timestamp with time zone' };
    expect(row?.['type']).toBe(`${named[type] ?? type}[]`);
    expect(row?.['held']).toEqual(row?.['given']);
  });

  it.each([
    ['uuid', ''],
    ['uuid', 'NULL'],
    ['uuid', 'x'],
    ['bigint', ''],
    ['bigint', '1.5'],
    ['bigint', String(HIGH + 1n)],
  ] as const)('of %s with %j fails the statement', async (type, value) => {
    await expect(arrived(type, [value])).rejects.toThrow();
  });
});
