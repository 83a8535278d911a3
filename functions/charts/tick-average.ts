// The simple moving average over thousands of bars. Invariant: it is the mean of the last closes exactly, as the market's
// own indicator sums them anew at each bar; here one sum runs along, which whole ticks allow without any drift.
import { type IndicatorBar, indicatorSeries } from '../market/indicator.ts';

/** One mean of the last `period` closes per bar, NaN before there are so many; closes have at most `digits` decimals. */
export function tickAverage(bars: readonly IndicatorBar[], period: number, digits: number): Float64Array {
  const unit = 10 ** digits;
  const ticks = new Float64Array(bars.length);
  let most = 0;
  for (let index = 0; index < bars.length; index += 1) {
    const tick = Math.round((bars[index]?.close ?? 0) * unit);
    ticks[index] = tick;
    most = Math.max(most, Math.abs(tick));
  }
  // Beyond this a sum of ticks is no longer a whole number of them.
  if (most * period > Number.MAX_SAFE_INTEGER) {
    return Float64Array.from(indicatorSeries({ name: 'sma', period }, bars), (value) => value ?? Number.NaN);
  }
  const means = new Float64Array(bars.length).fill(Number.NaN);
  let sum = 0;
  for (let index = 0; index < bars.length; index += 1) {
    sum += (ticks[index] ?? 0) - (ticks[index - period] ?? 0);
    if (index >= period - 1) means[index] = sum / period / unit;
  }
  return means;
}
