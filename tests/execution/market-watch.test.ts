import { describe, expect, it } from 'vitest';
import { entryOrder } from '../../functions/execution/entry-order.ts';
import { type MarketWatch, watchRefusal } from '../../functions/execution/market-watch.ts';
import { ORDER_REFUSALS } from '../../functions/execution/order-refusal.ts';
import type { Candle } from '../../functions/market/candle.ts';
import {
  MARKET_GUARD_DEFAULTS,
  type MarketGuardSettings,
} from '../../functions/market/market-guard-settings.ts';
import { calendar } from '../support/calendars.ts';
import { entryFacts, GOLD, NOW, openMarket } from './trading-facts.ts';

const HOUR = 3_600_000;
const bars = (close: string): Candle[] =>
  Array.from({ length: 20 }, (_, i) => ({
    ...{ timeMs: NOW - (20 - i) * HOUR, open: close, close, volume: '1' },
    ...{ high: String(Number(close) + 1), low: String(Number(close) - 1) },
  }));
/** A quiet market at the price of the quote, whose spread of 0.20 is the usual one. */
const QUIET: MarketWatch = {
  settings: MARKET_GUARD_DEFAULTS,
  bars: bars('2035'),
  spreads: {
    usual: Array.from({ length: 10 }, (_, i) => [NOW - (10 - i) * 60_000, '0.2']),
    recent: [20, 10, 0].map((s) => [NOW - s * 1000, '0.2']),
  },
};
const WIDE = { ...QUIET.spreads, recent: QUIET.spreads.recent.map(([ms]): [number, string] => [ms, '5']) };
const judge = (watch: Partial<MarketWatch>, settings: Partial<MarketGuardSettings> = {}, quotedMs = NOW) =>
  watchRefusal(
    { ...QUIET, ...watch, settings: { ...QUIET.settings, ...settings } },
    { bid: GOLD.bid, quotedMs },
    { calendar: calendar('metals-energy'), snapshotMs: NOW, nowMs: NOW },
  );

describe('a market', () => {
  it('takes entries where it moves as it does', () => {
    expect(judge({})).toBeNull();
  });

  it('takes none where it has jumped, where its spread is wide, and where it stands still', () => {
    expect(judge({ bars: bars('1900') })).toBe('market-gap');
    expect(judge({ spreads: WIDE })).toBe('market-spread');
    expect(judge({}, {}, NOW - 60_000)).toBeNull();
    expect(judge({}, {}, NOW - 60_001)).toBe('quote-stale');
    for (const reason of ['market-gap', 'market-spread']) expect(ORDER_REFUSALS).toContain(reason);
  });

  it('is judged as the account’s user has it', () => {
    expect(judge({ bars: bars('1900') }, { block_on: ['market-spread'] })).toBeNull();
    expect(judge({ bars: bars('1900') }, { gap_bps: 10_000, gap_ranges: 100 })).toBeNull();
    expect(judge({ spreads: WIDE }, { block_on: ['market-gap'] })).toBeNull();
    expect(judge({ spreads: WIDE }, { spread_ratio: 25 })).toBeNull();
    expect(judge({}, { quote_max_age_ms: 120_000 }, NOW - 120_000)).toBeNull();
  });

  it('lets an entry be made that nothing is known against, and stops one before its size is looked at', () => {
    expect(entryOrder(entryFacts(), openMarket(), NOW)).toMatchObject({ kind: 'order' });
    const gapped = entryFacts({
      specification: { volumeMin: '99' },
      facts: { watch: { ...QUIET, bars: bars('1900') } },
    });
    expect(entryOrder(gapped, openMarket(), NOW)).toEqual({ kind: 'refused', reason: 'market-gap' });
  });
});
