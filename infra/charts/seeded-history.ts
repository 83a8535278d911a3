/** Histories that are the same every time, for the gallery where no real data is. */
import type { RawCandle } from '../../functions/charts/candle-series.ts';

const HOUR_S = 3_600;
/** Monday 2 March 2026 00:00 UTC. */
const START_S = 1_772_409_600;

/** Numbers from 0 to 1 by a linear congruential generator (Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const isWeekend = (timeS: number): boolean => ((Math.floor(timeS / 86_400) + 4) % 7) % 6 === 0;

/** Hourly bars of gold without weekends. */
export function seededCandles(count: number): RawCandle[] {
  const random = numbers(7);
  const bars: RawCandle[] = [];
  let price = 2_000;
  for (let timeS = START_S; bars.length < count; timeS += HOUR_S) {
    if (isWeekend(timeS)) continue;
    const close = price + (random() - 0.49) * 9;
    const [low, high] = [Math.min(price, close) - random() * 3, Math.max(price, close) + random() * 3];
    const [open, last] = [price.toFixed(2), close.toFixed(2)];
    bars.push({
      ...{ time: timeS, open, high: high.toFixed(2), low: low.toFixed(2), close: last },
      volume: Math.floor(400 + random() * 4_000),
    });
    price = Number(last);
  }
  return bars;
}

/** An account's equity every four hours, with one withdrawal. */
export function seededPoints(count: number): { time: number; equity: string; flow?: string }[] {
  const random = numbers(11);
  let equity = 10_000;
  return Array.from({ length: count }, (_, i) => {
    const flow = i === Math.floor(count / 2) ? -2_500 : 0;
    equity += flow + (i === 0 ? 0 : (random() - 0.44) * 220);
    const point = { time: START_S + 4 * i * HOUR_S, equity: equity.toFixed(2) };
    return flow === 0 ? point : { ...point, flow: flow.toFixed(2) };
  });
}

/** Results of trades: money, multiples of the risk, or seconds. */
export function seededValues(count: number, column: 'profit' | 'r' | 'duration'): string[] {
  const random = numbers(13);
  return Array.from({ length: count }, () => {
    if (column === 'duration') return String(Math.round(60 + 40_000 * random() ** 3));
    const won = random() < 0.56;
    const result = won ? 0.3 + 2.2 * random() ** 2 : -0.2 - 0.8 * random();
    return (column === 'r' ? result : result * 180).toFixed(2);
  });
}
