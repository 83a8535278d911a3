/**
 * Candles as MetaTrader exports them: MT5's tab-separated `<DATE> <TIME> <OPEN> ...` (no `<TIME>` from D1 on), the
 * history centre's `2024.01.02,01:00,...` without a heading, and comma forms with named columns. UTF-8 or UTF-16, with
 * a byte order mark or without. Times are the server's wall clock of a named zone, unless they carry an offset of
 * their own. What cannot be read is refused with its line, never skipped.
 */
import { isoTime } from '../platform/clock.ts';
import { isPlainDecimal, plain } from '../platform/decimal.ts';
import { fileText } from '../platform/file-text.ts';
import type { Candle } from './candle.ts';
import type { ServerClock } from './server-clock.ts';

export type CandleFile =
  | { kind: 'ok'; candles: Candle[]; lines: number[] }
  | { kind: 'faulty'; line: number; fault: string };

const COLUMNS = ['date', 'time', 'open', 'high', 'low', 'close', 'ticks', 'volume'] as const;
type Column = (typeof COLUMNS)[number];
type Columns = ReadonlyMap<Column, number>;
/** What exporters call the columns; of two for volumes the ticks count, which every broker has. */
const NAMES: Readonly<Record<string, Column>> = {
  ...{ date: 'date', time: 'time', datetime: 'time', open: 'open', high: 'high', low: 'low', close: 'close' },
  ...{ tickvol: 'ticks', tick_volume: 'ticks', tickvolume: 'ticks', volume: 'volume' },
};
/** The history centre's order, which has no heading. */
const UNNAMED: Columns = new Map(COLUMNS.map((name, i) => [name, i]));
const DATE = /^(\d{4})[.\-/](\d\d)[.\-/](\d\d)$/;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?$/;
/** An offset of a row's own; no zone is further from UTC than 14 hours. */
const ZONED = /(?:Z|([+-])(0\d|1[0-4]):([0-5]\d))$/;

/**
 * Reads a whole file. `candles` ascend and stand in `lines` (from 1). An hour that the server's clock repeats in autumn
 * is told apart by the order of the rows; a time that it skipped in spring is a fault.
 */
export function readCandleFile(bytes: Uint8Array, clock: ServerClock): CandleFile {
  const text = fileText(bytes);
  if (text === null) return { kind: 'faulty', line: 1, fault: 'the file is neither UTF-8 nor UTF-16' };
  const rows = text.split(/\r\n|\n|\r/);
  const separator = rows[0]?.includes('\t') ? '\t' : rows[0]?.includes(';') ? ';' : ',';
  const cells = (row: string) => row.split(separator).map((cell) => cell.trim());
  const heading = columnsOf(cells(rows[0] ?? ''));
  if (heading.kind === 'faulty') return { ...heading, line: 1 };
  const candles: Candle[] = [];
  const lines: number[] = [];
  for (const [i, row] of rows.entries()) {
    if (row.trim() === '' || (i === 0 && heading.named)) continue;
    const read = readRow(cells(row), heading.columns, clock, candles.at(-1)?.timeMs);
    if (typeof read === 'string') return { kind: 'faulty', line: i + 1, fault: read };
    candles.push(read);
    lines.push(i + 1);
  }
  return candles.length > 0
    ? { kind: 'ok', candles, lines }
    : { kind: 'faulty', line: 1, fault: 'no candles' };
}

type Heading = { kind: 'ok'; columns: Columns; named: boolean } | { kind: 'faulty'; fault: string };

function columnsOf(first: readonly string[]): Heading {
  if (DATE.test(first[0] ?? '')) return { kind: 'ok', columns: UNNAMED, named: false };
  const columns = new Map<Column, number>();
  for (const [i, cell] of first.entries()) {
    const column = NAMES[cell.replace(/^<(.*)>$/, '$1').toLowerCase()];
    if (column !== undefined && !columns.has(column)) columns.set(column, i);
  }
  const dated = columns.has('date') || columns.has('time');
  const priced = (['open', 'high', 'low', 'close'] as const).every((name) => columns.has(name));
  return dated && priced
    ? { kind: 'ok', columns, named: true }
    : { kind: 'faulty', fault: 'the first line names no date or time, open, high, low and close' };
}

/** The candle of a row, or what is wrong with it. */
function readRow(
  cells: readonly string[],
  columns: Columns,
  clock: ServerClock,
  beforeMs: number | undefined,
): Candle | string {
  const cell = (name: Column): string => cells[columns.get(name) ?? -1] ?? '';
  const timeMs = momentOf([cell('date'), cell('time')].filter((s) => s !== '').join(' '), clock, beforeMs);
  if (timeMs === null) return 'the time cannot be read, or the server’s clock never showed it';
  if (beforeMs !== undefined && timeMs <= beforeMs) return 'the time is not after that of the line before';
  const figures = { open: cell('open'), high: cell('high'), low: cell('low'), close: cell('close') };
  const counted = (['ticks', 'volume'] as const).find((name) => columns.has(name));
  const volume = counted === undefined ? '0' : cell(counted);
  const bad = Object.entries({ ...figures, volume }).find(([, v]) => !isPlainDecimal(v));
  if (bad) return `${bad[0]} is not a plain decimal`;
  const { open, high, low, close } = figures;
  return {
    ...{ timeMs, open: plain(open), high: plain(high), low: plain(low), close: plain(close) },
    volume: plain(volume),
  };
}

function momentOf(text: string, clock: ServerClock, beforeMs: number | undefined): number | null {
  const zoned = ZONED.exec(text);
  const wallMs = wallTime(zoned === null ? text : text.slice(0, zoned.index));
  if (wallMs === null) return null;
  if (zoned !== null) {
    const [, sign, hours = '0', minutes = '0'] = zoned;
    const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
    return wallMs - (sign === '-' ? -offsetMs : offsetMs);
  }
  // The second pass of a repeated hour comes after the first in the file; a row out of order is told by the caller.
  const later = beforeMs === undefined ? null : clock.toUtcMs(wallMs, beforeMs + 1);
  return later ?? clock.toUtcMs(wallMs);
}

/** A date and a time of day as if they were UTC; null where there is no such moment. */
function wallTime(text: string): number | null {
  const [date = '', time = '00:00', more] = text.split(/[ T]/);
  const day = DATE.exec(date);
  const hour = CLOCK.exec(time);
  if (!day || !hour || more !== undefined) return null;
  const [, h = '', m = '', s = '00'] = hour;
  const iso = `${day.slice(1).join('-')}T${h}:${m}:${s}.000Z`;
  const ms = Date.parse(iso);
  // A 30 February is read as a day of March.
  return Number.isNaN(ms) || isoTime(ms) !== iso ? null : ms;
}
