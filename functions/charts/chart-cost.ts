// What a picture costs to draw, for the allowance of its user. Measured, time goes with device pixels (raster and PNG)
// and then with what is drawn: a thousand bars cost about as much again as their page. What is kept and read counts apart, a
// unit for a hundred rows, however small the page. One unit is a tenth of a megapixel of an empty page, so that an ordinary
// chart of 200 bars costs 12.
import { devicePixels } from './chart-size.ts';
import type { ResolvedChart } from './resolved-chart.ts';

const PIXELS_PER_UNIT = 100_000;
const ITEMS_PER_PAGE = 1000;
const ROWS_PER_UNIT = 100;

/** Bars, points or values of a chart, those that only feed its indicators too. */
const itemsOf = (chart: ResolvedChart): number => {
  if (chart.kind === 'equity') return chart.points.length;
  return chart.kind === 'histogram' ? chart.values.length : chart.candles.length;
};

const binsOf = (chart: ResolvedChart): number => ('bins' in chart ? (chart.bins ?? 0) : 0);

/** The cost of a chart, at least 2, rounded up to a whole number. */
export function chartCost(chart: ResolvedChart): number {
  const pages = devicePixels(chart.size) / PIXELS_PER_UNIT;
  const items = itemsOf(chart);
  return Math.ceil(pages * (1 + items / ITEMS_PER_PAGE)) + Math.ceil((items + binsOf(chart)) / ROWS_PER_UNIT);
}

/** What any chart of this size costs at least, whatever it shows. */
export const leastCost = (size: ResolvedChart['size']): number =>
  Math.ceil(devicePixels(size) / PIXELS_PER_UNIT) + 1;
