/**
 * Whether an approved signal becomes orders, and which. Pure; every refusal has a name, which is stored with the
 * delivery and shown on the signal. No order exceeds what was countersigned: volume, risk and band are the terms'.
 */
import type { TradeInstruction } from '../bridge/bridge-protocol.ts';
import type { EntryWindow, TradingCalendar } from '../market/trading-calendar.ts';
import { isoTime } from '../platform/clock.ts';
import { compare } from '../platform/decimal.ts';
import type { Binding } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import { entryBarrier, type Standing } from './entry-barrier.ts';
import { type LossLimit, lossRefusal } from './loss-limit.ts';
import { marketRefusal } from './market-refusal.ts';
import { type MarketWatch, watchRefusal } from './market-watch.ts';
import { orderExpiry, type SessionHours } from './order-expiry.ts';
import { entryOffMarket } from './order-prices.ts';
import { type OrderRefusal, type Refused, refused } from './order-refusal.ts';
import { type SizedEntry, sizedEntry, type TradingFacts } from './sized-entry.ts';
import { wouldMerge } from './stake.ts';
import { priceOf } from './tick-price.ts';

/** How long a command may wait to be sent (domain 7.3): an approval is not chased. */
export const MARKET_TTL_MS = 30_000;
export const PENDING_TTL_MS = 5 * 60_000;
/**
 * How long after its countersignature a market entry may be made and sent: whoever agreed did so to the market that he saw.
 * It leaves time for one loss on the way: the sweep looks after 15 s, once a minute.
 */
export const APPROVAL_TTL_MS = 90_000;

export type EntryOrder = TradeInstruction;
export type EntryVerdict = { kind: 'order'; order: EntryOrder; ttlMs: number } | Refused;

export type EntryFacts = TradingFacts & {
  deployment: Standing;
  /** When it was countersigned. */
  approvedMs: number;
  signal: {
    instrument: string;
    stale: boolean;
    cancelled: boolean;
    expiresMs: number;
    /** When a pending order is to end; null: when it is cancelled. */
    orderExpiresMs: number | null;
  };
  terms: ApprovedTerms;
  watch: MarketWatch;
  /** Where the daily-loss rules of the account's guard stand now. */
  limits: readonly LossLimit[];
};

/** The trading calendar, and what it says: when entries are taken, and the sessions; null where they are not known. */
export type EntryMarket = {
  entry: EntryWindow;
  hours: SessionHours | null;
  calendar: TradingCalendar | null;
};

/** Judges an entry at `nowMs`. No command outlives the time in which entries are taken. */
export function entryOrder(facts: EntryFacts, market: EntryMarket, nowMs: number): EntryVerdict {
  const { binding } = facts.account;
  const reason = barredBy(facts, market, nowMs);
  if (reason !== null) return refused(reason);
  if (binding === null) return refused('account-unbound');
  const outside = ruledOut(facts, binding);
  if (outside !== null) return refused(outside);
  const { max_volume: volume, max_risk: risk } = facts.terms;
  const sized = sizedEntry(facts, facts.terms, { volume, risk });
  if (sized.kind === 'refused') return sized;
  const lost = lossRefusal(facts.limits, facts.account.state?.['equity'] ?? null, sized.risk);
  if (lost !== null) return refused(lost);
  const verdict: EntryVerdict =
    facts.terms.order_type === 'market'
      ? { kind: 'order', order: marketOrder(facts, binding, sized), ttlMs: marketTtlMs(facts, nowMs) }
      : pending(facts, { binding, hours: market.hours, nowMs }, sized);
  const closesMs = market.entry.open ? market.entry.closesMs : null;
  return verdict.kind === 'refused' || closesMs === null
    ? verdict
    : { ...verdict, ttlMs: Math.min(verdict.ttlMs, closesMs - nowMs) };
}

function barredBy(facts: EntryFacts, { entry, calendar }: EntryMarket, nowMs: number): OrderRefusal | null {
  const { account, signal, deployment, terms, specification } = facts;
  if (signal.cancelled) return 'signal-cancelled';
  if (signal.stale) return 'signal-stale';
  if (signal.expiresMs <= nowMs) return 'signal-expired';
  if (terms.order_type === 'market' && marketTtlMs(facts, nowMs) <= 0) return 'approval-expired';
  const barrier = entryBarrier(account, deployment, nowMs);
  if (barrier !== null) return barrier;
  if (!entry.open) return marketRefusal(entry.reason);
  // A symbol without a specification is refused by its own name.
  if (specification === null) return null;
  return watchRefusal(facts.watch, specification, { calendar, snapshotMs: account.snapshotMs, nowMs });
}

