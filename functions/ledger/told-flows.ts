/**
 * Which change of an account's money each flow arrived with, by what was told with each point: its `held` (balance and credit),
 * and what its deals had booked and brought in flows until then, as far as they were known with it. No time is asked: clocks
 * are set back, and brokers date deals as they like.
 *
 * What is held and not booked is `apart`. While it stands still money and deals came together, and flows arrived as they were
 * told. A point at which it moves was shown money whose deals come later, or told of deals whose money is not there. Invariants:
 *  1. a flow that was told where `apart` moves against it arrived where `apart` moves by it: earlier, where its deal came late,
 *     or later, where its deal came early; until then it has not arrived;
 *  2. what trading booked late or early is none: it is a result where the money moved;
 *  3. where nothing moves apart, flows of one time change nothing of how those of another arrived.
 * Where results were told late beside a flow the sums may leave it open; then, and only then, the time of its deal says which of
 * the points that moved apart it came with. Pure.
 */
import { amountSubset, magnitude } from './amount-subset.ts';
import type { DatedUnits } from './dated-flows.ts';

/** Sums of an account at a point, in units of money. */
export type ToldPoint = { atMs: number; held: bigint; booked: bigint; flowed: bigint };

/** So many moves beside one are tried in every combination. */
const MOST_TOGETHER = 8;
/** And so many flows that may have been told out of their order. */
const MOST_TOLD = 12;

/** A change from one point to the next. */
type Change = {
  at: number;
  fromMs: number;
  toMs: number;
  /** Flows that were told, together and one by one; and what else was booked. */
  told: bigint;
  parts: readonly DatedUnits[];
  rest: bigint;
  /** By how much `apart` moves that nothing has explained yet. */
  units: bigint;
};

/**
 * What arrived with each point, in units; of the first, and of a point without sums or behind one (null), nothing. `flows`: all
 * of the account from its beginning, in the order of their tickets.
 */
export function toldFlows(points: readonly (ToldPoint | null)[], flows: readonly DatedUnits[]): bigint[] {
  const changes = changesOf(points, flows);
  const arrived = points.map(() => 0n);
  for (const { at, told } of changes) arrived[at] = told;
  const move = (at: number, units: bigint): void => {
    arrived[at] = (arrived[at] ?? 0n) + units;
  };
  const moved = changes.filter((c) => c.units !== 0n);
  for (const change of moved) {
    if (change.told === 0n || change.units === 0n) continue;
    const found = sourcesOf(change, moved);
    if (found === null) continue;
    move(change.at, -found.flow);
    for (const { at, flow } of found.shares) move(at, flow);
  }
  return arrived;
}

function changesOf(points: readonly (ToldPoint | null)[], flows: readonly DatedUnits[]): Change[] {
  const toldUntil = inTicketOrder(flows);
  return points.flatMap((now, at) => {
    const before = points[at - 1] ?? null;
    if (now === null) return [];
    const told = before === null ? 0n : now.flowed - before.flowed;
    const parts = toldUntil(now, told);
    if (before === null) return [];
    const booked = now.booked - before.booked;
    const units = now.held - before.held - booked;
    return [{ at, fromMs: before.atMs, toMs: now.atMs, told, parts, rest: booked - told, units }];
  });
}

/** The flows that a point told: the next ones, or a few of those that nobody told of yet; all as one where none make that sum. */
function inTicketOrder(flows: readonly DatedUnits[]): (now: ToldPoint, told: bigint) => DatedUnits[] {
  let untold = [...flows];
  let known = 0n;
  return ({ atMs, flowed }, told) => {
    const wanted = flowed - known;
    const found = leading(untold, wanted) ?? amountSubset(untold.slice(0, MOST_TOLD), wanted);
    if (found !== null) {
      known = flowed;
      untold = untold.filter((flow) => !found.includes(flow));
    }
    if (found !== null && wanted === told) return found.slice(0, MOST_TOGETHER);
    return told === 0n ? [] : [{ timeMs: atMs, units: told }];
  };
}

/** The first so many flows that make a sum. */
function leading(flows: readonly DatedUnits[], units: bigint): DatedUnits[] | null {
  let rest = units;
  for (const [i, flow] of flows.entries()) {
    if (rest === 0n) return flows.slice(0, i);
    rest -= flow.units;
  }
  return rest === 0n ? [...flows] : null;
}

/** Flows that a change told and that may have moved elsewhere, and how much of `apart` went with them. */
type Claim = { flow: bigint; whole: bigint; isExact: boolean };

