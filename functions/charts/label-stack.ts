// Labels of one height on one axis, pushed apart. Invariants: no two overlap; none leaves the span; the order is
// kept; the total distance moved is the least possible (weighted least squares, isotonic regression).

/** A label's wish: its middle, in pixels, and how dear that place is (the last price moves least). */
export type LabelWish = { y: number; weight: number };

type Block = { mean: number; weight: number; count: number };

function pool(blocks: Block[]): void {
  for (let last = blocks.pop(); last !== undefined; last = blocks.pop()) {
    const before = blocks.at(-1);
    if (before === undefined || before.mean <= last.mean) {
      blocks.push(last);
      return;
    }
    blocks.pop();
    const weight = before.weight + last.weight;
    const mean = (before.mean * before.weight + last.mean * last.weight) / weight;
    blocks.push({ mean, weight, count: before.count + last.count });
  }
}

/**
 * Middles for all labels, in the order given, or undefined when `height` times their number is more than the span.
 * Pool adjacent violators on y - i * height, then clamped, which keeps the optimum (Barlow et al. 1972).
 */
export function stackLabels(
  wishes: readonly LabelWish[],
  height: number,
  span: { top: number; bottom: number },
): number[] | undefined {
  const slack = span.bottom - span.top - wishes.length * height;
  if (slack < 0) return undefined;
  const order = wishes
    .map((wish, index) => ({ ...wish, index }))
    .toSorted((a, b) => a.y - b.y || a.index - b.index);
  const blocks: Block[] = [];
  for (const [rank, { y, weight }] of order.entries()) {
    blocks.push({ mean: y - rank * height, weight, count: 1 });
    pool(blocks);
  }
  const lowest = span.top + height / 2;
  const shifts = blocks.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean));
  const placed = wishes.map(() => 0);
  for (const [rank, { index }] of order.entries()) {
    const shift = Math.min(lowest + slack, Math.max(lowest, shifts[rank] ?? lowest));
    placed[index] = shift + rank * height;
  }
  return placed;
}
