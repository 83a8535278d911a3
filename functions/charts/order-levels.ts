// Prices of an order over the candles: a solid line for the entry, dashed ones for stop and target.
// Invariants: a level outside the range is pinned to the edge with an arrow, never drawn at a wrong price in silence;
// nothing leaves the plot; the reward is a distance, because a trailed stop says nothing of the side.
import type { ChartLayout } from './chart-layout.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { ChartAnnotations } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

export type OrderLevel = {
  role: 'entry' | 'stop-loss' | 'take-profit';
  price: number;
  tag: string;
  colour: string;
  dashed: boolean;
  y: number;
  /** Where the true price lies when it is outside the plot. */
  pinned: 'above' | 'below' | undefined;
};

/** A ratio from here on says that the stop lies at the entry, not how good the trade is; and it would fill the picture. */
const MAX_REWARD = 1_000;

/** Reward over risk as `2.0R`, or nothing when there is no risk to divide by. */
function rewardTag({ entry, stop_loss: stop, take_profit: target }: ChartAnnotations): string {
  if (entry === undefined || stop === undefined || target === undefined || entry === stop) return '';
  const reward = Math.abs(target - entry) / Math.abs(entry - stop);
  return reward < MAX_REWARD ? ` ${reward.toFixed(1)}R` : '';
}

/** The prices of an order, in drawing order, before they have a place. */
export function levelPrices(annotations: ChartAnnotations | undefined): number[] {
  const { entry, stop_loss: stop, take_profit: target } = annotations ?? {};
  return [entry, stop, target].filter((price) => price !== undefined);
}

/** Entry, stop and target with their pixels; `inset` keeps a pinned level's label inside the plot. */
export function orderLevels(
  annotations: ChartAnnotations,
  scale: PriceScale,
  layout: ChartLayout,
  theme: Theme,
): OrderLevel[] {
  const { entry, stop_loss: stop, take_profit: target } = annotations;
  const wanted = [
    { role: 'entry', price: entry, tag: 'Entry', colour: theme.entry, dashed: false },
    { role: 'stop-loss', price: stop, tag: 'SL', colour: theme.stopLoss, dashed: true },
    {
      role: 'take-profit',
      price: target,
      tag: `TP${rewardTag(annotations)}`,
      colour: theme.takeProfit,
      dashed: true,
    },
  ] as const;
  const { plot, labelHeight } = layout;
  const inset = Math.ceil(labelHeight / 2);
  return wanted.flatMap(({ price, ...rest }) => {
    if (price === undefined) return [];
    const pinned = price > scale.high ? 'above' : price < scale.low ? 'below' : undefined;
    const y = Math.min(plot.y + plot.height - inset, Math.max(plot.y + inset, Math.round(scale.yOf(price))));
    return [{ ...rest, price, y, pinned }];
  });
}

/** Room the widest tag needs right of the last bar. */
export function tagRoom(annotations: ChartAnnotations | undefined, fontSize: number): number {
  if (levelPrices(annotations).length === 0) return 0;
  const tags = ['Entry', `TP${rewardTag(annotations ?? {})}`];
  return Math.ceil(Math.max(...tags.map((tag) => textWidth(tag, 600, fontSize))) + fontSize * 2);
}

function arrow(level: OrderLevel, right: number, size: number, y: number): Mark {
  const [half, up] = [size * 0.3, level.pinned === 'above' ? -1 : 1];
  const points = [
    { x: right - 2 * half, y: y - half * up },
    { x: right, y: y - half * up },
    { x: right - half, y: y + half * up },
  ];
  return { kind: 'polygon', role: `${level.role}-pinned`, fill: level.colour, points };
}

/** The line of one level across the plot; a pinned level has none, its price is elsewhere. */
export function levelLine(level: OrderLevel, layout: ChartLayout): Mark[] {
  const { plot, ratio } = layout;
  const { role, colour, dashed, pinned } = level;
  if (pinned !== undefined) return [];
  const y = level.y + 0.5 * (ratio % 2);
  const [from, to] = [
    { x: plot.x, y },
    { x: plot.x + plot.width, y },
  ];
  const dash = dashed ? { dash: [6 * ratio, 4 * ratio] as const } : {};
  return [{ kind: 'line', role, stroke: colour, width: ratio, ...dash, from, to }];
}

/** The name of one level beside its axis label, on a plate over the lines; a pinned level has an arrow with it. */
export function levelTag(level: OrderLevel, labelY: number, layout: ChartLayout, theme: Theme): Mark[] {
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
