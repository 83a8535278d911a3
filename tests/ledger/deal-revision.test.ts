import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latestVersions, newVersions, type StoredDeal } from '../../functions/ledger/deal-revision.ts';
import { caseCensus, runs } from '../support/property.ts';
import { deal } from './deal-facts.ts';

describe('new versions', () => {
  it('are unknown deals, and known ones with other figures', () => {
    const stored = [{ ...deal(), revision: 0 }];
    expect(newVersions([], [deal()])).toEqual(stored);
    expect(newVersions(stored, [deal({ swap: '-1' }), deal({ ticket: '5002' })])).toEqual([
      { ...deal({ swap: '-1' }), revision: 1 },
      { ...deal({ ticket: '5002' }), revision: 0 },
    ]);
  });

  it('are not made by another spelling, a remark, a clock or a magic', () => {
    const said = deal({
      price: '1.10',
      volume: '1.00',
      comment: 'x',
      externalId: 'y',
      timeMs: 1,
      magic: '1',
      reason: 'sl',
    });
    expect(newVersions([{ ...deal(), revision: 0 }], [said])).toEqual([]);
  });

  it('are told apart within one reply too', () => {
    expect(newVersions([], [deal(), deal(), deal({ fee: '-1' })]).map((d) => d.revision)).toEqual([0, 1]);
  });
});

describe('any replies', () => {
  it('store each version once, never flip back and leave one that counts', () => {
    const census = caseCensus('restated', 'an old one again');
    const version = fc.record({
      ticket: fc.constantFrom('1', '2'),
      swap: fc.constantFrom('0', '-1', '-2.5'),
    });
    fc.assert(
      fc.property(fc.array(fc.array(version, { maxLength: 4 }), { maxLength: 6 }), (replies) => {
        let stored: StoredDeal[] = [];
        const seen = new Set<string>();
        for (const reply of replies) {
          const before = latestVersions(stored);
          const fresh = newVersions(
            stored,
            reply.map((v) => deal(v)),
          );
          const unseen = new Set(reply.map((v) => `${v.ticket} ${v.swap}`).filter((v) => !seen.has(v)));
          expect(fresh.map((d) => `${d.ticket} ${d.swap}`).sort()).toEqual([...unseen].sort());
          census.note(
            'an old one again',
            reply.some((v) =>
              before.some(
                (d) => d.ticket === v.ticket && d.swap !== v.swap && seen.has(`${v.ticket} ${v.swap}`),
              ),
            ),
          );
          for (const v of unseen) seen.add(v);
          stored = [...stored, ...fresh];
          if (unseen.size === 0) expect(latestVersions(stored)).toEqual(before);
        }
        const keys = stored.map((d) => `${d.ticket} ${d.revision}`);
        expect(new Set(keys).size, 'no revision twice').toBe(keys.length);
        for (const d of latestVersions(stored)) {
          const revisions = stored.filter((s) => s.ticket === d.ticket).map((s) => s.revision);
          expect(d.revision).toBe(Math.max(...revisions));
          expect(revisions.length).toBe(d.revision + 1);
          census.note('restated', d.revision > 0);
        }
      }),
      runs(300),
    );
    census.expectAllMet();
  });
});
