// Reads candles from a CSV file in place: `time,open,high,low,close,volume`, UTC, ascending, one row a bar.
import { readFileSync } from 'node:fs';
import type { Bar } from './broker-records.ts';
import { alignDown, type Timeframe } from './candle-book.ts';

const COLUMNS = 'time,open,high,low,close,volume';
const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;
const PLAIN_PRICE = /^\d+(\.\d+)?$/;

function parseTime(text: string): number {
  const hasZone = PLAIN_DATE.test(text) || /(Z|[+-]\d{2}:?\d{2})$/.test(text);
  return Date.parse(hasZone ? text : `${text}Z`);
}

function parseRow(line: string, digits: number): Bar | null {
  const [time = '', ...figures] = line.trim().split(',');
  const utcMs = parseTime(time);
  const [open, high, low, close, volume] = figures;
  if (Number.isNaN(utcMs) || !open || !high || !low || !close) return null;
  if (![open, high, low, close].every((price) => PLAIN_PRICE.test(price))) return null;
  const points = (price: string) => Math.round(Number(price) * 10 ** digits);
  return {
    time: utcMs,
    open: points(open),
    high: points(high),
    low: points(low),
    close: points(close),
    volume: Math.round(Number(volume ?? 0)) || 0,
  };
}

/**
 * Loads bars from `file` as integer points of a symbol with `digits` decimals.
 * Throws with the line number on a row that cannot be read, is out of order or is not aligned to the timeframe.
 */
export function readCandleFile(file: string, digits: number, timeframe: Timeframe): Bar[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  if (lines[0]?.trim() !== COLUMNS) throw new Error(`${file}: first line must be ${COLUMNS}`);
  const bars: Bar[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const bar = parseRow(line, digits);
    const last = bars.at(-1);
    if (!bar || bar.time !== alignDown(bar.time, timeframe) || (last && bar.time <= last.time)) {
      throw new Error(`${file}: line ${index + 1} is not a ${timeframe} candle after the one before`);
    }
    bars.push(bar);
  }
  if (bars.length === 0) throw new Error(`${file}: no candles`);
  return bars;
}
