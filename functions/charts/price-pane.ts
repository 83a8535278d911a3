// The main pane: bars with what stands on them and the price axis beside them. Invariants: the last price is the
// market's, whatever the bars are; a value on the axis covers no other.
// The volume is an overlay in the lowest fifth, as terminals have it by default, with an oscillator pane as without: its
// shape matters, not its figures, and a third pane would take the height from the prices.

import type { CandleFacts } from './candle-facts.ts';
import type { CandleGround } from './candle-ground.ts';
import { candleMarks, VOLUME_SHARE, volumeMarks } from './candle-marks.ts';
import type { ChartLayout } from './chart-layout.ts';
import { indicatorMark, lastValue } from './indicator-lines.ts';
import { type Legend, legend } from './legend.ts';
import { legendSections, lineGroups } from './legend-sections.ts';
import type { Mark } from './mark.ts';
import {
  levelLine,
  levelTag,
  lineStrip,
  orderLevels,
  orderTags,
  type PriceLevel,
  tagRoom,
} from './order-levels.ts';
import { markerMarks, markerPadding } from './order-markers.ts';
import { orderZones } from './order-zones.ts';
import {
  type AxisLabel,
  type AxisValue,
  hideCovered,
  type PriceTick,
  placeAxisValues,
  priceAxisMarks,
  priceTicks,
} from './price-axis.ts';
import { type PriceScale, priceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { CandleChart } from './resolved-chart.ts';
import { profileLevels, profileMarks } from './volume-profile-marks.ts';

export type PricePane = {
  ticks: PriceTick[];
  lastPrice: CandleFacts['lastPrice'];
  /** Inside the plot, then on the axis, then the legend over both. */
  marks: Mark[];
  axis: Mark[];
  legend: Mark[];
};

function lastPriceLine(y: number, { plot, ratio }: ChartLayout, stroke: string): Mark {
  const middle = y + 0.5 * (ratio % 2);
  const ends = { from: { x: plot.x, y: middle }, to: { x: plot.x + plot.width, y: middle } };
  return { kind: 'line', role: 'last-price', stroke, width: ratio, dash: [2 * ratio, 3 * ratio], ...ends };
}

/** Averages in their colours; the one asked for first gives way last. */
function averageValues({ lines }: CandleGround, scale: PriceScale, digits: number): AxisValue[] {
  return lines.flatMap((line, index) => {
    const value = lastValue(line);
    if (line.pane !== 'price' || value === undefined) return [];
    const [text, y] = [priceText(value, digits), scale.yOf(value)];
    const priority = 2 - index / 100;
    return [{ role: line.name, text, y, colour: line.colour, priority, inLegend: true }];
  });
}

/** The legend keeps clear of the names of levels; oscillators without a pane are named in it. */
function legendOf(chart: CandleChart, { lines, layout, theme, series }: CandleGround): Legend {
  const { plot, panes, fontSize, margin } = layout;
  const clear = { ...plot, width: plot.width - tagRoom(orderTags(chart.annotations), fontSize) };
  const named = (pane: 'price' | 'rsi', digits: number) =>
    lineGroups(
      lines.filter((line) => line.pane === pane),
      digits,
    );
  const groups = [...named('price', chart.digits), ...(panes.length === 0 ? named('rsi', 2) : [])];
  const sections = legendSections(chart, groups, series.brick, theme);
  return legend(sections, clear, { size: fontSize, margin, plate: theme.background });
}

/** Room above the bars for the legend, below them for the volume, and for markers on either side. */
function paddingOf(
  chart: CandleChart,
  { layout, bars }: CandleGround,
  legendHeight: number,
): { top: number; bottom: number } {
  const { plot } = layout;
  const spare = markerPadding(chart.annotations, bars, layout);
  const floor = plot.height * (chart.volume ? VOLUME_SHARE + 0.04 : 0.06);
  return { top: legendHeight + plot.height * 0.04 + spare.top, bottom: floor + spare.bottom };
}

/** All that stands inside the plot, in drawing order. */
function plotMarks(
  chart: CandleChart,
  ground: CandleGround,
  scale: PriceScale,
  found: {
    levels: readonly PriceLevel[];
    labels: readonly AxisLabel[];
    lastPrice: CandleFacts['lastPrice'];
    words: Legend;
  },
): Mark[] {
  const { bars, columns, lines, layout, theme, series } = ground;
  const { levels, labels, lastPrice, words } = found;
  const labelYOf = (level: PriceLevel) => labels.find(({ role }) => role === level.role)?.labelY;
  const tags = levels.flatMap((level) => {
    const labelY = labelYOf(level);
    return labelY === undefined ? [] : levelTag(level, labelY, layout, theme);
  });
  const room = tagRoom(
    levels.map(({ tag }) => tag),
    layout.fontSize,
  );
  const levelLines = levels.flatMap((level) => levelLine(level, labelYOf(level) ?? level.y, layout, room));
  const averages = lines.filter(({ pane }) => pane === 'price');
  const texts = [...tags, ...words.marks].flatMap((mark) => (mark.kind === 'rects' ? mark.rects : []));
  const strips = [lastPrice, ...levels].map(({ y }) => lineStrip(y, layout));
  const taken = [...texts, ...strips];
  return [
    ...orderZones(chart.annotations, ground, scale),
    ...profileMarks(ground, scale),
    ...(chart.volume ? volumeMarks(bars, columns, layout.plot, theme) : []),
    ...candleMarks(bars, columns, scale, theme),
    ...averages.map((line) => indicatorMark(line, bars, columns, series.candleAt, scale.yOf, layout.ratio)),
    ...levelLines,
    ...markerMarks(chart.annotations, { bars, columns, scale, layout, theme }, taken),
    lastPriceLine(lastPrice.y, layout, lastPrice.colour),
    ...tags,
  ];
}

/** The pane of a chart, with the facts about it that tests ask for. */
export function pricePane(chart: CandleChart, ground: CandleGround): PricePane {
  const { digits, annotations } = chart;
  const { bars, layout, theme, range, last } = ground;
  const words = legendOf(chart, ground);
  const scale = priceScale(range, layout.plot, paddingOf(chart, ground, words.height), chart.scale);
  const drawn = bars.at(-1) ?? last;
  const colour = drawn.close >= drawn.open ? theme.up : theme.down;
  const lastPrice = { text: priceText(last.close, digits), y: Math.round(scale.yOf(last.close)), colour };
  const orders = annotations === undefined ? [] : orderLevels(annotations, scale, layout, theme);
  const levels = [...orders, ...profileLevels(ground, scale)];
  const values = levels.map(({ price, ...level }) => ({ ...level, text: priceText(price, digits) }));
  const averages = averageValues(ground, scale, digits);
  const labels = placeAxisValues(
    [{ role: 'last-price', ...lastPrice, priority: 1000 }, ...averages, ...values],
    layout,
  );
  const ticks = hideCovered(priceTicks(scale, layout, digits), labels, layout);
  return {
    ...{ ticks, lastPrice },
    marks: plotMarks(chart, ground, scale, { levels, labels, lastPrice, words }),
    axis: priceAxisMarks(ticks, labels, layout, theme),
    legend: words.marks,
  };
}
