/**
 * The performance of an account from its books (domain 6): what was realised, what the terminal would state, what a unit
 * of money became, and all of it by period. Invariant: the buckets' sums are the whole's. Pure.
 */
import type { BookedDeal } from './arrived-flows.ts';
import { bucketFigures, legBuckets } from './leg-buckets.ts';
import type { TalliedLeg } from './leg-tally.ts';
import { ALL_DAYS, type NavFigures, navFigures, WEEKDAYS } from './nav-figures.ts';
import {
  type Booking,
  balanceSamples,
  type EquityPoint,
  equitySamples,
  type NavSeries,
  navSeries,
  type Sample,
} from './nav-series.ts';
import { type Bucket, type Period, type ReportClock, reportBuckets } from './report-period.ts';
import { type Flow, orderedStatementFigures } from './statement-figures.ts';

export const MAX_BUCKETS = 5_000;
const DAY_MS = 86_400_000;
/** Days since 1 January 1970, a Thursday, are Saturdays where this is left of seven. */
const SATURDAY = 2;

export type Books = {
  /** In close order. */
  legs: readonly TalliedLeg[];
  /** Of the account from its beginning to the end of what is asked for. */
  flows: readonly Flow[];
  costs: readonly Booking[];
  points: readonly EquityPoint[];
  booked: readonly BookedDeal[];
  startBalance: string | null;
};
export type Asked = { period: Period; fromMs: number | null; toMs: number | null };

/** `basis`: equity as snapshots showed it, or, for a history without any, the balance over closed trades. */
export type NavReport = NavFigures & {
  basis: 'equity' | 'balance';
  sinceMs: number | null;
  stoppedMs: number | null;
  working_days: 'weekdays' | 'all';
};

/** The buckets that were asked for; null where there are more than `MAX_BUCKETS`. */
export function askedBuckets(legs: readonly TalliedLeg[], asked: Asked, clock: ReportClock): Bucket[] | null {
  const from = asked.fromMs ?? legs[0]?.closedMs;
  const last = asked.toMs === null ? legs.at(-1)?.closedMs : asked.toMs - 1;
  if (from === undefined || last === undefined || last < from) return [];
  return reportBuckets(asked.period, clock, from, last, MAX_BUCKETS);
}

/** Every bucket with what was realised in it. */
export function bucketReport(legs: readonly TalliedLeg[], buckets: readonly Bucket[]) {
  const within = legBuckets(legs, buckets);
  return buckets.map((bucket, i) => ({ bucket, ...bucketFigures(within[i] ?? []) }));
}

/** What a terminal's report would state of the account. */
export const statementReport = ({ legs, flows, startBalance }: Books, fromMs: number | null) =>
  orderedStatementFigures(
    legs,
    flows.filter((flow) => fromMs === null || flow.timeMs >= fromMs),
    startBalance ?? undefined,
  );

/** What the account was worth, oldest first: as snapshots showed it, or, where there are none, over its closed trades. */
export function booksSamples(
  books: Books,
  fromMs: number | null,
): { basis: 'equity' | 'balance'; samples: Sample[] } {
  if (books.points.length > 1) {
    const samples = equitySamples(books.points, books.flows, books.booked);
    return { basis: 'equity', samples };
  }
  const flows = books.flows.filter((flow) => fromMs === null || flow.timeMs >= fromMs);
  const results = books.legs.map((leg) => ({ timeMs: leg.closedMs, amount: leg.net }));
  const samples = balanceSamples(books.startBalance ?? '0', [...results, ...books.costs], flows);
  return { basis: 'balance', samples };
}

/** What became of a unit of the account's money. */
export function navReport(books: Books, { fromMs }: Asked, { dayOf }: ReportClock): NavReport {
  const { basis, samples } = booksSamples(books, fromMs);
  const series: NavSeries = navSeries(samples);
  const always = books.legs.some((leg) => Math.floor(leg.closedMs / DAY_MS) % 7 === SATURDAY);
  return {
    ...navFigures(series, dayOf, always ? ALL_DAYS : WEEKDAYS),
    basis,
    sinceMs: series.points[0]?.atMs ?? null,
    stoppedMs: series.stoppedMs,
    working_days: always ? 'all' : 'weekdays',
  };
}
