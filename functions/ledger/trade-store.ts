/** Reading the ledger: trades with their legs and deals, and what stands open. */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { type ListOrder, readPage, rowTime } from '../platform/page.ts';
import type { StoredDeal } from './deal-revision.ts';
import { dealOf } from './position-facts-store.ts';

export type StoredTrade = {
  id: string;
  accountId: string;
  userId: string;
  positionId: string;
  episode: number;
  commandId: string | null;
  signalId: string | null;
  approvalId: string | null;
  source: 'bot' | 'manual';
  strategy: string | null;
  timeframe: string | null;
  instrument: string;
  side: 'buy' | 'sell';
  status: 'open' | 'closed' | 'closing_unconfirmed';
  volume: string;
  volumeOpen: string;
  entryPrice: string;
  exitPrice: string | null;
  stopLoss: string | null;
  takeProfit: string | null;
  initialStop: string | null;
  closedBy: string | null;
  pips: string | null;
  rMultiple: string | null;
  equityPercent: string | null;
  profit: string;
  swap: string;
  commission: string;
  fee: string;
  net: string;
  openedMs: number;
  closedMs: number | null;
  exitReason: string | null;
};
export type StoredLeg = {
  leg: number;
  dealTicket: string;
  volume: string;
  exitPrice: string;
  profit: string;
  swap: string;
  commission: string;
  fee: string;
  net: string;
  rMultiple: string | null;
  closedMs: number;
};
/** A trade with what it was made of: its legs, and every version of the deals of its position. */
export type TradeDetail = { trade: StoredTrade; legs: StoredLeg[]; deals: StoredDeal[] };
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
  episode: Number(row['episode']),
  commandId: textOrNull(row['command_id']),
  signalId: textOrNull(row['signal_id']),
  approvalId: textOrNull(row['approval_id']),
  strategy: textOrNull(row['strategy']),
  timeframe: textOrNull(row['timeframe']),
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
  initialStop: decimalOrNull(row, 'initial_stop'),
  closedBy: textOrNull(row['closed_by']),
  pips: decimalOrNull(row, 'pips'),
  rMultiple: decimalOrNull(row, 'r_multiple'),
  equityPercent: decimalOrNull(row, 'equity_percent'),
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

const legOf = (row: Row): StoredLeg => ({
  leg: Number(row['leg']),
  dealTicket: String(row['deal_ticket']),
  volume: decimalOf(row, 'volume'),
  exitPrice: decimalOf(row, 'exit_price'),
  profit: decimalOf(row, 'profit'),
  swap: decimalOf(row, 'swap'),
  commission: decimalOf(row, 'commission'),
  fee: decimalOf(row, 'fee'),
  net: decimalOf(row, 'net'),
  rMultiple: decimalOrNull(row, 'r_multiple'),
  closedMs: rowTime(row, 'closed_at'),
});

export const TRADE_SORTS = ['opened_at', 'closed_at', 'net'] as const;
/** What a list of trades is sorted by. What is still open counts as closed last of all. */
export type TradeSort = { by: (typeof TRADE_SORTS)[number]; ascending: boolean };
export type TradeFilter = {
  instrument?: string | undefined;
  status?: string | undefined;
  source?: string | undefined;
  account?: string | undefined;
  /** From this moment on and before that one, by `closed_at` where the list is sorted by it, by `opened_at` otherwise. */
  fromMs?: number | undefined;
  toMs?: number | undefined;
};

/** As the indexes have them. */
const SORTED_BY: Record<TradeSort['by'], SQL> = {
  opened_at: sql`t.opened_at`,
  closed_at: sql`coalesce(t.closed_at, 'infinity'::timestamptz)`,
  net: sql`t.net`,
};
export const NEWEST_OPENING: TradeSort = { by: 'opened_at', ascending: false };

/** Of one account, whoever asks is looked up once: its trades are counted by their index alone. */
function ownedBy(userId: string | null, account: string | undefined): SQL {
  if (account === undefined) return userId === null ? sql`true` : sql`t.user_id = ${userId}::uuid`;
  const own = sql`t.account_id = ${account}::uuid`;
  return userId === null
    ? own
    : sql`${own} AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = ${account}::uuid AND a.user_id = ${userId}::uuid)`;
}

/** A page of trades in the order of `sort`: a user's own, or everybody's where `userId` is null. */
export const listTrades = (
  db: Database,
  userId: string | null,
  { instrument, status, source, account, fromMs, toMs }: TradeFilter,
  query: { page: number; page_size: number; cursor?: string },
  sort: TradeSort = NEWEST_OPENING,
) => {
  const judged = sort.by === 'closed_at' ? sql`t.closed_at` : sql`t.opened_at`;
  const moment = (ms: number) => sql`${isoTime(ms)}::timestamptz`;
  const parts = [
    ownedBy(userId, account),
    instrument === undefined ? null : sql`t.instrument = ${instrument}`,
    status === undefined ? null : sql`t.status = ${status}`,
    source === undefined ? null : sql`t.source = ${source}`,
    fromMs === undefined ? null : sql`${judged} >= ${moment(fromMs)}`,
    toMs === undefined ? null : sql`${judged} < ${moment(toMs)}`,
  ].filter((p) => p !== null);
  const { by, ascending } = sort;
  const isDefault = by === NEWEST_OPENING.by && !ascending;
  const order: ListOrder = {
    name: `${by}${ascending ? '' : '-'}`,
    kind: by === 'net' ? 'decimal' : 'time',
    ascending,
  };
  return readPage(
    db,
    query,
    {
      columns: sql`t.*`,
      from: sql`FROM trades t WHERE ${sql.join(parts, sql` AND `)}`,
      at: SORTED_BY[by],
      indexed: true,
      id: sql`t.id`,
      ...(isDefault ? {} : { order }),
    },
    tradeOf,
  );
};

/** One trade with its legs and the deals of its position, of its other lives too; null where it is unknown. */
export async function readTrade(db: Database, id: string): Promise<TradeDetail | null> {
  const [[row] = [], legs = [], deals = []] = await db.batch([
    sql`SELECT t.* FROM trades t WHERE t.id = ${id}::uuid`,
    sql`SELECT l.* FROM trade_legs l WHERE l.trade_id = ${id}::uuid ORDER BY l.leg`,
    sql`SELECT d.* FROM broker_deals d JOIN trades t ON t.account_id = d.account_id AND t.position_id = d.position_id
      WHERE t.id = ${id}::uuid
      ORDER BY d.time, length(d.ticket), d.ticket, d.revision`,
  ]);
  return row === undefined ? null : { trade: tradeOf(row), legs: legs.map(legOf), deals: deals.map(dealOf) };
}

/** A page of open positions as the last valid snapshot shows them, newest opening first. */
export const listPositions = (
  db: Database,
  userId: string | null,
  account: string | undefined,
  query: { page: number; page_size: number; cursor?: string },
) => {
  const own = userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`;
  const of = account === undefined ? sql`true` : sql`p.account_id = ${account}::uuid`;
  return readPage(
    db,
    query,
    {
      columns: sql`p.*, coalesce((SELECT t.instrument FROM trades t WHERE t.account_id = p.account_id
        AND t.position_id = p.identifier ORDER BY t.episode DESC LIMIT 1), instrument_of(a.symbols, p.symbol)) AS instrument`,
      from: sql`FROM positions p JOIN accounts a ON a.id = p.account_id WHERE ${own} AND ${of}`,
      at: sql`p.opened_at`,
      // One number may be open at several brokers.
      id: sql`(p.account_id::text || '/' || p.identifier)`,
      ids: 'text',
    },
    positionOf,
  );
};
