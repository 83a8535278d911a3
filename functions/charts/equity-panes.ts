// Where the parts of an equity chart stand: the curve above, the drawdown under it on the same columns.
// Points stand by their index, as trades do on a terminal's own report: accounts are sampled when something happens,
// so an axis of time would be gaps and bunches, and the straight lines between would invent what nobody measured.
// Invariant: the drawdown pane gives way on pictures too low for two.
import { type ChartLayout, chartLayout } from './chart-layout.ts';
import type { UnderwaterPoint } from './equity-drawdown.ts';
import { type PriceRange, type PriceScale, priceRange, priceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { EquityChart } from './resolved-chart.ts';

const DRAWDOWN_SHARE = 0.25;

export type EquityPanes = {
  /** The curve's plot and axis. */
  layout: ChartLayout;
  drawdown: ChartLayout | undefined;
  /** Middle of a point's column, and how far columns are apart. */
  xOf(index: number): number;
  step: number;
};
export type EquityScales = { curve: PriceScale; drawdown: PriceScale | undefined };
/** Drawdowns are told in percent of their peak; in money where a peak not above zero has no percent. */
export type DrawdownUnit = 'percent' | 'money';

/** The unit of the drawdown pane. */
export function drawdownUnit(curve: readonly UnderwaterPoint[]): DrawdownUnit {
  return curve.every(({ percent }) => percent !== null) ? 'percent' : 'money';
}

/** How far a point is under water in the pane's unit, zero or more. */
export function depthOf(point: UnderwaterPoint, unit: DrawdownUnit): number {
  return unit === 'percent' ? (point.percent ?? 0) : point.down;
}

/** A value of the drawdown axis, zero or below: `−21.03%`, `−6,277.00`, `0%`. */
export function depthText(value: number, unit: DrawdownUnit, digits: number): string {
  return `${priceText(value, value === 0 ? 0 : digits)}${unit === 'percent' ? '%' : ''}`;
}

/** The layout as the drawdown pane sees it: its plot and axis are the pane's. */
function lowerPane(layout: ChartLayout): ChartLayout | undefined {
  const [plot] = layout.panes;
  if (plot === undefined) return undefined;
  return { ...layout, plot, axis: { ...layout.axis, y: plot.y, height: plot.height } };
}

function deepest(curve: readonly UnderwaterPoint[], unit: DrawdownUnit): number {
  return curve.reduce((most, point) => Math.max(most, depthOf(point, unit)), 0);
}

/** The widest texts that can stand on the axis. */
function axisTexts(curve: readonly UnderwaterPoint[], range: PriceRange, chart: EquityChart): string[] {
  const unit = drawdownUnit(curve);
  return [
    priceText(range.high * 1.2, chart.digits),
    priceText(range.low - (range.high - range.low) * 0.2, chart.digits),
    depthText(-Math.max(deepest(curve, unit), 10), unit, unit === 'percent' ? 2 : chart.digits),
  ];
}

/** The range of the curve; a flat one still has some. */
export function curveRange(curve: readonly UnderwaterPoint[], digits: number): PriceRange {
  return priceRange(
    curve.map(({ own }) => own),
    [],
    digits,
  );
}

/** Lays out both panes; `corner` is the text under the axis. */
export function equityPanes(
  chart: EquityChart,
  curve: readonly UnderwaterPoint[],
  corner: string,
): EquityPanes {
  const range = curveRange(curve, chart.digits);
  const texts = [...axisTexts(curve, range, chart), corner];
  const layout = chartLayout(chart.size, chart.title, texts, [DRAWDOWN_SHARE]);
  const { plot, ratio, fontSize } = layout;
  const [left, right] = [plot.x + 4 * ratio, plot.x + plot.width - fontSize];
  const step = curve.length < 2 ? 0 : (right - left) / (curve.length - 1);
  return {
    layout,
    drawdown: lowerPane(layout),
    xOf: (index) => (curve.length < 2 ? (left + right) / 2 : left + index * step),
    step,
  };
}

/**
 * The scales of both panes; `legendHeight` and `flowHeight` are kept free above and below the curve,
 * `tagHeight` below the bars of the drawdown.
 */
export function equityScales(
  chart: EquityChart,
  curve: readonly UnderwaterPoint[],
  panes: EquityPanes,
  kept: { legendHeight: number; flowHeight: number; tagHeight: number },
): EquityScales {
  const { plot, fontSize } = panes.layout;
  const padding = {
    top: kept.legendHeight + plot.height * 0.05,
    bottom: kept.flowHeight + plot.height * 0.05,
  };
  const unit = drawdownUnit(curve);
  const worst = deepest(curve, unit);
  // A curve that never fell still has an axis: to one percent, or one hundred units of the last decimal.
  const low = worst > 0 ? -worst : unit === 'percent' ? -1 : -100 * 10 ** -chart.digits;
  const water = panes.drawdown?.plot;
  return {
    curve: priceScale(curveRange(curve, chart.digits), plot, padding),
    drawdown:
      water === undefined
        ? undefined
        : priceScale({ low, high: 0 }, water, { top: fontSize * 0.7, bottom: kept.tagHeight }),
  };
}
