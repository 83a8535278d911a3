// The bars of a histogram with mean and median marked above them. Invariants: losses and gains differ by colour and by
// their side of the zero line; no line cuts a bar in two; the flags of mean and median never cover each other or leave
// the plot.
import type { ChartLayout } from './chart-layout.ts';
import { textWidth } from './glyphs.ts';
import type { Bin, Histogram } from './histogram-bins.ts';
import { valueText } from './histogram-figures.ts';
import type { ValueScale } from './histogram-value-axis.ts';
import { centredBaseline, type Mark, type Rect } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { HistogramChart } from './resolved-chart.ts';
import { type Theme, textOn } from './theme.ts';

const PLATE_OPACITY = 0.86;

export type HistogramColours = { above: string; below: string };
/** A value marked above the bars: its name, words and colour. */
export type Flag = { role: string; text: string; value: number; colour: string };
export type BarsInput = {
  chart: HistogramChart;
  histogram: Histogram;
  layout: ChartLayout;
  values: ValueScale;
  counts: PriceScale;
  colours: HistogramColours;
  theme: Theme;
};

function bar({ from, to, count }: Bin, { layout, values, counts }: BarsInput): Rect {
  const [left, right] = [Math.round(values.xOf(from)), Math.round(values.xOf(to))];
  const gap = right - left >= 4 * layout.ratio ? layout.ratio : 0;
  const bottom = layout.plot.y + layout.plot.height;
  const top = Math.min(bottom - layout.ratio, Math.round(counts.yOf(count)));
  return { x: left, y: top, width: Math.max(1, right - left - gap), height: bottom - top };
}

/** Bars in two colours, split at zero. */
export function barMarks(input: BarsInput): Mark[] {
  const { histogram, colours } = input;
  const filled = histogram.bins.filter(({ count }) => count > 0);
  const rects = (bins: readonly Bin[]): Rect[] => bins.map((bin) => bar(bin, input));
  return [
    {
      ...{ kind: 'rects', role: 'bins-below', fill: colours.below },
      rects: rects(filled.filter(({ from }) => from < 0)),
    },
    {
      ...{ kind: 'rects', role: 'bins-above', fill: colours.above },
      rects: rects(filled.filter(({ from }) => from >= 0)),
    },
  ];
}

/** The line between losses and gains, where the plot has both. */
export function zeroMark({ layout, values, theme }: BarsInput): Mark[] {
  const { plot, ratio } = layout;
  if (values.low >= 0 || values.high <= 0) return [];
  const rect = { x: Math.round(values.xOf(0)) - ratio, y: plot.y, width: ratio, height: plot.height };
  return [{ kind: 'rects', role: 'zero', fill: theme.border, rects: [rect] }];
}

/** Values beyond the scale, told above the bar that holds them. */
export function openBinMarks(input: BarsInput): Mark[] {
  const { chart, histogram, layout, theme } = input;
  const { plot, fontSize } = layout;
  const size = Math.round(fontSize * 0.8);
  const [first, last] = [histogram.bins[0], histogram.bins.at(-1)];
  if (first === undefined || last === undefined) return [];
  const told = [
    {
      bin: first,
      count: histogram.below,
      text: `incl. ${histogram.below} under ${valueText(first.from, chart)}`,
    },
    { bin: last, count: histogram.above, text: `incl. ${histogram.above} over ${valueText(last.to, chart)}` },
  ];
  return told.flatMap(({ bin, count, text }) => {
    const width = Math.ceil(textWidth(text, 400, size)) + size;
    if (count === 0 || width > plot.width / 2) return [];
    const [under, height] = [bar(bin, input), Math.round(size * 1.5)];
    const x = bin === first ? under.x : under.x + under.width - width;
    const y = under.y - height;
    const place = { x: x + width / 2, y: centredBaseline(y + height / 2, size), size } as const;
    const rects = [{ x, y, width, height }];
    return [
      { kind: 'rects', role: 'open-bin-plate', fill: theme.background, opacity: PLATE_OPACITY, rects },
      { kind: 'text', role: 'open-bin', text, ...place, weight: 400, anchor: 'middle', fill: theme.text },
    ];
  });
}

