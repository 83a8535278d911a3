import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isPlainDates, labelZone, periodReader, rangeText } from '../../functions/charts/chart-period.ts';
import { zoneReader } from '../../functions/platform/time-zone.ts';
import { sampleChart } from './sample-chart.ts';

const DAY_MS = 86_400_000;
const hourly = { ...sampleChart(30), tz: 'America/New_York' };
const midnights = hourly.candles.map((bar, index) => ({ ...bar, timeMs: index * DAY_MS }));
const daily = { ...hourly, timeframe: 'D1', candles: midnights };

it('daily bars that are plain dates stay on their day in any zone, and print none', () => {
  expect([isPlainDates(daily), labelZone(daily)]).toEqual([true, 'UTC']);
  expect(rangeText(daily)).toBe('1 Jan – 30 Jan 1970');
});

it('daily bars that open at a broker midnight are told in the chart zone, which is printed', () => {
  const broker = {
    ...daily,
    candles: midnights.map((bar) => ({ ...bar, timeMs: bar.timeMs + DAY_MS - 7_200_000 })),
  };
  expect([isPlainDates(broker), labelZone(broker)]).toEqual([false, 'America/New_York']);
  expect(rangeText(broker)).toBe('1 Jan – 30 Jan 1970 UTC−5');
});

it('hourly bars have a clock, a zone, and the year of the start only when it differs', () => {
  expect(rangeText(hourly)).toBe('1 Mar 19:00 – 3 Mar 2026 00:00 UTC−5');
  const [first, second] = hourly.candles;
  if (first === undefined || second === undefined) throw new Error('two bars');
  const turn = { ...hourly, tz: 'UTC', candles: [{ ...first, timeMs: Date.UTC(2025, 11, 31, 23) }, second] };
  expect(rangeText(turn)).toBe('31 Dec 2025 23:00 – 2 Mar 2026 01:00 UTC');
});

it('reads UTC as the tables of the runtime have it, at every second from the first year to the last', () => {
  const [read, stated] = [periodReader('UTC', 0, DAY_MS), zoneReader('UTC')];
  const edges = [
    ...[0, 1, -1, DAY_MS - 1, Date.UTC(2000, 1, 29), Date.UTC(2000, 2, 1) - 1, Date.UTC(2000, 11, 31)],
    ...[Date.UTC(2100, 1, 28, 23, 59, 59), Date.UTC(2100, 2, 1), Date.UTC(2400, 1, 29), 99_999_999_999_000],
  ];
  for (const at of edges) expect(read(at), String(at)).toEqual(stated(at));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), fc.integer({ min: 0, max: 999 }), (at, ms) => {
      expect(read(at * 1000 + ms)).toEqual(stated(at * 1000 + ms));
    }),
  );
});
