/**
 * The worth of one unit of an account (domain 3.1): what its trading made of each unit of money, however much money came
 * or went. Between two samples it grows by (equity - flow) / equity before, so a deposit buys units and a withdrawal
 * gives them back, at the price of that moment. Invariants: NAV begins at 1; no deposit, withdrawal or credit moves it or its
 * drawdown, whenever its deal was booked; money that trading made or lost moves it, whatever else came with it.
 *
 * A flow belongs to the sample in which the balance has moved by it, and that need not be the one that told of its deal, nor the
 * one its deal's time says (`arrived-flows.ts`).
 */
import { arrivedFlows, type BookedDeal, type DatedUnits } from './arrived-flows.ts';
import { unitsOf } from './exact-money.ts';
import type { Flow } from './statement-figures.ts';

/**
 * An account as a valid snapshot showed it, and what its deals had booked and brought in flows as far as they were known with it;
 * plain decimals. Null: nobody knows.
 */
export type EquityPoint = {
  atMs: number;
  balance: string;
  credit: string;
  equity: string;
  booked: string | null;
  flowed: string | null;
};
/** Money that deals booked which are no flow; a plain decimal. */
export type Booking = { timeMs: number; amount: string };
/** Equity at a moment, and the flows since the moment before; both in units of money. */
export type Sample = { atMs: number; equity: bigint; flow: bigint };

export type NavPoint = {
  atMs: number;
  nav: number;
  /** Equity less all flows since the first sample, in units of money: what trading moved. */
  own: bigint;
};
/** `stoppedMs`: when nothing was left, after which no return is defined; null while there is something. */
export type NavSeries = { points: NavPoint[]; stoppedMs: number | null };

/** The NAV at each sample; they come oldest first. It begins with the first sample that is worth anything. */
export function navSeries(samples: readonly Sample[]): NavSeries {
  const points: NavPoint[] = [];
  let nav = 1;
  let flows = 0n;
  let before = 0n;
  for (const { atMs, equity, flow } of samples) {
    if (points.length === 0) {
      if (equity <= 0n) continue;
    } else {
      flows += flow;
      const grown = equity - flow;
      // From an empty account nothing grows: whoever puts money in again goes on where he left.
      if (before > 0n) nav = grown > 0n ? nav * (Number(grown) / Number(before)) : 0;
    }
    points.push({ atMs, nav: settled(nav), own: equity - flows });
    if (nav <= 0) return { points, stoppedMs: atMs };
    before = equity > 0n ? equity : 0n;
  }
  return { points, stoppedMs: null };
}

/** Twelve digits: a fall that is made good is at its peak again, and not the last bit of a float below it. */
const settled = (nav: number): number => Number(nav.toPrecision(12));

/**
 * Equity points with the flows that arrived with each. Points and flows in any order; of a moment or a ticket given twice the later
 * one in the list counts. `flows` and `booked` (in the order of their tickets) are all of the account, or `booked` none where
 * what was held was always what was told (`arrivedFlows`). What stood in the account at the first point is no flow.
 */
export function equitySamples(
  points: readonly EquityPoint[],
  flows: readonly Flow[],
  booked: readonly BookedDeal[],
): Sample[] {
  const ordered = [...new Map(points.map((p) => [p.atMs, p])).values()].sort((a, b) => a.atMs - b.atMs);
  const held = ordered.map((p) => ({
    ...{ atMs: p.atMs, held: unitsOf(p.balance) + unitsOf(p.credit) },
    told:
      p.booked === null || p.flowed === null
        ? null
        : { booked: unitsOf(p.booked), flowed: unitsOf(p.flowed) },
  }));
  const arrived = arrivedFlows(held, booked, distinctFlows(flows));
  return ordered.map(({ atMs, equity }, i) => ({
    ...{ atMs, equity: unitsOf(equity), flow: arrived[i] ?? 0n },
  }));
}

/**
 * The same from closed trades alone, for a history without equity points: its equity is the balance, a sample at each
 * change of it. `results` are legs and costs of the account; flows of one moment with a result come before it.
 */
export function balanceSamples(start: string, results: readonly Booking[], flows: readonly Flow[]): Sample[] {
  const changes = [
    ...distinctFlows(flows).map((flow) => ({ ...flow, isFlow: true })),
    ...results.map(({ timeMs, amount }) => ({ timeMs, units: unitsOf(amount), isFlow: false })),
  ].sort((a, b) => a.timeMs - b.timeMs);
  let equity = unitsOf(start);
  const [first] = changes;
  const samples: Sample[] = [];
  if (first !== undefined) samples.push({ atMs: first.timeMs, equity, flow: 0n });
  let merging = { timeMs: Number.NaN, isFlow: false };
  for (const { timeMs, isFlow, units } of changes) {
    equity += units;
    const flow = isFlow ? units : 0n;
    const last = samples.at(-1);
    // All flows of a moment are one sample: it is worth what stands in the account after it, not between.
    if (last !== undefined && merging.timeMs === timeMs && merging.isFlow === isFlow) {
      last.equity = equity;
      last.flow += flow;
    } else samples.push({ atMs: timeMs, equity, flow });
    merging = { timeMs, isFlow };
  }
  return samples;
}

/** Each once. */
const distinctFlows = (flows: readonly Flow[]): DatedUnits[] =>
  [...new Map(flows.map((flow) => [flow.ticket, flow])).values()].map(({ timeMs, amount }) => ({
    ...{ timeMs, units: unitsOf(amount) },
  }));
