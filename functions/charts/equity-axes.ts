// The axes of an equity chart's two panes: each has its last value in a box and the ticks that the box leaves uncovered.
import type { ChartLayout } from './chart-layout.ts';
import type { EquityColours } from './equity-colours.ts';
import type { UnderwaterPoint } from './equity-drawdown.ts';
import { depthOf, depthText, drawdownUnit, type EquityPanes, type EquityScales } from './equity-panes.ts';
import { textWidth } from './glyphs.ts';
import {
  type AxisLabel,
  type AxisValue,
  hideCovered,
  type PriceTick,
  placeAxisValues,
  priceTicks,
} from './price-axis.ts';
import type { PriceScale } from './price-scale.ts';
import { priceText, volumeText } from './price-text.ts';
import type { EquityChart } from './resolved-chart.ts';

/** Ticks and value labels of a pane; `layout` is the pane's. */
export type EquityAxis = { layout: ChartLayout; ticks: PriceTick[]; labels: AxisLabel[] };
export type AxisInput = {
  chart: EquityChart;
  curve: readonly UnderwaterPoint[];
  panes: EquityPanes;
  scales: EquityScales;
  colours: EquityColours;
};

/** The drawdown pane is low: its ticks stand closer together by this. */
const DENSE = 0.7;

/** A value as long as the axis has room for it: with decimals, without, or with K, M, B or T. */
function axisText(value: number, digits: number, { axis, fontSize }: ChartLayout): string {
  const short = `${value < 0 ? '−' : ''}${volumeText(Math.abs(value))}`;
  const texts = [priceText(value, digits), priceText(value, 0)];
  return texts.find((text) => textWidth(text, 600, fontSize) + fontSize <= axis.width) ?? short;
}

function axisOf(ticks: readonly PriceTick[], values: readonly AxisValue[], layout: ChartLayout): EquityAxis {
  const labels = placeAxisValues(values, layout);
  return { layout, labels, ticks: hideCovered(ticks, labels, layout) };
}

/** The axis of the curve, with the value that it ends at. */
export function curveAxis({ chart, curve, panes, scales, colours }: AxisInput): EquityAxis {
  const { layout } = panes;
  const value = curve.at(-1)?.own ?? 0;
  const y = Math.round(scales.curve.yOf(value));
  const text = axisText(value, chart.digits, layout);
  const last = { role: 'last-equity', text, y, colour: colours.curve, priority: 1000 };
  // From some hundred units of money on the decimals of ticks are always zero.
  const digits = scales.curve.high - scales.curve.low > 100 ? 0 : chart.digits;
  return axisOf(priceTicks(scales.curve, layout, digits), [last], layout);
}

function depthTicks(scale: PriceScale, layout: ChartLayout, digits: number): PriceTick[] {
  const { plot, fontSize } = layout;
  const [top, bottom] = [plot.y + fontSize / 2, plot.y + plot.height - fontSize / 2];
  return priceTicks(scale, { ...layout, fontSize: fontSize * DENSE }, digits).filter(
    ({ value, y }) => value <= 0 && y >= top && y <= bottom,
  );
}

/** The axis of the drawdown, with that of the last point where it has one; undefined where there is no such pane. */
export function drawdownAxis({ chart, curve, panes, scales, colours }: AxisInput): EquityAxis | undefined {
  const [layout, scale, point] = [panes.drawdown, scales.drawdown, curve.at(-1)];
  if (layout === undefined || scale === undefined || point === undefined) return undefined;
  const unit = drawdownUnit(curve);
  const value = -depthOf(point, unit);
  const text = unit === 'percent' ? depthText(value, unit, 2) : axisText(value, chart.digits, layout);
  const y = Math.round(scale.yOf(value));
  const last = { role: 'last-drawdown', text, y, colour: colours.drawdown, priority: 1000 };
  const reach = scale.high - scale.low;
  const finest = unit === 'percent' ? 2 : chart.digits;
  const digits = reach > 5 ? 0 : reach > 1 ? Math.min(1, finest) : finest;
  const ticks = depthTicks(scale, layout, digits).map((tick) => ({
    ...tick,
    text: depthText(tick.value, unit, digits),
  }));
  return axisOf(ticks, value < 0 ? [last] : [], layout);
}
