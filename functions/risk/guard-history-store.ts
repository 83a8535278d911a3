/** What an account was worth in its own past, with the flows that arrived, for a guard that is run over it. */
import { balanceSamples, equitySamples, type Sample } from '../ledger/nav-series.ts';
import { readPerformance, readPerformanceAccount } from '../ledger/performance-store.ts';
import { dayStarts, reportClock } from '../ledger/report-period.ts';
import type { Database } from '../platform/database.ts';

/** More than that is not run through in one request. */
export const MOST_SAMPLES = 10_000;

export type History = {
  basis: 'equity' | 'balance';
  /** Oldest first. */
  samples: Sample[];
};

/** From a time on and before another (Unix milliseconds; null: no end). Null where it is more than `MOST_SAMPLES`. */
export async function readHistory(
  db: Database,
  accountId: string,
  asked: { fromMs: number | null; toMs: number | null },
): Promise<History | null> {
  const account = await readPerformanceAccount(db, { accountId, userId: '' });
  const days = dayStarts(reportClock('UTC'), asked, account?.equityMs ?? null);
  const books = await readPerformance(db, { accountId, ...asked, source: null }, days);
  if (books.legs === null) return null;
  const basis = books.points.length > 1 ? 'equity' : 'balance';
  const since = books.flows.filter((flow) => asked.fromMs === null || flow.timeMs >= asked.fromMs);
  const results = [...books.legs.map((leg) => ({ timeMs: leg.closedMs, amount: leg.net })), ...books.costs];
  const samples =
    basis === 'equity'
      ? equitySamples(books.points, books.flows, books.booked)
      : balanceSamples(books.startBalance ?? '0', results, since);
  return samples.length > MOST_SAMPLES ? null : { basis, samples };
}
