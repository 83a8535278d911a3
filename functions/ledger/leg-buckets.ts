/**
 * Legs by the bucket of their close. Invariant: every leg is in exactly one bucket, so that their sums are the whole's, in
 * any time zone.
 */
import { meanOf } from './exact-money.ts';
import { addTo, type LegSums, newSums, profitFactor, sumFigures, type TalliedLeg } from './leg-tally.ts';
import type { Bucket } from './report-period.ts';

export type BucketFigures = ReturnType<typeof sumFigures> & {
  profit_factor: number | null;
  win_rate: number | null;
  expectancy: string | null;
  expectancy_r: number | null;
  /** Why its profit factor is null: with `no-trades` all its ratios are. */
  reason: 'no-trades' | 'no-losses' | null;
};

/** What each bucket of a list that is in order holds of legs in close order; legs outside all of them are in none. */
export function legBuckets<T extends TalliedLeg>(legs: readonly T[], buckets: readonly Bucket[]): T[][] {
  const found: T[][] = buckets.map(() => []);
  let at = 0;
  for (const leg of legs) {
    while (at < buckets.length && leg.closedMs >= (buckets[at]?.toMs ?? 0)) at += 1;
    const bucket = buckets[at];
    if (bucket !== undefined && leg.closedMs >= bucket.fromMs) found[at]?.push(leg);
  }
  return found;
}

/** The sums and ratios of some legs, in any order. */
export function bucketFigures(legs: readonly Pick<TalliedLeg, 'net' | 'r'>[]): BucketFigures {
  const sums = newSums();
  for (const leg of legs) addTo(sums, leg);
  return figuresOf(sums);
}

/** The same of what has been added up elsewhere. */
export const figuresOf = (sums: LegSums): BucketFigures => ({
  ...sumFigures(sums),
  profit_factor: profitFactor(sums),
  win_rate: sums.trades === 0 ? null : sums.wins / sums.trades,
  expectancy: sums.trades === 0 ? null : meanOf(sums.gain + sums.loss, sums.trades),
  expectancy_r: sums.rTrades === 0 ? null : sums.r / sums.rTrades,
  reason: sums.trades === 0 ? 'no-trades' : sums.losses === 0 ? 'no-losses' : null,
});
