/**
 * Guards of the market and not of the account (domain 3.4). They keep entries out, which `market-watch.ts` sees to; a gap is
 * told of when its bar closes. Closing into a gap or a wide spread realises the worst price, so that nothing here is a reason
 * to close unless the user of the account has said so. Pure.
 */
import type { Candle } from '../market/candle.ts';
import type { MarketCause, MarketGuardSettings } from '../market/market-guard-settings.ts';
import { gapInForce } from '../market/price-gap.ts';
import { type Spreads, wideSpread } from '../market/spread-watch.ts';
import type { TradingCalendar } from '../market/trading-calendar.ts';

export {
  MARKET_GUARD_DEFAULTS,
  type MarketCause,
  type MarketGuardSettings,
  marketGuardSettings,
} from '../market/market-guard-settings.ts';

/** A symbol in which something stands that would be closed. */
export type HeldSymbol = {
  bid: string;
  spreads: Spreads;
  bars: readonly Candle[];
  calendar: TradingCalendar | null;
};

/** The reasons to close that its user asked for and that any of these symbols gives at `nowMs`. */
export function marketCauses(
  settings: MarketGuardSettings,
  held: readonly HeldSymbol[],
  nowMs: number,
): MarketCause[] {
  const shows: Record<MarketCause, (symbol: HeldSymbol) => boolean> = {
    'market-gap': ({ bid, bars, calendar }) => gapInForce(bars, calendar, settings, { bid, nowMs }) !== null,
    'market-spread': ({ bid, spreads }) => wideSpread(spreads, settings, { bid, nowMs }) !== null,
  };
  return [...new Set(settings.close_on)].filter((cause) => held.some(shows[cause]));
}
