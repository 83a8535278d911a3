// Indicators of a chart: averages over the bars, oscillators in a pane of their own. Invariant: they are of the market's
// closes whatever bars are drawn, because an average of averages is nobody's indicator.
import { type IndicatorName, indicatorSeries } from '../market/indicator.ts';
import type { BarColumn } from './candle-geometry.ts';
import type { DrawnBar } from './decimation.ts';
import type { Mark, Point } from './mark.ts';
import type { CandleChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';
import { tickAverage } from './tick-average.ts';

/** `values`: one per candle of the chart, NaN before the warm-up is over. */
export type IndicatorLine = {
  name: string;
  pane: 'price' | 'rsi';
  colour: string;
  values: Float64Array;
};

const NAMES: Partial<Record<IndicatorName, string>> = { sma: 'SMA', ema: 'EMA', rsi: 'RSI' };

/** The indicators in the order in which they were asked for, each in a colour of its own. */
export function indicatorLines(chart: CandleChart, theme: Theme): IndicatorLine[] {
  return chart.indicators.map(({ kind, period }, index) => ({
    name: `${NAMES[kind]} ${period}`,
    pane: kind === 'rsi' ? 'rsi' : 'price',
    colour: theme.indicators[index % theme.indicators.length] ?? theme.text,
    values:
      kind === 'sma'
        ? tickAverage(chart.candles, period, chart.digits)
        : Float64Array.from(
            indicatorSeries({ name: kind, period }, chart.candles),
            (value) => value ?? Number.NaN,
          ),
  }));
}

/** The value at the last bar, or undefined while the indicator warms up. */
export function lastValue({ values }: IndicatorLine): number | undefined {
  const value = values.at(-1) ?? Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

/**
 * Where merged bars hide a swing, its two ends in the order in which they came; else, as where the line only rises or
 * falls, the level at which the column ends: what lies before is on the way there.
 */
function columnLevels(
  values: Float64Array,
  first: number,
  last: number,
  yOf: (value: number) => number,
): number[] {
  let [start, lowAt, highAt, end] = [-1, -1, -1, -1];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = first; index <= last; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (start < 0) start = index;
    if (value < low) [low, lowAt] = [value, index];
    if (value > high) [high, highAt] = [value, index];
    end = index;
  }
  if (end < 0) return [];
  const [from, to] = lowAt < highAt ? [low, high] : [high, low];
  const swings = Math.min(lowAt, highAt) !== start || Math.max(lowAt, highAt) !== end;
  if (swings && Math.abs(yOf(from) - yOf(to)) >= 1) return [yOf(from), yOf(to)];
  return [yOf(values[end] ?? 0)];
}

/** A line through the columns of bars; `candleAt` gives the candle that a bar ends with. */
export function indicatorMark(
  line: IndicatorLine,
  bars: readonly DrawnBar[],
  columns: readonly BarColumn[],
  candleAt: (bar: number) => number,
  yOf: (value: number) => number,
  ratio: number,
): Mark {
  const { name, colour, values } = line;
  const points: Point[] = [];
  for (const [index, { first, last }] of bars.entries()) {
    const x = columns[index]?.x;
    if (x === undefined) continue;
    if (first === last) {
      const value = values[candleAt(last)] ?? Number.NaN;
      if (!Number.isNaN(value)) points.push({ x, y: yOf(value) });
      continue;
    }
    for (const y of columnLevels(values, candleAt(first), candleAt(last), yOf)) points.push({ x, y });
  }
  // Whatever swings the last column shows, the line ends at the value that the axis names.
  const [x, value] = [columns.at(-1)?.x, lastValue(line)];
  if (bars.at(-1)?.first !== bars.at(-1)?.last && x !== undefined && value !== undefined) {
    points.push({ x, y: yOf(value) });
  }
  return { kind: 'polyline', role: name, stroke: colour, width: 1.5 * ratio, points };
}
