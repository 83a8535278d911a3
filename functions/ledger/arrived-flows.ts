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

/** `unseen`: it was cancelled before anybody saw how much it had booked. */
export type BookedDeal = { units: bigint; kind: 'flow' | 'result' | 'unseen' };

/** Sums after some of the deals. `isBlind`: an unseen one is among them. */
type Sums = { held: bigint; flowed: bigint; isBlind: boolean };
/** After so many deals, with so much held beyond what is known of them. */
type Standing = { deals: number; beyond: bigint };

/**
 * What arrived with each point, in units; with the first, nothing. `points` come in the order of their times; `deals` are all of
 * the account in the order of their tickets, or none where what was held was always what was told; `flows` are dated.
 */
export function arrivedFlows(
  points: readonly HeldPoint[],
  deals: readonly BookedDeal[],
  flows: readonly DatedUnits[],
): bigint[] {
  const sums = sumsOf(deals);
  const standingAt = standings(points, sums);
  let last: Standing | null = null;
  /** What is taken to have arrived since then. */
  let since = 0n;
  return points.map((point, i) => {
    const now = standingAt(point, last);
    const before = points[i - 1];
    let came = before === undefined ? 0n : toldBetween(before, point, flows);
    if (now !== null && last !== null) came = cameBetween(last, now, { deals, sums }) - since;
    since = now === null ? since + came : 0n;
    last = now ?? last;
    return came;
  });
}

/** After none of the deals, after one, and so on. */
function sumsOf(deals: readonly BookedDeal[]): Sums[] {
  let [held, flowed, isBlind] = [0n, 0n, false];
  return [
    { held, flowed, isBlind },
    ...deals.map(({ units, kind }) => {
      held += units;
      if (kind === 'flow') flowed += units;
      isBlind ||= kind === 'unseen';
      return { held, flowed, isBlind };
    }),
  ];
}

function toldBetween(before: HeldPoint, now: HeldPoint, flows: readonly DatedUnits[]): bigint {
  if (before.told !== null && now.told !== null) return now.told.flowed - before.told.flowed;
  return flows
    .filter(({ timeMs }) => before.atMs < timeMs && timeMs <= now.atMs)
    .reduce((sum, { units }) => sum + units, 0n);
}

/** How a point's standing is found: where it holds what was told that one, else the first from the last standing on; or null. */
function standings(points: readonly HeldPoint[], sums: readonly Sums[]) {
  const apart = points.flatMap(({ held, told }) => (told === null ? [] : [held - told.booked]));
  // Once all is told nothing stays apart but what an unseen deal had booked, or what is older than the first deal.
  const isWhole = apart.length === 0 || apart.includes(0n);
  const left = apart.at(-1) ?? 0n;
  const wanted = new Set(points.map(({ held }) => held));
  const byHeld = new Map<bigint, Standing[]>();
  for (const [deals, { held, isBlind }] of sums.entries()) {
    const beyond = isWhole && !isBlind ? 0n : left;
    const those = byHeld.get(held + beyond);
    if (those !== undefined) those.push({ deals, beyond });
    else if (wanted.has(held + beyond)) byHeld.set(held + beyond, [{ deals, beyond }]);
  }
  return ({ held, told }: HeldPoint, last: Standing | null): Standing | null => {
    const found = (byHeld.get(held) ?? []).filter(({ deals }) => deals >= (last?.deals ?? 0));
    const isTold = ({ deals, beyond }: Standing) =>
      told !== null && sums[deals]?.flowed === told.flowed && held - told.booked === beyond;
    return found.find(isTold) ?? found[0] ?? null;
  };
}

function cameBetween(
  last: Standing,
  now: Standing,
  { deals, sums }: { deals: readonly BookedDeal[]; sums: readonly Sums[] },
): bigint {
  const flowed = (sums[now.deals]?.flowed ?? 0n) - (sums[last.deals]?.flowed ?? 0n);
  const unseen = now.beyond - last.beyond;
  const between = unseen === 0n ? [] : deals.slice(last.deals, now.deals);
  return between.some(({ kind, units }) => kind === 'flow' && units === -unseen) ? flowed + unseen : flowed;
}