type Placed = Flag & { isBeyond: boolean; lineX: number; x: number; width: number; row: number };

/** A value beyond the scale stands at its end, with a sign that it lies further out. */
function flagText({ text, value }: Flag, { low, high }: ValueScale): string {
  return value < low ? `« ${text}` : value > high ? `${text} »` : text;
}

/** The lower value's flag flies left, the higher one's right; where they would meet the second is a row lower. */
function placedFlags(flags: readonly Flag[], { layout, values }: BarsInput): Placed[] {
  const { plot, fontSize } = layout;
  const [start, end] = [plot.x, plot.x + plot.width];
  const placed = flags
    .toSorted((one, other) => one.value - other.value)
    .map((flag, index): Placed => {
      const text = flagText(flag, values);
      const width = Math.ceil(textWidth(text, 600, fontSize)) + fontSize;
      const lineX = Math.round(Math.min(end - 1, Math.max(start, values.xOf(flag.value))));
      const [left, right] = [lineX - width, lineX];
      const wish = index === 0 ? (left < start ? right : left) : right + width > end ? left : right;
      const isBeyond = text !== flag.text;
      return {
        ...flag,
        text,
        isBeyond,
        lineX,
        width,
        row: 0,
        x: Math.min(end - width, Math.max(start, wish)),
      };
    });
  const [low, high] = placed;
  if (low === undefined || high === undefined) return placed;
  const meet = low.x < high.x + high.width && high.x < low.x + low.width;
  return [low, meet ? { ...high, row: 1 } : high];
}

/** The top of the highest bar that a line about `x` would cross, or the plot's bottom. */
function footOf(x: number, input: BarsInput): number {
  const { plot, ratio } = input.layout;
  const filled = input.histogram.bins.filter(({ count }) => count > 0);
  const crossed = filled
    .map((bin) => bar(bin, input))
    .filter((rect) => rect.x < x + ratio && rect.x + rect.width > x - ratio);
  return crossed.reduce((top, { y }) => Math.min(top, y), plot.y + plot.height);
}

/** A dashed line from under the flag down to the bar at the value; in the bar it would look like the edge between two. */
function flagLine({ role, lineX, row, colour }: Placed, top: number, input: BarsInput): Mark[] {
  const { labelHeight, ratio } = input.layout;
  const [from, to] = [
    { x: lineX, y: top + (row + 1) * labelHeight },
    { x: lineX, y: footOf(lineX, input) },
  ];
  const look = { stroke: colour, width: 2 * ratio, dash: [5 * ratio, 3 * ratio] } as const;
  return to.y > from.y ? [{ kind: 'line', role, ...look, from, to }] : [];
}

/** Lines of mean and median down to their bars, each under a flag with its words; `top` is where the flags begin. */
export function flagMarks(flags: readonly Flag[], top: number, input: BarsInput): Mark[] {
  const { plot, fontSize, labelHeight } = input.layout;
  const placed = placedFlags(flags, input).filter(({ width }) => width <= plot.width);
  const lines = placed.flatMap((flag) => (flag.isBeyond ? [] : flagLine(flag, top, input)));
  const words = placed.flatMap(({ role, text, x, width, row, colour }): Mark[] => {
    const y = top + row * labelHeight;
    const place = { x: x + width / 2, y: centredBaseline(y + labelHeight / 2, fontSize), size: fontSize };
    return [
      { kind: 'rects', role: `${role}-flag`, fill: colour, rects: [{ x, y, width, height: labelHeight }] },
      {
        kind: 'text',
        role: `${role}-text`,
        text,
        ...place,
        weight: 600,
        anchor: 'middle',
        fill: textOn(colour),
      },
    ];
  });
  return [...lines, ...words];
}
