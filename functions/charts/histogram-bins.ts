// Values sorted into bins of one width. Invariants: every value is in exactly one bin; edges strictly increase; where
// values lie on both sides of zero an edge is exactly zero, so that no bin holds losses and gains.
// Width: Freedman and Diaconis (1981), twice the interquartile range by the cube root of the count, the number of bins
// held between 10 and 60. Where far values would need more, the middle 98, 96 or 90 % (the first that does with 60)
// keeps the scale and the outer bins are open: they hold all that lies beyond, and the picture says so.

/** Values of at least `from` and below `to`; the last bin holds its `to` as well. An open bin holds all beyond. */
export type Bin = { from: number; to: number; count: number };
export type Histogram = {
  bins: Bin[];
  /** Values beyond the first and the last edge; they are counted in the outer bins. */
  below: number;
  above: number;
};

export const MIN_BINS = 10;
export const MAX_AUTO_BINS = 60;
/** Shares of all values that may lie beyond either end of the scale. */
const TAILS = [0.01, 0.02, 0.05] as const;
/** Values beyond the middle by less than this share of it are not far. */
const TAIL_REACH = 0.1;
/** A range this many times the middle is far where half of all values are equal, so that no width can tell. */
const FAR = 4;
/** Edges closer than this share of the largest value could be one float. */
const LEAST_SHARE = 1e-14;
/** Width of a bin by its value where all values are equal. */
const FLAT_SHARE = 0.02;

/** The values from the lowest on; a typed array sorts numbers several times as fast as a comparison does. */
export function ascending(values: readonly number[]): number[] {
  return [...Float64Array.from(values).sort()];
}

/** The value below which a share of the sorted values lies, between neighbours in proportion (Hyndman and Fan's type 7). */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

type Range = { low: number; high: number };

/** Bins that the rule asks for over a range, before any limit; undefined where half of all values are equal. */
function wantedBins(sorted: readonly number[], { low, high }: Range): number | undefined {
  const spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  return spread > 0 ? Math.ceil((high - low) / ((2 * spread) / Math.cbrt(sorted.length))) : undefined;
}

/** The middle of the values with a margin; `tail` is the share that may lie beyond either end. */
function middleRange(sorted: readonly number[], tail: number): Range {
  const [low, high] = [quantile(sorted, tail), quantile(sorted, 1 - tail)];
  const reach = (high - low) * TAIL_REACH;
  return {
    low: Math.max(sorted[0] ?? low, low - reach),
    high: Math.min(sorted.at(-1) ?? high, high + reach),
  };
}

/** All values, or the middle of them where those beyond would take the scale; `most` is how many bins there may be. */
function shownRange(sorted: readonly number[], most: number): Range {
  const all = { low: sorted[0] ?? 0, high: sorted.at(-1) ?? 0 };
  const wanted = wantedBins(sorted, all);
  const middles = TAILS.map((tail) => middleRange(sorted, tail)).filter(({ low, high }) => high > low);
  const [widest] = middles;
  if (widest === undefined) return all;
  if (wanted === undefined) {
    return all.high - all.low > FAR * (widest.high - widest.low) ? widest : all;
  }
  const enough = (range: Range): boolean => (wantedBins(sorted, range) ?? 0) <= most;
  return [all, ...middles].find(enough) ?? middles.at(-1) ?? all;
}

function leastWidth({ low, high }: Range, digits: number): number {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return Math.max(10 ** -digits, largest * (low === high ? FLAT_SHARE : LEAST_SHARE));
}

/** `count` bins that cover the range: below and above zero each by whole bins, else the range in their middle. */
function edgesOf({ low, high }: Range, count: number, least: number): number[] {
  const edges = (start: number, width: number): number[] =>
    Array.from({ length: count + 1 }, (_, index) => start + index * width);
  if (low < 0 && high >= 0) {
    const widthOf = (below: number): number => Math.max(-low / below, high / (count - below), least);
    const splits = Array.from({ length: count - 1 }, (_, index) => index + 1);
    const below = splits.reduce((best, each) => (widthOf(each) < widthOf(best) ? each : best));
    const width = widthOf(below);
    return Array.from({ length: count + 1 }, (_, index) => (index - below) * width);
  }
  const width = Math.max((high - low) / count, least);
  // One value alone stands in the middle of its bin, which of an even number is beside the middle of all.
  const aside = low === high && count % 2 === 0 ? width / 2 : 0;
  const spare = (width * count - (high - low)) / 2 + aside;
  if (low >= 0) return edges(Math.max(0, low - spare), width);
  return edges(Math.min(0, high + spare) - width * count, width);
}

function counted(values: readonly number[], edges: readonly number[]): Bin[] {
  const bins = edges.slice(1).map((to, index) => ({ from: edges[index] ?? to, to, count: 0 }));
  for (const value of values) {
    let [low, high] = [0, bins.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((bins[middle]?.from ?? value) <= value) low = middle;
      else high = middle - 1;
    }
    const bin = bins[low];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}

/**
 * The histogram of at least one value. `bins` is how many were asked for, 2 or more; without it the rule decides.
 * `digits` are the values' decimals: no bin is narrower than their last.
 */
export function histogram(
  values: readonly number[],
  { bins, digits }: { bins?: number; digits: number },
): Histogram {
  const sorted = ascending(values);
  const range = shownRange(sorted, Math.max(MAX_AUTO_BINS, bins ?? 0));
  // Sturges's number where the other rule has none.
  const wanted = wantedBins(sorted, range) ?? Math.ceil(Math.log2(sorted.length)) + 1;
  const count = bins ?? Math.min(MAX_AUTO_BINS, Math.max(MIN_BINS, wanted));
  const edges = edgesOf(range, count, leastWidth(range, digits));
  const [first, last] = [edges[0] ?? range.low, edges.at(-1) ?? range.high];
  return {
    bins: counted(sorted, edges),
    below: range.low > (sorted[0] ?? 0) ? sorted.filter((value) => value < first).length : 0,
    above: range.high < (sorted.at(-1) ?? 0) ? sorted.filter((value) => value > last).length : 0,
  };
}
