// The figures that a histogram states, and how its values are written: money, R, or time.
import { ascending, quantile } from './histogram-bins.ts';
import { changeText, priceText } from './price-text.ts';
import type { HistogramChart } from './resolved-chart.ts';

export type HistogramFigures = {
  count: number;
  mean: number;
  median: number;
  /** Percent of the values that are above zero; undefined where values have no sign. */
  winShare: number | undefined;
};
type Unit = Pick<HistogramChart, 'column' | 'digits'>;

const R_DIGITS = 2;
const DAY_S = 86_400;
const HOUR_S = 3_600;
const MINUTE_S = 60;

/** Decimals of a column's values; durations are whole seconds. */
export function valueDigits({ column, digits }: Unit): number {
  return { profit: digits, r: R_DIGITS, duration: 0 }[column];
}

/** Whether a value can be a gain or a loss. */
export const isSigned = ({ column }: Pick<HistogramChart, 'column'>): boolean => column !== 'duration';

/** What a column is called: `Profit per trade, USD`. */
export function columnName({ column, currency }: Pick<HistogramChart, 'column' | 'currency'>): string {
  if (column === 'r') return 'Result per trade, R';
  if (column === 'duration') return 'Duration of trades';
  return `Profit per trade${currency === undefined ? '' : `, ${currency}`}`;
}

/** Seconds as the two largest of days, hours, minutes and seconds: `2d 4h`, `1h 30m`, `45s`. */
export function durationText(seconds: number): string {
  const units = [
    { name: 'd', size: DAY_S },
    { name: 'h', size: HOUR_S },
    { name: 'm', size: MINUTE_S },
    { name: 's', size: 1 },
  ] as const;
  const whole = Math.round(seconds);
  const at = Math.max(
    0,
    units.findIndex(({ size }) => whole >= size),
  );
  if (whole < 1) return '0s';
  const [first, second] = [units[at], units[at + 1]];
  if (first === undefined || second === undefined) return `${whole}s`;
  const steps = Math.round(whole / second.size);
  const each = first.size / second.size;
  const [large, small] = [Math.floor(steps / each), steps % each];
  return `${large}${first.name}${small === 0 ? '' : ` ${small}${second.name}`}`;
}

/** A value of the column in words; `digits` may be fewer than the values have. */
export function valueText(value: number, chart: Unit, digits = valueDigits(chart)): string {
  if (chart.column === 'duration') return durationText(value);
  return chart.column === 'r' ? `${changeText(value, digits)}R` : priceText(value, digits);
}

/** The figures of at least one value. */
export function histogramFigures(chart: HistogramChart): HistogramFigures {
  const { values } = chart;
  const sorted = ascending(values);
  const wins = values.filter((value) => value > 0).length;
  return {
    count: values.length,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    median: quantile(sorted, 0.5),
    winShare: isSigned(chart) ? (wins / values.length) * 100 : undefined,
  };
}
