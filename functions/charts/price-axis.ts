// Ticks of the price axis and the labels on it. Invariants: steps are 1, 2, 2.5 or 5 times a power of ten and never
// finer than the instrument's digits; no label is cut or overlaps another; a tick label under a value label is hidden.
import type { ChartLayout } from './chart-layout.ts';
import { textWidth } from './glyphs.ts';
import { stackLabels } from './label-stack.ts';
import { logTicks } from './log-ticks.ts';
import { centredBaseline, type Mark } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import { type Theme, textOn } from './theme.ts';

export type PriceTick = { value: number; text: string; y: number; hidden: boolean };
/** A value that stands on the axis in a filled box; the lowest priority goes first when there is no room. */
export type AxisValue = {
  role: string;
  text: string;
  y: number;
  colour: string;
  priority: number;
  /** The legend names the value as well, so it has no place where it would move others from theirs. */
  inLegend?: boolean;
};
export type AxisLabel = AxisValue & { labelY: number };

/** Between two tick labels, in font sizes. */
const TICK_DISTANCE = 2.5;
/** Where a logarithm makes distances uneven: little more than the height of a label. */
const LEAST_DISTANCE = 1.8;

/** The smallest step of 1, 2, 2.5, 5 x 10^k that is at least `wanted` and not finer than 10^-digits. */
export function priceStep(wanted: number, digits: number): number {
  const least = Math.max(wanted, 10 ** -digits);
  for (let power = Math.floor(Math.log10(least)); ; power += 1) {
    for (const lead of [1, 2, 2.5, 5]) {
      if (lead === 2.5 && power <= -digits) continue;
      const step = power < 0 ? lead / 10 ** -power : lead * 10 ** power;
      if (step >= least * (1 - 1e-9)) return step;
    }
  }
}

function tickValues(scale: PriceScale, layout: ChartLayout, digits: number): number[] {
  const share = (layout.fontSize * TICK_DISTANCE) / layout.plot.height;
  if (scale.kind === 'log') {
    const wanted = Math.log(scale.high / scale.low) * share;
    const least = (wanted * LEAST_DISTANCE) / TICK_DISTANCE;
    return logTicks(scale.low, scale.high, { wanted, least }, digits);
  }
  const step = priceStep((scale.high - scale.low) * share, digits);
  const first = Math.ceil(scale.low / step);
  const count = Math.floor(scale.high / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) =>
    Number(((first + index) * step).toFixed(digits)),
  );
}

/** Ticks between the scale's ends whose labels are wholly inside the plot and no wider than the axis. */
export function priceTicks(scale: PriceScale, layout: ChartLayout, digits: number): PriceTick[] {
  const { plot, axis, fontSize } = layout;
  return tickValues(scale, layout, digits).flatMap((value) => {
    const [y, text] = [Math.round(scale.yOf(value)), priceText(value, digits)];
    const cut = y - fontSize / 2 < plot.y || y + fontSize / 2 > plot.y + plot.height;
    const wide = textWidth(text, 400, fontSize) + fontSize * 0.5 > axis.width;
    return cut || wide ? [] : [{ value, text, y, hidden: false }];
  });
}

/** Labels for all the values, or undefined where the axis is too short for them. */
function stacked(values: readonly AxisValue[], { plot, labelHeight }: ChartLayout): AxisLabel[] | undefined {
  const wishes = values.map(({ y, priority }) => ({ y, weight: priority }));
  const middles = stackLabels(wishes, labelHeight + 1, { top: plot.y, bottom: plot.y + plot.height });
  return (
    middles && values.map((value, index) => ({ ...value, labelY: Math.round(middles[index] ?? value.y) }))
  );
}

/** The furthest that a value stands from its place of those that only the axis tells. */
function displacement(labels: readonly AxisLabel[]): number {
  const moved = labels.map(({ inLegend, labelY, y }) => (inLegend === true ? 0 : Math.abs(labelY - y)));
  return Math.max(0, ...moved);
}

/**
 * Places value labels so that none overlaps; drops the least important when the axis is too short for all. A value that
 * the legend names too stands only where it moves no other by more than half a label, or no further than it stood.
 */
export function placeAxisValues(values: readonly AxisValue[], layout: ChartLayout): AxisLabel[] {
  const ordered = values.toSorted((a, b) => b.priority - a.priority);
  const kept = ordered.filter(({ inLegend }) => inLegend !== true);
  let labels = stacked(kept, layout);
  for (; labels === undefined; labels = stacked(kept, layout)) kept.pop();
  for (const value of ordered.filter(({ inLegend }) => inLegend === true)) {
    const more = stacked([...labels, value], layout);
    const reach = Math.max(layout.labelHeight / 2, displacement(labels));
    if (more !== undefined && displacement(more) <= reach) labels = more;
  }
  return labels;
}

/** The ticks again, with those marked hidden whose text a value label would cover. */
export function hideCovered(
  ticks: readonly PriceTick[],
  labels: readonly AxisLabel[],
  layout: ChartLayout,
): PriceTick[] {
  const reach = (layout.labelHeight + layout.fontSize) / 2;
  return ticks.map((tick) => ({
    ...tick,
    hidden: labels.some(({ labelY }) => Math.abs(labelY - tick.y) < reach),
  }));
}

/** Tick texts and filled value labels of the axis. */
export function priceAxisMarks(
  ticks: readonly PriceTick[],
  labels: readonly AxisLabel[],
  layout: ChartLayout,
  theme: Theme,
): Mark[] {
  const { axis, fontSize, labelHeight } = layout;
  const text = { x: axis.x + Math.round(fontSize * 0.5), size: fontSize, anchor: 'start' } as const;
  const marks: Mark[] = ticks
    .filter((tick) => !tick.hidden)
    .map((tick) => ({
      ...{ kind: 'text', role: 'price-tick', text: tick.text, ...text },
      ...{ y: centredBaseline(tick.y, fontSize), weight: 400, fill: theme.muted },
    }));
  for (const { role, text: words, labelY, colour } of labels) {
    const top = Math.round(labelY - labelHeight / 2);
    const rects = [{ x: axis.x, y: top, width: axis.width, height: labelHeight }];
    const y = centredBaseline(top + labelHeight / 2, fontSize);
    marks.push({ kind: 'rects', role: `${role}-label`, fill: colour, rects });
    marks.push({
      kind: 'text',
      role: `${role}-text`,
      text: words,
      ...text,
      y,
      weight: 600,
      fill: textOn(colour),
    });
  }
  return marks;
}
