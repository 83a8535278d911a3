/** Sets of time as sorted, disjoint, half-open intervals. Pure arithmetic on milliseconds of whichever clock. */

/** From `openMs` on and before `closeMs`. */
export type Interval = { openMs: number; closeMs: number };

/** The union: sorted, empty ones dropped, those that overlap or touch made one. */
export function joined(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter((i) => i.openMs < i.closeMs).sort((a, b) => a.openMs - b.openMs);
  const result: Interval[] = [];
  for (const { openMs, closeMs } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && openMs <= last.closeMs) last.closeMs = Math.max(last.closeMs, closeMs);
    else result.push({ openMs, closeMs });
  }
  return result;
}

/** What is left of a set after another has been taken out; both sorted and disjoint. */
export function without(set: readonly Interval[], gaps: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  let first = 0;
  for (const { openMs, closeMs } of set) {
    while ((gaps[first]?.closeMs ?? Number.POSITIVE_INFINITY) <= openMs) first += 1;
    let from = openMs;
    for (let i = first; from < closeMs; i += 1) {
      const gap = gaps[i];
      if (gap === undefined || gap.openMs >= closeMs) break;
      if (gap.openMs > from) result.push({ openMs: from, closeMs: gap.openMs });
      from = gap.closeMs;
    }
    if (from < closeMs) result.push({ openMs: from, closeMs });
  }
  return result;
}

/** The part of a set within one interval. */
export const within = (set: readonly Interval[], { openMs, closeMs }: Interval): Interval[] =>
  set
    .map((i) => ({ openMs: Math.max(i.openMs, openMs), closeMs: Math.min(i.closeMs, closeMs) }))
    .filter((i) => i.openMs < i.closeMs);

/** The number of intervals that begin at or before an instant, by halving. */
export function begunBy(set: readonly Interval[], atMs: number): number {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[middle]?.openMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The interval that holds an instant. */
export function holding(set: readonly Interval[], atMs: number): Interval | null {
  const last = set[begunBy(set, atMs) - 1];
  return last !== undefined && atMs < last.closeMs ? last : null;
}
