// The equity chart: what an account made of its money, cash flows left out, over how far it stood below its best.
// Draw order: watermark, grid, curve, flows, drawdown, axes, legend.
import type { ZoneReader } from '../platform/time-zone.ts';
import { accountName } from './account-name.ts';
import { chartFrame, type Headed } from './chart-frame.ts';
import { groupSize } from './decimation.ts';
import { curveAxis, drawdownAxis, type EquityAxis } from './equity-axes.ts';
import { type EquityColours, equityColours, equityTheme } from './equity-colours.ts';
import { type CurveInput, equityCurveMarks } from './equity-curve-marks.ts';
import { type DrawnCurve, drawnCurve } from './equity-decimation.ts';
import { type Drawdown, type UnderwaterPoint, underwater } from './equity-drawdown.ts';
import { drawdownMarks, tagHeight } from './equity-drawdown-marks.ts';
import { type EquityFigures, equityFigures, isOneFall } from './equity-figures.ts';
import { flowHeight, flowMarks, flowsByColumn } from './equity-flow-marks.ts';
import { equityLegend } from './equity-legend.ts';
import {
  drawdownUnit,
  type EquityPanes,
  type EquityScales,
  equityPanes,
  equityScales,
} from './equity-panes.ts';
import { equityRange, equityReader, isDaily } from './equity-period.ts';
import { legend } from './legend.ts';
import type { Mark } from './mark.ts';
import { type PriceTick, priceAxisMarks } from './price-axis.ts';
import { priceText } from './price-text.ts';
import type { EquityChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';
import { type TimeLabel, timeLabels } from './time-axis.ts';
import { zoneLabel } from './zoned-time.ts';

type Free = CurveInput['free'];
type FallFacts = Pick<Drawdown, 'money' | 'percent' | 'fromMs' | 'toMs'> & { text: string };

/** What an equity chart states, for tests and captions. Positions are device pixels. */
export type EquityFacts = {
  kind: 'equity';
  /** Points of the request, and how many columns they were drawn in. */
  pointCount: number;
  columnCount: number;
  timeLabels: readonly TimeLabel[];
  valueTicks: readonly PriceTick[];
  drawdownTicks: readonly PriceTick[];
  zone: string;
  /** The last value of the curve, flows left out. */
  last: { text: string; y: number; colour: string };
  net: string;
  flows: string | undefined;
  maxDrawdown: FallFacts;
  relativeDrawdown: FallFacts | undefined;
  colours: { background: string; curve: string; drawdown: string };
};

type Ground = {
  chart: EquityChart;
  curve: UnderwaterPoint[];
  drawn: DrawnCurve;
  figures: EquityFigures;
  panes: EquityPanes;
  scales: EquityScales;
  theme: Theme;
  colours: EquityColours;
};

function drawdownPart(ground: Ground): Mark[] {
  const { chart, curve, drawn, figures, panes, scales, theme, colours } = ground;
  const [pane, scale] = [panes.drawdown, scales.drawdown];
  if (pane === undefined || scale === undefined) return [];
  const unit = drawdownUnit(curve);
  const fall = unit === 'percent' ? figures.relative : figures.maximal;
  const name = unit === 'money' || isOneFall(figures) ? 'Max' : 'Relative';
  const depth =
    fall === undefined ? '' : unit === 'percent' ? `−${fall.text}` : priceText(-fall.money, chart.digits);
  const text = `${name} ${depth}`;
  const worst = fall === undefined || fall.money === 0 ? undefined : { index: fall.to, text };
  return drawdownMarks({ curve, groups: drawn.groups, unit, panes, pane, scale, colours, theme }, worst);
}

function timesOf({ curve, drawn, panes }: Ground, read: ZoneReader): TimeLabel[] {
  const { plot, fontSize } = panes.layout;
  const bars = drawn.groups.map(({ first }) => ({ timeMs: curve[first]?.timeMs ?? 0, x: panes.xOf(first) }));
  const edge = Math.round(fontSize / 3);
  return timeLabels(bars, read, { left: plot.x + edge, right: plot.x + plot.width - edge, fontSize });
}

/** Everything that has a place, and the legend that decides how much room is left for the curve. */
function ground(
  chart: EquityChart,
  corner: string,
  headed: Headed | undefined,
): Ground & { words: Mark[]; free: Free } {
  const theme = equityTheme(chart);
  const curve = underwater(chart.points, chart.digits);
  const figures = equityFigures(chart, curve);
  const panes = equityPanes(chart, curve, corner);
  const { plot, fontSize, margin } = panes.layout;
  const style = { size: fontSize, margin, plate: theme.background };
  const words = legend(equityLegend(chart, figures, panes.layout, theme, headed), plot, style);
  const kept = {
    ...{ legendHeight: words.height, flowHeight: flowHeight(chart, panes) },
    tagHeight: tagHeight(panes.layout),
  };
  const scales = equityScales(chart, curve, panes, kept);
  const drawn = drawnCurve(curve, groupSize(curve.length, Math.floor(plot.width - 2 * fontSize)));
  const colours = equityColours(chart, theme);
  const height = plot.height - kept.legendHeight - kept.flowHeight;
  const taken = flowsByColumn({ chart, curve, panes, scale: scales.curve, theme }).map(({ x, y }) => {
    return { x, y, width: panes.layout.ratio, height: plot.y + plot.height - y };
  });
  const free = { area: { ...plot, y: plot.y + kept.legendHeight, height }, taken };
  return { chart, curve, drawn, figures, panes, scales, theme, colours, words: words.marks, free };
}

function factsOf(
  { chart, drawn, figures, theme, colours }: Ground,
  found: { zone: string; times: TimeLabel[]; upper: EquityAxis; lower: EquityAxis | undefined },
): EquityFacts {
  const last = found.upper.labels[0];
  const fallFacts = ({ money, percent, fromMs, toMs, text }: FallFacts): FallFacts => {
    return { money, percent, fromMs, toMs, text };
  };
  return {
    kind: 'equity',
    pointCount: chart.points.length,
    columnCount: drawn.groups.length,
    timeLabels: found.times,
    valueTicks: found.upper.ticks,
    drawdownTicks: found.lower?.ticks ?? [],
    zone: found.zone,
    last: { text: last?.text ?? '', y: last?.y ?? 0, colour: colours.curve },
    net: figures.net,
    flows: figures.flows,
    maxDrawdown: fallFacts(figures.maximal),
    relativeDrawdown: figures.relative === undefined ? undefined : fallFacts(figures.relative),
    colours: { background: theme.background, ...colours },
  };
}

/** The marks and facts of an equity chart of at least one point; `headed` is what a header above it says already. */
export function equityScene(
  chart: EquityChart,
  headed?: Headed,
): { background: string; marks: Mark[]; facts: EquityFacts } {
  const end = chart.points.at(-1);
  if (end === undefined) throw new RangeError('a chart has at least one point');
  const read = equityReader(chart);
  const zone = isDaily(chart) ? '' : zoneLabel(read, end.timeMs);
  const { words, free, ...base } = ground(chart, zone, headed);
  const { curve, drawn, figures, panes, scales, theme, colours } = base;
  const { layout } = panes;
  const [upper, lower] = [curveAxis(base), drawdownAxis(base)];
  const shown = lower === undefined ? [upper] : [upper, lower];
  const times = timesOf(base, read);
  const count = `${chart.points.length} ${chart.points.length === 1 ? 'point' : 'points'}`;
  const name = accountName(chart.name, layout.fontSize, layout.plot.width) ?? 'Equity';
  const frame = chartFrame({
    ...{ layout, theme, times, zone, count, headed, range: equityRange(chart) },
    watermark: headed?.cards === true ? '' : name,
    ticks: shown.flatMap(({ ticks }) => ticks),
  });
  const marks: Mark[] = [
    ...frame.behind,
    ...equityCurveMarks(
      { curve, kept: drawn.kept, panes, scale: scales.curve, colours, theme, free },
      figures.maximal,
    ),
    ...flowMarks({ chart, curve, panes, scale: scales.curve, theme }),
    ...drawdownPart(base),
    ...frame.front,
    ...shown.flatMap((pane) => priceAxisMarks(pane.ticks, pane.labels, pane.layout, theme)),
    ...words,
  ];
  const facts = factsOf(base, { zone, times, upper, lower });
  return { background: theme.background, marks: marks.filter(isVisible), facts };
}

function isVisible(mark: Mark): boolean {
  if (mark.kind === 'rects') return mark.rects.length > 0;
  return mark.kind !== 'polyline' || mark.points.length > 1;
}
