import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planDealImport, type StoredFacts } from '../../functions/ledger/deal-import.ts';
import type { PlannedTrade } from '../../functions/ledger/planned-trade.ts';
import { inBrokerOrder } from '../../functions/ledger/trade-projection.ts';
import { runs } from '../support/property.ts';
import { deal, positionLife } from './deal-facts.ts';

const NOTHING: StoredFacts = {
  ...{ deals: [], commands: [], adoptions: [], terms: [], closedBy: new Map(), symbols: {}, currency: 'USD' },
};
const AT_MS = Date.UTC(2026, 5, 1);

describe('the plan of an imported page', () => {
  it('names the deal that stands with anything else in it, whatever that is', () => {
    const stored = { ...NOTHING, deals: [{ ...deal(), revision: 0 }] };
    expect(planDealImport(stored, [deal()], AT_MS)).toMatchObject({ kind: 'plan', newDeals: [], trades: [] });
    expect(planDealImport(stored, [deal({ volume: '1.00', price: '1.10' })], AT_MS).kind).toBe('plan');
    const others: Partial<ReturnType<typeof deal>>[] = [
      ...[
        { orderTicket: '7' },
        { positionId: '7' },
        { timeMs: 7 },
        { type: 'sell' },
        { entry: 'out' as const },
      ],
      ...[
        { magic: '7' },
        { reason: 'sl' },
        { symbol: 'X' },
        { volume: '7' },
        { price: '7' },
        { commission: '7' },
      ],
      ...[{ swap: '7' }, { profit: '7' }, { fee: '7' }, { comment: '7' }, { externalId: '7' }],
    ];
    for (const other of others)
      expect(planDealImport(stored, [deal({ ticket: '1', positionId: '9' }), deal(other)], AT_MS)).toEqual({
        kind: 'conflict',
        ticket: '5001',
      });
  });

  it('makes the same trades of any cut into pages as of the whole, and a second time nothing', () => {
    fc.assert(
      fc.property(
        fc.array(positionLife('x'), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
        (lives, cuts) => {
          const all = inBrokerOrder(
            lives.flatMap(({ deals }, p) =>
              deals.map((d, i) => ({
                ...d,
                positionId: String(100 + p),
                ticket: String(1000 + p * 100 + i),
              })),
            ),
          );
          const ends = [...new Set([0, ...cuts.map((c) => Math.min(c, all.length)), all.length])].sort(
            (a, b) => a - b,
          );
          let stored = NOTHING;
          const books = new Map<string, PlannedTrade>();
          for (const [i, end] of ends.slice(1).entries()) {
            const plan = planDealImport(stored, all.slice(ends[i], end), AT_MS);
            if (plan.kind !== 'plan') throw new Error('no conflict was made');
            stored = { ...stored, deals: [...stored.deals, ...plan.newDeals] };
            for (const trade of plan.trades) books.set(`${trade.positionId}#${trade.episode}`, trade);
          }
          const whole = planDealImport(NOTHING, all, AT_MS);
          const wanted = whole.kind === 'plan' ? whole.trades : [];
          expect([...books.values()].sort(byPosition)).toEqual([...wanted].sort(byPosition));
          expect(wanted.every((trade) => trade.status !== 'closing_unconfirmed')).toBe(true);
          expect(planDealImport(stored, all, AT_MS)).toMatchObject({
            newDeals: [],
            trades: [],
            positions: [],
          });
        },
      ),
      runs(),
    );
  });
});

const byPosition = (a: PlannedTrade, b: PlannedTrade): number =>
  a.positionId.localeCompare(b.positionId) || a.episode - b.episode;
