/**
 * What had come into an account and gone out of it by the time of each snapshot. A server books deals in the order of their
 * tickets, so what is held (balance and credit) says which of them were in it, whatever their times say and whenever anybody was
 * told of them: a snapshot may show money whose deal comes later, or come with a deal whose money is not there yet. Invariants:
 *  1. a flow arrived with the first snapshot whose money has it; until then it has not;
 *  2. what trading made or lost is no flow, told late or early or beside one;
 *  3. where what is held is what was told, flows arrived as they were told;
 *  4. what came and was taken back between two snapshots, before anybody was told of it, never came.
 * With a snapshot that shows what no order of the deals makes, flows arrived as they were told; where nobody knows what was
 * told with it, at the times of their deals. Pure.
 */

/** Money in units, at a moment. */
export type DatedUnits = { timeMs: number; units: bigint };

/** `told`: what the deals that were known with it had booked, and brought in flows; null: nobody knows. */
export type HeldPoint = { atMs: number; held: bigint; told: { booked: bigint; flowed: bigint } | null };

/** `correction`: a flow that may undo another deal; `unseen`: a deal that was undone before anybody saw how much it had booked. */
export type BookedDeal = { units: bigint; kind: 'flow' | 'correction' | 'result' | 'unseen' };

/**
 * What arrived with each point, in units; with the first, nothing. `points` come in the order of their times; `deals` are all of
 * the account in the order of their tickets, or none where what was held was always what was told; `flows` are dated.
 */
export function arrivedFlows(
  points: readonly HeldPoint[],
  deals: readonly BookedDeal[],
  flows: readonly DatedUnits[],
): bigint[] {
  const [first, ...others] = undoings(deals).map((undone) => explained(points, deals, undone));
  const { standings, came } = others.reduce(
    (best, one) => (one.standings.length > best.standings.length ? one : best),
    first ?? explained(points, deals, []),
  );
  const standingAt = new Map(standings.map((standing) => [standing.point, standing]));
  let last: Standing | null = null;
  /** What is taken to have arrived since then. */
  let since = 0n;
  return points.map((point, i) => {
    const now = standingAt.get(i) ?? null;
    const before = points[i - 1];
    let arrived = before === undefined ? 0n : toldBetween(before, point, flows);
    if (now !== null && last !== null) arrived = came(last.deals, now.deals) - since;
    since = now === null ? since + arrived : 0n;
    last = now ?? last;
    return arrived;
  });
}

function toldBetween(before: HeldPoint, now: HeldPoint, flows: readonly DatedUnits[]): bigint {
  if (before.told !== null && now.told !== null) return now.told.flowed - before.told.flowed;
  return flows
    .filter(({ timeMs }) => before.atMs < timeMs && timeMs <= now.atMs)
    .reduce((sum, { units }) => sum + units, 0n);
}

/** Numbers of an unseen deal and of the correction that may have undone it. */
type Undoing = { unseen: number; correction: number };
/** So many ways in which corrections may have undone unseen deals are tried. */
const MOST_WAYS = 64;

/** Each way in which later corrections, one each, may have undone the unseen deals; nobody says which. */
function undoings(deals: readonly BookedDeal[]): Undoing[][] {
  const numbers = (kind: BookedDeal['kind']) => deals.flatMap((d, n) => (d.kind === kind ? [n] : []));
  const corrections = numbers('correction');
  let ways: Undoing[][] = [[]];
  for (const unseen of numbers('unseen')) {
    const longer = ways.flatMap((way) =>
      corrections
        .filter((n) => n > unseen && !way.some(({ correction }) => correction === n))
        .map((correction) => [...way, { unseen, correction }]),
    );
    // A correction may not have been told yet.
    ways = [...longer, ...ways].slice(0, MOST_WAYS);
  }
  return ways;
}

/** A point, by its number, that holds what so many deals had booked. */
type Standing = { point: number; deals: number };

/** The standings of all points that have one, and what came between two numbers of deals, if these were the undoings. */
function explained(points: readonly HeldPoint[], deals: readonly BookedDeal[], undone: readonly Undoing[]) {
  const sums = sumsOf(deals, undone);
  const find = standingFinder(points, sums);
  const standings: Standing[] = [];
  for (const [i, point] of points.entries()) {
    const found = find(point, standings.at(-1)?.deals ?? 0);
    if (found !== null) standings.push({ point: i, deals: found });
  }
  const came = (from: number, to: number): bigint =>
    undone
      .filter(({ unseen, correction }) => from <= unseen && correction < to)
      .reduce(
        (sum, { correction }) => sum - (deals[correction]?.units ?? 0n),
        (sums[to]?.flowed ?? 0n) - (sums[from]?.flowed ?? 0n),
      );
  return { standings, came };
}

/** `blind`: how much of what is held nobody was told of, because it was unseen deals'. */
type Sums = { held: bigint; flowed: bigint; blind: bigint };

/** After none of the deals, after one, and so on. */
function sumsOf(deals: readonly BookedDeal[], undone: readonly Undoing[]): Sums[] {
  const bookedBy = new Map(
    undone.map(({ unseen, correction }) => [unseen, -(deals[correction]?.units ?? 0n)]),
  );
  let [held, flowed, blind] = [0n, 0n, 0n];
  const after = deals.map(({ units, kind }, n) => {
    const unseen = bookedBy.get(n) ?? 0n;
    blind += unseen;
    held += units + unseen;
    if (kind === 'flow' || kind === 'correction') flowed += units;
    return { held, flowed, blind };
  });
  return [{ held: 0n, flowed: 0n, blind: 0n }, ...after];
}

/** How many deals a point's money is of, at least so many: where it holds what was told that number, else the first; or null. */
function standingFinder(points: readonly HeldPoint[], sums: readonly Sums[]) {
  const apart = points.flatMap(({ held, told }) => (told === null ? [] : [held - told.booked]));
  // Once all is told nothing stays apart but what unseen deals had booked, and what is older than the first deal.
  const isWhole = apart.length === 0 || apart.includes(0n);
  const older = isWhole ? 0n : (apart.at(-1) ?? 0n) - (sums.at(-1)?.blind ?? 0n);
  const wanted = new Set(points.map(({ held }) => held - older));
  const byHeld = new Map<bigint, number[]>();
  for (const [deals, { held }] of sums.entries()) {
    const those = byHeld.get(held);
    if (those !== undefined) those.push(deals);
    else if (wanted.has(held)) byHeld.set(held, [deals]);
  }
  return ({ held, told }: HeldPoint, atLeast: number): number | null => {
    const found = (byHeld.get(held - older) ?? []).filter((deals) => deals >= atLeast);
    const isTold = (deals: number): boolean => {
      const sum = sums[deals];
      return sum?.flowed === told?.flowed && held - (told?.booked ?? 0n) === older + (sum?.blind ?? 0n);
    };
    return found.find(isTold) ?? found[0] ?? null;
  };
}
