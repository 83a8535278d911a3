/** What the guards of the market judge a symbol by, beside its quote of the moment. */
import { sql } from 'drizzle-orm';
import type { Candle } from '../market/candle.ts';
import { type MarketGuardSettings, storedMarketSettings } from '../market/market-guard-settings.ts';
import { GAP_BARS, GAP_TIMEFRAME } from '../market/price-gap.ts';
import { type Spreads, storedSpreads } from '../market/spread-watch.ts';
import type { Database } from '../platform/database.ts';

export type WatchedSymbol = {
  /** The broker's name, and ours. */
  symbol: string;
  instrument: string;
  /** Of the account's guard. */
  settings: MarketGuardSettings;
  spreads: Spreads;
  /** The newest closed bars of an hour, oldest first. */
  bars: Candle[];
};

/** Of these symbols of an account's broker those that an instrument of ours has. */
export async function readWatchedSymbols(
  db: Database,
  accountId: string,
  symbols: readonly string[],
): Promise<WatchedSymbol[]> {
  const rows =
    await db.run(sql`SELECT y.symbol, i.symbol AS instrument, g.settings->'market' AS settings, s.spreads,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('timeMs', (extract(epoch FROM b.time) * 1000)::bigint, 'open', b.open::text,
          'high', b.high::text, 'low', b.low::text, 'close', b.close::text, 'volume', b.volume::text) ORDER BY b.time), '[]')
        FROM (SELECT c.* FROM candles c WHERE c.account_id = a.id AND c.symbol = y.symbol AND c.timeframe = ${GAP_TIMEFRAME}
          ORDER BY c.time DESC LIMIT ${GAP_BARS}) AS b) AS bars
    FROM accounts a CROSS JOIN jsonb_array_elements_text(${JSON.stringify(symbols)}::jsonb) AS y(symbol)
      JOIN instruments i ON coalesce(a.symbols->>i.symbol, i.symbol) = y.symbol
      LEFT JOIN account_symbols s ON s.account_id = a.id AND s.symbol = y.symbol
      LEFT JOIN guards g ON g.account_id = a.id
    WHERE a.id = ${accountId}::uuid`);
  return rows.map((row) => ({
    symbol: String(row['symbol']),
    instrument: String(row['instrument']),
    settings: storedMarketSettings(row['settings']),
    spreads: storedSpreads(row['spreads']),
    bars: row['bars'] as Candle[],
  }));
}
