// Volume by price instead of by time. Invariants: what the rows hold together is what the bars hold together (a bar's
// volume is spread over the prices between its low and high, evenly, because a bar says nothing finer); rows are of one
// height and cover the range of the bars exactly.
import type { Candle } from './candle-series.ts';

/** Volume traded between two prices, in bars that rose (or stood still) and in bars that fell. */
export type ProfileRow = { low: number; high: number; up: number; down: number };
export type VolumeProfile = {
  /** From the lowest price up. */
  rows: readonly ProfileRow[];
  total: number;
  /** Index of the row with the most volume, the lowest of equals. */
  pointOfControl: number;
  /** First and last row of the value area. */
  valueArea: { from: number; to: number };
};

/** Width of the profile as a share of the plot, and the names of its prices. */
export const PROFILE_SHARE = 0.17;
export const PROFILE_TAGS = ['VAH', 'POC', 'VAL'] as const;

/** The share of the volume that the value area holds at least (J. P. Steidlmayer, Market Profile). */
export const VALUE_AREA = 0.7;

/** Adds a bar's volume to the rows between its low and high, each by the part of that span it covers. */
function spread(bar: Candle, rows: ProfileRow[], low: number, height: number): void {
  const volume = bar.volume ?? 0;
  const side = bar.close >= bar.open ? 'up' : 'down';
  const rowAt = (price: number): number =>
    Math.min(rows.length - 1, Math.max(0, Math.floor((price - low) / height)));
  const [first, last] = [rowAt(bar.low), rowAt(bar.high)];
  for (let index = first; index <= last; index += 1) {
    const row = rows[index];
    if (row === undefined) continue;
    const [bottom, top] = [index === first ? bar.low : row.low, index === last ? bar.high : row.high];
    row[side] += first === last ? volume : (volume * (top - bottom)) / (bar.high - bar.low);
  }
}

/** Grows from the point of control by the larger of the two neighbouring rows, the upper of equals. */
function valueArea(
  volumes: readonly number[],
  pointOfControl: number,
  wanted: number,
): { from: number; to: number } {
  let [from, to] = [pointOfControl, pointOfControl];
  let held = volumes[pointOfControl] ?? 0;
  while (held < wanted && (from > 0 || to < volumes.length - 1)) {
    const [below, above] = [volumes[from - 1] ?? -1, volumes[to + 1] ?? -1];
    if (above >= below) to += 1;
    else from -= 1;
    held += Math.max(above, below);
  }
  return { from, to };
}

/**
 * The profile of bars in `bins` rows; undefined when no volume is known or all of it is zero. `tick` is the height that
 * the rows cover together when the price never moved.
 */
export function volumeProfile(
  bars: readonly Candle[],
  bins: number,
  tick: number,
): VolumeProfile | undefined {
  let [low, high, total] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const bar of bars) {
    low = Math.min(low, bar.low);
    high = Math.max(high, bar.high);
    total += bar.volume ?? 0;
  }
  if (!(total > 0)) return undefined;
  const [bottom, span] = high > low ? [low, high - low] : [low - tick / 2, tick];
  const edge = (index: number): number => bottom + (span * index) / bins;
  const rows = Array.from({ length: bins }, (_, index) => ({
    low: edge(index),
    high: edge(index + 1),
    up: 0,
    down: 0,
  }));
  for (const bar of bars) spread(bar, rows, bottom, span / bins);
  const volumes = rows.map(({ up, down }) => up + down);
  const pointOfControl = volumes.indexOf(volumes.reduce((most, volume) => Math.max(most, volume), 0));
  return { rows, total, pointOfControl, valueArea: valueArea(volumes, pointOfControl, total * VALUE_AREA) };
}
