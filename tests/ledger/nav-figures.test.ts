import { describe, expect, it } from 'vitest';
import { ALL_DAYS, dailyReturns, navFigures, WEEKDAYS } from '../../functions/ledger/nav-figures.ts';
import type { NavPoint } from '../../functions/ledger/nav-series.ts';
import { reportClock } from '../../functions/ledger/report-period.ts';

const DAY_MS = 86_400_000;
/** Monday. */
const START = Date.UTC(2026, 0, 5, 12);
const { dayOf } = reportClock('UTC');
/** NAV at noon of each day from a Monday on, and as many thousand units of money. */
const noons = (...navs: number[]): NavPoint[] =>
  navs.map((nav, i) => ({ atMs: START + i * DAY_MS, nav, own: BigInt(Math.round(nav * 1e11)) }));
const figuresOf = (points: NavPoint[], days = WEEKDAYS) =>
  navFigures({ points, stoppedMs: null }, dayOf, days);

describe('daily returns', () => {
  it('are of working days, zero days too; what moves on a weekend counts on Monday', () => {
    const week = noons(1, 1.1, 1.1, 1.21, 1.21, 1.331, 1.331, 1.4641);
    const close = (returns: number[]) => returns.map((r) => Math.round(r * 1e9) / 1e9);
    expect(close(dailyReturns(week, dayOf, WEEKDAYS.isWorkingDay))).toEqual([0.1, 0, 0.1, 0, 0.21]);
    expect(close(dailyReturns(week, dayOf, ALL_DAYS.isWorkingDay))).toEqual([0.1, 0, 0.1, 0, 0.1, 0, 0.1]);
    const gap = [...noons(1), ...noons(1, 1, 1, 1.5).slice(3)];
    expect(close(dailyReturns(gap, dayOf, WEEKDAYS.isWorkingDay))).toEqual([0, 0, 0.5]);
    expect(dailyReturns([], dayOf, WEEKDAYS.isWorkingDay)).toEqual([]);
  });

  it('go by the last moment of each local day', () => {
    const hours = [0, 20, 23].map((hour, i) => ({ ...noons(1 + i / 10)[0], atMs: START + hour * 3_600_000 }));
    const tokyo = reportClock('Asia/Tokyo');
    expect(dailyReturns(hours as NavPoint[], dayOf, () => true)[0]).toBeCloseTo(0.2, 12);
    // 08:00 UTC and 11:00 UTC of the next day are one day in Tokyo, noon is the day before.
    expect(dailyReturns(hours as NavPoint[], tokyo.dayOf, () => true)).toEqual([expect.closeTo(0.2, 12)]);
  });
});

describe('ratios', () => {
  /** Forty weekdays that alternate between +2 % and -1 %. */
  const steady = () => {
    const navs = [1];
    for (let day = 1; navs.length < 57; day += 1) {
      const last = navs.at(-1) ?? 1;
      const weekday = (day + 1) % 7 !== 6 && (day + 1) % 7 !== 0;
      navs.push(weekday ? last * (day % 2 === 0 ? 0.99 : 1.02) : last);
    }
    return noons(...navs);
  };

  it('are the textbook’s: sample deviation, downside over all days, annualised', () => {
    const points = steady();
    const returns = dailyReturns(points, dayOf, WEEKDAYS.isWorkingDay);
    const n = returns.length;
    const mean = returns.reduce((a, b) => a + b) / n;
    const variance = returns.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
    const below = returns.reduce((a, b) => a + Math.min(b, 0) ** 2, 0) / n;
    const found = figuresOf(points);
    expect(n).toBeGreaterThanOrEqual(30);
    expect(found.sharpe).toBeCloseTo((mean / Math.sqrt(variance)) * Math.sqrt(252), 9);
    expect(found.sortino).toBeCloseTo((mean / Math.sqrt(below)) * Math.sqrt(252), 9);
    expect(found.reasons).toEqual({ cagr: 'fewer-than-90-days', calmar: 'fewer-than-90-days' });
  });

  it('are over a year of growth what was gained in it', () => {
    const navs = Array.from({ length: 732 }, (_, i) => (i === 100 ? 1.0 : 1.21 ** (i / 730.5)));
    const year = figuresOf(noons(...navs), ALL_DAYS);
    expect(year.cagr).toBeCloseTo((navs.at(-1) ?? 0) ** (365.25 / 731) - 1, 12);
    expect(year.cagr).toBeCloseTo(0.1, 3);
    expect(year.calmar).toBeCloseTo((year.cagr ?? 0) / (1 - 1 / (navs[99] ?? 1)), 9);
  });

  it('are null, with the reason, where there is too little, nothing that varies or no fall', () => {
    expect(figuresOf([])).toMatchObject({ return_percent: null, sharpe: null, recovery_factor: null });
    expect(new Set(Object.values(figuresOf([]).reasons))).toEqual(new Set(['no-samples']));
    const flat = figuresOf(noons(...Array<number>(100).fill(1)));
    expect(flat).toMatchObject({
      return_percent: 0,
      cagr: 0,
      drawdown: { percent: 0, money: '0', peak_ms: null },
    });
    expect(flat.reasons).toEqual({
      ...{ sharpe: 'no-variation', sortino: 'no-negative-returns' },
      ...{ calmar: 'no-drawdown', recovery_factor: 'no-drawdown' },
    });
    const rising = figuresOf(noons(...Array.from({ length: 100 }, (_, i) => 1 + i * i)));
    expect(rising.reasons).toMatchObject({ sortino: 'no-negative-returns' });
    expect(rising.sharpe).toBeGreaterThan(0);
  });
});

describe('the drawdown', () => {
  const day = (n: number) => START + n * DAY_MS;

  it('says when it began, was deepest and was made good; in money it may be another', () => {
    const points = noons(1, 1.2, 0.9, 1.2, 1.5, 1.3);
    // Money of its own: the account was larger at the second fall.
    for (const [i, own] of [10, 12, 9, 12, 150, 130].entries())
      (points[i] as NavPoint).own = BigInt(own) * 100_000_000n;
    expect(figuresOf(points).drawdown).toEqual({
      percent: expect.closeTo(25, 9),
      ...{ peak_ms: day(1), trough_ms: day(2), recovered_ms: day(3) },
      ...{ money: '20', money_peak_ms: day(4), money_trough_ms: day(5), money_recovered_ms: null },
      present_percent: expect.closeTo((1 - 1.3 / 1.5) * 100, 9),
    });
    expect(figuresOf(points).recovery_factor).toBeCloseTo(120 / 20, 12);
  });

  it('is the whole where nothing was left', () => {
    const found = figuresOf(noons(1, 0.5, 0));
    expect(found.drawdown).toMatchObject({ percent: 100, recovered_ms: null, present_percent: 100 });
    expect(found.return_percent).toBe(-100);
  });
});
