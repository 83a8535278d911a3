/**
 * Which change of an account's money a flow arrived with, by the times of both: for points of which nobody knows what deals had
 * been told with them. A snapshot may show money whose deal comes later, or a deal whose money is not there yet. The balance
 * identity tells: what trading does not explain of a change of balance and credit is flow. Pure.
 */
import { amountSubset, magnitude } from './amount-subset.ts';

/** Money in units, at a moment. */
export type DatedUnits = { timeMs: number; units: bigint };

/** How far a deal's time and the snapshot that shows its money may lie apart. */
export const SETTLE_MS = 600_000;

/** Points in their order: whether it can be told by this alone what came with each, and what balance and credit were. */
export type DatedPoint = { timeMs: number; held: bigint; isBare: boolean };

/**
 * What arrived with each bare point, in units. `booked` are the deals that are no flow, at least those between the points around
 * `SETTLE_MS` before and after each flow. Flows of before the first point are in its equity already; those of after the last one
 * wait for the next.
 */
export function datedFlows(
  points: readonly DatedPoint[],
  flows: readonly DatedUnits[],
  booked: readonly DatedUnits[],
): bigint[] {
  const times = points.map((p) => p.timeMs);
  const isBare = (at: number): boolean => at > 0 && points[at]?.isBare === true;
  // What trading does not explain of each change, flows taken off as they are found in it.
  const unexplained = points.map((p, at) => (isBare(at) ? p.held - (points[at - 1]?.held ?? 0n) : 0n));
  for (const { timeMs, units } of booked) {
    const at = firstAtOrAfter(times, timeMs);
    if (isBare(at)) unexplained[at] = (unexplained[at] ?? 0n) - units;
  }
  const arrived = points.map(() => 0n);
  for (const { units, at } of arrivalsOf(times, unexplained, flows))
    if (isBare(at)) arrived[at] = (arrived[at] ?? 0n) + units;
  return arrived;
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
function arrivalsOf(
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
    const together = amountSubset(around.slice(0, MOST_TOGETHER), short[at] ?? 0n);
    for (const flow of together ?? []) arrive(flow, at);
  }
  for (const flow of open) arrive(flow, likeliest(flow, short));
  return all;
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

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
