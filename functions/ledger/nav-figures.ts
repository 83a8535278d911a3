/**
 * Returns, ratios and drawdowns of a NAV series (domain 6): floats, as ratios are. Days are the local days of whoever asks;
 * a working day without a change is a return of zero, and what moved on a day that is none counts with the next that is.
 * The first day has no return. A figure that is not defined is null, with a reason under its name in `reasons`.
 */
import { amountOf, unitsOf } from './exact-money.ts';
import type { NavPoint, NavSeries } from './nav-series.ts';

/** Why a figure is null. */
export type NavUndefined =
  | 'no-samples'
  | 'fewer-than-30-days'
  | 'fewer-than-90-days'
  | 'no-variation'
  | 'no-negative-returns'
  | 'no-drawdown';

export type Drawdown = {
  /** Of NAV, in percent of its peak; and when it began, was deepest and was made good (null: not yet). */
  percent: number;
  peak_ms: number | null;
  trough_ms: number | null;
  recovered_ms: number | null;
  /** The largest in money, flows taken out: often another one. */
  money: string;
  money_peak_ms: number | null;
  money_trough_ms: number | null;
  money_recovered_ms: number | null;
  /** How far NAV stands below its peak now. */
  present_percent: number;
};

export type NavFigures = {
  days: number;
  return_percent: number | null;
  cagr: number | null;
  sharpe: number | null;
  sortino: number | null;
  calmar: number | null;
  /** What the curve gained over its largest drawdown in money, with its sign. */
  recovery_factor: number | null;
  drawdown: Drawdown;
  reasons: Readonly<Record<string, NavUndefined>>;
};

/** A week's working days, and how many a year has. */
export type WorkingDays = { isWorkingDay: (day: number) => boolean; perYear: number };

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365.25;
const FEWEST_RETURNS = 30;
const FEWEST_DAYS = 90;

/** Monday to Friday; days are counted from 1 January 1970, a Thursday. */
export const WEEKDAYS: WorkingDays = {
  isWorkingDay: (day) => ![0, 6].includes((((day + 4) % 7) + 7) % 7),
  perYear: 252,
};
/** Every day: for accounts that trade what never closes. */
export const ALL_DAYS: WorkingDays = { isWorkingDay: () => true, perYear: 365 };

/** The figures of a series; `dayOf` gives the local day of a moment. */
export function navFigures(
  { points }: NavSeries,
  dayOf: (ms: number) => number,
  { isWorkingDay, perYear }: WorkingDays,
): NavFigures {
  const reasons: Record<string, NavUndefined> = {};
  const of = (name: string, why: NavUndefined | null, value: () => number): number | null => {
    if (why === null) return value();
    reasons[name] = why;
    return null;
  };
  const drawdown = drawdownOf(points);
  const returns = dailyReturns(points, dayOf, isWorkingDay);
  const [first, last] = [points[0], points.at(-1)];
  const days = first && last ? (last.atMs - first.atMs) / DAY_MS : 0;
  const grown = last?.nav ?? 1;
  const none = points.length === 0 ? ('no-samples' as const) : null;
  const young = none ?? (days < FEWEST_DAYS ? ('fewer-than-90-days' as const) : null);
  const few = none ?? (returns.length < FEWEST_RETURNS ? ('fewer-than-30-days' as const) : null);
  const spread = deviation(returns);
  const downside = Math.sqrt(mean(returns.map((r) => Math.min(r, 0) ** 2)));
  const cagr = of('cagr', young, () => grown ** (YEAR_DAYS / days) - 1);
  const flat = drawdown.percent === 0 ? ('no-drawdown' as const) : null;
  const lost = unitsOf(drawdown.money);
  return {
    days,
    return_percent: of('return_percent', none, () => (grown - 1) * 100),
    cagr,
    sharpe: of('sharpe', few ?? (spread > 0 ? null : 'no-variation'), () => {
      return (mean(returns) / spread) * Math.sqrt(perYear);
    }),
    sortino: of('sortino', few ?? (downside > 0 ? null : 'no-negative-returns'), () => {
      return (mean(returns) / downside) * Math.sqrt(perYear);
    }),
    calmar: of('calmar', young ?? flat, () => (cagr ?? 0) / (drawdown.percent / 100)),
    recovery_factor: of('recovery_factor', none ?? (lost === 0n ? 'no-drawdown' : null), () => {
      return Number(last ? last.own - (first?.own ?? 0n) : 0n) / Number(lost);
    }),
    drawdown,
    reasons,
  };
}

/** The returns of working days, oldest first: NAV at the end of each over NAV at the end of the one before, less 1. */
export function dailyReturns(
  points: readonly NavPoint[],
  dayOf: (ms: number) => number,
  isWorkingDay: (day: number) => boolean,
): number[] {
  const [first] = points;
  const end = points.at(-1);
  if (first === undefined || end === undefined) return [];
  const closes = new Map(points.map((p) => [dayOf(p.atMs), p.nav]));
  const returns: number[] = [];
  let nav = closes.get(dayOf(first.atMs)) ?? first.nav;
  let base = nav;
  for (let day = dayOf(first.atMs) + 1; day <= dayOf(end.atMs); day += 1) {
    nav = closes.get(day) ?? nav;
    if (!isWorkingDay(day)) continue;
    // From nothing there is no return; a series ends there.
    if (base > 0) returns.push(nav / base - 1);
    base = nav;
  }
  return returns;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;

/** The standard deviation of a sample (n - 1). */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1));
}

/** The deepest fall below an earlier peak; of several as deep the first. */
function deepest<T extends number | bigint>(
  points: readonly NavPoint[],
  worth: (p: NavPoint) => T,
  depthOf: (peak: T, value: T) => T,
) {
  let peak: { atMs: number; value: T } | null = null;
  let found: { peak: T; peakMs: number; troughMs: number; depth: T; recoveredMs: number | null } | null =
    null;
  for (const p of points) {
    const value = worth(p);
    if (found !== null && found.recoveredMs === null && value >= found.peak) found.recoveredMs = p.atMs;
    if (peak === null || value > peak.value) peak = { atMs: p.atMs, value };
    const depth = depthOf(peak.value, value);
    if (value < peak.value && (found === null || depth > found.depth))
      found = { peak: peak.value, peakMs: peak.atMs, troughMs: p.atMs, depth, recoveredMs: null };
  }
  return found;
}

function drawdownOf(points: readonly NavPoint[]): Drawdown {
  const ratio = deepest(
    points,
    (p) => p.nav,
    (peak, nav) => 1 - nav / peak,
  );
  const money = deepest(
    points,
    (p) => p.own,
    (peak, own) => peak - own,
  );
  const peak = points.reduce((highest, p) => Math.max(highest, p.nav), 0);
  const last = points.at(-1);
  return {
    percent: (ratio?.depth ?? 0) * 100,
    peak_ms: ratio?.peakMs ?? null,
    trough_ms: ratio?.troughMs ?? null,
    recovered_ms: ratio?.recoveredMs ?? null,
    money: amountOf(money?.depth ?? 0n),
    money_peak_ms: money?.peakMs ?? null,
    money_trough_ms: money?.troughMs ?? null,
    money_recovered_ms: money?.recoveredMs ?? null,
    present_percent: last === undefined ? 0 : (1 - last.nav / peak) * 100,
  };
}
