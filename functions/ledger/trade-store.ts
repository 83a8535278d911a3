import { sql } from 'drizzle-orm';
import type { Database, Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { readPage, rowTime } from '../platform/page.ts';

export type StoredTrade = {
  id: string;
  accountId: string;
  userId: string;
  positionId: string;
  commandId: string | null;
  signalId: string | null;
  source: 'bot' | 'manual';
  instrument: string;
  side: 'buy' | 'sell';
  status: 'open' | 'closed' | 'closing_unconfirmed';
  volume: string;
  volumeOpen: string;
  entryPrice: string;
  exitPrice: string | null;
  stopLoss: string | null;
  takeProfit: string | null;
  profit: string;
  swap: string;
  commission: string;
  fee: string;
  net: string;
  openedMs: number;
  closedMs: number | null;
  exitReason: string | null;
};
export type StoredPosition = {
  accountId: string;
  identifier: string;
  ticket: string;
  instrument: string;
  side: 'buy' | 'sell';
  volume: string;
  priceOpen: string;
  priceCurrent: string;
  stopLoss: string | null;
  takeProfit: string | null;
  swap: string;
  profit: string;
  magic: string;
  openedMs: number;
  snapshotMs: number;
};

const textOrNull = (value: unknown) => (value === null ? null : String(value));
const decimalOf = (row: Row, column: string) => plain(String(row[column]));
const decimalOrNull = (row: Row, column: string) => plainOrNull(textOrNull(row[column]));

const tradeOf = (row: Row): StoredTrade => ({
  id: String(row['id']),
  accountId: String(row['account_id']),
  userId: String(row['user_id']),
  positionId: String(row['position_id']),
  commandId: textOrNull(row['command_id']),
  signalId: textOrNull(row['signal_id']),
  source: row['source'] === 'bot' ? 'bot' : 'manual',
  instrument: String(row['instrument']),
  side: row['side'] === 'buy' ? 'buy' : 'sell',
  status: row['status'] as StoredTrade['status'],
  volume: decimalOf(row, 'volume'),
  volumeOpen: decimalOf(row, 'volume_open'),
  entryPrice: decimalOf(row, 'entry_price'),
  exitPrice: decimalOrNull(row, 'exit_price'),
  stopLoss: decimalOrNull(row, 'stop_loss'),
  takeProfit: decimalOrNull(row, 'take_profit'),
  profit: decimalOf(row, 'profit'),
  swap: decimalOf(row, 'swap'),
  commission: decimalOf(row, 'commission'),
  fee: decimalOf(row, 'fee'),
  net: decimalOf(row, 'net'),
  openedMs: rowTime(row, 'opened_at'),
  closedMs: row['closed_at'] === null ? null : rowTime(row, 'closed_at'),
  exitReason: textOrNull(row['exit_reason']),
});

const positionOf = (row: Row): StoredPosition => ({
  accountId: String(row['account_id']),
  identifier: String(row['identifier']),
  ticket: String(row['ticket']),
  instrument: String(row['instrument']),
  side: row['side'] === 'buy' ? 'buy' : 'sell',
  volume: decimalOf(row, 'volume'),
  priceOpen: decimalOf(row, 'price_open'),
  priceCurrent: decimalOf(row, 'price_current'),
  stopLoss: decimalOrNull(row, 'stop_loss'),
  takeProfit: decimalOrNull(row, 'take_profit'),
  swap: decimalOf(row, 'swap'),
  profit: decimalOf(row, 'profit'),
  magic: String(row['magic']),
  openedMs: rowTime(row, 'opened_at'),
  snapshotMs: rowTime(row, 'snapshot_at'),
});

/** Of a trade `t`: what its command was about, and where no command of ours opened it what the account maps now. */
const OUR_INSTRUMENT = sql`coalesce((SELECT c.instrument FROM commands c WHERE c.id = t.command_id),
  instrument_of(a.symbols, t.symbol))`;

const ofUser = (userId: string | null) => (userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`);

export type TradeFilter = {
  instrument?: string | undefined;
  status?: string | undefined;
  source?: string | undefined;
  account?: string | undefined;
};

/** A page of trades, newest opening first: a user's own, or everybody's where `userId` is null. */
export const listTrades = (
  db: Database,
  userId: string | null,
  filter: TradeFilter,
  query: { page: number; page_size: number; cursor?: string },
) => {
  const parts = [
    ofUser(userId),
    filter.instrument === undefined ? null : sql`${OUR_INSTRUMENT} = ${filter.instrument}`,
    filter.status === undefined ? null : sql`t.status = ${filter.status}`,
    filter.source === undefined ? null : sql`t.source = ${filter.source}`,
    filter.account === undefined ? null : sql`t.account_id = ${filter.account}::uuid`,
  ].filter((p) => p !== null);
  return readPage(
    db,
    query,
    {
      columns: sql`t.*, a.user_id, ${OUR_INSTRUMENT} AS instrument`,
      from: sql`FROM trades t JOIN accounts a ON a.id = t.account_id WHERE ${sql.join(parts, sql` AND `)}`,
      at: sql`t.opened_at`,
      id: sql`t.id`,
    },
    tradeOf,
  );
};

/** One trade. */
export async function readTrade(db: Database, id: string): Promise<StoredTrade | null> {
  const [row] = await db.run(sql`SELECT t.*, a.user_id, ${OUR_INSTRUMENT} AS instrument
    FROM trades t JOIN accounts a ON a.id = t.account_id
    WHERE t.id = ${id}::uuid`);
  return row === undefined ? null : tradeOf(row);
}

/** Open positions as the last valid snapshot shows them, at most 2,000 an account. */
export async function listPositions(db: Database, userId: string | null): Promise<StoredPosition[]> {
  const rows =
    await db.run(sql`SELECT p.*, coalesce((SELECT c.instrument FROM trades t JOIN commands c ON c.id = t.command_id
      WHERE t.account_id = p.account_id AND t.position_id = p.identifier), instrument_of(a.symbols, p.symbol)) AS instrument
    FROM positions p JOIN accounts a ON a.id = p.account_id
    WHERE ${ofUser(userId)} ORDER BY p.opened_at DESC, p.identifier LIMIT 2000`);
  return rows.map(positionOf);
}
