// Candles and volume as combined paths: four paths draw the same pixels as three elements a bar, in half the time.
import { type BarColumn, candleRects, volumeRect } from './candle-geometry.ts';
import type { DrawnBar } from './decimation.ts';
import type { Mark, Rect } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { Theme } from './theme.ts';

/** Height of the volume overlay as a share of the plot. */
export const VOLUME_SHARE = 0.18;

/** Bodies and wicks of all bars: one path for those that rose or stood still, one for those that fell. */
export function candleMarks(
  bars: readonly DrawnBar[],
  columns: readonly BarColumn[],
  scale: PriceScale,
  theme: Theme,
): Mark[] {
  const rects: Record<'up' | 'down', Rect[]> = { up: [], down: [] };
  for (let index = 0; index < bars.length; index += 1) {
    const [bar, column] = [bars[index], columns[index]];
    if (bar === undefined || column === undefined) continue;
    const side = bar.close >= bar.open ? 'up' : 'down';
    const { bodies, wicks } = candleRects(bar, column, scale.yOf, side === 'up' && theme.hollowUp);
    for (const body of bodies) rects[side].push(body);
    for (const wick of wicks) rects[side].push(wick);
  }
  return [
    { kind: 'rects', role: 'candles-up', fill: theme.up, rects: rects.up },
    { kind: 'rects', role: 'candles-down', fill: theme.down, rects: rects.down },
  ];
}

/** Volume as an overlay at the plot's bottom, scaled to the largest of the bars shown, coloured as the candles. */
export function volumeMarks(
  bars: readonly DrawnBar[],
  columns: readonly BarColumn[],
  plot: Rect,
  theme: Theme,
): Mark[] {
  const most = bars.reduce((top, { volume = 0 }) => Math.max(top, volume), 0);
  const zone = { bottom: plot.y + plot.height, height: plot.height * VOLUME_SHARE };
  const rects: Record<'up' | 'down', Rect[]> = { up: [], down: [] };
  for (let index = 0; index < bars.length; index += 1) {
    const [bar, column] = [bars[index], columns[index]];
    if (bar === undefined || column === undefined) continue;
    const rect = volumeRect(bar.volume ?? 0, most, column, zone);
    if (rect !== undefined) rects[bar.close >= bar.open ? 'up' : 'down'].push(rect);
  }
  return [
    { kind: 'rects', role: 'volume-up', fill: theme.volumeUp, rects: rects.up },
    { kind: 'rects', role: 'volume-down', fill: theme.volumeDown, rects: rects.down },
  ];
}
