import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../functions/signals/content-digest.ts';
import { caseCensus, runs } from '../support/property.ts';

/** The same value with the members of every object in the reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, reversed(v)]),
  );
}
/** An object as it stands after its way over the wire. */
const content = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  .map((o) => JSON.parse(JSON.stringify(o)) as Record<string, unknown>)
  .filter((o) => !JSON.stringify(o).includes('__proto__'));

describe('a content digest', () => {
  it('is SHA-256 of the RFC 8785 form (its example of numbers and strings)', async () => {
    const text =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';
    const given = JSON.parse(text) as Record<string, unknown>;
    expect(await contentDigest(given)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('does not depend on key order or white space, at any depth', async () => {
    const census = caseCensus('several members', 'nested object', 'array');
    await fc.assert(
      fc.asyncProperty(content, async (given) => {
        const text = JSON.stringify(given);
        census.note('several members', Object.keys(given).length > 1);
        census.note('nested object', /[:[]\{"/.test(text));
        census.note('array', text.includes('['));
        const other = JSON.parse(JSON.stringify(reversed(given), undefined, '\t')) as Record<string, unknown>;
        expect(await contentDigest(other)).toBe(await contentDigest(given));
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('does not depend on how a number is spelled', async () => {
    const digests = await Promise.all(
      ['1', '1.0', '1e0', '10E-1', '100e-2'].map((n) =>
        contentDigest(JSON.parse(`{"a":${n}}`) as Record<string, unknown>),
      ),
    );
    expect(new Set(digests).size).toBe(1);
    expect(await contentDigest({ a: 0 })).toBe(await contentDigest({ a: -0 }));
  });

  it('differs where a value, a type or an order in a list differs', async () => {
    const different = [
      {},
      { a: 1 },
      { a: '1' },
      { a: [1] },
      { a: null },
      { a: 2 },
      { b: 1 },
      { a: [1, 2] },
      { a: [2, 1] },
    ];
    const digests = await Promise.all(different.map(contentDigest));
    expect(new Set(digests).size).toBe(different.length);
  });

  it('throws rather than hash what JSON cannot hold', async () => {
    await expect(async () => contentDigest({ a: Number.NaN })).rejects.toThrow();
    await expect(async () => contentDigest({ a: 1n })).rejects.toThrow();
  });
});
