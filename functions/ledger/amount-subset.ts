/** Which of a few amounts add up to another, to the last digit. Pure. */

/**
 * The fewest items, of as few the first ones, whose units add up to `amount`; null where no combination does, or the amount is
 * zero. Every combination may be tried: give it a dozen at most.
 */
export function amountSubset<T extends { units: bigint }>(items: readonly T[], amount: bigint): T[] | null {
  if (amount === 0n) return null;
  for (let size = 1; size <= items.length; size += 1) {
    const found = ofSize(items, size, amount);
    if (found !== null) return found;
  }
  return null;
}

function ofSize<T extends { units: bigint }>(items: readonly T[], size: number, amount: bigint): T[] | null {
  if (size === 0) return amount === 0n ? [] : null;
  for (const [i, item] of items.entries()) {
    const more = ofSize(items.slice(i + 1), size - 1, amount - item.units);
    if (more !== null) return [item, ...more];
  }
  return null;
}

/** How much that is, whichever way it goes. */
export const magnitude = (units: bigint): bigint => (units < 0n ? -units : units);
