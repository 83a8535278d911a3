/**
 * The worth of one unit of an account (domain 3.1): what its trading made of each unit of money, however much money came
 * or went. Between two samples it grows by (equity - flow) / equity before, so a deposit buys units and a withdrawal
 * gives them back, at the price of that moment. Invariants: NAV begins at 1; no deposit, withdrawal or credit moves it or its
 * drawdown, whenever its deal was booked; money that trading made or lost moves it, whatever else came with it.
 *
 * A flow belongs to the sample in which the balance has moved by it, and that need not be the one its deal's time says: a
 * snapshot may show money whose deal comes later, or a deal whose money is not there yet. The balance identity tells: what
 * trading does not explain of a change of balance and credit is flow.
 */
import { unitsOf } from './exact-money.ts';
import { compareTickets } from './realised-leg.ts';
import type { Flow } from './statement-figures.ts';

/** An account as a valid snapshot showed it; plain decimals. */
export type EquityPoint = { atMs: number; balance: string; credit: string; equity: string };
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

/** How far a deal's time and the snapshot that shows its money may lie apart. */
export const SETTLE_MS = 600_000;

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
 * Equity points with the flows that arrived with each. All in any order; of a moment or a ticket given twice the later one
 * in the list counts. `booked` are the deals that are no flow, at least those between the points around
 * `SETTLE_MS` before and after each flow. Flows of before the first point are in its equity already; those of after the
 * last one wait for the next.
 */
export function equitySamples(
  points: readonly EquityPoint[],
  flows: readonly Flow[],
  booked: readonly Booking[],
): Sample[] {
  const ordered = [...new Map(points.map((p) => [p.atMs, p])).values()].sort((a, b) => a.atMs - b.atMs);
  const held = ordered.map((p) => unitsOf(p.balance) + unitsOf(p.credit));
  const times = ordered.map((p) => p.atMs);
  // What trading does not explain of each change, flows taken off as they are found in it.
  const unexplained = held.map((now, i) => (i === 0 ? 0n : now - (held[i - 1] ?? 0n)));
  for (const { timeMs, amount } of booked) {
    const at = firstAtOrAfter(times, timeMs);
    if (at > 0 && at < times.length) unexplained[at] = (unexplained[at] ?? 0n) - unitsOf(amount);
  }
  const arrived = held.map(() => 0n);
  for (const { units, at } of arrivals(times, unexplained, distinctFlows(flows)))
    if (at > 0 && at < times.length) arrived[at] = (arrived[at] ?? 0n) + units;
  return ordered.map((p, i) => ({ atMs: p.atMs, equity: unitsOf(p.equity), flow: arrived[i] ?? 0n }));
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

type DatedUnits = { timeMs: number; units: bigint };

function distinctFlows(flows: readonly Flow[]): DatedUnits[] {
  return [...new Map(flows.map((flow) => [flow.ticket, flow])).values()]
    .sort((a, b) => a.timeMs - b.timeMs || compareTickets(a.ticket, b.ticket))
    .map(({ timeMs, amount }) => ({ timeMs, units: unitsOf(amount) }));
}

/** A flow and the index of the point it arrived with. 0: before the first point; the number of points: after the last. */
type Arrival = DatedUnits & { said: number; first: number; last: number; at: number };

/** So many flows around one point are tried in every combination. */
const MOST_TOGETHER = 12;

/**
 * Where flows arrived: flows that together are to the cent what a point is short of arrived with it. Of the others each arrived
 * with the point near the time of its deal that it explains most of, half of itself at least, and of equals the nearest; where
 * none is, with that of its time. `unexplained` is what each point's change is short of.
 */
function arrivals(
  times: readonly number[],
  unexplained: readonly bigint[],
  flows: readonly DatedUnits[],
): Arrival[] {
  const short = [...unexplained];
  const open = new Set<Arrival>();
  const all = flows.map((flow): Arrival => {
    const said = firstAtOrAfter(times, flow.timeMs);
    const first = Math.max(1, firstAtOrAfter(times, flow.timeMs - SETTLE_MS));
    const last = Math.min(times.length - 1, firstAtOrAfter(times, flow.timeMs + SETTLE_MS));
    return { ...flow, said, first, last, at: said };
  });
  for (const flow of all) open.add(flow);
  const arrive = (flow: Arrival, at: number): void => {
    open.delete(flow);
    flow.at = at;
    if (at > 0 && at < times.length) short[at] = (short[at] ?? 0n) - flow.units;
  };
  const near = new Set(all.flatMap(({ first, last }) => range(first, last)));
  for (const at of [...near].sort((a, b) => a - b)) {
    const around = [...open].filter((flow) => flow.first <= at && at <= flow.last);
    around.sort((a, b) => Math.abs(a.said - at) - Math.abs(b.said - at));
    const together = adding(around.slice(0, MOST_TOGETHER), short[at] ?? 0n);
    for (const flow of together) arrive(flow, at);
  }
  for (const flow of open) arrive(flow, likeliest(flow, short));
  return all;
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** Flows, the first ones rather, that add up to an amount that is not zero; none where no combination does. */
function adding(flows: readonly Arrival[], amount: bigint): readonly Arrival[] {
  if (amount === 0n) return [];
  const search = (from: number, rest: bigint): readonly Arrival[] | null => {
    if (rest === 0n) return [];
    for (let i = from; i < flows.length; i += 1) {
      const flow = flows[i];
      const more = flow === undefined ? null : search(i + 1, rest - flow.units);
      if (flow !== undefined && more !== null) return [flow, ...more];
    }
    return null;
  };
  return search(0, amount) ?? [];
}

function likeliest({ units, said, first, last }: Arrival, short: readonly bigint[]): number {
  /** By how much less is unexplained if it arrived there; the flow's own size at most. */
  const explains = (at: number): bigint => {
    const missing = short[at];
    return at === 0 || missing === undefined ? 0n : magnitude(missing) - magnitude(missing - units);
  };
  let best = said;
  for (const at of range(first, last)) {
    const gain = explains(at) - explains(best);
    const nearer = Math.abs(at - said) < Math.abs(best - said);
    if (explains(at) * 2n >= magnitude(units) && (gain > 0n || (gain === 0n && nearer))) best = at;
  }
  return best;
}

const magnitude = (units: bigint): bigint => (units < 0n ? -units : units);

/** The index of the first time that is not before `timeMs`; the length where all are. */
function firstAtOrAfter(times: readonly number[], timeMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
