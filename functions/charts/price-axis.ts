// Ticks of the price axis and the labels on it. Invariants: steps are 1, 2, 2.5 or 5 times a power of ten and never
// finer than the instrument's digits; no label is cut or overlaps another; a tick label under a value label is hidden.
import type { ChartLayout } from './chart-layout.ts';
import { stackLabels } from './label-stack.ts';
import { centredBaseline, type Mark } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import { type Theme, textOn } from './theme.ts';

export type PriceTick = { value: number; text: string; y: number; hidden: boolean };
/** A value that stands on the axis in a filled box; the lowest priority goes first when there is no room. */
export type AxisValue = { role: string; text: string; y: number; colour: string; priority: number };
export type AxisLabel = AxisValue & { labelY: number };

/** Between two tick labels, in font sizes. */
const TICK_DISTANCE = 2.5;

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

/** Ticks between the scale's ends whose labels are wholly inside the plot; values are multiples, never sums. */
export function priceTicks(scale: PriceScale, layout: ChartLayout, digits: number): PriceTick[] {
  const { plot, fontSize } = layout;
  const step = priceStep(((scale.high - scale.low) * fontSize * TICK_DISTANCE) / plot.height, digits);
  const ticks: PriceTick[] = [];
  for (let count = Math.ceil(scale.low / step); count <= Math.floor(scale.high / step); count += 1) {
    const value = Number((count * step).toFixed(digits));
    const y = Math.round(scale.yOf(value));
    const cut = y - fontSize / 2 < plot.y || y + fontSize / 2 > plot.y + plot.height;
    if (!cut) ticks.push({ value, text: priceText(value, digits), y, hidden: false });
  }
  return ticks;
}

/** Places value labels so that none overlaps; drops the least important when the axis is too short for all. */
export function placeAxisValues(values: readonly AxisValue[], layout: ChartLayout): AxisLabel[] {
  const { plot, labelHeight } = layout;
  const kept = values.toSorted((a, b) => b.priority - a.priority);
  for (; kept.length > 0; kept.pop()) {
    const wishes = kept.map(({ y, priority }) => ({ y, weight: priority }));
    const middles = stackLabels(wishes, labelHeight + 1, { top: plot.y, bottom: plot.y + plot.height });
    if (middles !== undefined) {
      return kept.map((value, index) => ({ ...value, labelY: Math.round(middles[index] ?? value.y) }));
    }
  }
  return [];
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
