// The seeded random walk behind the simulated prices, and the candle history made from it.
// Invariant: the same seed, symbol, end and closing price always give the same bars, so history is never stored.
import type { Bar, SymbolRecord } from './broker-records.ts';
import { mergeBars } from './candle-book.ts';
import { isSessionOpen } from './trading-session.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const STEPS_PER_MINUTE = 4;

export const HISTORY_HOURS = 500;

/** Next state of the generator (mulberry32, 32 bits) and a number in [0, 1). */
export function nextRandom(state: number): { state: number; value: number } {
  const next = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(next ^ (next >>> 15), 1 | next);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return { state: next, value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296 };
}

/** A generator state of its own for each symbol, from the broker's seed. */
export function seedFor(seed: number, symbol: string): number {
  let state = seed | 0;
  for (const character of symbol) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return state | 0;
}

/** One step of the walk in whole points: roughly normal with the given standard deviation. */
export function nextStep(state: number, sigmaPoints: number): { state: number; points: number } {
  let total = 0;
  let current = state;
  for (let draw = 0; draw < 4; draw += 1) {
    const random = nextRandom(current);
    current = random.state;
    total += random.value;
  }
  // Four uniform draws have variance 1/3; sqrt(3) makes it one.
  return { state: current, points: Math.round((total - 2) * Math.sqrt(3) * sigmaPoints) };
}

/** Whole points in one tick of a symbol: 1 for most, 25 for an index with point 0.01 and tick 0.25. */
export function tickPointsOf(spec: SymbolRecord): number {
  return Math.round(Number(spec.tick_size) * 10 ** spec.digits);
}

/** Opening hours (UTC ms) of the last 500 trading hours that had begun before `endMs`, oldest first. */
function tradingHours(spec: SymbolRecord, endMs: number): number[] {
  const hours: number[] = [];
  for (
    let hour = Math.floor(endMs / HOUR_MS) * HOUR_MS - HOUR_MS;
    hours.length < HISTORY_HOURS;
    hour -= HOUR_MS
  ) {
    if (isSessionOpen(spec.session, hour)) hours.push(hour);
  }
  return hours.reverse();
}

function walkMinute(time: number, open: number, state: number, sigma: number): { bar: Bar; state: number } {
  const bar: Bar = { time, open, high: open, low: open, close: open, volume: STEPS_PER_MINUTE };
  let current = state;
  for (let step = 0; step < STEPS_PER_MINUTE; step += 1) {
    const move = nextStep(current, sigma);
    current = move.state;
    bar.close += move.points;
    bar.high = Math.max(bar.high, bar.close);
    bar.low = Math.min(bar.low, bar.close);
  }
  return { bar, state: current };
}

/**
 * Invents 500 trading hours of M1 and H1 bars that end at the hour of `endMs` (UTC) on `closePoints`.
 * The walk is made forwards from zero and then lifted, so that its end is exactly the current price.
 */
export function inventHistory(
  spec: SymbolRecord,
  source: { seed: number; endMs: number; closePoints: number },
): { m1: Bar[]; h1: Bar[] } {
  const sigma = spec.hourly_sigma_points / Math.sqrt(60 * STEPS_PER_MINUTE);
  const m1: Bar[] = [];
  let state = seedFor(source.seed, `${spec.symbol}/history`);
  let price = 0;
  for (const hour of tradingHours(spec, source.endMs)) {
    for (let minute = 0; minute < 60; minute += 1) {
      const made = walkMinute(hour + minute * MINUTE_MS, price, state, sigma);
      m1.push(made.bar);
      state = made.state;
      price = made.bar.close;
    }
  }
  const lowest = m1.reduce((low, bar) => Math.min(low, bar.low), 0);
  const lift = source.closePoints - price;
  // A price never reaches zero: where the lift is not enough the walk is drawn together towards its end.
  const scale = lowest + lift > 0 ? 1 : (source.closePoints * 0.5) / (price - lowest);
  const tick = tickPointsOf(spec);
  const place = (points: number) => source.closePoints + Math.round(((points - price) * scale) / tick) * tick;
  const lifted = m1.map((bar) => ({
    ...bar,
    open: place(bar.open),
    high: place(bar.high),
    low: place(bar.low),
    close: place(bar.close),
  }));
  return { m1: lifted, h1: mergeBars(lifted, 'H1') };
}
