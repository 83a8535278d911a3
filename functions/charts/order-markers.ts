// What happened and when: triangles for entries with a pointer at the price of each fill, crosses for exits with the
// reason of those that the market decided.
// Invariants: a marker belongs to the bar that contains its time; many markers on one bar become one with their
// number; nothing leaves the plot; the side comes from the marker, never from where a stop lies.
import type { BarColumn } from './candle-geometry.ts';
import type { ChartLayout } from './chart-layout.ts';
import type { DrawnBar } from './decimation.ts';
import { type FreePlace, freePlace } from './free-place.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type Point, type Rect } from './mark.ts';
import { cross, markerSize, pointer, triangle } from './marker-shapes.ts';
import type { PriceScale } from './price-scale.ts';
import type { ChartAnnotations, ChartMarker } from './resolved-chart.ts';
import { type Theme, textOn } from './theme.ts';

const MAX_STACK = 3;

export type MarkerGround = {
  bars: readonly DrawnBar[];
  columns: readonly BarColumn[];
  scale: PriceScale;
  layout: ChartLayout;
  theme: Theme;
};
/** Markers of one kind on one bar. */
type Group = { at: number; markers: ChartMarker[] };

/** Index of the drawn bar that contains a time, or undefined for a time before the first bar. */
export function barAt(bars: readonly DrawnBar[], timeMs: number): number | undefined {
  const index = bars.findLastIndex((bar) => bar.timeMs <= timeMs);
  return index < 0 ? undefined : index;
}

/** Height of the words on a small plate. */
const wordSize = ({ fontSize }: ChartLayout): number => Math.round(fontSize * 0.8);
const pillHeight = (size: number): number => Math.round(size * 1.35);

/** How far `count` entries on one bar reach from it: their triangles, or one with their number beyond it. */
function stackDepth(count: number, layout: ChartLayout): number {
  const { height, gap } = markerSize(layout);
  if (count <= MAX_STACK) return count * (height + gap) + gap;
  return height + 3 * gap + pillHeight(wordSize(layout));
}

/** Pixels to keep free above and below the candles for the entries that are drawn there. */
export function markerPadding(
  annotations: ChartAnnotations | undefined,
  bars: readonly DrawnBar[],
  layout: ChartLayout,
): { top: number; bottom: number } {
  const depth = (side: ChartMarker['side']): number => {
    const entries = (annotations?.markers ?? []).filter(
      (marker) => marker.kind === 'entry' && marker.side === side,
    );
    const counts = grouped(entries, bars, () => side).map(({ markers }) =>
      stackDepth(markers.length, layout),
    );
    return Math.max(0, ...counts);
  };
  return { top: depth('sell'), bottom: depth('buy') };
}

