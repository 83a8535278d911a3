// The default calendars beside real histories, read in place where the shared data is present: bars begin in open hours
// and open hours have bars, but for the days that are named, on which the feed or its broker kept other hours.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBetween, openMsBetween, type TradingCalendar } from '../../functions/market/trading-calendar.ts';
import { calendar } from '../support/calendars.ts';

const DATA = join(import.meta.dirname, '../../../shared/data');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const file = (name: string): string => join(DATA, `${name}.csv`);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function openings(name: string): number[] {
  const [, ...lines] = readFileSync(file(name), 'utf8').trim().split('\n');
  return lines.map((line) => Date.parse(line.slice(0, line.indexOf(','))));
}

/** The days on which bars lie wholly in closed hours, and those that lack an hour or more of open ones. */
function disagreements(of: TradingCalendar, bars: readonly number[], barMs: number) {
  const closed = bars.filter((t) => openBetween(of, t, t + barMs).length === 0).map(dayOf);
  const silent = new Map<string, number>();
  for (const [i, t] of bars.entries()) {
    const next = bars[i + 1] ?? t + barMs;
    const day = dayOf(t + barMs);
    silent.set(day, (silent.get(day) ?? 0) + openMsBetween(of, t + barMs, next));
  }
  const days = [...silent].filter(([, ms]) => ms >= HOUR).map(([day]) => day);
  return { closed: [...new Set(closed)], silent: days };
}

const HISTORIES = [
  {
    name: 'xauusd_m15_2023-2024',
    ...{ calendar: 'metals-energy', barMs: 15 * MINUTE, bars: 47_237 },
    // A quarter of an hour more; a holiday that this broker ignored; a Friday with later hours.
    closed: ['2023-01-16', '2023-06-19', '2023-11-23', '2024-11-29'],
    // Days on which the feed stopped, two closes before ours, and Christmas Eve.
    silent: ['2024-05-24', '2024-06-16', '2024-06-17', '2024-06-19', '2024-11-28', '2024-12-24'],
  },
  {
    name: 'eurusd_h1_2017_mit',
    ...{ calendar: 'fx', barMs: HOUR, bars: 6225 },
    closed: ['2017-12-24', '2017-12-25'],
    silent: [],
  },
];

describe('real price histories', () => {
  const absent = !existsSync(DATA);
  if (absent) console.info(`the price histories are not beside the repository (${DATA}): not compared`);

  it.skipIf(absent).each(HISTORIES)(
    '$name has bars when $calendar is open, and none when it is closed',
    (h) => {
      const bars = openings(h.name);
      expect(bars).toHaveLength(h.bars);
      expect(disagreements(calendar(h.calendar), bars, h.barMs)).toEqual({
        closed: h.closed,
        silent: h.silent,
      });
    },
  );

  it.skipIf(absent)(
    'xauusd_h1_2012-2022 does too, outside the weeks between American and European changes',
    () => {
      const bars = openings('xauusd_h1_2012-2022');
      // Its broker kept European time until 2020, an hour off in March and in late October.
      const betweenChanges = /-(03-(0[6-9]|[12]\d|3[01])|10-2[3-9]|10-3[01]|11-0[1-8])$/;
      const { closed, silent } = disagreements(calendar('metals-energy'), bars, HOUR);
      const holidays = /-(12-2[24]|12-29|12-31)$/;
      const other = (days: string[]) =>
        days.filter((day) => !betweenChanges.test(day) && !holidays.test(day));
      expect(bars).toHaveLength(57_600);
      // Half days with an hour more until 2015; silent hours of the feed.
      expect(other(closed).length).toBeLessThanOrEqual(19);
      expect(other(silent).length).toBeLessThanOrEqual(28);
    },
  );
});
