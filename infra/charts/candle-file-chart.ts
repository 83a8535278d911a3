/**
 * A file of candles as the data of a chart. What nobody states is read from the file: the instrument and the timeframe from
 * its name (`XAUUSD_H1.csv`), the timeframe else from its steps, the digits from its prices. Throws `ChartRefused` with one
 * line for what cannot be read.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RawCandle } from '../../functions/charts/candle-series.ts';
import { readCandleFile } from '../../functions/market/mt5-candle-file.ts';
import { serverClock } from '../../functions/market/server-clock.ts';
import { shortestMs, TIMEFRAMES, type Timeframe } from '../../functions/market/timeframe.ts';
import { ChartRefused } from './chart-refused.ts';

/** Bars before those that are drawn, so that the longest average is there from the first. */
export const WARM_UP_BARS = 500;
const MT5_ZONE = 'NY+7';
const PLAIN_DATES = /^(\uFEFF)?[^\n]*\n?\s*\d{4}[.\-/]\d\d[.\-/]\d\d[\t;,](?!\d\d:)/;

export type CandleFileChart = {
  candles: RawCandle[];
  instrument: string | undefined;
  timeframe: Timeframe;
  /** Index of the first bar to draw. */
  visibleFrom: number;
};
type Stated = {
  instrument?: string | undefined;
  timeframe?: string | undefined;
  serverZone?: string | undefined;
  last: number;
};

const wordsOf = (file: string): string[] =>
  basename(file)
    .toUpperCase()
    .split(/[^A-Z0-9.]+|\.(?:CSV|TXT|HST)$/)
    .filter((word) => word !== '');

/** The step that most bars are apart, where it is one of a timeframe. */
function stepOf(times: readonly number[]): Timeframe | undefined {
  const counts = new Map<number, number>();
  for (const [i, time] of times.entries()) {
    const step = time - (times[i - 1] ?? time);
    if (step > 0) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const [step] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [0];
  return TIMEFRAMES.find((timeframe) => shortestMs(timeframe) === step);
}

function timeframeOf(stated: string | undefined, file: string, times: readonly number[]): Timeframe {
  const named = [stated ?? '', ...wordsOf(file)].map((word) => TIMEFRAMES.find((t) => t === word));
  if (stated !== undefined && named[0] === undefined)
    throw new ChartRefused(`--timeframe must be one of ${TIMEFRAMES.join(', ')}`);
  const found = named.find((t) => t !== undefined) ?? stepOf(times);
  if (found === undefined) throw new ChartRefused(`--timeframe is missing, and ${file} does not show it`);
  return found;
}

function instrumentOf(file: string): string | undefined {
  return wordsOf(file).find((word) => /^(?!\d+$)[A-Z0-9_.]{2,20}$/.test(word) && !isTimeframe(word));
}
const isTimeframe = (word: string): boolean => TIMEFRAMES.some((t) => t === word);

/** Reads the newest bars of a file: those to draw and those before them that averages need. */
export async function candleFileChart(file: string, stated: Stated): Promise<CandleFileChart> {
  const bytes = await readFile(file).catch(() => {
    throw new ChartRefused(`--candles: ${file}: no such file`);
  });
  const dates = PLAIN_DATES.test(new TextDecoder().decode(bytes.subarray(0, 400)));
  const zone = stated.serverZone ?? (dates ? 'UTC' : MT5_ZONE);
  const clock = serverClock(zone);
  if (clock === null)
    throw new ChartRefused('--server-tz must be NY+7, an IANA time zone or an offset such as +02:00');
  const read = readCandleFile(bytes, clock);
  if (read.kind === 'faulty') throw new ChartRefused(`--candles: ${file}: line ${read.line}: ${read.fault}`);
  const kept = read.candles.slice(-(stated.last + WARM_UP_BARS));
  const candles = kept.map(({ timeMs, ...prices }) => ({ time: timeMs / 1000, ...prices }));
  return {
    candles,
    instrument: stated.instrument ?? instrumentOf(file),
    timeframe: timeframeOf(
      stated.timeframe,
      file,
      kept.map((c) => c.timeMs),
    ),
    visibleFrom: Math.max(0, kept.length - stated.last),
  };
}
