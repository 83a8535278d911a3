/**
 * In which order positions leave when all are to go (domain 3.3): what moves the account's money most first. Pure.
 * Invariants: every position is there once; what can be traded now comes before what cannot; within each the legs that make
 * up a symbol's net exposure come before those that another leg covers, and the larger |net lots| x tick value first.
 */
import { Big } from '../platform/decimal.ts';

export type RankedPosition = { identifier: string; symbol: string; side: 'buy' | 'sell'; volume: string };
export type RankedMarket = {
  /** Money of one tick on one lot; null where the broker has not said. */
  tickValue: string | null;
  /** Whether it was quoted just now. */
  live: boolean;
};

type Group<T> = { live: boolean; exposed: T[]; netted: T[]; weight: Big | null };

/** The positions in that order. A symbol of which nothing is known counts as closed, and as the least at stake. */
export function byRisk<T extends RankedPosition>(
  positions: readonly T[],
  markets: Readonly<Record<string, RankedMarket>>,
): T[] {
  const symbols = [...new Set(positions.map((p) => p.symbol))].sort();
  const groups = symbols.map((symbol) =>
    groupOf(
      positions.filter((p) => p.symbol === symbol),
      markets[symbol],
    ),
  );
  groups.sort((a, b) => Number(b.live) - Number(a.live) || byWeight(a, b));
  return [true, false].flatMap((live) => {
    const own = groups.filter((g) => g.live === live);
    return [...own.flatMap((g) => g.exposed), ...own.flatMap((g) => g.netted)];
  });
}

function groupOf<T extends RankedPosition>(legs: readonly T[], market: RankedMarket | undefined): Group<T> {
  const of = (side: 'buy' | 'sell') => legs.filter((l) => l.side === side).sort(largest);
  const lots = (own: readonly T[]) => own.reduce((total, l) => total.plus(l.volume), new Big(0));
  const [buys, sells] = [of('buy'), of('sell')];
  const net = lots(buys).minus(lots(sells));
  const [heavy, light] = net.gte(0) ? [buys, sells] : [sells, buys];
  let rest = net.abs();
  const isExposed = (leg: T): boolean => {
    const counts = rest.gt(0);
    rest = rest.minus(leg.volume);
    return counts;
  };
  const exposed = heavy.filter(isExposed);
  const covered = heavy.slice(exposed.length);
  const tickValue = market?.tickValue ?? null;
  return {
    live: market?.live ?? false,
    exposed,
    netted: inTurns(light, covered),
    weight: tickValue === null ? null : net.abs().times(tickValue),
  };
}

/** A leg of the one side, then one of the other, so that what is left stays near to covered. */
const inTurns = <T>(one: readonly T[], other: readonly T[]): T[] =>
  Array.from({ length: Math.max(one.length, other.length) }).flatMap((_, i) => [
    ...one.slice(i, i + 1),
    ...other.slice(i, i + 1),
  ]);

const largest = (a: RankedPosition, b: RankedPosition): number =>
  new Big(b.volume).cmp(a.volume) || (a.identifier < b.identifier ? -1 : 1);

function byWeight(a: Group<unknown>, b: Group<unknown>): number {
  if (a.weight === null || b.weight === null) return Number(a.weight === null) - Number(b.weight === null);
  return b.weight.cmp(a.weight);
}