const marketTtlMs = ({ approvedMs }: EntryFacts, nowMs: number): number =>
  Math.min(MARKET_TTL_MS, approvedMs + APPROVAL_TTL_MS - nowMs);

/** What the account's own rules and the broker's forbid, whatever the price. */
function ruledOut(facts: EntryFacts, binding: Binding): OrderRefusal | null {
  const { account, terms, specification } = facts;
  const { instruments, maxPositions } = account.settings;
  if (instruments !== null && !instruments.includes(facts.signal.instrument)) return 'instrument-not-allowed';
  if (facts.quarantined) return 'symbol-quarantined';
  const mode = specification?.tradeMode ?? 'full';
  if (mode !== 'full' && mode !== (terms.side === 'buy' ? 'long_only' : 'short_only')) return 'trade-mode';
  const opposite = terms.side === 'buy' ? facts.sellVolume : facts.buyVolume;
  if (binding.marginMode !== 'hedging' && compare(opposite, '0') > 0) return 'would-net';
  if (wouldMerge(facts.stake, binding.marginMode, facts.symbol, terms.side)) return 'would-merge';
  return maxPositions !== null && facts.exposures >= maxPositions ? 'max-positions-reached' : null;
}

/** What must hold at the terminal whatever the kind of entry. */
const preconditions = ({ account, symbol }: EntryFacts, binding: Binding): EntryOrder['pre'] => ({
  login: binding.login,
  server: binding.server,
  symbol,
  ...(account.settings.maxSpreadPoints === null
    ? {}
    : { max_spread_points: account.settings.maxSpreadPoints }),
});

function stops({ prices, specification: { tickSize } }: SizedEntry): Partial<EntryOrder['order']> {
  return {
    ...(prices.stop === null ? {} : { stop_loss: priceOf(prices.stop, tickSize) }),
    ...(prices.takeProfit === null ? {} : { take_profit: priceOf(prices.takeProfit, tickSize) }),
  };
}

/** The band travels with it: the bridge judges it against the quote at which it would trade. */
function marketOrder(facts: EntryFacts, binding: Binding, sized: SizedEntry): EntryOrder {
  const { low, high } = sized.band;
  return {
    kind: 'open',
    pre: { ...preconditions(facts, binding), price_low: low, price_high: high },
    order: { symbol: facts.symbol, type: facts.terms.side, volume: sized.volume, ...stops(sized) },
  };
}

function pending(
  facts: EntryFacts,
  at: { binding: Binding; hours: SessionHours | null; nowMs: number },
  sized: SizedEntry,
): EntryVerdict {
  const { terms, signal, symbol } = facts;
  const { specification: spec, prices } = sized;
  const type = terms.order_type === 'limit' ? 'limit' : 'stop';
  const price = priceOf(prices.entry, spec.tickSize);
  if (compare(price, terms.band.low) < 0 || compare(price, terms.band.high) > 0)
    return refused('price-outside-band');
  if (!entryOffMarket(prices.entry, { side: terms.side, type }, spec)) return refused('entry-through-market');
  const wanted = signal.orderExpiresMs;
  if (!(spec.expirationModes ?? ['gtc', 'specified']).includes(wanted === null ? 'gtc' : 'specified'))
    return refused('expiry-not-allowed');
  const expiresMs = wanted === null ? null : orderExpiry(wanted, at.hours, at.nowMs);
  if (wanted !== null && expiresMs === null) return refused('expiry-passed');
  const order = {
    symbol,
    type: `${terms.side}_${type}` as const,
    volume: sized.volume,
    price,
    ...stops(sized),
    ...(expiresMs === null ? {} : { expires_at: isoTime(expiresMs) }),
  };
  const placed = { kind: 'place' as const, pre: preconditions(facts, at.binding), order };
  return { kind: 'order', order: placed, ttlMs: PENDING_TTL_MS };
}
