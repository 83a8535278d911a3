// Prices to name on a logarithmic axis. Invariants: every one is 1, 2, 2.5 or 5 times a power of ten, or a step of such a
// size between two that are; neighbours keep the distance asked for (1, 2 and 5 of a decade the least of them); none is
// finer than the instrument's digits.

const LEADS = [1, 2, 5] as const;
const STEPS = [1, 2, 2.5, 5] as const;

/** Differences of natural logarithms: between two steps, and between two of 1, 2, 5 and 10, which no step makes even. */
export type TickDistance = { wanted: number; least: number };

/** Powers of ten, or 1, 2 and 5 times them where these keep their distance too. */
function anchors(low: number, high: number, { least }: TickDistance): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  // The two nearest of 1, 2, 5 and 10 are a factor of two apart.
  const leads = Math.log(2) >= least ? LEADS : [1];
  const stride = Math.max(1, Math.ceil(least / Math.LN10));
  const found: number[] = [];
  for (let power = Math.floor(first / stride) * stride; power <= last + stride; power += stride) {
    for (const lead of leads) found.push(power < 0 ? lead / 10 ** -power : lead * 10 ** power);
  }
  return found;
}

/** The finest step that divides the span of two anchors and keeps `distance` at its upper, narrowest end. */
function stepBetween(
  from: number,
  to: number,
  top: number,
  distance: number,
  digits: number,
): number | undefined {
  const divides = (step: number): boolean =>
    [from, to - from].every((length) => Math.abs(length / step - Math.round(length / step)) < 1e-6);
  for (let power = Math.floor(Math.log10(to - from)) - 6; power <= Math.log10(to - from); power += 1) {
    for (const lead of STEPS) {
      const step = power < 0 ? lead / 10 ** -power : lead * 10 ** power;
      const coarse = step >= 10 ** -digits * (lead === 2.5 ? 3 : 1) * (1 - 1e-9);
      if (coarse && step < to - from && divides(step) && Math.log(top / (top - step)) >= distance)
        return step;
    }
  }
  return undefined;
}

/**
 * Round prices between `low` and `high` (both above zero), from the lowest up, none nearer to another than `distance` says.
 */
export function logTicks(low: number, high: number, distance: TickDistance, digits: number): number[] {
  const marks = anchors(low, high, distance);
  const prices = new Set<number>();
  for (const [index, from] of marks.entries()) {
    const to = marks[index + 1];
    if (to === undefined || to < low || from > high) continue;
    const step = stepBetween(from, to, Math.min(to, high), distance.wanted, digits) ?? to - from;
    const count = Math.round((to - from) / step);
    for (let at = 0; at <= count; at += 1) prices.add(Number((from + at * step).toFixed(digits)));
  }
  return [...prices].filter((price) => price > 0 && price >= low && price <= high).toSorted((a, b) => a - b);
}
