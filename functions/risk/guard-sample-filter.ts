/**
 * Samples that must not be judged, each by its name (domain 3.2): an account is not closed for a figure that is none, for
 * zeros of a terminal that lost its connection, or for one bad tick. Pure.
 */
import { Big, plain } from '../platform/decimal.ts';
import type { GuardSample, GuardState, Rejection } from './guard-state.ts';

const FINITE = /^-?\d+(\.\d+)?$/;
const LEAST_TOLERANCE = new Big(1);
const TOLERANCE_SHARE = new Big('0.005');
/** A price that moves further between two samples is to be shown twice. */
const JUMP_SHARE = new Big('0.01');
const JUMP_RANGES = 6;

/** What is wrong with the money of a sample by itself; null: nothing. */
export function unsoundMoney(
  s: GuardSample,
): Extract<Rejection, 'not-finite' | 'zero-equity' | 'identity-broken'> | null {
  const amounts = [s.balance, s.credit, s.equity, s.booked, s.flowed];
  for (const p of s.positions) amounts.push(p.profit, p.swap, p.priceCurrent);
  if (!amounts.every((a) => FINITE.test(a))) return 'not-finite';
  const floating = s.positions.reduce((all, p) => all.plus(p.profit).plus(p.swap), new Big(0));
  const expected = floating.plus(s.balance).plus(s.credit);
  const share = expected.abs().times(TOLERANCE_SHARE);
  const tolerance = share.gt(LEAST_TOLERANCE) ? share : LEAST_TOLERANCE;
  if (expected.minus(s.equity).abs().lte(tolerance)) return null;
  return new Big(s.equity).eq(0) && new Big(s.balance).gt(0) ? 'zero-equity' : 'identity-broken';
}

/** By symbol what its positions have made, swap included. */
export function resultBySymbol(s: Pick<GuardSample, 'positions'>): Map<string, Big> {
  const results = new Map<string, Big>();
  for (const p of s.positions)
    results.set(p.symbol, (results.get(p.symbol) ?? new Big(0)).plus(p.profit).plus(p.swap));
  return results;
}

/** The symbol that costs most; null: none costs anything. */
export function losingMost(s: Pick<GuardSample, 'positions'>): string | null {
  let worst: { symbol: string; result: Big } | null = null;
  for (const [symbol, result] of resultBySymbol(s))
    if (result.lt(0) && (worst === null || result.lt(worst.result))) worst = { symbol, result };
  return worst?.symbol ?? null;
}

/** The middle of bid and ask; without a quote the middle of what the positions are valued at. Null: no price at all. */
export function midOf(s: GuardSample, symbol: string): Big | null {
  const quote = s.quotes[symbol];
  if (quote && FINITE.test(quote.bid) && FINITE.test(quote.ask)) {
    const mid = new Big(quote.bid).plus(quote.ask).div(2);
    if (mid.gt(0)) return mid;
  }
  const prices = s.positions.filter((p) => p.symbol === symbol).map((p) => new Big(p.priceCurrent));
  const total = prices.reduce((all, p) => all.plus(p), new Big(0));
  return total.gt(0) ? total.div(prices.length) : null;
}

const MOST_MIDS = 100;

/** The middles by which the next sample is judged: of what is open, and of other symbols as far as there is room. */
export function midsOf(s: GuardSample, before: GuardState['mids']): GuardState['mids'] {
  const symbols = new Set([...s.positions, ...s.orders].map((row) => row.symbol));
  for (const symbol of Object.keys(s.quotes)) if (symbols.size < MOST_MIDS) symbols.add(symbol);
  const mids: GuardState['mids'] = {};
  for (const symbol of symbols) {
    const mid = midOf(s, symbol);
    const known = mid === null ? before[symbol] : plain(mid);
    if (known !== undefined) mids[symbol] = known;
  }
  return mids;
}

export type PriceVerdict = {
  /** Set where the price jumped and no other sample has shown it yet. */
  jump: GuardState['jump'];
  /** Whether there was a price to compare with, or a second sample near the new one. */
  vouched: boolean;
};

/**
 * Whether the price of the symbol that costs most is where it can be: within 1 %, or 6 of its hourly ranges, of the last
 * middle that was accepted; or a newer quote is near where the sample before had jumped to.
 */
export function priceVerdict(
  s: GuardSample,
  { mids, jump }: Pick<GuardState, 'mids' | 'jump'>,
): PriceVerdict {
  const symbol = losingMost(s);
  if (symbol === null) return { jump: null, vouched: true };
  const mid = midOf(s, symbol);
  const last = mids[symbol];
  if (mid === null || last === undefined) return { jump: null, vouched: false };
  const price = furthest(s, symbol, new Big(last));
  const bound = boundOf(s, symbol, new Big(last));
  const isNear = (a: Big, b: Big | string): boolean => a.minus(b).abs().lte(bound);
  if (isNear(mid, last) && isNear(price, last)) return { jump: null, vouched: true };
  const timeMs = s.quotes[symbol]?.timeMs ?? null;
  const isShownAgain =
    jump?.symbol === symbol &&
    isNear(mid, jump.mid) &&
    isNear(price, jump.price) &&
    (timeMs === null || jump.timeMs === null || timeMs > jump.timeMs);
  if (isShownAgain) return { jump: null, vouched: true };
  return { jump: { symbol, mid: plain(mid), price: plain(price), timeMs }, vouched: false };
}

/** What a position of the symbol is valued at, the furthest from its last middle: a spread may have gone apart around it. */
function furthest(s: GuardSample, symbol: string, last: Big): Big {
  const prices = s.positions.filter((p) => p.symbol === symbol).map((p) => new Big(p.priceCurrent));
  return prices.reduce((far, p) => (p.minus(last).abs().gt(far.minus(last).abs()) ? p : far), last);
}

function boundOf(s: GuardSample, symbol: string, last: Big): Big {
  const share = last.times(JUMP_SHARE);
  const range = s.ranges?.[symbol];
  const ranges = range !== undefined && FINITE.test(range) ? new Big(range).times(JUMP_RANGES) : share;
  return ranges.gt(share) ? ranges : share;
}

/** Whether a quote of one of the symbols is newer than it was; a symbol without a quote cannot say that it is not. */
export const isNewer = (
  quotes: GuardSample['quotes'],
  symbols: Iterable<string>,
  before: Readonly<Record<string, number>>,
): boolean =>
  [...symbols].some((symbol) => {
    const [timeMs, beforeMs] = [quotes[symbol]?.timeMs, before[symbol]];
    return timeMs === undefined || beforeMs === undefined || timeMs > beforeMs;
  });
