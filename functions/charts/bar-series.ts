// The bars that a chart of bars draws: the market's own, averaged, or bricks. Invariant: each knows the candle it ends
// with, so that indicators and trades, which belong to the market's bars, find their place on any of them.
import type { Candle } from './candle-series.ts';
import { heikinAshi } from './heikin-ashi.ts';
import { renkoBricks } from './renko-bricks.ts';
import type { CandleChart } from './resolved-chart.ts';

/** `from`: the first bar drawn. `candleAt`: index of the candle that completed a bar. `brick`: the height of bricks. */
export type BarSeries = {
  bars: readonly Candle[];
  from: number;
  candleAt(bar: number): number;
  brick: number | undefined;
};

const itself = (bar: number): number => bar;

/** The series of a chart. Throws a RangeError for bricks that cannot be laid, which `chartFaults` tells beforehand. */
export function barSeries(chart: CandleChart): BarSeries {
  const { candles, visibleFrom: from } = chart;
  switch (chart.kind) {
    case 'heikin_ashi':
      return { bars: heikinAshi(candles), from, candleAt: itself, brick: undefined };
    case 'renko': {
      const laid = renkoBricks(chart);
      if (laid.outcome === 'refused') throw new RangeError(laid.detail);
      const { bricks, size } = laid;
      // The last brick stands for what has come since as well: a line through the bricks ends at its latest value.
      const candleAt = (bar: number): number =>
        bar < bricks.length - 1 ? (bricks[bar]?.candle ?? 0) : candles.length - 1;
      return { bars: bricks, from: 0, candleAt, brick: size };
    }
    default:
      return { bars: candles, from, candleAt: itself, brick: undefined };
  }
}
