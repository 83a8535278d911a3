// A histogram in one sentence. Invariant: printable ASCII only, as for every alt text.
import { asciiText } from './ascii-text.ts';
import { histogram } from './histogram-bins.ts';
import { columnName, histogramFigures, valueDigits, valueText } from './histogram-figures.ts';
import { priceText } from './price-text.ts';
import type { HistogramChart } from './resolved-chart.ts';

/**
 * `Profit per trade, USD, 422 trades in 24 bins, mean 409.26, median 244.00, win rate 81.3%, from -4,500.00 to
 * 7,210.00; most trades (120) from 0.00 to 480.00`.
 */
export function histogramAlt(chart: HistogramChart): string {
  const { count, mean, median, winShare } = histogramFigures(chart);
  const { bins } = histogram(chart.values, { ...chart, digits: valueDigits(chart) });
  const text = (value: number): string => valueText(value, chart);
  const range = chart.values.reduce(
    ({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }),
    { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY },
  );
  const fullest = bins.reduce((most, bin) => (bin.count > most.count ? bin : most));
  const words = [
    columnName(chart),
    `${count} ${count === 1 ? 'trade' : 'trades'} in ${bins.length} bins`,
    ...[`mean ${text(mean)}`, `median ${text(median)}`],
    ...(winShare === undefined ? [] : [`win rate ${priceText(winShare, 1)}%`]),
    `from ${text(range.low)} to ${text(range.high)}`,
  ];
  const peak = `most trades (${fullest.count}) from ${text(fullest.from)} to ${text(fullest.to)}`;
  return asciiText(`${words.join(', ')}; ${peak}`);
}
