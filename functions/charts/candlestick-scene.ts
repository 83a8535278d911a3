// The candlestick chart: candles by bar index (weekends and breaks take no space), volume under them, moving
// averages, orders, both axes, legend. Later kinds of chart have a file like this beside it and share the parts.
// Draw order: watermark, grid, volume, candles, indicators, orders, last price, axes, legend.

import { indicatorSeries } from '../market/indicator.ts';
import { type ZoneReader, zoneReader } from '../platform/time-zone.ts';
import { type BarColumn, barColumns } from './candle-geometry.ts';
import { candleMarks, VOLUME_SHARE, volumeMarks } from './candle-marks.ts';
import type { Candle } from './candle-series.ts';
import { chartFrame } from './chart-frame.ts';
import { type ChartLayout, chartLayout } from './chart-layout.ts';
import { isPlainDates, labelZone, rangeText } from './chart-period.ts';
import { type DrawnBar, drawnBars, groupSize } from './decimation.ts';
import { type Legend, legend } from './legend.ts';
import { legendSections } from './legend-sections.ts';
import type { Mark } from './mark.ts';
import { levelLine, levelPrices, levelTag, type OrderLevel, orderLevels, tagRoom } from './order-levels.ts';
import { markerMarks, markerPadding } from './order-markers.ts';
import {
  type AxisLabel,
  type AxisValue,
  hideCovered,
  type PriceTick,
  placeAxisValues,
  priceAxisMarks,
  priceTicks,
} from './price-axis.ts';
import { type PriceScale, priceRange, priceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import type { SceneFacts } from './scene.ts';
import { THEMES, type Theme } from './theme.ts';
import { type TimeLabel, timeLabels } from './time-axis.ts';
import { zoneLabel } from './zoned-time.ts';

/** An indicator line: one value per drawn bar, that of the bar's last candle. */
export type IndicatorLine = { name: string; colour: string; values: readonly (number | undefined)[] };

function indicatorLines(chart: ResolvedChart, bars: readonly DrawnBar[], theme: Theme): IndicatorLine[] {
  return chart.indicators.map(({ kind, period }, index) => {
    const values = indicatorSeries({ name: kind, period }, chart.candles);
    const colour = theme.indicators[index % theme.indicators.length] ?? theme.text;
    return { name: `SMA ${period}`, colour, values: bars.map(({ last }) => values[last] ?? undefined) };
  });
}

function* shownPrices(bars: readonly DrawnBar[], lines: readonly IndicatorLine[]): Generator<number> {
  for (const { low, high } of bars) yield* [low, high];
  for (const { values } of lines) {
    for (const value of values) if (value !== undefined) yield value;
  }
}

/** The widest texts the axis may have to carry: prices well beyond both ends, and the zone in its corner. */
function axisTexts(range: { low: number; high: number }, digits: number, zone: string): string[] {
  const reach = range.high - range.low;
  return [priceText(range.high + 2 * reach, digits), priceText(range.low - 2 * reach, digits), zone];
}

function lineMarks(
  lines: readonly IndicatorLine[],
  columns: readonly BarColumn[],
  yOf: (price: number) => number,
  ratio: number,
): Mark[] {
  return lines.map(({ name, colour, values }) => {
    const points = values.flatMap((value, index) => {
      const column = columns[index];
      return value === undefined || column === undefined ? [] : [{ x: column.x, y: yOf(value) }];
    });
    return { kind: 'polyline', role: name, stroke: colour, width: 1.5 * ratio, points };
  });
}

function lastPriceLine(y: number, layout: ChartLayout, colour: string): Mark {
  const { plot, ratio } = layout;
  const middle = y + 0.5 * (ratio % 2);
  const [from, to] = [
    { x: plot.x, y: middle },
    { x: plot.x + plot.width, y: middle },
  ];
  return {
    kind: 'line',
    role: 'last-price',
    stroke: colour,
    width: ratio,
    dash: [2 * ratio, 3 * ratio],
    from,
    to,
  };
}

function axisValues(
  chart: ResolvedChart,
  lines: readonly IndicatorLine[],
  scale: PriceScale,
  last: { y: number; text: string; colour: string },
): AxisValue[] {
  const averages = lines.flatMap(({ name, colour, values }, index) => {
    const value = values.at(-1);
    if (value === undefined) return [];
    const text = priceText(value, chart.digits);
    return [{ role: name, text, y: scale.yOf(value), colour, priority: 2 - index / 100 }];
  });
  return [{ role: 'last-price', ...last, priority: 1000 }, ...averages];
}

type Ground = {
  bars: DrawnBar[];
  columns: BarColumn[];
  lines: IndicatorLine[];
  layout: ChartLayout;
  theme: Theme;
};

/** Everything whose place does not depend on the price scale. */
function ground(chart: ResolvedChart, zone: string): Ground & { range: { low: number; high: number } } {
  const { candles, visibleFrom, size, title, digits, annotations } = chart;
  const theme = THEMES[chart.theme];
  const levels = levelPrices(annotations);
  const candleLines = indicatorLines(chart, drawnBars(candles, visibleFrom, 1), theme);
  const range = priceRange(shownPrices(drawnBars(candles, visibleFrom, 1), candleLines), levels, digits);
  const outer = { low: Math.min(range.low, ...levels), high: Math.max(range.high, ...levels) };
  const layout = chartLayout(size, title, [
    ...axisTexts(range, digits, zone),
    ...axisTexts(outer, digits, zone),
  ]);
  const left = layout.plot.x + 4 * layout.ratio;
  const margin = Math.max(layout.fontSize, tagRoom(annotations, layout.fontSize));
  const right = Math.max(left + layout.plot.width * 0.4, layout.plot.x + layout.plot.width - margin);
  const bars = drawnBars(
    candles,
    visibleFrom,
    groupSize(candles.length - visibleFrom, Math.floor(right - left)),
  );
  const columns = barColumns(bars.length, left, Math.floor(right), layout.ratio);
  return { bars, columns, lines: indicatorLines(chart, bars, theme), layout, theme, range };
}

type Labelling = {
  lastPrice: SceneFacts['lastPrice'];
  levels: OrderLevel[];
  labels: AxisLabel[];
  ticks: PriceTick[];
};

/** The values on the price axis: last price, averages, order levels, and the ticks they leave uncovered. */
function labelling(
  chart: ResolvedChart,
  last: Candle,
  { lines, layout, theme }: Ground,
  scale: PriceScale,
): Labelling {
  const { digits, annotations } = chart;
  const colour = last.close >= last.open ? theme.up : theme.down;
  const lastPrice = { text: priceText(last.close, digits), y: Math.round(scale.yOf(last.close)), colour };
  const levels = annotations === undefined ? [] : orderLevels(annotations, scale, layout, theme);
  const levelValues = levels.map(({ role, price, y, colour: fill }) => {
    return { role, text: priceText(price, digits), y, colour: fill, priority: 100 };
  });
  const labels = placeAxisValues([...axisValues(chart, lines, scale, lastPrice), ...levelValues], layout);
  return { lastPrice, levels, labels, ticks: hideCovered(priceTicks(scale, layout, digits), labels, layout) };
}

/** All that stands inside the plot, in drawing order. */
function plotMarks(chart: ResolvedChart, base: Ground, scale: PriceScale, found: Labelling): Mark[] {
  const { bars, columns, lines, layout, theme } = base;
  const { lastPrice, levels, labels } = found;
  const tags = levels.flatMap((level) => {
    const label = labels.find(({ role }) => role === level.role);
    return label === undefined ? [] : levelTag(level, label.labelY, layout, theme);
  });
  return [
    ...(chart.volume ? volumeMarks(bars, columns, layout.plot, theme) : []),
    ...candleMarks(bars, columns, scale, theme),
    ...lineMarks(lines, columns, scale.yOf, layout.ratio),
    ...levels.flatMap((level) => levelLine(level, layout)),
    ...markerMarks(chart.annotations?.markers ?? [], { bars, columns, scale, layout, theme }),
    lastPriceLine(lastPrice.y, layout, lastPrice.colour),
    ...tags,
  ];
}

function timesOf({ bars, columns, layout }: Ground, read: ZoneReader): TimeLabel[] {
  const { plot, fontSize } = layout;
  const axisBars = bars.map(({ timeMs }, index) => ({ timeMs, x: columns[index]?.x ?? 0 }));
  const edge = Math.round(fontSize / 3);
  return timeLabels(axisBars, read, { left: plot.x + edge, right: plot.x + plot.width - edge, fontSize });
}

function legendOf(chart: ResolvedChart, { lines, layout, theme }: Ground): Legend {
  const { plot, fontSize, margin } = layout;
  const clear = { ...plot, width: plot.width - tagRoom(chart.annotations, fontSize) };
  return legend(legendSections(chart, lines, theme), clear, {
    size: fontSize,
    margin,
    plate: theme.background,
  });
}

/** Room above the candles for the legend, below them for the volume, and for markers on either side. */
function paddingOf(
  chart: ResolvedChart,
  layout: ChartLayout,
  legendHeight: number,
): { top: number; bottom: number } {
  const { plot } = layout;
  const spare = markerPadding(chart.annotations, layout);
  const floor = plot.height * (chart.volume ? VOLUME_SHARE + 0.04 : 0.06);
  return { top: legendHeight + plot.height * 0.04 + spare.top, bottom: floor + spare.bottom };
}

function indicatorFacts(lines: readonly IndicatorLine[], digits: number): SceneFacts['indicators'] {
  return lines.map(({ name, values, colour }) => {
    const value = values.at(-1);
    return { name, value: value === undefined ? undefined : priceText(value, digits), colour };
  });
}

/** The marks and facts of a candlestick chart; the chart has at least one bar. */
export function candlestickScene(chart: ResolvedChart): {
  background: string;
  marks: Mark[];
  facts: SceneFacts;
} {
  const last = chart.candles.at(-1);
  if (last === undefined) throw new RangeError('a chart has at least one bar');
  const read = zoneReader(labelZone(chart));
  const zone = isPlainDates(chart) ? '' : zoneLabel(read, last.timeMs);
  const { range, ...base } = ground(chart, zone);
  const { bars, lines, layout, theme } = base;
  const words = legendOf(chart, base);
  const scale = priceScale(range, layout.plot, paddingOf(chart, layout, words.height));
  const found = labelling(chart, last, base, scale);
  const { ticks, labels, lastPrice } = found;
  const times = timesOf(base, read);
  const frame = chartFrame({ chart, layout, theme, ticks, times, zone, range: rangeText(chart) });
  const marks: Mark[] = [
    ...frame.behind,
    ...plotMarks(chart, base, scale, found),
    ...frame.front,
    ...priceAxisMarks(ticks, labels, layout, theme),
    ...words.marks,
  ];
  const facts: SceneFacts = {
    barCount: chart.candles.length - chart.visibleFrom,
    columnCount: bars.length,
    timeLabels: times,
    priceTicks: ticks,
    zone,
    lastPrice,
    indicators: indicatorFacts(lines, chart.digits),
    colours: { background: theme.background, up: theme.up, down: theme.down },
  };
  return { background: theme.background, marks: marks.filter(isVisible), facts };
}

function isVisible(mark: Mark): boolean {
  if (mark.kind === 'rects') return mark.rects.length > 0;
  return mark.kind !== 'polyline' || mark.points.length > 1;
}
