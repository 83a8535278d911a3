import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AxisBar, timeLabels, timeRank } from '../../functions/charts/time-axis.ts';
import { zoneReader } from '../../functions/platform/time-zone.ts';

const HOUR = 3_600_000;
const SPAN = { left: 0, right: 1100, fontSize: 15 };

function bars(times: readonly number[], width = SPAN.right): AxisBar[] {
  return times.map((timeMs, index) => ({ timeMs, x: ((index + 0.5) * width) / times.length }));
}

function hourly(start: string, count: number, step = HOUR): number[] {
  return Array.from({ length: count }, (_, index) => Date.parse(start) + index * step);
}

function texts(times: readonly number[], zone = 'UTC'): string[] {
  return timeLabels(bars(times), zoneReader(zone), SPAN).map(({ text }) => text);
}

describe('rank of a bar', () => {
  const utc = zoneReader('UTC');
  it.each([
    ['2025-12-31T23:00Z', '2026-01-01T00:00Z', 9],
    ['2026-01-31T23:00Z', '2026-02-01T00:00Z', 8],
    ['2026-02-01T23:00Z', '2026-02-02T00:00Z', 7],
    ['2026-02-01T11:00Z', '2026-02-01T13:00Z', 6],
    ['2026-02-01T05:00Z', '2026-02-01T06:00Z', 5],
    ['2026-02-01T02:00Z', '2026-02-01T03:00Z', 4],
    ['2026-02-01T01:00Z', '2026-02-01T02:00Z', 3],
    ['2026-02-01T01:15Z', '2026-02-01T01:30Z', 2],
    ['2026-02-01T01:34Z', '2026-02-01T01:35Z', 1],
    ['2026-02-01T01:33Z', '2026-02-01T01:34Z', 0],
    ['2026-02-01T01:33Z', '2026-02-01T01:33Z', -1],
  ])('%s to %s is %d', (before, now, rank) => {
    expect(timeRank(utc(Date.parse(before)), utc(Date.parse(now)))).toBe(rank);
  });

  it('gives a repeated hour of the clock going back no rank, so no label twice', () => {
    const london = zoneReader('Europe/London');
    expect(timeRank(london(Date.parse('2026-10-25T00:00Z')), london(Date.parse('2026-10-25T01:00Z')))).toBe(
      -1,
    );
  });
});

describe('time labels', () => {
  it('put day boundaries in the chart zone, not in UTC', () => {
    const day = hourly('2026-03-02T00:00Z', 72);
    const label = timeLabels(bars(day), zoneReader('Asia/Kolkata'), SPAN).find(
      ({ text }) => text === '3 Mar',
    );
    // 00:30 of 3 March in Kolkata is 19:00 UTC of the 2nd.
    expect(label?.index).toBe(19);
  });

  it('give a weekend no space and still name the day after it', () => {
    const week = [...hourly('2026-03-05T00:00Z', 46), ...hourly('2026-03-08T22:00Z', 50)];
    expect(texts(week)).toContain('9 Mar');
    const labels = timeLabels(bars(week), zoneReader('UTC'), SPAN);
    expect(labels.find(({ text }) => text === '9 Mar')?.index).toBe(48);
  });

  it('keep to the wall clock over a change of the clocks', () => {
    const days = texts(hourly('2026-03-28T00:00Z', 72), 'Europe/London');
    expect(days).toEqual(expect.arrayContaining(['29 Mar', '30 Mar', '12:00']));
  });

  it('name years, then months, in bold where they stand among days', () => {
    const years = timeLabels(bars(hourly('2023-11-15T00:00Z', 900, 24 * HOUR)), zoneReader('UTC'), SPAN);
    expect(years.filter(({ bold }) => bold).map(({ text }) => text)).toEqual(['2024', '2025', '2026']);
    expect(years.some(({ text, bold }) => text === 'Jul' && !bold)).toBe(true);
    const months = timeLabels(bars(hourly('2026-02-20T00:00Z', 60, 24 * HOUR)), zoneReader('UTC'), SPAN);
    expect(months.filter(({ bold }) => bold).map(({ text }) => text)).toEqual(['Mar', 'Apr']);
  });

  it('names the only bar', () => {
    expect(texts([Date.parse('2026-03-02T10:00Z')])).toEqual(['2 Mar']);
  });

  it('never cut or overlap, whatever the steps and the width', () => {
    const step = fc.constantFrom(60_000, 300_000, 900_000, HOUR, 4 * HOUR, 24 * HOUR, 7 * 24 * HOUR);
    const zone = fc.constantFrom(
      'UTC',
      'Asia/Kolkata',
      'America/New_York',
      'Europe/London',
      'Australia/Lord_Howe',
    );
    const width = fc.integer({ min: 60, max: 2000 });
    const start = fc.integer({ min: 0, max: 2_000_000_000 });
    fc.assert(
      fc.property(
        step,
        zone,
        width,
        start,
        fc.integer({ min: 1, max: 300 }),
        (stepMs, tz, right, from, count) => {
          const times = Array.from({ length: count }, (_, index) => from * 1000 + index * stepMs);
          const labels = timeLabels(bars(times, right), zoneReader(tz), { left: 0, right, fontSize: 15 });
          for (const [index, { x, width: wide }] of labels.entries()) {
            expect(x - wide / 2).toBeGreaterThanOrEqual(0);
            expect(x + wide / 2).toBeLessThanOrEqual(right);
            const next = labels[index + 1];
            if (next !== undefined) expect(next.x - next.width / 2).toBeGreaterThan(x + wide / 2);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
