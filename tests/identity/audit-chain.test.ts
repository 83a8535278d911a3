import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GENESIS_SHA256,
  SEAL_FORM,
  type Seal,
  type SealedRow,
  sealFault,
} from '../../functions/identity/audit-chain.ts';
import { caseCensus, runs } from '../support/property.ts';

const AT = '2026-03-02T10:00:00.000Z';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const row = (n: number, content = `content ${n}`): SealedRow => ({
  id: `0199c7a0-0000-7000-8000-${String(n).padStart(12, '0')}`,
  content,
});

function sealOver(rows: readonly SealedRow[], before: Seal | null): Seal {
  const entries = rows.map((r) => `${r.id} ${sha256(r.content)}`).join('\n');
  const seq = (before?.seq ?? 0) + 1;
  const lines = [SEAL_FORM, before?.sha256 ?? GENESIS_SHA256, String(seq), AT, String(rows.length), entries];
  return { seq, rows: rows.length, sealedMs: Date.parse(AT), entries, sha256: sha256(lines.join('\n')) };
}

const rows = [row(1), row(2), row(3), row(4)];
const first = sealOver(rows, null);
const second = sealOver([row(5)], first);
const resealed = (over: Partial<Seal>): Seal => ({ ...first, ...over });

describe('a seal', () => {
  it('holds for the rows it was made over, and the next one for its own', async () => {
    expect(await sealFault(null, first, AT, rows)).toBeNull();
    expect(await sealFault(first, second, AT, [row(5)])).toBeNull();
  });

  it.each<[string, SealedRow[], { id: string; detail: string }]>([
    ['changed', [row(1), row(2, 'other'), row(3), row(4, 'other')], { id: row(2).id, detail: 'was changed' }],
    ['removed at the start', rows.slice(1), { id: row(1).id, detail: 'is missing' }],
    ['removed in the middle', [row(1), row(3), row(4)], { id: row(2).id, detail: 'is missing' }],
    ['removed at the end', rows.slice(0, 3), { id: row(4).id, detail: 'is missing' }],
    ['slipped in', [row(1), row(9), ...rows.slice(1)], { id: row(9).id, detail: 'was slipped in' }],
    ['put behind', [...rows, row(9)], { id: row(9).id, detail: 'was slipped in' }],
    [
      'put in the place of another',
      [row(1), row(9), row(3), row(4)],
      { id: row(9).id, detail: 'was slipped in' },
    ],
    ['moved', [row(2), row(1), row(3), row(4)], { id: row(1).id, detail: 'is missing' }],
  ])('names the first row that was %s', async (_what, now, named) => {
    expect(await sealFault(null, first, AT, now)).toEqual({ kind: 'row', seq: 1, ...named });
  });

  it.each<[string, Seal | null, Seal, string]>([
    ['number', null, resealed({ seq: 2 }), 'is missing'],
    ['time', null, first, 'does not follow from the seal before it'],
    ['count', null, resealed({ rows: 5 }), 'does not follow from the seal before it'],
    ['entries', null, resealed({ entries: second.entries }), 'does not follow from the seal before it'],
    ['hash', null, resealed({ sha256: GENESIS_SHA256 }), 'does not follow from the seal before it'],
    ['predecessor', resealed({ sha256: GENESIS_SHA256 }), second, 'does not follow from the seal before it'],
    ['predecessor, which is gone', null, second, 'is missing'],
  ])('does not hold with another %s', async (what, before, seal, detail) => {
    const at = what === 'time' ? '2026-03-02T10:00:00.001Z' : AT;
    const fault = await sealFault(before, seal, at, seal === second ? [row(5)] : rows);
    expect(fault).toMatchObject({ kind: 'seal', detail });
  });

  it('with entries that nobody writes does not hold, however its hash was made', async () => {
    const lines = (entries: string) => [SEAL_FORM, GENESIS_SHA256, '1', AT, '1', entries].join('\n');
    for (const entries of ['', 'x', `${row(1).id} ${'g'.repeat(64)}`, `${row(1).id} ${GENESIS_SHA256}\n`]) {
      const seal = { ...first, rows: 1, entries, sha256: sha256(lines(entries)) };
      expect(await sealFault(null, seal, AT, [])).toMatchObject({ detail: 'does not name its rows' });
    }
  });

  it('finds any one change of any row, and never one where there is none', async () => {
    const census = caseCensus('changed', 'removed', 'added', 'whole');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(999), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.constantFrom('changed' as const, 'removed' as const, 'added' as const, 'whole' as const),
        async (numbers, pick, change) => {
          census.note(change, true);
          const sealed = numbers.map((n) => row(n));
          const at = pick % sealed.length;
          const now = sealed.flatMap((r, i) => {
            if (i !== at || change === 'whole') return [r];
            if (change === 'changed') return [{ ...r, content: `${r.content}!` }];
            return change === 'removed' ? [] : [row(5000), r];
          });
          const fault = await sealFault(null, sealOver(sealed, null), AT, now);
          const id = change === 'added' ? row(5000).id : sealed[at]?.id;
          expect(fault?.kind === 'row' ? fault.id : null).toBe(change === 'whole' ? null : id);
        },
      ),
      runs(100),
    );
    census.expectAllMet();
  });
});
