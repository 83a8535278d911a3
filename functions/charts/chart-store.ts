import { sql } from 'drizzle-orm';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { ResolvedChart } from './resolved-chart.ts';

export type CatalogueEntry = {
  digest: string;
  userId: string;
  private: boolean;
  chart: ResolvedChart;
  alt: string;
  createdMs: number;
};

/** Catalogues a chart; the same picture again is the same row. */
export async function insertChart(db: Database, e: CatalogueEntry): Promise<void> {
  await db.run(sql`INSERT INTO charts (digest, user_id, kind, private, spec, alt, created_at)
    VALUES (${e.digest}, ${e.userId}::uuid, ${e.chart.kind}, ${e.private}::boolean, ${JSON.stringify(e.chart)}::jsonb,
      ${e.alt}, ${isoTime(e.createdMs)}::timestamptz) ON CONFLICT DO NOTHING`);
}

/** A catalogued chart; null where there is none of this digest. */
export async function readChart(
  db: Database,
  digest: string,
): Promise<(CatalogueEntry & { revoked: boolean }) | null> {
  const [row] =
    await db.run(sql`SELECT digest, user_id, private, spec, alt, created_at, revoked_at FROM charts
    WHERE digest = ${digest}`);
  if (row === undefined) return null;
  return {
    digest: String(row['digest']),
    userId: String(row['user_id']),
    private: row['private'] === true,
    chart: row['spec'] as ResolvedChart,
    alt: String(row['alt']),
    createdMs: timestampMs(String(row['created_at'])),
    revoked: row['revoked_at'] !== null,
  };
}

export type ChartSubject = {
  userId: string;
  mine: boolean;
  accountId: string | null;
  bridgeId: string | null;
  /** What the account's broker calls the instrument. */
  symbol: string;
  instrument: string;
  digits: number;
  side: 'buy' | 'sell';
  entry: string;
  stopLoss: string | null;
  takeProfit: string | null;
  marks: { timeMs: number; side: 'buy' | 'sell'; kind: 'entry' | 'exit'; price: string }[];
};

/** What a chart of a signal shows, and through which of the user's accounts its candles come. */
export async function readSignalSubject(
  db: Database,
  signalId: string,
  userId: string,
): Promise<ChartSubject | null> {
  const [row] =
    await db.run(sql`SELECT s.user_id, s.instrument, s.side, s.price, s.stop_loss, s.take_profit, i.digits,
      EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND d.user_id = ${userId}::uuid) AS mine,
      a.id AS account_id, a.bridge_id, coalesce(a.symbols->>s.instrument, s.instrument) AS broker_symbol
    FROM signals s LEFT JOIN instruments i ON i.symbol = s.instrument
    LEFT JOIN LATERAL (SELECT a.id, a.bridge_id, a.symbols FROM accounts a JOIN account_producers f ON f.account_id = a.id
      WHERE f.producer_id = s.producer_id AND a.user_id IN (${userId}::uuid, s.user_id)
      ORDER BY (a.user_id = ${userId}::uuid) DESC, a.created_at LIMIT 1) a ON true
    WHERE s.id = ${signalId}::uuid`);
  return row === undefined ? null : { ...subjectOf(row), entry: String(row['price']), marks: [] };
}

/** What a chart of a trade shows: its own account's candles, its fills and its levels. */
export async function readTradeSubject(
  db: Database,
  tradeId: string,
  userId: string,
): Promise<ChartSubject | null> {
  const [row] =
    await db.run(sql`SELECT a.user_id, n.instrument, t.symbol AS broker_symbol, CASE t.side WHEN 'buy' THEN 0 ELSE 1 END AS side,
      t.entry_price, t.exit_price, t.opened_at, t.closed_at, t.stop_loss, t.take_profit, i.digits,
      (a.user_id = ${userId}::uuid) AS mine, a.id AS account_id, a.bridge_id
    FROM trades t JOIN accounts a ON a.id = t.account_id
    CROSS JOIN LATERAL (SELECT coalesce((SELECT c.instrument FROM commands c WHERE c.id = t.command_id),
      instrument_of(a.symbols, t.symbol)) AS instrument) n
    LEFT JOIN instruments i ON i.symbol = n.instrument
    WHERE t.id = ${tradeId}::uuid`);
  if (row === undefined) return null;
  const subject = subjectOf(row);
  const entry = String(row['entry_price']);
  const opened = { timeMs: timestampMs(String(row['opened_at'])), price: entry };
  const closed =
    row['closed_at'] === null || row['exit_price'] === null
      ? []
      : [
          {
            timeMs: timestampMs(String(row['closed_at'])),
            side: subject.side === 'buy' ? ('sell' as const) : ('buy' as const),
            kind: 'exit' as const,
            price: String(row['exit_price']),
          },
        ];
  return { ...subject, entry, marks: [{ ...opened, side: subject.side, kind: 'entry' as const }, ...closed] };
}

function subjectOf(row: Record<string, unknown>): Omit<ChartSubject, 'entry' | 'marks'> {
  const textOrNull = (column: string) => (row[column] === null ? null : String(row[column]));
  return {
    userId: String(row['user_id']),
    mine: row['mine'] === true,
    accountId: textOrNull('account_id'),
    bridgeId: textOrNull('bridge_id'),
    instrument: String(row['instrument']),
    symbol: String(row['broker_symbol']),
    digits: Number(row['digits'] ?? 5),
    side: Number(row['side']) === 0 ? 'buy' : 'sell',
    stopLoss: textOrNull('stop_loss'),
    takeProfit: textOrNull('take_profit'),
  };
}
