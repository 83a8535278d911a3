/**
 * What a page of an imported history changes in the books. Invariants:
 *  1. what stands already is not stored again, so that a page may be sent any number of times;
 *  2. a ticket that stands with anything else in it is a conflict, and nothing of the page is taken: an imported history has
 *     no broker that restates;
 *  3. trades are what the one projection makes of all deals of their positions, earlier pages' too; where an account stands
 *     now nobody shows, so that nothing open is ever taken for gone.
 * Pure.
 */
import { compare } from '../platform/decimal.ts';
import { type BookedSums, bookedBy } from './booked-sums.ts';
import { currencyPlaces } from './currency-places.ts';
import { latestVersions, type StoredDeal } from './deal-revision.ts';
import { type PlannedTrade, projectPositions, type TradeFacts } from './planned-trade.ts';
import type { Deal } from './trade-projection.ts';

/** What is stored of the positions and tickets that a page names. */
export type StoredFacts = Pick<TradeFacts, 'commands' | 'adoptions' | 'terms' | 'closedBy' | 'symbols'> & {
  deals: readonly StoredDeal[];
  currency: string | null;
};
export type DealImport =
  | { kind: 'conflict'; ticket: string }
  | {
      kind: 'plan';
      newDeals: StoredDeal[];
      /** By how much the account's running sums grow with them. */
      sums: BookedSums;
      trades: PlannedTrade[];
      positions: string[];
    };

const FIGURES = ['volume', 'price', 'commission', 'swap', 'profit', 'fee'] as const;
const WORDS = ['orderTicket', 'positionId', 'type', 'entry', 'magic', 'reason', 'symbol'] as const;
const REMARKS = ['timeMs', 'comment', 'externalId'] as const;

const isSame = (a: Deal, b: Deal): boolean =>
  [...WORDS, ...REMARKS].every((key) => a[key] === b[key]) &&
  FIGURES.every((key) => compare(a[key], b[key]) === 0);

/** Plans a page. `atMs`: now, in milliseconds UTC. */
export function planDealImport(stored: StoredFacts, page: readonly Deal[], atMs: number): DealImport {
  const known = new Map(latestVersions(stored.deals).map((d) => [d.ticket, d]));
  const conflict = page.find((d) => {
    const before = known.get(d.ticket);
    return before !== undefined && !isSame(before, d);
  });
  if (conflict !== undefined) return { kind: 'conflict', ticket: conflict.ticket };
  const newDeals = page.filter((d) => !known.has(d.ticket)).map((d) => ({ ...d, revision: 0 }));
  const touched = new Set(newDeals.map((d) => d.positionId).filter((id) => id !== '0'));
  const projected = projectPositions({
    ...stored,
    deals: [...known.values(), ...newDeals].filter((d) => touched.has(d.positionId)),
    places: currencyPlaces(stored.currency),
    shown: null,
    tickOf: () => null,
    atMs,
  });
  return {
    kind: 'plan',
    newDeals,
    sums: bookedBy(stored.deals, newDeals),
    trades: projected.flatMap((p) => p.lives.map((life) => life.planned)),
    positions: [...touched],
  };
}
