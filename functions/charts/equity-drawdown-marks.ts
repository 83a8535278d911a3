// The lower pane of an equity chart: a bar down from zero for every column that stands under its peak, the worst named.

import type { ChartLayout } from './chart-layout.ts';
import type { EquityColours } from './equity-colours.ts';
import type { EquityGroup } from './equity-decimation.ts';
import type { UnderwaterPoint } from './equity-drawdown.ts';
import { type DrawdownUnit, depthOf, type EquityPanes } from './equity-panes.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type Rect } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { Theme } from './theme.ts';

const MAX_BAR_CSS_PX = 24;

export type WaterInput = {
  curve: readonly UnderwaterPoint[];
  groups: readonly EquityGroup[];
  unit: DrawdownUnit;
  panes: EquityPanes;
  /** The lower pane and its scale. */
  pane: ChartLayout;
  scale: PriceScale;
  colours: EquityColours;
  theme: Theme;
};

/** The column of a group: as wide as its points, one pixel at least, with a gap to the next where there is room. */
function column({ first, last }: EquityGroup, panes: EquityPanes): { x: number; width: number } {
  const { step, layout, xOf } = panes;
  const { ratio, plot } = layout;
  const half = Math.min(step, MAX_BAR_CSS_PX * ratio) / 2;
  const left = Math.max(plot.x, Math.round(xOf(first) - half));
  const gap = step >= 4 * ratio ? ratio : 0;
  const right = Math.min(plot.x + plot.width, Math.round(xOf(last) + half));
  return { x: left, width: Math.max(ratio, right - left - gap) };
}

function bars({ curve, groups, unit, panes, scale }: WaterInput): Rect[] {
  const top = Math.round(scale.yOf(0));
  return groups.flatMap((group) => {
    const point = curve[group.deepest];
    const depth = point === undefined ? 0 : depthOf(point, unit);
    if (depth <= 0) return [];
    const height = Math.max(panes.layout.ratio, Math.round(scale.yOf(-depth)) - top);
    return [{ ...column(group, panes), y: top, height }];
  });
}

type Tag = { role: string; text: string; fill: string };
type Span = { from: number; to: number };

const tagSize = ({ fontSize }: ChartLayout): number => Math.round(fontSize * 0.8);
const tagWidth = (text: string, pane: ChartLayout): number =>
  Math.ceil(textWidth(text, 600, tagSize(pane))) + tagSize(pane);

/** Height of the row of words under the bars. */
export function tagHeight(pane: ChartLayout): number {
  return Math.round(tagSize(pane) * 1.5);
}

/** Words in the row under the bars, from `x` on. */
function tagMark({ role, text, fill }: Tag, x: number, pane: ChartLayout): Mark {
  const middle = pane.plot.y + pane.plot.height - tagHeight(pane) / 2;
  const size = tagSize(pane);
  const place = { x: x + tagWidth(text, pane) / 2, y: centredBaseline(middle, size), size };
  return { kind: 'text', role, text, ...place, weight: 600, anchor: 'middle', fill };
}

/** Where the words about the worst drawdown stand: under its bar, moved aside only by the pane's ends. */
function worstSpan(bar: Rect, text: string, pane: ChartLayout): Span | undefined {
  const { plot } = pane;
  const width = tagWidth(text, pane);
  if (width > plot.width) return undefined;
  const wish = bar.x + (bar.width - width) / 2;
  const from = Math.round(Math.min(plot.x + plot.width - width, Math.max(plot.x, wish)));
  return { from, to: from + width };
}

/** What the pane shows, in a bottom corner clear of the words about the worst drawdown; the left one if it can. */
function nameTag(worst: Span | undefined, { pane, theme }: WaterInput): Mark[] {
  const { plot } = pane;
  const tag = { role: 'drawdown-name', text: 'Drawdown', fill: theme.muted };
  const width = tagWidth(tag.text, pane);
  const clear = [plot.x, plot.x + plot.width - width].find(
    (x) => worst === undefined || x + width <= worst.from || x >= worst.to,
  );
  return clear === undefined || width > plot.width ? [] : [tagMark(tag, clear, pane)];
}

/** Bars of the drawdown and the words about the worst of them. */
export function drawdownMarks(input: WaterInput, worst: { index: number; text: string } | undefined): Mark[] {
  const { groups, colours, panes } = input;
  const drawn = bars(input);
  const group = groups.find(
    ({ first, last }) => worst !== undefined && worst.index >= first && worst.index <= last,
  );
  const foot = group === undefined ? undefined : column(group, panes);
  const bar = drawn.find(({ x }) => x === foot?.x);
  const span = bar === undefined || worst === undefined ? undefined : worstSpan(bar, worst.text, input.pane);
  const tag = { role: 'worst-drawdown', text: worst?.text ?? '', fill: input.theme.downText };
  return [
    { kind: 'rects', role: 'drawdown', fill: colours.drawdown, rects: drawn },
    ...nameTag(span, input),
    ...(span === undefined ? [] : [tagMark(tag, span.from, input.pane)]),
  ];
}
