// The pane of oscillators below the bars. Every RSI stands in the one pane, because all run from 0 to 100 and are read
// against the same two lines. Invariant: the axis is fixed at 0 to 100, so two pictures can be compared.
import type { CandleGround } from './candle-ground.ts';
import type { ChartLayout } from './chart-layout.ts';
import { type IndicatorLine, indicatorMark, lastValue } from './indicator-lines.ts';
import { legend } from './legend.ts';
import { lineGroups } from './legend-sections.ts';
import type { Mark, Rect } from './mark.ts';
import { hideCovered, type PriceTick, placeAxisValues, priceAxisMarks } from './price-axis.ts';
import type { Theme } from './theme.ts';

/** Above and below these a market counts as overbought and oversold (Wilder 1978). */
const GUIDES = [70, 30] as const;
const DIGITS = 2;
const BAND_OPACITY = 0.07;
/** Names may take this share of the pane. */
const NAMES_SHARE = 0.8;

/** What of the pane goes into the grid, into the plot and onto the axis. */
export type RsiPane = { marks: Mark[]; axis: Mark[] };

/** The layout of one pane as if it were the plot. */
function paneLayout(layout: ChartLayout, index: number): ChartLayout | undefined {
  const plot = layout.panes[index];
  return plot && { ...layout, plot, axis: { ...layout.axis, y: plot.y, height: plot.height } };
}

/** The band in which a market counts as neither, and its two edges. */
function guideMarks({ plot, ratio }: ChartLayout, yOf: (value: number) => number, stroke: string): Mark[] {
  const [top, bottom] = [Math.round(yOf(GUIDES[0])), Math.round(yOf(GUIDES[1]))];
  const band = { x: plot.x, y: top, width: plot.width, height: bottom - top };
  const lines: Mark[] = GUIDES.map((value) => {
    const y = Math.round(yOf(value)) + 0.5 * (ratio % 2);
    const ends = { from: { x: plot.x, y }, to: { x: plot.x + plot.width, y } };
    return { kind: 'line', role: 'rsi-guide', stroke, width: ratio, dash: [2 * ratio, 3 * ratio], ...ends };
  });
  return [{ kind: 'rects', role: 'rsi-band', fill: stroke, opacity: BAND_OPACITY, rects: [band] }, ...lines];
}

/** Whether a line runs through a box, or nearer to it than `margin`. */
function runsThrough(line: Mark, box: Rect, margin: number): boolean {
  if (line.kind !== 'polyline') return false;
  const [left, right] = [box.x - margin, box.x + box.width + margin];
  const [top, bottom] = [box.y - margin, box.y + box.height + margin];
  return line.points.some((to, index) => {
    const from = line.points[index - 1] ?? to;
    const beside = Math.max(from.x, to.x) < left || Math.min(from.x, to.x) > right;
    return !beside && Math.max(from.y, to.y) >= top && Math.min(from.y, to.y) <= bottom;
  });
}

/**
 * The names of the lines and the scale of the pane: the names at its head or, where a line runs there, at its foot;
 * where lines run in both, at the head, and the scale begins below them.
 */
function placedNames(
  oscillators: readonly IndicatorLine[],
  { plot, ratio, fontSize, margin }: ChartLayout,
  theme: Theme,
  drawn: (yOf: (value: number) => number) => readonly Mark[],
): { names: Mark[]; yOf: (value: number) => number } {
  const inset = fontSize * 0.4;
  const scaleFrom = (top: number) => (value: number) =>
    top + inset + ((100 - value) / 100) * (plot.y + plot.height - top - 2 * inset);
  // The pane is low, so the names stand in one row and the prices' room for legends does not apply.
  const style = { size: fontSize, margin, plate: theme.background };
  const namesIn = (band: Rect) => legend([lineGroups(oscillators, DIGITS)], band, style, NAMES_SHARE);
  const head = namesIn(plot);
  const foot = namesIn({ ...plot, y: plot.y + plot.height - head.height - ratio });
  const lines = drawn(scaleFrom(plot.y));
  const free = [head, foot].find(({ marks: [plate] }) => {
    const box = plate?.kind === 'rects' ? plate.rects[0] : undefined;
    return box === undefined || !lines.some((line) => runsThrough(line, box, ratio));
  });
  if (free !== undefined) return { names: free.marks, yOf: scaleFrom(plot.y) };
  return { names: head.marks, yOf: scaleFrom(plot.y + head.height) };
}

/** The marks of the pane, or undefined where the chart has none. */
export function rsiPane({
  theme,
  layout: whole,
  lines,
  bars,
  columns,
  series,
}: CandleGround): RsiPane | undefined {
  const layout = paneLayout(whole, 0);
  const oscillators = lines.filter(({ pane }) => pane === 'rsi');
  if (layout === undefined || oscillators.length === 0) return undefined;
  const { ratio } = layout;
  const drawn = (yOf: (value: number) => number): Mark[] =>
    oscillators.map((line) => indicatorMark(line, bars, columns, series.candleAt, yOf, ratio));
  const { names, yOf } = placedNames(oscillators, layout, theme, drawn);
  const values = oscillators.flatMap((line, index) => {
    const value = lastValue(line);
    if (value === undefined) return [];
    const [text, y] = [value.toFixed(DIGITS), Math.round(yOf(value))];
    return [{ role: line.name, text, y, colour: line.colour, priority: 10 - index }];
  });
  const labels = placeAxisValues(values, layout);
  const ticks: PriceTick[] = GUIDES.map((value) => ({
    ...{ value, text: String(value), y: Math.round(yOf(value)), hidden: false },
  }));
  return {
    marks: [...guideMarks(layout, yOf, theme.muted), ...drawn(yOf), ...names],
    axis: priceAxisMarks(hideCovered(ticks, labels, layout), labels, layout, theme),
  };
}
