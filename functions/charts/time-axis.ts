// Labels of the time axis: the hierarchy year > month > day > 12 h > 6 h > 3 h > 1 h > 30 min > 5 min > 1 min, as
// lightweight-charts ranks them, but with boundaries in the chart's own zone.
// Invariants: labels stand under a bar; none is cut by the plot's edges; no two overlap; a class of which only a
// straggler found room is left out.
import type { WallTime, ZoneReader } from '../platform/time-zone.ts';
import { textWidth } from './glyphs.ts';
import { clockText, monthName } from './zoned-time.ts';

export type TimeLabel = {
  index: number;
  text: string;
  x: number;
  width: number;
  bold: boolean;
  rank: number;
  /** Bars until the next boundary as heavy as this one: two for the stub of a Sunday evening. */
  run: number;
};
/** A bar on the axis: its open and the middle of its column in device pixels. */
export type AxisBar = { timeMs: number; x: number };
export type TimeAxisSpan = { left: number; right: number; fontSize: number };

const YEAR = 9;
const MONTH = 8;
const DAY = 7;
/** Ranks 6 to 0 in minutes of the wall clock. */
const PERIOD_MINUTES = [1, 5, 30, 60, 180, 360, 720] as const;

/** What changed on the wall clock from one bar to the next: 9 year, 8 month, 7 day, 6 to 0 parts of a day, -1 nothing. */
export function timeRank(before: WallTime, now: WallTime): number {
  if (now.year !== before.year) return YEAR;
  if (now.month !== before.month) return MONTH;
  if (now.day !== before.day) return DAY;
  // Every period divides the day.
  const earlier = before.hour * 60 + before.minute;
  const later = now.hour * 60 + now.minute;
  return PERIOD_MINUTES.findLastIndex(
    (period) => Math.floor(later / period) !== Math.floor(earlier / period),
  );
}

function labelText(wall: WallTime, rank: number, heaviest: number): string {
  if (rank === YEAR) return String(wall.year);
  if (rank === MONTH) return monthName(wall.month);
  if (rank === DAY) return heaviest === DAY ? `${wall.day} ${monthName(wall.month)}` : String(wall.day);
  return clockText(wall);
}

function ranks(bars: readonly AxisBar[], walls: readonly WallTime[], read: ZoneReader): number[] {
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined) return [];
  const meanStep = bars.length < 2 ? 0 : (last.timeMs - first.timeMs) / (bars.length - 1);
  return walls.map((wall, index) => timeRank(walls[index - 1] ?? read(first.timeMs - meanStep), wall));
}

/** Bars from each boundary to the next one of the same or a heavier class. */
function runs(ranked: readonly number[]): Int32Array {
  const found = new Int32Array(ranked.length);
  // The next boundary of each class or a heavier one.
  const next = new Int32Array(YEAR + 1).fill(ranked.length);
  for (let index = ranked.length - 1; index >= 0; index -= 1) {
    const rank = ranked[index] ?? -1;
    if (rank < 0) continue;
    found[index] = (next[rank] ?? index) - index;
    next.fill(index, 0, rank + 1);
  }
  return found;
}

/** Nearest neighbours on either side must leave a gap; labels are kept in order of x. */
function fits(label: TimeLabel, placed: readonly TimeLabel[], gap: number): boolean {
  return placed.every((other) => Math.abs(other.x - label.x) >= (other.width + label.width) / 2 + gap);
}

/** The labels of one class, cut ones left out; made only when they are asked for, because light classes seldom are. */
type LabelSource = (rank: number, heaviest: number) => TimeLabel[];

function labelSource(
  bars: readonly AxisBar[],
  walls: readonly WallTime[],
  ranked: readonly number[],
  span: TimeAxisSpan,
): LabelSource {
  const lengths = runs(ranked);
  // Hours repeat from day to day: each text is measured once.
  const widths = new Map<string, number>();
  const widthOf = (text: string): number => {
    const width = widths.get(text) ?? textWidth(text, 600, span.fontSize);
    widths.set(text, width);
    return width;
  };
  return (rank, heaviest) => {
    const labels: TimeLabel[] = [];
    for (let index = ranked.indexOf(rank); index >= 0; index = ranked.indexOf(rank, index + 1)) {
      const [bar, wall] = [bars[index], walls[index]];
      if (bar === undefined || wall === undefined) continue;
      const { x } = bar;
      const text = labelText(wall, rank, heaviest);
      const width = widthOf(text);
      if (x - width / 2 < span.left || x + width / 2 > span.right) continue;
      labels.push({ index, text, x, width, bold: false, rank, run: lengths[index] ?? 0 });
    }
    return labels;
  };
}

/** The heaviest class that is named: which it is, is known only once those that would be cut are out. */
function heaviestOf(labelsOf: LabelSource): number {
  let rank = YEAR;
  while (rank >= 0 && labelsOf(rank, YEAR).length === 0) rank -= 1;
  return rank;
}

/**
 * The labels of one class that keep their distance, from the left; one that would be shut out by a much shorter
 * neighbour (Monday by the two bars of Sunday evening) takes its place.
 */
function spaced(ofRank: readonly TimeLabel[], placed: readonly TimeLabel[], gap: number): TimeLabel[] {
  const level: TimeLabel[] = [];
  for (const label of ofRank) {
    if (!fits(label, placed, gap)) continue;
    const previous = level.at(-1);
    if (previous === undefined || fits(label, [previous], gap)) level.push(label);
    else if (label.run >= 2 * previous.run && fits(label, level.slice(-2, -1), gap))
      level.splice(-1, 1, label);
  }
  return level;
}

/**
 * Chooses the labels: heaviest class first, each only where it keeps its distance; the heaviest class is bold when
 * there are several. An axis on which nothing changed (one bar) names its last bar, when there is room for it.
 */
export function timeLabels(bars: readonly AxisBar[], read: ZoneReader, span: TimeAxisSpan): TimeLabel[] {
  const walls = bars.map(({ timeMs }) => read(timeMs));
  const labelsOf = labelSource(bars, walls, ranks(bars, walls, read), span);
  const first = heaviestOf(labelsOf);
  const gap = span.fontSize * 1.6;
  let placed: TimeLabel[] = [];
  for (let rank = first; rank >= 0; rank -= 1) {
    const ofRank = labelsOf(rank, first);
    const level = spaced(ofRank, placed, gap);
    if (ofRank.length > 0 && level.length * 2 < placed.length - 1) break;
    placed = [...placed, ...level];
  }
  if (placed.length === 0) return lastBarLabel(bars, walls, span);
  const heaviest = Math.max(...placed.map(({ rank }) => rank));
  const mixed = placed.some(({ rank }) => rank !== heaviest);
  return placed
    .map((label) => ({ ...label, bold: mixed && label.rank === heaviest }))
    .toSorted((left, right) => left.x - right.x);
}

function lastBarLabel(bars: readonly AxisBar[], walls: readonly WallTime[], span: TimeAxisSpan): TimeLabel[] {
  const [bar, wall] = [bars.at(-1), walls.at(-1)];
  if (bar === undefined || wall === undefined) return [];
  const text = `${wall.day} ${monthName(wall.month)}`;
  const width = textWidth(text, 600, span.fontSize);
  if (width > span.right - span.left) return [];
  const x = Math.min(span.right - width / 2, Math.max(span.left + width / 2, bar.x));
  return [{ index: bars.length - 1, text, x, width, bold: false, rank: DAY, run: 1 }];
}