/** The likeliest first. */
function claimsOf({ told, parts, rest, units }: Change): Claim[] {
  const short = -units;
  // Flows alone moved elsewhere, or all results that were told with them.
  const exact = [short, short - rest].flatMap((flow): Claim[] =>
    amountSubset(parts, flow) === null ? [] : [{ flow, whole: short, isExact: true }],
  );
  if (exact.length === 0 && short === rest) return [];
  // What else moved here may be told later: then the flow by itself is found elsewhere, to the last digit.
  const alone = [told, ...parts.map((part) => part.units)].map((flow) => ({
    ...{ flow, whole: flow, isExact: false },
  }));
  return [...exact, ...alone];
}

type Share = { at: number; flow: bigint };

/** Where the flows moved that a change told and that did not come with it; what explains it is taken off both. Null: all came. */
function sourcesOf(change: Change, moved: readonly Change[]): { flow: bigint; shares: Share[] } | null {
  const claims = claimsOf(change);
  const open = moved
    .filter((c) => c !== change && c.units !== 0n)
    .sort((a, b) => Math.abs(a.at - change.at) - Math.abs(b.at - change.at));
  const earlier = open.filter((c) => c.at < change.at);
  const later = open.filter((c) => c.at > change.at);
  for (const claim of claims)
    for (const side of [earlier, later]) {
      const sources = amountSubset(side.slice(0, MOST_TOGETHER), claim.whole);
      if (sources !== null) return settled(change, claim, sources);
    }
  return openSourceOf(change, claims, earlier);
}

/** The same where the sums leave it open. */
function openSourceOf(change: Change, claims: readonly Claim[], earlier: readonly Change[]) {
  const dated = earlier.flatMap((c) => {
    const flow = change.parts.filter((d) => isWithin(d, c)).reduce((sum, d) => sum + d.units, 0n);
    return flow === 0n ? [] : [{ claim: { flow, whole: flow, isExact: false }, source: c }];
  });
  const [first] = dated;
  if (claims.length > 0 && first !== undefined) return settled(change, first.claim, [first.source]);
  const [exact] = claims.filter((claim) => claim.isExact);
  if (exact === undefined) return claims.length === 0 ? null : likelySourceOf(change, earlier);
  // Of several deals whose money moved at once this is told first; else its money is yet to arrive, or never does.
  const among = earlier.find((c) => magnitude(c.units - exact.whole) < magnitude(c.units));
  return settled(change, exact, among === undefined ? [] : [among]);
}

/** All flows, with some results, where other points moved by just what is short here and that is nearer to them than to none. */
function likelySourceOf(change: Change, earlier: readonly Change[]) {
  const { parts, rest, told, units } = change;
  const whole = -units;
  const nearer = rest !== 0n && magnitude(whole - told) < magnitude(whole);
  if (!nearer || parts.some((part) => isWithin(part, change))) return null;
  const sources = amountSubset(earlier.slice(0, MOST_TOGETHER), whole);
  return sources === null ? null : settled(change, { flow: told, whole, isExact: false }, sources);
}

const isWithin = ({ timeMs }: DatedUnits, { fromMs, toMs }: Change): boolean =>
  fromMs < timeMs && timeMs <= toMs;

function settled(change: Change, { flow, whole }: Claim, sources: readonly Change[]) {
  const shares = sharesOf(change, flow, sources);
  const [only] = sources;
  if (only !== undefined && sources.length === 1) only.units -= whole;
  else for (const c of sources) c.units = 0n;
  change.units += whole;
  return { flow, shares };
}

/** A flow among the changes that it moved with: where it is all that moved, or each its part; else by the times of its deals. */
function sharesOf({ parts }: Change, flow: bigint, sources: readonly Change[]): Share[] {
  // What was told there and did not move there is no money that came.
  const came = sources.filter((c) => c.units !== -(c.told + c.rest));
  const receiving = came.length === 0 ? sources : came;
  const own = receiving.find((c) => c.units === flow);
  if (own !== undefined) return [{ at: own.at, flow }];
  if (receiving.reduce((sum, c) => sum + c.units, 0n) === flow)
    return receiving.map((c) => ({ at: c.at, flow: c.units }));
  const [widest] = receiving.toSorted((a, b) => (magnitude(a.units) < magnitude(b.units) ? 1 : -1));
  if (widest === undefined) return [];
  const dated = amountSubset(parts, flow) ?? [];
  if (dated.length === 0) return [{ at: widest.at, flow }];
  return dated.map((part) => {
    const then = receiving.find((c) => isWithin(part, c)) ?? widest;
    return { at: then.at, flow: part.units };
  });
}
