import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf, unitsOf } from '../../functions/ledger/exact-money.ts';
import { bucketFigures, legBuckets } from '../../functions/ledger/leg-buckets.ts';
import { inCloseOrder } from '../../functions/ledger/realised-leg.ts';
import { dayStarts, type Period, reportBuckets, reportClock } from '../../functions/ledger/report-period.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { caseCensus, runs } from '../support/property.ts';
import { legOf, manyLegs } from './leg-facts.ts';

const HOUR_MS = 3_600_000;
const bucketsOf = (period: Period, zone: string, from: string, last: string, dayStart = 0) =>
  (
    reportBuckets(period, reportClock(zone, dayStart * HOUR_MS), Date.parse(from), Date.parse(last), 5_000) ??
    []
  ).map((b) => ({ ...b, hours: (b.toMs - b.fromMs) / HOUR_MS, from: isoTime(b.fromMs) }));
const named = (...args: Parameters<typeof bucketsOf>) =>
  bucketsOf(...args).map(({ label, hours }) => `${label} ${hours}`);

describe('days, weeks and months', () => {
  it('are local ones, of 23 or 25 hours where the clock is moved', () => {
    expect(named('daily', 'Europe/Prague', '2026-03-28T12:00:00Z', '2026-03-29T22:00:00Z')).toEqual([
      ...['2026-03-28 24', '2026-03-29 23', '2026-03-30 24'],
    ]);
    const [day] = bucketsOf('daily', 'Europe/Prague', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z');
    expect(day).toMatchObject({ label: '2026-10-25', hours: 25, from: '2026-10-24T22:00:00.000Z' });
  });

  it('begin where they are asked for and something is there', () => {
    const clock = reportClock('Europe/Prague');
    const at = (iso: string) => Date.parse(iso);
    const span = { first: at('2026-03-28T12:00:00Z'), last: at('2026-03-30T12:00:00Z') };
    const starts = (fromMs: number | null, toMs: number | null) =>
      dayStarts(clock, { fromMs, toMs }, span).map((ms) => isoTime(ms));
    const [saturday, sunday, monday] = ['2026-03-27T23', '2026-03-28T23', '2026-03-29T22'].map(
      (hour) => `${hour}:00:00.000Z`,
    );
    expect(starts(null, null)).toEqual([saturday, sunday, monday]);
    expect(starts(at('2026-03-29T05:00:00Z'), at('2026-03-29T06:00:00Z'))).toEqual([sunday]);
    expect(starts(at('2026-04-05T00:00:00Z'), null)).toEqual([]);
    expect(dayStarts(clock, { fromMs: null, toMs: null }, null)).toEqual([]);
  });

  it('begin on Monday, in the ISO year', () => {
    expect(named('weekly', 'UTC', '2024-12-29T23:59:59Z', '2025-01-06T00:00:00Z')).toEqual([
      ...['2024-W52 168', '2025-W01 168', '2025-W02 168'],
    ]);
    // 2020 had 53 weeks, and the last of them ended in 2021.
    expect(named('weekly', 'UTC', '2021-01-03T00:00:00Z', '2021-01-03T00:00:00Z')).toEqual(['2020-W53 168']);
    expect(named('weekly', 'UTC', '1969-12-31T00:00:00Z', '1969-12-31T00:00:00Z')).toEqual(['1970-W01 168']);
  });

  it('are calendar months', () => {
    expect(named('monthly', 'UTC', '2024-01-31T00:00:00Z', '2024-03-01T00:00:00Z')).toEqual([
      ...['2024-01 744', '2024-02 696', '2024-03 744'],
    ]);
  });

  it('start at 17:00 in New York as a trading day does: Sunday evening is Monday', () => {
    const day = (last: string) => named('daily', 'America/New_York', last, last, 17);
    expect(day('2026-03-15T20:59:59Z')).toEqual(['2026-03-15 24']);
    expect(day('2026-03-15T21:00:00Z')).toEqual(['2026-03-16 24']);
    // The night of 7 to 8 March is an hour short.
    expect(day('2026-03-08T12:00:00Z')).toEqual(['2026-03-08 23']);
    expect(named('daily', 'UTC', '2026-03-15T05:59:59Z', '2026-03-15T06:00:00Z', 6)).toEqual([
      ...['2026-03-14 24', '2026-03-15 24'],
    ]);
  });

  it('stand where a clock was put back over midnight, and a date that was left out has none', () => {
    // St John’s, 2010-11-07: at 00:01 it was 23:01 of the day before once more.
    expect(
      named('daily', 'America/St_Johns', '2010-11-06T12:00:00Z', '2010-11-07T12:00:00Z').map((day) =>
        day.slice(0, 10),
      ),
    ).toEqual(['2010-11-06', '2010-11-07']);
    const clock = reportClock('America/St_Johns');
    const midnight = clock.startOf(clock.dayOf(Date.parse('2010-11-07T12:00:00Z')));
    expect(isoTime(midnight)).toBe('2010-11-07T02:30:00.000Z');
    expect(reportClock('America/St_Johns').dayOf(midnight + 30 * 60_000)).toBe(clock.dayOf(midnight));
    expect(named('daily', 'Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-31T12:00:00Z')).toEqual([
      ...['2011-12-29 24', '2011-12-31 24', '2012-01-01 24'],
    ]);
  });

  it('are refused where they are too many, and no zone is none', () => {
    expect(reportBuckets('daily', reportClock('UTC'), 0, 10 * 86_400_000, 10)).toBeNull();
    expect(reportBuckets('daily', reportClock('UTC'), 0, 10 * 86_400_000 - 1, 10)).toHaveLength(10);
    expect(() => reportClock('Nowhere/None')).toThrow(RangeError);
  });
});

describe('what was realised by bucket', () => {
  const ZONES = [
    ...['UTC', 'Europe/Prague', 'America/New_York', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia'],
    ...['Australia/Lord_Howe', 'Pacific/Kiritimati', 'America/Havana', 'Africa/Casablanca'],
  ];

  it('is of the bucket that begins with its close, and not of the one that ends with it', () => {
    const midnights = [0, 1, 2].map((day) => legOf(day + 1, 100, { closedMs: Date.UTC(2026, 2, 2 + day) }));
    const buckets =
      reportBuckets('daily', reportClock('UTC'), Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 3), 9) ?? [];
    expect(legBuckets(midnights, buckets)).toEqual([[midnights[0]], [midnights[1]]]);
    expect(legBuckets(midnights, buckets.slice(1))).toEqual([[midnights[1]]]);
  });

  it('is the whole, whatever the zone and the period, and the buckets follow each other', () => {
    const census = caseCensus('empty bucket', 'several buckets', 'short day');
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom<Period>('daily', 'weekly', 'monthly', 'all'),
        fc.constantFrom(0, 6, 17, 22),
        fc
          .constantFrom('2010-10-20', '2011-12-10', '2026-03-01', '2026-10-10')
          .chain((day) => manyLegs(Date.parse(day))),
        (zone, period, dayStart, legs) => {
          fc.pre(legs.length > 0);
          const ordered = inCloseOrder(legs);
          const clock = reportClock(zone, dayStart * HOUR_MS);
          const [first, last] = [ordered[0]?.closedMs ?? 0, ordered.at(-1)?.closedMs ?? 0];
          const buckets = reportBuckets(period, clock, first, last, 5_000) ?? [];
          const within = legBuckets(ordered, buckets);
          expect(within.flat()).toEqual(ordered);
          buckets.forEach((bucket, i) => {
            if (i > 0) expect(bucket.fromMs).toBe(buckets[i - 1]?.toMs);
            for (const leg of within[i] ?? []) {
              expect(leg.closedMs).toBeGreaterThanOrEqual(bucket.fromMs);
              expect(leg.closedMs).toBeLessThan(bucket.toMs);
              if (period === 'daily') expect(clock.startOf(clock.dayOf(leg.closedMs))).toBe(bucket.fromMs);
            }
          });
          const parts = within.map((own) => bucketFigures(own));
          const whole = bucketFigures(ordered);
          for (const name of ['net', 'gross_profit', 'gross_loss'] as const)
            expect(amountOf(parts.reduce((all, part) => all + unitsOf(part[name]), 0n))).toBe(whole[name]);
          for (const name of ['trades', 'wins', 'losses', 'flats'] as const)
            expect(parts.reduce((all, part) => all + part[name], 0)).toBe(whole[name]);
          census.note('several buckets', buckets.length > 1);
          census.note(
            'short day',
            period === 'daily' && buckets.some((b) => b.toMs - b.fromMs < 24 * HOUR_MS),
          );
          for (const part of parts)
            if (census.note('empty bucket', part.trades === 0))
              expect(part).toEqual({
                ...{ trades: 0, wins: 0, losses: 0, flats: 0, net: '0', gross_profit: '0', gross_loss: '0' },
                ...{
                  profit_factor: null,
                  win_rate: null,
                  expectancy: null,
                  expectancy_r: null,
                  reason: 'no-trades',
                },
              });
        },
      ),
      runs(),
    );
    census.expectAllMet();
  });
});
