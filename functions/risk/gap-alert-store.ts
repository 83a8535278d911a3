/** What a gap is judged by when its bar has closed, and telling people of it: once for each bar of an account's symbol. */
import { sql } from 'drizzle-orm';
import type { Candle } from '../market/candle.ts';
import { type MarketGuardSettings, storedMarketSettings } from '../market/market-guard-settings.ts';
import { GAP_BARS, GAP_TIMEFRAME, type PriceGap } from '../market/price-gap.ts';
import { alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

export type GapFacts = {
  symbol: string;
  instrument: string;
  settings: MarketGuardSettings;
  /** The newest closed ones, oldest first. */
  bars: Candle[];
};

/** Of an account those of the broker's symbols that an instrument of ours has. */
export async function readGapFacts(
  db: Database,
  accountId: string,
  symbols: readonly string[],
): Promise<GapFacts[]> {
  const rows = await db.run(sql`SELECT y.symbol, i.symbol AS instrument, g.settings->'market' AS settings,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('timeMs', (extract(epoch FROM b.time) * 1000)::bigint, 'open', b.open::text,
          'high', b.high::text, 'low', b.low::text, 'close', b.close::text, 'volume', b.volume::text) ORDER BY b.time), '[]')
        FROM (SELECT c.* FROM candles c WHERE c.account_id = a.id AND c.symbol = y.symbol AND c.timeframe = ${GAP_TIMEFRAME}
          ORDER BY c.time DESC LIMIT ${GAP_BARS}) AS b) AS bars
    FROM accounts a CROSS JOIN jsonb_array_elements_text(${JSON.stringify(symbols)}::jsonb) AS y(symbol)
      JOIN instruments i ON coalesce(a.symbols->>i.symbol, i.symbol) = y.symbol
      LEFT JOIN guards g ON g.account_id = a.id
    WHERE a.id = ${accountId}::uuid`);
  return rows.map((row) => ({
    symbol: String(row['symbol']),
    instrument: String(row['instrument']),
    settings: storedMarketSettings(row['settings']),
    bars: row['bars'] as Candle[],
  }));
}

/** Raises the alert of a gap; true where nobody has been told of this bar. `entriesMs`: until when none are taken. */
export async function raiseGap(
  db: Database,
  alert: { id: string; eventId: string; nowMs: number },
  { accountId, symbol, instrument }: { accountId: string; symbol: string; instrument: string },
  { barMs, from, to, bps, kind }: PriceGap,
  entriesMs: number | null,
): Promise<boolean> {
  const told = {
    ...{ instrument, symbol, gap: kind, from, to, percent: Number((bps / 100).toFixed(2)), bar: isoTime(barMs) },
    ...(entriesMs === null ? {} : { no_entries_until: isoTime(entriesMs) }),
  };
  const raised = alertInsert(
    {
      ...{ ...alert, kind: 'market-gap', subjectKind: 'account', userId: sql`acc.user_id` },
      ...{ subjectId: `${accountId}/${symbol}`, period: isoTime(barMs) },
      detail: sql`jsonb_build_object('account', acc.name) || ${JSON.stringify(told)}::jsonb`,
    },
    sql`acc`,
  );
  const rows = await db.run(sql`WITH acc AS (SELECT user_id, name FROM accounts WHERE id = ${accountId}::uuid),
    ${raised} SELECT id FROM raised`);
  return rows.length === 1;
}
