/**
 * What an open market does that keeps entries out of it (domain 3.4): it stands still, has jumped, or asks a price for
 * trading that it never asks. Closes pass all of it. Pure.
 */
import type { Candle } from '../market/candle.ts';
import type { MarketGuardSettings } from '../market/market-guard-settings.ts';
import { gapInForce } from '../market/price-gap.ts';
import { type Spreads, wideSpread } from '../market/spread-watch.ts';
import type { TradingCalendar } from '../market/trading-calendar.ts';
import type { OrderRefusal } from './order-refusal.ts';
import type { SymbolSpecification } from './symbol-specification.ts';

/** What is known of a symbol's market beside its specification. */
export type MarketWatch = {
  settings: MarketGuardSettings;
  spreads: Spreads;
  /** The newest closed bars of an hour, oldest first. */
  bars: readonly Candle[];
};

/**
 * The first that keeps an entry out; null: none. A quote's age is measured to the last sound snapshot, so that a symbol which
 * the terminal no longer shows grows old too.
 */
export function watchRefusal(
  { settings, spreads, bars }: MarketWatch,
  quote: Pick<SymbolSpecification, 'bid' | 'quotedMs'>,
  at: { calendar: TradingCalendar | null; snapshotMs: number | null; nowMs: number },
): OrderRefusal | null {
  const { bid, quotedMs } = quote;
  if (quotedMs === null || at.snapshotMs === null || at.snapshotMs - quotedMs > settings.quote_max_age_ms)
    return 'quote-stale';
  const blocks = (cause: 'market-gap' | 'market-spread') => settings.block_on.includes(cause);
  const moment = { bid, nowMs: at.nowMs };
  if (blocks('market-gap') && gapInForce(bars, at.calendar, settings, moment) !== null) return 'market-gap';
  return blocks('market-spread') && wideSpread(spreads, settings, moment) !== null ? 'market-spread' : null;
}
