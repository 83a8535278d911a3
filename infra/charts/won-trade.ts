/** A trade for the gallery, found in the bars it is drawn on. */
import type { Candle } from '../../functions/charts/candle-series.ts';
import type { ChartAnnotations } from '../../functions/charts/resolved-chart.ts';

/** Bars that a trade lasts: long enough to be seen, short enough to leave the rest of the picture plain. */
const SHORTEST = 15;
const LONGEST = 60;
/** The target is so many risks away. */
const REWARD = 2;

/** The first bar after `from` that touches either level; undefined where both are touched at once or neither is. */
function firstTouch(
  candles: readonly Candle[],
  from: number,
  { stop, target }: { stop: number; target: number },
): { at: number; won: boolean } | undefined {
  const at = candles.findIndex(({ low, high }, index) => index > from && (low <= stop || high >= target));
  const bar = candles[at];
  if (bar === undefined || (bar.low <= stop && bar.high >= target)) return undefined;
  return { at, won: bar.high >= target };
}

/**
 * The latest trade that a buyer at a close from `visibleFrom` on would have won: its target is touched before its stop,
 * and the exit is at the target's price on the first bar that reaches it. Undefined where no such trade is in the bars.
 */
export function wonTrade(candles: readonly Candle[], visibleFrom: number): ChartAnnotations | undefined {
  const visible = candles.slice(visibleFrom);
  const range = Math.max(...visible.map(({ high }) => high)) - Math.min(...visible.map(({ low }) => low));
  const risk = Number((range / 8).toFixed(2));
  for (let from = candles.length - SHORTEST; from >= visibleFrom; from -= 1) {
    const entered = candles[from];
    if (entered === undefined) continue;
    const levels = { stop: entered.close - risk, target: entered.close + REWARD * risk };
    const touch = firstTouch(candles, from, levels);
    const left = touch?.won === true ? candles[touch.at] : undefined;
    if (touch === undefined || left === undefined) continue;
    if (touch.at - from < SHORTEST || touch.at - from > LONGEST) continue;
    return {
      ...{ entry: entered.close, stop_loss: levels.stop, take_profit: levels.target },
      markers: [
        { timeMs: entered.timeMs, side: 'buy', kind: 'entry', price: entered.close },
        { timeMs: left.timeMs, side: 'sell', kind: 'exit', price: levels.target, reason: 'tp' },
      ],
    };
  }
  return undefined;
}
