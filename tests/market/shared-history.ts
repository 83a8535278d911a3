// The real history that tests read in place where it is there, as it was recorded. Nothing of it is copied.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { Candle } from '../../functions/market/candle.ts';
import { readCandleFile } from '../../functions/market/mt5-candle-file.ts';
import { serverClock } from '../../functions/market/server-clock.ts';

const SHARED = join(import.meta.dirname, '../../../shared');

/** A file of the shared folder; where it is absent the test is skipped and says so. */
export function sharedFile(t: TestContext, name: string): Buffer {
  const path = join(SHARED, name);
  if (!existsSync(path)) t.skip(`${name} is not on this machine`);
  return readFileSync(path);
}

/** The candles of such a file, dates on the clock of `zone`. */
export function sharedCandles(t: TestContext, name: string, zone: string): Candle[] {
  const read = readCandleFile(sharedFile(t, `data/${name}`), clockOf(zone));
  if (read.kind === 'faulty') throw new Error(`${name}: line ${read.line}: ${read.fault}`);
  return read.candles;
}

/** The clock of a zone that must exist. */
export function clockOf(zone: string) {
  const clock = serverClock(zone);
  if (clock === null) throw new Error(`no zone ${zone}`);
  return clock;
}
