/** What charts by reference show, read from where it is kept: signals, trades with their exits, and an account's name. */
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { Side } from './resolved-chart.ts';

/** A fill; prices are plain decimals. `reason`: why a trade ended, in the words of its deal. */
export type SubjectMark = {
  timeMs: number;
  side: Side;
  kind: 'entry' | 'exit';
  price: string;
  reason?: string;
};

/** `mine`: the user of the question is in its audience or owns it. `endMs` null: not over. */
export type ChartSubject = {
  id: string;
  mine: boolean;
  /** Through which account its candles come; null: the user has none that follows. */
  accountId: string | null;
  /** Null where there is none, and where the account is another's: nobody drives a bridge that is not his. */
  bridgeId: string | null;
  /** What the account's broker calls the instrument. */
  symbol: string;
  instrument: string;
  digits: number;
  timeframe: string | null;
  side: Side;
  entry: string;
  stopLoss: string | null;
  takeProfit: string | null;
  fromMs: number;
  endMs: number | null;
  marks: SubjectMark[];
};

/** A trade with what histograms count; `net` and `r` are plain decimals. */
export type TradeSubject = ChartSubject & {
  userId: string;
  net: string;
  r: string | null;
  currency: string | null;
};

const textOrNull = (row: Row, column: string) => (row[column] === null ? null : String(row[column]));

const common = (row: Row) => ({
  id: String(row['id']),
  mine: row['mine'] === true,
  accountId: textOrNull(row, 'account_id'),
  bridgeId: textOrNull(row, 'bridge_id'),
  symbol: String(row['broker_symbol']),
  instrument: String(row['instrument']),
  digits: Number(row['digits'] ?? 5),
  timeframe: textOrNull(row, 'timeframe'),
  stopLoss: plainOrNull(textOrNull(row, 'stop_loss')),
  takeProfit: plainOrNull(textOrNull(row, 'take_profit')),
});

const bridgeOf = (userId: string): SQL =>
  sql`CASE WHEN a.user_id = ${userId}::uuid THEN a.bridge_id END AS bridge_id`;

/** What a chart of a signal shows, and through which of the user's accounts its candles come. */
export async function readSignalSubject(
  db: Database,
  signalId: string,
  userId: string,
): Promise<ChartSubject | null> {
  const [row] =
    await db.run(sql`SELECT s.id, s.instrument, s.side, s.price, s.stop_loss, s.take_profit, s.timeframe,
      s.time, i.digits, EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND d.user_id = ${userId}::uuid) AS mine,
      a.id AS account_id, ${bridgeOf(userId)}, coalesce(a.symbols->>s.instrument, s.instrument) AS broker_symbol
    FROM signals s LEFT JOIN instruments i ON i.symbol = s.instrument
    LEFT JOIN LATERAL (SELECT a.id, a.user_id, a.bridge_id, a.symbols FROM accounts a JOIN account_producers f ON f.account_id = a.id
      WHERE f.producer_id = s.producer_id AND a.user_id IN (${userId}::uuid, s.user_id)
      ORDER BY (a.user_id = ${userId}::uuid) DESC, a.bridge_id IS NULL, a.created_at LIMIT 1) a ON true
    WHERE s.id = ${signalId}::uuid`);
  if (row === undefined) return null;
  return {
    ...common(row),
    side: Number(row['side']) === 0 ? 'buy' : 'sell',
    entry: plain(String(row['price'])),
    fromMs: rowTime(row, 'time'),
    endMs: null,
    marks: [],
  };
}

/** Exits of a trade in their order, as JSON: each with its deal's own reason, in that deal's latest version. */
const EXITS: SQL = sql`(SELECT json_agg(json_build_object('at', (date_part('epoch', l.closed_at) * 1000)::bigint,
    'price', l.exit_price::text, 'reason', (SELECT d.reason FROM broker_deals d WHERE d.account_id = l.account_id
      AND d.ticket = l.deal_ticket ORDER BY d.revision DESC LIMIT 1)) ORDER BY l.closed_at, l.leg)
  FROM trade_legs l WHERE l.trade_id = t.id)`;

/** What charts of trades show: their own account's candles, their fills and their levels. Those that are known, by id. */
export async function readTradeSubjects(
  db: Database,
  tradeIds: readonly string[],
  userId: string,
): Promise<Map<string, TradeSubject>> {
  const rows =
    await db.run(sql`SELECT t.id, t.account_id, t.symbol AS broker_symbol, t.instrument, t.timeframe, t.side,
      t.entry_price, t.stop_loss, t.take_profit, t.opened_at, t.closed_at, t.net, t.r_multiple, i.digits, a.user_id,
      a.currency, ${bridgeOf(userId)}, (a.user_id = ${userId}::uuid) AS mine, ${EXITS} AS exits
    FROM trades t JOIN accounts a ON a.id = t.account_id LEFT JOIN instruments i ON i.symbol = t.instrument
    WHERE t.id = ANY(${sqlArray('uuid', tradeIds)})`);
  return new Map(rows.map((row) => [String(row['id']), tradeOf(row)]));
}

function tradeOf(row: Row): TradeSubject {
  const side: Side = row['side'] === 'buy' ? 'buy' : 'sell';
  const entry = plain(String(row['entry_price']));
  const fromMs = rowTime(row, 'opened_at');
  const exits = (row['exits'] ?? []) as { at: number; price: string; reason: string | null }[];
  return {
    ...common(row),
    ...{ side, entry, fromMs, userId: String(row['user_id']), currency: textOrNull(row, 'currency') },
    endMs: row['closed_at'] === null ? null : rowTime(row, 'closed_at'),
    net: plain(String(row['net'])),
    r: plainOrNull(textOrNull(row, 'r_multiple')),
    marks: [
      { timeMs: fromMs, side, kind: 'entry', price: entry },
      ...exits.map(({ at, price, reason }) => ({
        ...{ timeMs: Number(at), side: side === 'buy' ? ('sell' as const) : ('buy' as const) },
        ...{ kind: 'exit' as const, price: plain(price) },
        ...(reason === null ? {} : { reason }),
      })),
    ],
  };
}

/** What an account is called; null where there is none. */
export async function readAccountName(db: Database, accountId: string): Promise<string | null> {
  const [row] = await db.run(sql`SELECT name FROM accounts WHERE id = ${accountId}::uuid`);
  return row === undefined ? null : String(row['name']);
}
