// Candles as they come in and as the chart uses them.
// Invariants of a checked series: every price finite and of at most 15 significant digits at the chart's digits;
// high >= max(open, close) >= min(open, close) >= low; times strictly increasing; 1 to MAX_CANDLES bars.
// Prices become floats here, once: a picture has a few hundred pixels of height and books nothing.

/** One bar; `timeMs` is its open, Unix milliseconds. */
export type Candle = {
  timeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume?: number;
};
/** A fault in a request: RFC 6901 pointer, sentence, and a code where a caller may act on it. */
export type SpecFault = { pointer: string; detail: string; code?: 'unsupported-character' | 'no-candles' };
/** More faults of one request are not told, and not looked for. */
export const MAX_FAULTS = 100;

/** A bar as sent: time is ISO 8601 with a zone or whole Unix seconds; prices are decimal strings or numbers. */
export type RawCandle = {
  time: string | number;
  open: string | number;
  high: string | number;
  low: string | number;
  close: string | number;
  volume?: string | number | undefined;
};

export const MAX_CANDLES = 20_000;
export const MAX_DIGITS = 8;
const DECIMAL = /^-?\d{1,15}(\.\d{1,8})?$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
/** Up to here Unix seconds; a larger number is milliseconds sent by mistake. 5138-11-16. */
const MAX_UNIX_SECONDS = 99_999_999_999;
const MAX_SCALED_PRICE = 9e15;
const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Unix milliseconds of a bar's time, or undefined when it is not ISO 8601 with a zone or whole Unix seconds. */
export function candleTimeMs(time: unknown): number | undefined {
  if (typeof time === 'number') {
    return Number.isInteger(time) && time >= 0 && time <= MAX_UNIX_SECONDS ? time * 1000 : undefined;
  }
  if (typeof time !== 'string' || !ISO_TIME.test(time)) return undefined;
  const ms = Date.parse(time);
  return Number.isNaN(ms) || ms < 0 ? undefined : ms;
}

/** A price or volume as a number, or undefined when it is neither a plain decimal string nor a finite number. */
export function candleNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}

/** Decimals of one value; float noise such as 1.1709100000000001 does not count. */
function decimalsOf(value: string | number): number {
  const text = typeof value === 'string' ? value : String(Number(value.toPrecision(12)));
  if (text.includes('e')) return MAX_DIGITS;
  const point = text.indexOf('.');
  return point < 0 ? 0 : Math.min(MAX_DIGITS, text.length - point - 1);
}

/** The decimals the prices themselves carry: used when the request names no `digits`. */
export function dataDigits(candles: readonly RawCandle[]): number {
  let digits = 0;
  for (const candle of candles) {
    for (const name of PRICES) digits = Math.max(digits, decimalsOf(candle[name]));
  }
  return digits;
}

function barFaults(raw: Record<string, unknown>, at: string): SpecFault[] {
  const [open, high, low, close] = PRICES.map((name) => candleNumber(raw[name]));
  const faults: SpecFault[] = [];
  if (high !== undefined && low !== undefined && high < low) {
    faults.push({ pointer: `${at}/high`, detail: 'high is below low' });
  }
  for (const [name, value] of Object.entries({ open, close })) {
    if (value === undefined) continue;
    if (high !== undefined && value > high)
      faults.push({ pointer: `${at}/${name}`, detail: `${name} is above high` });
    if (low !== undefined && value < low)
      faults.push({ pointer: `${at}/${name}`, detail: `${name} is below low` });
  }
  return faults;
}

function sizeFaults(raw: Record<string, unknown>, digits: number, at: string): SpecFault[] {
  const faults: SpecFault[] = [];
  for (const name of PRICES) {
    const value = candleNumber(raw[name]);
    if (value !== undefined && Math.abs(value) * 10 ** digits > MAX_SCALED_PRICE) {
      faults.push({ pointer: `${at}/${name}`, detail: 'more than 15 significant digits' });
    }
  }
  const volume = candleNumber(raw.volume);
  if (volume !== undefined && (volume < 0 || volume > MAX_SCALED_PRICE)) {
    faults.push({ pointer: `${at}/volume`, detail: 'volume is out of range' });
  }
  return faults;
}

/**
 * What no single field shows: order within a bar, order of the bars, size of the numbers. Fields that are malformed
 * in themselves are the schema's business and are passed over here, so that both lists together name every fault.
 */
export function candleFaults(candles: readonly unknown[], digits: number, pointer: string): SpecFault[] {
  const faults: SpecFault[] = [];
  let previous: number | undefined;
  for (const [index, candidate] of candles.entries()) {
    if (faults.length > MAX_FAULTS) break;
    if (typeof candidate !== 'object' || candidate === null) continue;
    const raw: Record<string, unknown> = { ...candidate };
    const at = `${pointer}/${index}`;
    const timeMs = candleTimeMs(raw.time);
    if (timeMs !== undefined && previous !== undefined && timeMs <= previous) {
      const detail =
        timeMs === previous ? 'the same time as an earlier bar' : 'earlier than the bar before it';
      faults.push({ pointer: `${at}/time`, detail });
    }
    previous = timeMs === undefined ? previous : Math.max(previous ?? timeMs, timeMs);
    faults.push(...barFaults(raw, at), ...sizeFaults(raw, digits, at));
  }
  return faults;
}

/** Checked raw bars as candles, prices rounded to `digits`; rounding is monotone, so the order within a bar stays. */
export function readCandles(candles: readonly RawCandle[], digits: number): Candle[] {
  const rounded = (value: string | number): number => Number(Number(value).toFixed(digits));
  return candles.map((raw) => ({
    timeMs: candleTimeMs(raw.time) ?? Number.NaN,
    open: rounded(raw.open),
    high: rounded(raw.high),
    low: rounded(raw.low),
    close: rounded(raw.close),
    ...(raw.volume === undefined ? {} : { volume: Number(raw.volume) }),
  }));
}
