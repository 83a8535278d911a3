// Which points of a long equity curve are drawn. Invariant: every drawn point stands as far under its peak as it does
// in the whole curve, because that peak is drawn too; so every drawdown stated of the drawn points is the true one.
import type { UnderwaterPoint } from './equity-drawdown.ts';

/** Points that share a column: their indexes, and that of the one deepest under water. */
export type EquityGroup = { first: number; last: number; deepest: number };
export type DrawnCurve = { groups: EquityGroup[]; kept: number[] };

type Judge = (candidate: UnderwaterPoint, best: UnderwaterPoint) => boolean;

const HIGHER: Judge = (candidate, best) => candidate.own > best.own;
const LOWER: Judge = (candidate, best) => candidate.own < best.own;
const FURTHER: Judge = (candidate, best) => candidate.down > best.down;
const LARGER: Judge = (candidate, best) => (candidate.percent ?? -1) > (best.percent ?? -1);

/** The first index from `first` to `last` that no other beats. */
function best(curve: readonly UnderwaterPoint[], first: number, last: number, beats: Judge): number {
  let found = first;
  for (let index = first + 1; index <= last; index += 1) {
    const [candidate, holder] = [curve[index], curve[found]];
    if (candidate !== undefined && holder !== undefined && beats(candidate, holder)) found = index;
  }
  return found;
}

/**
 * The curve in groups of `size` points aligned to index 0. Of each group stay its first, last, highest and lowest
 * point, the deepest in money and in percent, and the peaks that those are measured from; `kept` is in order.
 */
export function drawnCurve(curve: readonly UnderwaterPoint[], size: number): DrawnCurve {
  const groups: EquityGroup[] = [];
  const kept = new Set<number>();
  for (let first = 0; first < curve.length; first += size) {
    const last = Math.min(curve.length, first + size) - 1;
    const [further, larger] = [best(curve, first, last, FURTHER), best(curve, first, last, LARGER)];
    const ends = [
      first,
      best(curve, first, last, HIGHER),
      best(curve, first, last, LOWER),
      further,
      larger,
      last,
    ];
    for (const index of ends) {
      kept.add(index);
      kept.add(curve[index]?.peak ?? index);
    }
    groups.push({ first, last, deepest: curve[larger]?.percent == null ? further : larger });
  }
  return { groups, kept: [...kept].toSorted((one, other) => one - other) };
}
