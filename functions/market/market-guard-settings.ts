/**
 * What keeps entries out of a market that does not behave (domain 3.4): a gap between two bars, a spread far above its own
 * median, a quote that no longer moves. Part of the settings of an account's guard; who has set nothing has the defaults.
 */
import { z } from '@hono/zod-openapi';

export const MARKET_CAUSES = ['market-gap', 'market-spread'] as const;
export type MarketCause = (typeof MARKET_CAUSES)[number];

const causes = z.array(z.enum(MARKET_CAUSES)).max(MARKET_CAUSES.length);

/** Shares of a price are in hundredths of a percent. */
export const marketGuardSettings = z
  .strictObject({
    gap_bps: z.number().int().min(1).max(10_000).default(500).openapi({
      description: 'a bar that opens so far from the close before it has gapped',
    }),
    gap_ranges: z.number().min(1).max(100).default(6).openapi({
      description: 'so has one that opens so many average true ranges (14 bars of an hour) from it',
    }),
    gap_block_bars: z.number().int().min(1).max(100).default(2).openapi({
      description: 'for so many hours, the one that gapped included, no entry is taken',
    }),
    spread_bps: z.number().int().min(0).max(10_000).default(5).openapi({
      description: 'a spread is wide that is above this and above `spread_ratio` times its median',
    }),
    spread_ratio: z.number().min(1).max(100).default(5),
    quote_max_age_ms: z.number().int().min(1_000).max(3_600_000).default(60_000).openapi({
      description: 'an open market without a tick for longer takes no entries',
    }),
    block_on: causes.default([...MARKET_CAUSES]),
    close_on: causes.default([]).openapi({
      description:
        'in a symbol where a position stands it is a reason for the guard to close all in its scope, after its warning. Closing into a wide spread realises the worst price: it is done for nobody who has not asked for it',
    }),
  })
  .openapi('MarketGuardSettings');
export type MarketGuardSettings = z.output<typeof marketGuardSettings>;

export const MARKET_GUARD_DEFAULTS: MarketGuardSettings = marketGuardSettings.parse({});

/** The stored settings; the defaults where there are none, or where they are no longer what this version knows. */
export function storedMarketSettings(stored: unknown): MarketGuardSettings {
  const parsed = marketGuardSettings.safeParse(stored ?? {});
  return parsed.success ? parsed.data : MARKET_GUARD_DEFAULTS;
}
