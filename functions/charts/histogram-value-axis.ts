// The value axis of a histogram. Invariants: labels stand at whole steps of 1, 2, 2.5 or 5 times a power of ten, for
// durations at whole parts of a minute, an hour or a day; none is cut by the plot's edges and no two overlap.
import type { ChartLayout } from './chart-layout.ts';
import { textWidth } from './glyphs.ts';
import { valueDigits, valueText } from './histogram-figures.ts';
import { priceStep } from './price-axis.ts';
import type { HistogramChart } from './resolved-chart.ts';
import type { TimeLabel } from './time-axis.ts';

/** Values of the first and last edge and where they stand. */
export type ValueScale = { low: number; high: number; xOf(value: number): number };

const DAY_S = 86_400;
/** Steps of durations up to a week, in seconds; beyond it steps are whole days. */
const DURATION_STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800],
  ...[3_600, 7_200, 10_800, 21_600, 43_200, DAY_S, 2 * DAY_S, 7 * DAY_S],
] as const;

/** The scale of a range between margins of one text height. */
export function valueScale(low: number, high: number, { plot, fontSize }: ChartLayout): ValueScale {
  const [left, right] = [plot.x + fontSize, plot.x + plot.width - fontSize];
  return { low, high, xOf: (value) => left + ((value - low) / (high - low)) * (right - left) };
}

function stepOf(wanted: number, chart: HistogramChart): number {
  if (chart.column !== 'duration') return priceStep(wanted, valueDigits(chart));
  const found = DURATION_STEPS.find((step) => step >= wanted);
  return found ?? priceStep(wanted / DAY_S, 0) * DAY_S;
}

/** Labels for the axis under the plot, and grid lines with them. */
export function valueLabels(scale: ValueScale, chart: HistogramChart, layout: ChartLayout): TimeLabel[] {
  const { plot, fontSize } = layout;
  const { low, high, xOf } = scale;
  const ends = [low, high, (low + high) / 2].map((value) => {
    return textWidth(valueText(value, chart), 400, fontSize);
  });
  const room = Math.max(...ends) + 1.6 * fontSize;
  const step = stepOf(((high - low) * room) / (plot.width - 2 * fontSize), chart);
  const digits = Number.isInteger(step) ? 0 : valueDigits(chart);
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, index) => (first + index) * step).flatMap((value, index) => {
    const text = valueText(value, chart, digits);
    const [x, width] = [xOf(value), textWidth(text, 600, fontSize)];
    if (x - width / 2 < plot.x || x + width / 2 > plot.x + plot.width) return [];
    return [{ index, text, x, width, bold: false, rank: 0, run: 1 }];
  });
}
