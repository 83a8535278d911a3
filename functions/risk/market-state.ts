/**
 * What the guards of the market see in each symbol of an account, by its last snapshot: for people who ask why an entry was
 * refused. Pure.
 */
import type { MarketGuardSettings } from '../market/market-guard-settings.ts';
import { storedSpreads, type WideSpread, wideSpread } from '../market/spread-watch.ts';
import { Big } from '../platform/decimal.ts';

export type SeenSymbol = {
  symbol: string;
  bid: string | null;
  /** When it was last quoted; null where the broker has not said. */
  quotedMs: number | null;
  /** Until when the last gap that people were told of keeps entries out; null: none did. */
  gappedUntilMs: number | null;
  /** As stored (`spread-watch.ts`). */
  spreads: unknown;
};
export type MarketState = {
  symbol: string;
  quotedMs: number | null;
  /** No tick for longer than the settings have it. Of a closed market that is nothing. */
  stale: boolean;
  /** Until when a gap keeps entries out; null: none does. */
  gappedUntilMs: number | null;
  /** Null: not wide, or nobody can say. */
  wide: WideSpread | null;
};

/** The state of each symbol at `nowMs`. */
export const marketStates = (
  symbols: readonly SeenSymbol[],
  settings: MarketGuardSettings,
  nowMs: number,
): MarketState[] =>
  symbols.map(({ symbol, bid, quotedMs, gappedUntilMs, spreads }) => ({
    symbol,
    quotedMs,
    gappedUntilMs: gappedUntilMs !== null && gappedUntilMs > nowMs ? gappedUntilMs : null,
    stale: quotedMs === null || nowMs - quotedMs > settings.quote_max_age_ms,
    wide:
      bid === null || new Big(bid).lte(0)
        ? null
        : wideSpread(storedSpreads(spreads), settings, { bid, nowMs }),
  }));