/** Markers by bar and by what `keyOf` tells of them, in order of their first; those before the first bar are left out. */
function grouped(
  markers: readonly ChartMarker[],
  bars: readonly DrawnBar[],
  keyOf: (marker: ChartMarker) => string,
): Group[] {
  const groups = new Map<string, Group>();
  for (const marker of markers) {
    const at = barAt(bars, marker.timeMs);
    if (at === undefined) continue;
    const key = `${at} ${keyOf(marker)}`;
    const group = groups.get(key) ?? { at, markers: [] };
    group.markers.push(marker);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const within = (value: number, from: number, length: number, half: number): number =>
  Math.min(from + length - half, Math.max(from + half, value));

type Pill = { role: string; text: string; fill: string; ink: string; size: number };

/** Places one behind the other, up (-1) or down (1) from the first, for where that is taken. */
function stepsAway(first: Point, sign: number, size: number): Point[] {
  return [0, 1, 2, 3, 4].map((step) => ({ x: first.x, y: first.y + sign * step * size * 0.75 }));
}

/** A label on a plate of its own in the first free place of those around; none where all are taken. */
function pill(look: Pill, places: readonly Point[], free: FreePlace): Mark[] {
  const { role, text, fill, ink, size } = look;
  const [width, height] = [Math.ceil(textWidth(text, 600, size) + size * 0.6), pillHeight(size)];
  const wishes = places.map(({ x, y }) => {
    return { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height };
  });
  const box = free.place(wishes);
  if (box === undefined) return [];
  const y = centredBaseline(box.y + height / 2, size);
  return [
    { kind: 'rects', role: `${role}-plate`, fill, rects: [box] },
    { kind: 'text', role, text, x: box.x + width / 2, y, size, weight: 600, anchor: 'middle', fill: ink },
  ];
}

/** Triangles below the low of a bar (buy) or above its high (sell); more than fit are one with their number. */
function entryStack({ at, markers }: Group, ground: MarkerGround, free: FreePlace): Mark[] {
  const { bars, columns, scale, layout, theme } = ground;
  const [bar, column, side] = [bars[at], columns[at], markers[0]?.side];
  if (bar === undefined || column === undefined || side === undefined) return [];
  const { half, height, gap } = markerSize(layout);
  const x = within(column.x, layout.plot.x, layout.plot.width, half);
  const [edge, sign] = side === 'buy' ? [scale.yOf(bar.low), 1] : [scale.yOf(bar.high), -1];
  const fill = side === 'buy' ? theme.upText : theme.downText;
  const count = markers.length;
  const shown = count > MAX_STACK ? 1 : count;
  const marks: Mark[] = Array.from({ length: shown }, (_, level) => {
    const tip = edge + sign * (gap + level * (height + gap));
    return { kind: 'polygon', role: `${side}-entry`, fill, points: triangle(x, tip, sign * height, half) };
  });
  const depth = shown * (height + gap);
  free.take({ x: x - half, y: Math.min(edge, edge + sign * depth), width: 2 * half, height: depth });
  if (count <= MAX_STACK) return marks;
  const size = wordSize(layout);
  const beyond = stepsAway({ x, y: edge + sign * (2 * gap + height + size * 0.7) }, sign, size);
  const beside = [1, -1].map((way) => ({ x: x + way * 3 * half, y: edge + sign * (gap + height / 2) }));
  const look = { role: `${side}-entry-count`, text: `×${count}`, fill: theme.background, ink: fill, size };
  return [...marks, ...pill(look, [...beyond, ...beside], free)];
}

/** Pointers at the prices of fills, beside the bar; equal ones are drawn once. */
function fillPointers({ at, markers }: Group, { columns, scale, layout, theme }: MarkerGround): Mark[] {
  const column = columns[at];
  if (column === undefined) return [];
  const { plot, fontSize } = layout;
  const size = Math.round(fontSize * 0.4);
  const rim = Math.max(1, layout.ratio);
  const tip = Math.max(plot.x + size + 2 * rim, column.left);
  const prices = markers.flatMap(({ price }) => (price === undefined ? [] : [Math.round(scale.yOf(price))]));
  const seen = [...new Set(prices)].filter((y) => y - size >= plot.y && y + size <= plot.y + plot.height);
  const fill = markers[0]?.side === 'buy' ? theme.upText : theme.downText;
  const side = markers[0]?.side;
  // A rim of background parts the pointer from a candle of its own colour.
  return seen.flatMap((y): Mark[] => {
    const rimmed = pointer({ x: tip + 2 * rim, y }, size + 4 * rim);
    return [
      { kind: 'polygon', role: `${side}-fill-rim`, fill: theme.background, points: rimmed },
      { kind: 'polygon', role: `${side}-fill`, fill, points: pointer({ x: tip, y }, size) },
    ];
  });
}

/** Why an exit was not the trader's own doing, as a trader abbreviates it. */
const REASONS: Record<string, 'SL' | 'TP' | 'SO'> = { sl: 'SL', tp: 'TP', so: 'SO' };

const reasonOf = ({ reason }: ChartMarker): string => REASONS[reason?.toLowerCase() ?? ''] ?? '';

/** Where the crosses of a group stand: at their prices, or, when they are more than fit, at the mean of these. */
function exitPlaces({ at, markers }: Group, { bars, columns, scale, layout }: MarkerGround): Point[] {
  const [bar, column] = [bars[at], columns[at]];
  if (bar === undefined || column === undefined) return [];
  const { half } = markerSize(layout);
  const { plot } = layout;
  const x = within(column.x, plot.x, plot.width, half);
  const all = markers.map(({ price }) => scale.yOf(price ?? bar.close));
  const mean = all.reduce((sum, y) => sum + y, 0) / all.length;
  const ys = all.length > MAX_STACK ? [mean] : all;
  return ys.map((y) => ({ x, y: within(y, plot.y, plot.height, half) }));
}

function exitCrosses(group: Group, ground: MarkerGround, free: FreePlace): Mark[] {
  const { half } = markerSize(ground.layout);
  return exitPlaces(group, ground).map(({ x, y }) => {
    free.take({ x: x - half, y: y - half, width: 2 * half, height: 2 * half });
    const look = { role: `${group.markers[0]?.side}-exit`, fill: ground.theme.text };
    return { kind: 'polygon', ...look, points: cross(x, y, half) };
  });
}

/** The reason and the number of the exits of a group, off the end of the bar that lies away from the entry. */
function exitReason(group: Group, ground: MarkerGround, entryY: number | undefined, free: FreePlace): Mark[] {
  const { bars, scale, layout, theme } = ground;
  const [bar, first, places] = [bars[group.at], group.markers[0], exitPlaces(group, ground)];
  const { x, y: crossY } = places[0] ?? {};
  if (bar === undefined || first === undefined || x === undefined || crossY === undefined) return [];
  const [reason, count] = [reasonOf(first), group.markers.length];
  const text = [reason, count > MAX_STACK ? `×${count}` : ''].filter((word) => word !== '').join(' ');
  if (text === '') return [];
  const [{ half, gap }, size] = [markerSize(layout), wordSize(layout)];
  const fill = reason === 'TP' ? theme.takeProfit : reason === '' ? theme.entry : theme.stopLoss;
  const ys = places.map(({ y }) => y);
  const [over, under] = [scale.yOf(bar.high), scale.yOf(bar.low)];
  const off = half + gap + size * 0.7;
  const above = stepsAway({ x, y: Math.min(over, ...ys) - off }, -1, size);
  const below = stepsAway({ x, y: Math.max(under, ...ys) + off }, 1, size);
  const isUp = entryY === undefined ? crossY - over <= under - crossY : crossY <= entryY;
  const ends = isUp ? [...above, ...below] : [...below, ...above];
  const beside = [1, -1].map((way) => ({ x: x + way * (half + size * 1.4), y: crossY }));
  const look = { role: 'exit-reason', text, fill, ink: textOn(fill), size };
  return pill(look, [...ends, ...beside], free);
}

/** Bars to either side of a marker that no words may cover. */
const NEIGHBOURS = 2;

/** The boxes of the bars that markers stand on and of those next to them. */
function barBoxes(groups: readonly Group[], { bars, columns, scale }: MarkerGround): Rect[] {
  const near = new Set(
    groups.flatMap(({ at }) =>
      Array.from({ length: 2 * NEIGHBOURS + 1 }, (_, index) => at - NEIGHBOURS + index),
    ),
  );
  return [...near].flatMap((index) => {
    const [bar, column] = [bars[index], columns[index]];
    if (bar === undefined || column === undefined) return [];
    const y = scale.yOf(bar.high);
    return [{ x: column.left, y, width: column.width, height: scale.yOf(bar.low) - y }];
  });
}

/** All markers; `taken` are the boxes of the legend, of other texts inside the plot and of the lines of levels. */
export function markerMarks(
  annotations: ChartAnnotations | undefined,
  ground: MarkerGround,
  taken: readonly Rect[],
): Mark[] {
  const { markers = [], entry } = annotations ?? {};
  const of = (kind: ChartMarker['kind']) => markers.filter((marker) => marker.kind === kind);
  const entries = grouped(of('entry'), ground.bars, ({ side }) => side);
  const exits = grouped(of('exit'), ground.bars, (marker) => `${marker.side} ${reasonOf(marker)}`);
  const free = freePlace(ground.layout.plot, [...taken, ...barBoxes([...entries, ...exits], ground)]);
  const entryY = entry === undefined ? undefined : ground.scale.yOf(entry);
  return [
    ...entries.flatMap((group) => entryStack(group, ground, free)),
    ...entries.flatMap((group) => fillPointers(group, ground)),
    ...exits.flatMap((group) => exitCrosses(group, ground, free)),
    ...exits.flatMap((group) => exitReason(group, ground, entryY, free)),
  ];
}
