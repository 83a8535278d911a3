/**
 * Guards of the market and not of the account (domain 3.4). They keep entries out, which `entry-order.ts` sees to; a gap is
 * told of when its bar closes; and where the user has asked for it what stands in the symbol is closed. Pure.
 */
export {
  MARKET_GUARD_DEFAULTS,
  type MarketCause,
  type MarketGuardSettings,
  marketGuardSettings,
} from '../market/market-guard-settings.ts';
