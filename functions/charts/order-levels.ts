// Prices with a name over the candles: of an order a solid line for the entry, dashed ones for stop and target.
// Invariants: a level outside the range is pinned to the edge with an arrow, never drawn at a wrong price in silence;
// nothing leaves the plot; the reward is a distance, because a trailed stop says nothing of the side.
import type { ChartLayout } from './chart-layout.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type Rect } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { ChartAnnotations } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

export type PriceLevel = {
  role: string;
  price: number;
  tag: string;
  colour: string;
  dashed: boolean;
  /** Which gives way when the axis has no room for both: the lower one. */
  priority: number;
  y: number;
  /** Where the true price lies when it is outside the plot. */
  pinned: 'above' | 'below' | undefined;
};

/** A ratio from here on says that the stop lies at the entry, not how good the trade is; and it would fill the picture. */
const MAX_REWARD = 1_000;

/** Whether the stop secures a gain: it was moved beyond the entry, on the target's side, and what was risked is unknown. */
export function isTrailed({ entry, stop_loss: stop, take_profit: target }: ChartAnnotations): boolean {
  if (entry === undefined || stop === undefined || target === undefined) return false;
  return (stop - entry) * (target - entry) > 0;
}

/** Reward over risk as `2.0R`, or nothing when there is no risk to divide by. */
function rewardTag(annotations: ChartAnnotations): string {
  const { entry, stop_loss: stop, take_profit: target } = annotations;
  if (entry === undefined || stop === undefined || target === undefined || entry === stop) return '';
  if (isTrailed(annotations)) return '';
  const reward = Math.abs(target - entry) / Math.abs(entry - stop);
  return reward < MAX_REWARD ? ` ${reward.toFixed(1)}R` : '';
}

/** The prices of an order, in drawing order, before they have a place. */
export function levelPrices(annotations: ChartAnnotations | undefined): number[] {
  const { entry, stop_loss: stop, take_profit: target } = annotations ?? {};
  return [entry, stop, target].filter((price) => price !== undefined);
}

/** A level in its place: at its price, or pinned to the edge that its price lies beyond. */
export function placedLevel(
  level: Omit<PriceLevel, 'y' | 'pinned'>,
  scale: PriceScale,
  { plot, labelHeight }: ChartLayout,
): PriceLevel {
  const inset = Math.ceil(labelHeight / 2);
  const pinned = level.price > scale.high ? 'above' : level.price < scale.low ? 'below' : undefined;
  const y = Math.min(
    plot.y + plot.height - inset,
    Math.max(plot.y + inset, Math.round(scale.yOf(level.price))),
  );
  return { ...level, y, pinned };
}

/** Entry, stop and target of an order, with their pixels. */
export function orderLevels(
  annotations: ChartAnnotations,
  scale: PriceScale,
  layout: ChartLayout,
  theme: Theme,
): PriceLevel[] {
  const { entry, stop_loss: stop, take_profit: target } = annotations;
  const tag = `TP${rewardTag(annotations)}`;
  const wanted = [
    { role: 'entry', price: entry, tag: 'Entry', colour: theme.entry, dashed: false },
    { role: 'stop-loss', price: stop, tag: 'SL', colour: theme.stopLoss, dashed: true },
    { role: 'take-profit', price: target, tag, colour: theme.takeProfit, dashed: true },
  ];
  return wanted.flatMap(({ price, ...rest }) =>
    price === undefined ? [] : [placedLevel({ ...rest, price, priority: 100 }, scale, layout)],
  );
}

/** The names of an order's levels. */
export function orderTags(annotations: ChartAnnotations | undefined): string[] {
  if (levelPrices(annotations).length === 0) return [];
  return ['Entry', `TP${rewardTag(annotations ?? {})}`];
}

/** Room the widest tag needs right of the last bar. */
export function tagRoom(tags: readonly string[], fontSize: number): number {
  if (tags.length === 0) return 0;
  return Math.ceil(Math.max(...tags.map((tag) => textWidth(tag, 600, fontSize))) + fontSize * 2);
}

function arrow(level: PriceLevel, right: number, size: number, y: number): Mark {
  const [half, up] = [size * 0.3, level.pinned === 'above' ? -1 : 1];
  const points = [
    { x: right - 2 * half, y: y - half * up },
    { x: right, y: y - half * up },
    { x: right - half, y: y + half * up },
  ];
  return { kind: 'polygon', role: `${level.role}-pinned`, fill: level.colour, points };
}

/**
 * The line of one level across the plot; a pinned level has none, its price is elsewhere. Where its tag had to stand
 * beside it, the line ends before the tags (`room` pixels from the edge) and a leader goes from there to its own.
 */
export function levelLine(level: PriceLevel, labelY: number, layout: ChartLayout, room: number): Mark[] {
  const { plot, ratio, fontSize } = layout;
  const { role, colour, dashed, pinned } = level;
  if (pinned !== undefined) return [];
  const half = 0.5 * (ratio % 2);
  const right = plot.x + plot.width;
  const moved = Math.abs(labelY - level.y) > layout.labelHeight / 4;
  const [from, to] = [
    { x: plot.x, y: level.y + half },
    { x: moved ? right - room : right, y: level.y + half },
  ];
  const dash = dashed ? { dash: [6 * ratio, 4 * ratio] as const } : {};
  const line: Mark = { kind: 'line', role, stroke: colour, width: ratio, ...dash, from, to };
  if (!moved) return [line];
  const points = [to, { x: to.x + fontSize, y: labelY + half }, { x: right, y: labelY + half }];
  return [line, { kind: 'polyline', role: `${role}-leader`, stroke: colour, width: ratio, points }];
}

/** What a line across the plot takes of it, a pixel to either side. */
export function lineStrip(y: number, { plot, ratio }: ChartLayout): Rect {
  return { x: plot.x, y: y - ratio, width: plot.width, height: 2 * ratio + 1 };
}

/** The name of one level beside its axis label, on a plate over the lines; a pinned level has an arrow with it. */
export function levelTag(level: PriceLevel, labelY: number, layout: ChartLayout, theme: Theme): Mark[] {
  const { plot, fontSize, labelHeight } = layout;
  const { role, colour, pinned, tag } = level;
  const [end, top] = [plot.x + plot.width, Math.round(labelY - labelHeight / 2)];
  const width = Math.ceil(textWidth(tag, 600, fontSize) + fontSize * (pinned === undefined ? 0.8 : 1.5));
  const plate = { x: end - width, y: top, width, height: labelHeight };
  const textX = plate.x + fontSize * 0.4;
  return [
    { kind: 'rects', role: `${role}-tag-plate`, fill: theme.background, rects: [plate] },
    {
      ...{ kind: 'text', role: `${role}-tag`, text: tag, x: textX, y: centredBaseline(labelY, fontSize) },
      ...{ size: fontSize, weight: 600, anchor: 'start', fill: colour },
    },
    ...(pinned === undefined ? [] : [arrow(level, end - fontSize * 0.3, fontSize, labelY)]),
  ];
}
