/**
 * The samples of an account as the points of an equity curve, few enough to be stored. Invariants: money is exact until it
 * is a float here, once; of each stretch that is left out the highest and the lowest worth net of flows stay, so that peaks
 * and troughs do; every flow arrives with the first point that is kept from then on.
 */
import { amountOf } from '../ledger/exact-money.ts';
import type { Sample } from '../ledger/nav-series.ts';
import type { Books } from '../ledger/performance.ts';
import { sum } from '../platform/decimal.ts';
import type { EquityPoint } from './resolved-chart.ts';

/** What a picture can show of a curve, several times over. */
export const MAX_CURVE_POINTS = 5_000;

/**
 * Books that are read from their very beginning over closed trades: what came in before the first of them was opened is what
 * the account began with and no flow, as in the terminal's report, whose drawdowns are shares of it. Others are as they were.
 */
export function begunBooks(books: Books): Books {
  if (books.startBalance !== null || books.points.length > 1 || books.legs.length === 0) return books;
  const firstMs = books.legs.reduce((least, leg) => Math.min(least, leg.openedMs), Number.POSITIVE_INFINITY);
  const [before, later] = [true, false].map((isBefore) =>
    books.flows.filter(({ timeMs }) => timeMs <= firstMs === isBefore),
  );
  const startBalance = sum((before ?? []).map(({ amount }) => amount));
  return { ...books, flows: later ?? [], startBalance };
}

/** Which samples stay: the first and the last, and of each stretch the extremes of what trading made. */
function keptIndexes(samples: readonly Sample[]): number[] {
  if (samples.length <= MAX_CURVE_POINTS) return samples.map((_, i) => i);
  const stretch = Math.ceil((samples.length * 2) / (MAX_CURVE_POINTS - 2));
  const kept = new Set([0, samples.length - 1]);
  let flows = 0n;
  const own = samples.map(({ equity, flow }) => {
    flows += flow;
    return equity - flows;
  });
  for (let from = 0; from < samples.length; from += stretch) {
    let [low, high] = [from, from];
    for (let i = from; i < Math.min(from + stretch, samples.length); i += 1) {
      if ((own[i] ?? 0n) < (own[low] ?? 0n)) low = i;
      if ((own[i] ?? 0n) > (own[high] ?? 0n)) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

/** The points of a curve; samples come oldest first, those of one moment in the order in which they were. */
export function equityPoints(samples: readonly Sample[]): EquityPoint[] {
  const points: EquityPoint[] = [];
  let taken = 0;
  for (const index of keptIndexes(samples)) {
    let flow = 0n;
    for (; taken <= index; taken += 1) flow += samples[taken]?.flow ?? 0n;
    const sample = samples[index];
    if (sample === undefined) continue;
    points.push({
      timeMs: sample.atMs,
      equity: Number(amountOf(sample.equity)),
      flow: Number(amountOf(flow)),
    });
  }
  return points;
}
