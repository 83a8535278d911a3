// The candlestick chart: candles by bar index (weekends and breaks take no space), volume under them, moving
// averages, orders, both axes, legend. Later kinds of chart have a file like this beside it and share the parts.
// Draw order: watermark, grid, volume, candles, indicators, orders, last price, axes, legend.
import { isDailyOrLonger, labelZone, rangeText } from './alt-text.ts';
import {
  levelLine,
  levelPrices,
  levelTag,
  markerMarks,
  markerPadding,
  orderLevels,
  tagRoom,
} from './annotation-marks.ts';
import { type BarColumn, barColumns, candleRects, volumeRect } from './candle-geometry.ts';
import { chartFrame } from './chart-frame.ts';
import { type ChartLayout, chartLayout } from './chart-layout.ts';
import { type DrawnBar, drawnBars, groupSize } from './decimation.ts';
import { legend } from './legend.ts';
import { legendSections } from './legend-sections.ts';
import type { Mark, Rect } from './mark.ts';
import { movingAverage } from './moving-average.ts';
import { type AxisValue, hideCovered, placeAxisValues, priceAxisMarks, priceTicks } from './price-axis.ts';
import { type PriceScale, priceRange, priceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import type { SceneFacts } from './scene.ts';
import { THEMES, type Theme } from './theme.ts';
import { timeLabels } from './time-axis.ts';
import { zoneLabel, zoneReader } from './zoned-time.ts';

/** An indicator line: one value per drawn bar, that of the bar's last candle. */
export type IndicatorLine = { name: string; colour: string; values: readonly (number | undefined)[] };

const VOLUME_SHARE = 0.18;

function indicatorLines(chart: ResolvedChart, bars: readonly DrawnBar[], theme: Theme): IndicatorLine[] {
  const closes = chart.candles.map(({ close }) => close);
  return chart.indicators.map(({ period }, index) => {
    const values = movingAverage(closes, period);
    const colour = theme.indicators[index % theme.indicators.length] ?? theme.text;
    return { name: `SMA ${period}`, colour, values: bars.map(({ last }) => values[last]) };
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

function candleMarks(
  bars: readonly DrawnBar[],
  columns: readonly BarColumn[],
  scale: PriceScale,
  theme: Theme,
): Mark[] {
  const rects: Record<'up' | 'down', Rect[]> = { up: [], down: [] };
  for (const [index, bar] of bars.entries()) {
    const column = columns[index];
    if (column === undefined) continue;
    const side = bar.close >= bar.open ? 'up' : 'down';
    const { bodies, wicks } = candleRects(bar, column, scale.yOf, side === 'up' && theme.hollowUp);
    rects[side].push(...bodies, ...wicks);
  }
  return [
    { kind: 'rects', role: 'candles-up', fill: theme.up, rects: rects.up },
    { kind: 'rects', role: 'candles-down', fill: theme.down, rects: rects.down },
  ];
}

function volumeMarks(
  bars: readonly DrawnBar[],
  columns: readonly BarColumn[],
  plot: Rect,
  theme: Theme,
): Mark[] {
  const most = bars.reduce((top, { volume = 0 }) => Math.max(top, volume), 0);
  const zone = { bottom: plot.y + plot.height, height: plot.height * VOLUME_SHARE };
  const rects: Record<'up' | 'down', Rect[]> = { up: [], down: [] };
  for (const [index, bar] of bars.entries()) {
    const column = columns[index];
    const rect = column === undefined ? undefined : volumeRect(bar.volume ?? 0, most, column, zone);
    if (rect !== undefined) rects[bar.close >= bar.open ? 'up' : 'down'].push(rect);
  }
  return [
    { kind: 'rects', role: 'volume-up', fill: theme.volumeUp, rects: rects.up },
    { kind: 'rects', role: 'volume-down', fill: theme.volumeDown, rects: rects.down },
  ];
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

/** The marks and facts of a candlestick chart; the chart has at least one bar. */
export function candlestickScene(chart: ResolvedChart): {
  background: string;
  marks: Mark[];
  facts: SceneFacts;
} {
  const { digits, annotations } = chart;
  const lastCandle = chart.candles.at(-1);
  if (lastCandle === undefined) throw new RangeError('a chart has at least one bar');
  const read = zoneReader(labelZone(chart));
  const zone = isDailyOrLonger(chart.timeframe) ? '' : zoneLabel(read, lastCandle.timeMs);
  const { bars, columns, lines, layout, theme, range } = ground(chart, zone);
  const { plot, ratio, fontSize } = layout;

  const plate = { size: fontSize, margin: layout.margin, plate: theme.background };
  const clear = { ...plot, width: plot.width - tagRoom(annotations, fontSize) };
  const words = legend(legendSections(chart, lines, theme), clear, plate);
  const spare = markerPadding(annotations, layout);
  const floor = plot.height * (chart.volume ? VOLUME_SHARE + 0.04 : 0.06);
  const padding = { top: words.height + plot.height * 0.04 + spare.top, bottom: floor + spare.bottom };
  const scale = priceScale(range, plot, padding);

  const rising = lastCandle.close >= lastCandle.open;
  const colour = rising ? theme.up : theme.down;
  const lastPrice = {
    text: priceText(lastCandle.close, digits),
    y: Math.round(scale.yOf(lastCandle.close)),
    colour,
  };
  const levels = annotations === undefined ? [] : orderLevels(annotations, scale, layout, theme);
  const levelValues = levels.map(({ role, price, y, colour: fill }) => {
    return { role, text: priceText(price, digits), y, colour: fill, priority: 100 };
  });
  const labels = placeAxisValues([...axisValues(chart, lines, scale, lastPrice), ...levelValues], layout);
  const ticks = hideCovered(priceTicks(scale, layout, digits), labels, layout);
  const axisBars = bars.map(({ timeMs }, index) => ({ timeMs, x: columns[index]?.x ?? 0 }));
  const edge = Math.round(fontSize / 3);
  const times = timeLabels(axisBars, read, {
    left: plot.x + edge,
    right: plot.x + plot.width - edge,
    fontSize,
  });
  const frame = chartFrame({ chart, layout, theme, ticks, times, zone, range: rangeText(chart) });
  const tags = levels.flatMap((level) => {
    const labelY = labels.find(({ role }) => role === level.role)?.labelY ?? level.y;
    return levelTag(level, labelY, layout, theme);
  });
  const marks: Mark[] = [
    ...frame.behind,
    ...(chart.volume ? volumeMarks(bars, columns, plot, theme) : []),
    ...candleMarks(bars, columns, scale, theme),
    ...lineMarks(lines, columns, scale.yOf, ratio),
    ...levels.flatMap((level) => levelLine(level, layout)),
    ...markerMarks(annotations?.markers ?? [], { bars, columns, scale, layout, theme }),
    lastPriceLine(lastPrice.y, layout, colour),
    ...tags,
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
    indicators: lines.map(({ name, values, colour: stroke }) => {
      const value = values.at(-1);
      return { name, value: value === undefined ? undefined : priceText(value, digits), colour: stroke };
    }),
    colours: { background: theme.background, up: theme.up, down: theme.down },
  };
  return { background: theme.background, marks: marks.filter(isVisible), facts };
}

function isVisible(mark: Mark): boolean {
  if (mark.kind === 'rects') return mark.rects.length > 0;
  return mark.kind !== 'polyline' || mark.points.length > 1;
}
