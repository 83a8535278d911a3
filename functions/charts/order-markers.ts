// What happened and when: triangles for entries, crosses for exits.
// Invariants: a marker belongs to the bar that contains its time; many markers on one bar become one with their
// number; nothing leaves the plot; the side comes from the marker, never from where a stop lies.
import type { BarColumn } from './candle-geometry.ts';
import type { ChartLayout } from './chart-layout.ts';
import type { DrawnBar } from './decimation.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type Point } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { ChartAnnotations, ChartMarker } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

const MAX_STACK = 3;

/** Index of the drawn bar that contains a time, or undefined for a time before the first bar. */
export function barAt(bars: readonly DrawnBar[], timeMs: number): number | undefined {
  const index = bars.findLastIndex((bar) => bar.timeMs <= timeMs);
  return index < 0 ? undefined : index;
}

/** Half the width of a marker in device pixels, and its height. */
function markerSize(layout: ChartLayout): { half: number; height: number; gap: number } {
  const half = Math.round(layout.fontSize * 0.42);
  return { half, height: Math.round(half * 1.7), gap: Math.max(2, Math.round(layout.fontSize * 0.25)) };
}

/** Pixels to keep free above and below the candles for stacked entry markers. */
export function markerPadding(
  annotations: ChartAnnotations | undefined,
  layout: ChartLayout,
): { top: number; bottom: number } {
  const { height, gap } = markerSize(layout);
  const depth = MAX_STACK * (height + gap) + gap;
  const has = (side: string): boolean =>
    (annotations?.markers ?? []).some((marker) => marker.kind === 'entry' && marker.side === side);
  return { top: has('sell') ? depth : 0, bottom: has('buy') ? depth : 0 };
}

function triangle(x: number, tip: number, height: number, half: number): Point[] {
  return [
    { x, y: tip },
    { x: x + half, y: tip + height },
    { x: x - half, y: tip + height },
  ];
}

function cross(x: number, y: number, half: number): Point[] {
  const [out, inn] = [half, half * 0.32];
  const corners: [number, number][] = [
    ...([
      [0, -inn],
      [out - inn, -out],
      [out, inn - out],
      [inn, 0],
    ] as [number, number][]),
    ...([
      [out, out - inn],
      [out - inn, out],
      [0, inn],
      [inn - out, out],
    ] as [number, number][]),
    ...([
      [-out, out - inn],
      [-inn, 0],
      [-out, inn - out],
      [inn - out, -out],
    ] as [number, number][]),
  ];
  return corners.map(([dx, dy]) => ({ x: x + dx, y: y + dy }));
}

type MarkerGround = {
  bars: readonly DrawnBar[];
  columns: readonly BarColumn[];
  scale: PriceScale;
  layout: ChartLayout;
  theme: Theme;
};

function entryStack(at: number, side: ChartMarker['side'], count: number, ground: MarkerGround): Mark[] {
  const { bars, columns, scale, layout, theme } = ground;
  const [bar, column] = [bars[at], columns[at]];
  if (bar === undefined || column === undefined) return [];
  const { half, height, gap } = markerSize(layout);
  const buy = side === 'buy';
  const x = Math.min(layout.plot.x + layout.plot.width - half, Math.max(layout.plot.x + half, column.x));
  const [edge, sign] = buy ? [scale.yOf(bar.low), 1] : [scale.yOf(bar.high), -1];
  const fill = buy ? theme.upText : theme.downText;
  const shown = count > MAX_STACK ? 1 : count;
  const marks: Mark[] = Array.from({ length: shown }, (_, level) => {
    const tip = edge + sign * (gap + level * (height + gap));
    return { kind: 'polygon', role: `${side}-entry`, fill, points: triangle(x, tip, sign * height, half) };
  });
  if (count <= MAX_STACK) return marks;
  const size = Math.round(layout.fontSize * 0.8);
  const y = centredBaseline(edge + sign * (2 * gap + height + size / 2), size);
  const [text, weight, anchor] = [`×${count}`, 600, 'middle'] as const;
  const room = textWidth(text, weight, size) / 2 + 1;
  const middle = Math.min(layout.plot.x + layout.plot.width - room, Math.max(layout.plot.x + room, x));
  return [
    ...marks,
    { kind: 'text', role: `${side}-entry-count`, text, x: middle, y, size, weight, anchor, fill },
  ];
}

function exitCross(marker: ChartMarker, at: number, ground: MarkerGround): Mark[] {
  const { bars, columns, scale, layout, theme } = ground;
  const [bar, column] = [bars[at], columns[at]];
  if (bar === undefined || column === undefined) return [];
  const { half } = markerSize(layout);
  const { plot } = layout;
  const within = (value: number, from: number, to: number): number =>
    Math.min(to - half, Math.max(from + half, value));
  const x = within(column.x, plot.x, plot.x + plot.width);
  const y = within(scale.yOf(marker.price ?? bar.close), plot.y, plot.y + plot.height);
  return [{ kind: 'polygon', role: `${marker.side}-exit`, fill: theme.text, points: cross(x, y, half) }];
}

/** Triangles below the low (buy) or above the high (sell) of the bar of each entry, crosses at the price of exits. */
export function markerMarks(markers: readonly ChartMarker[], ground: MarkerGround): Mark[] {
  const stacks = new Map<string, { at: number; side: ChartMarker['side']; count: number }>();
  const exits: Mark[] = [];
  for (const marker of markers) {
    const at = barAt(ground.bars, marker.timeMs);
    if (at === undefined) continue;
    if (marker.kind === 'exit') {
      exits.push(...exitCross(marker, at, ground));
      continue;
    }
    const key = `${marker.side} ${at}`;
    const stack = stacks.get(key) ?? { at, side: marker.side, count: 0 };
    stacks.set(key, { ...stack, count: stack.count + 1 });
  }
  return [...stacks.values()]
    .flatMap(({ at, side, count }) => entryStack(at, side, count, ground))
    .concat(exits);
}
