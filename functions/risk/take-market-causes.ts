import { readCalendar } from '../market/calendar-store.ts';
import type { Database } from '../platform/database.ts';
import type { GuardSettings } from './guard-settings.ts';
import { type GuardSample, inScopeOf } from './guard-state.ts';
import { type HeldSymbol, type MarketCause, marketCauses } from './market-guard.ts';
import { readWatchedSymbols } from './watched-symbol-store.ts';

/**
 * What the markets of an account's positions give as reasons to close, of those its user asked for: of the symbols that are
 * instruments of ours, by the samples and bars stored before this one. Nobody who asked for none costs a round trip.
 */
export async function takeMarketCauses(
  db: Database,
  accountId: string,
  { market, scope }: Pick<GuardSettings, 'market' | 'scope'>,
  sample: Pick<GuardSample, 'atMs' | 'positions' | 'orders' | 'quotes'>,
): Promise<MarketCause[]> {
  const symbols = [...new Set(inScopeOf(sample, scope).positions.map((p) => p.symbol))];
  if (market.close_on.length === 0 || symbols.length === 0) return [];
  const held: HeldSymbol[] = [];
  for (const { symbol, instrument, spreads, bars } of await readWatchedSymbols(db, accountId, symbols)) {
    const bid = sample.quotes[symbol]?.bid;
    if (bid === undefined) continue;
    const { calendar } = await readCalendar(db, { instrument, accountId }, sample.atMs);
    held.push({ bid, spreads, bars, calendar: calendar === 'unreadable' ? null : calendar });
  }
  return marketCauses(market, held, sample.atMs);
}
