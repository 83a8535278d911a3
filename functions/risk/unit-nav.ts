/**
 * An account in units, as a fund is (domain 3.1): money that comes buys units and money that goes gives them back, at the
 * NAV of the moment, so that neither is ever a profit or a loss. NAV = equity / units; drawdown = 1 - NAV / peak.
 * Invariants: no flow moves the NAV; a peak stands once two samples in a row were at it; nothing that trading left (a NAV
 * at or below zero) is a drawdown of all, never of nothing.
 * Pure; decimals of 20 significant digits, the drawdown a float in hundredths of a percent.
 */
import { Big, plain } from '../platform/decimal.ts';

export type UnitBook = {
  /** `0`: trading left nothing that a unit could be a part of. */
  units: string;
  nav: string;
  peak: string;
  /** A NAV above the peak that one sample has shown. */
  candidate: string | null;
  /** Begun with a single sample of open positions: the next one may show that its price was bad. */
  provisional: boolean;
};

const DIGITS = 20;
const WHOLE_BPS = 10_000;
const NONE = new Big(0);

const kept = (value: Big): string => plain(value.eq(0) ? value : value.prec(DIGITS));

/** A book that begins with `equity`, which is above zero: a unit is worth one. */
export const startUnits = (equity: Big, provisional: boolean): UnitBook => ({
  ...{ units: kept(equity), nav: '1', peak: '1', candidate: null, provisional },
});

/** A book of an account that is worth nothing, and has lost nothing of that. */
export const NO_UNITS: UnitBook = { units: '0', nav: '1', peak: '1', candidate: null, provisional: false };

/** What a unit is worth where `flow` of the equity came (or, below zero, had gone) since the last sample. */
export function navOf({ units }: UnitBook, equity: Big, flow: Big): Big {
  const own = equity.minus(flow);
  return new Big(units).lte(0) || own.lte(0) ? NONE : own.div(units);
}

/** The book after `flow` came, at the NAV before it. Where that is nothing no flow can buy a part of it. */
export function withFlow(book: UnitBook, equity: Big, flow: Big): UnitBook {
  const nav = navOf(book, equity, flow);
  return { ...book, units: nav.gt(0) ? kept(equity.div(nav)) : '0' };
}

/**
 * The book at a NAV. `rises`: whether it may raise the peak (`no` while money is unexplained), and whether this sample may
 * be the second of a peak (`confirms`) or is of the same price as the first.
 */
export function withNav(book: UnitBook, nav: Big, rises: 'no' | 'candidate' | 'confirms'): UnitBook {
  const next = { ...book, nav: kept(nav) };
  if (rises === 'no') return { ...next, candidate: null };
  const peak = new Big(book.peak);
  if (book.provisional && nav.gt(0))
    return {
      ...next,
      peak: kept(nav.lt(peak) ? nav : peak),
      candidate: above(nav, peak),
      provisional: false,
    };
  if (nav.lte(peak)) return { ...next, candidate: null };
  if (book.candidate === null) return { ...next, candidate: kept(nav) };
  if (rises === 'candidate') return next;
  const lower = nav.lt(book.candidate) ? nav : new Big(book.candidate);
  return { ...next, peak: kept(lower), candidate: above(nav, lower) };
}

const above = (nav: Big, peak: Big): string | null => (nav.gt(peak) ? kept(nav) : null);

/** How far the NAV is below its peak, in hundredths of a percent; to a millionth of one, which is rounding. */
export const drawdownOf = ({ nav, peak }: UnitBook): number =>
  Math.max(0, Number(new Big(1).minus(new Big(nav).div(peak)).times(WHOLE_BPS).round(6)));
