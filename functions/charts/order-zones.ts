// What an order risks and may gain, shaded from its entry to its exit. Invariants: risk is shaded only where something is
// at risk (a stop moved beyond the entry secures a gain instead); nothing is shaded outside the plot or before the entry.
import type { CandleGround } from './candle-ground.ts';
import type { Mark, Rect } from './mark.ts';
import { isTrailed } from './order-levels.ts';
import { barAt } from './order-markers.ts';
import type { PriceScale } from './price-scale.ts';
import type { ChartAnnotations } from './resolved-chart.ts';

const OPACITY = 0.13;

/**
 * From the bar of the first entry to that of the last exit; an order that is still open reaches to the right edge, and
 * one that has not been filled begins behind the last bar. Undefined for what ended before the first bar.
 */
function span(
  { markers = [] }: ChartAnnotations,
  { bars, columns, layout }: CandleGround,
): { from: number; to: number } | undefined {
  const { plot } = layout;
  const columnAt = (timeMs: number): number | undefined => columns[barAt(bars, timeMs) ?? -1]?.x;
  const times = (kind: 'entry' | 'exit'): number[] =>
    markers.flatMap((marker) => (marker.kind === kind ? [marker.timeMs] : [])).toSorted((a, b) => a - b);
  const [entered, left] = [times('entry')[0], times('exit').at(-1)];
  const last = columns.at(-1)?.x ?? plot.x;
  const from = entered === undefined ? last : (columnAt(entered) ?? plot.x);
  const to = left === undefined ? plot.x + plot.width : columnAt(left);
  return to === undefined || to <= from ? undefined : { from: Math.round(from), to: Math.round(to) };
}

/** The risk and the reward of an order with a known entry, as shades under the bars. */
export function orderZones(
  annotations: ChartAnnotations | undefined,
  ground: CandleGround,
  scale: PriceScale,
): Mark[] {
  const { entry, stop_loss: stop, take_profit: target } = annotations ?? {};
  const across = annotations && span(annotations, ground);
  if (annotations === undefined || entry === undefined || across === undefined) return [];
  const { plot } = ground.layout;
  const within = (price: number): number =>
    Math.min(plot.y + plot.height, Math.max(plot.y, Math.round(scale.yOf(price))));
  const box = (price: number): Rect => {
    const [top = 0, bottom = 0] = [within(entry), within(price)].toSorted((a, b) => a - b);
    return { x: across.from, y: top, width: across.to - across.from, height: bottom - top };
  };
  const zone = (role: string, fill: string, price: number | undefined): Mark[] =>
    price === undefined || box(price).height === 0
      ? []
      : [{ kind: 'rects', role, fill, opacity: OPACITY, rects: [box(price)] }];
  return [
    ...zone('risk', ground.theme.stopLoss, isTrailed(annotations) ? undefined : stop),
    ...zone('reward', ground.theme.takeProfit, target),
  ];
}
