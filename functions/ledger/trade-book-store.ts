/**
 * Writing the projection: trades, their legs, and what is kept beside the deals, as parts of a statement whose part `acc`
 * (id, user_id) is the account, guarded by its version. Rows that say the same already are left alone.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import { derivedId } from '../platform/ids.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { bookedDeals } from './deal-store.ts';
import type { PlannedTrade, PositionTerms } from './planned-trade.ts';

export type TradeBook = {
  trades: readonly PlannedTrade[];
  /** Positions of which nothing may stay but what is among `trades`. */
  positions: readonly string[];
  terms: readonly PositionTerms[];
};

/** The id of a trade: the same for the same life of the same position, whoever projects it and how often. */
export const tradeId = (
  accountId: string,
  { positionId, episode }: Pick<PlannedTrade, 'positionId' | 'episode'>,
): string => derivedId(accountId, episode === 0 ? positionId : `${positionId}#${episode}`);

/** Beyond it numeric(20,8) holds nothing. */
const percentOf = (
  net: SQL,
  balance: SQL,
): SQL => sql`CASE WHEN ${balance} > 0 AND abs(${net} / ${balance}) < 1e10
  THEN round(${net} * 100 / ${balance}, 8) END`;

/** The parts `terms`, `trade`, `leg`, `leg_gone` and `trade_gone`. */
export function tradeParts(accountId: string, book: TradeBook, nowMs: number): SQL {
  const trades = book.trades.map((t) => ({ ...t, id: tradeId(accountId, t) }));
  return sql`terms AS (${termsUpsert(book)}), trade AS (${tradeUpsert(accountId, trades, nowMs)}),
    leg AS (${legUpsert(accountId, trades)}), ${goneParts(trades, book.positions)}`;
}

type NamedTrade = PlannedTrade & { id: string };

function termsUpsert({ terms }: TradeBook): SQL {
  return sql`INSERT INTO position_terms (account_id, deal_ticket, initial_stop, tick_size, tick_value_loss, stop_loss,
      take_profit)
    SELECT acc.id, x."dealTicket", x."initialStop", x."tickSize", x."tickValueLoss", x."stopLoss", x."takeProfit"
    FROM acc, jsonb_to_recordset(${JSON.stringify(terms)}::jsonb) AS x("dealTicket" text, "initialStop" numeric,
      "tickSize" numeric, "tickValueLoss" numeric, "stopLoss" numeric, "takeProfit" numeric)
    ON CONFLICT (account_id, deal_ticket) DO UPDATE SET stop_loss = excluded.stop_loss, take_profit = excluded.take_profit`;
}

/** Columns that a new projection may change, each by the name of its member. */
const PROJECTED: Record<string, [member: string, type: string]> = {
  command_id: ['commandId', 'uuid'],
  signal_id: ['signalId', 'uuid'],
  approval_id: ['approvalId', 'uuid'],
  source: ['source', 'text'],
  strategy: ['strategy', 'text'],
  timeframe: ['timeframe', 'text'],
  instrument: ['instrument', 'text'],
  symbol: ['symbol', 'text'],
  side: ['side', 'text'],
  status: ['status', 'text'],
  volume: ['volume', 'numeric'],
  volume_open: ['volumeOpen', 'numeric'],
  entry_price: ['entryPrice', 'numeric'],
  exit_price: ['exitPrice', 'numeric'],
  stop_loss: ['stopLoss', 'numeric'],
  take_profit: ['takeProfit', 'numeric'],
  initial_stop: ['initialStop', 'numeric'],
  closed_by: ['closedBy', 'text'],
  pips: ['pips', 'numeric'],
  r_multiple: ['rMultiple', 'numeric'],
  profit: ['profit', 'numeric'],
  swap: ['swap', 'numeric'],
  commission: ['commission', 'numeric'],
  fee: ['fee', 'numeric'],
  net: ['net', 'numeric'],
  opened_at: ['opened', 'timestamptz'],
  closed_at: ['closed', 'timestamptz'],
  exit_reason: ['exitReason', 'text'],
};
const LEG: typeof PROJECTED = {
  trade_id: ['tradeId', 'uuid'],
  leg: ['leg', 'smallint'],
  source: ['source', 'text'],
  strategy: ['strategy', 'text'],
  instrument: ['instrument', 'text'],
  side: ['side', 'text'],
  volume: ['volume', 'numeric'],
  exit_price: ['exitPrice', 'numeric'],
  profit: ['profit', 'numeric'],
  swap: ['swap', 'numeric'],
  commission: ['commission', 'numeric'],
  fee: ['fee', 'numeric'],
  net: ['net', 'numeric'],
  r_multiple: ['rMultiple', 'numeric'],
  opened_at: ['opened', 'timestamptz'],
  closed_at: ['closed', 'timestamptz'],
};

/** The texts of one kind of row: its columns, its members, their types, how a known row changes and whether it does. */
function columnsOf(table: string, columns: typeof PROJECTED) {
  const names = Object.keys(columns);
  const members = Object.values(columns);
  const listed = (texts: readonly string[]) => sql.raw(texts.join(', '));
  return {
    names: listed(names),
    members: listed(members.map(([member]) => `x."${member}"`)),
    types: listed(members.map(([member, type]) => `"${member}" ${type}`)),
    changes: listed(names.map((name) => `${name} = excluded.${name}`)),
    differs: sql.raw(
      `(${names.map((n) => `${table}.${n}`).join(', ')}) IS DISTINCT FROM (${names.map((n) => `excluded.${n}`).join(', ')})`,
    ),
    /** The same of a row `x` that is given and the one `known` that stands there, so that what stands is not even locked. */
    isNews: sql.raw(
      `(${names.map((n) => `known.${n}`).join(', ')}) IS DISTINCT FROM (${members.map(([member]) => `x."${member}"`).join(', ')})`,
    ),
  };
}
const TRADE = columnsOf('trades', PROJECTED);
const TRADE_LEG = columnsOf('trade_legs', LEG);

function tradeUpsert(accountId: string, trades: readonly NamedTrade[], nowMs: number): SQL {
  const at = sql`${isoTime(nowMs)}::timestamptz`;
  const rows = trades.map(({ legs: _, ...t }) => ({
    ...t,
    opened: isoTime(t.openedMs),
    closed: t.closedMs === null ? null : isoTime(t.closedMs),
  }));
  return sql`INSERT INTO trades (id, account_id, user_id, position_id, episode, updated_at, ${TRADE.names})
    SELECT x.id, acc.id, acc.user_id, x."positionId", x.episode, ${at}, ${TRADE.members}
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id uuid, "positionId" text, episode smallint,
      ${TRADE.types}) LEFT JOIN trades known ON known.account_id = ${accountId}::uuid AND known.position_id = x."positionId"
        AND known.episode = x.episode
    WHERE known.id IS NULL OR ${TRADE.isNews}
    ON CONFLICT (account_id, position_id, episode) DO UPDATE SET ${TRADE.changes}, updated_at = excluded.updated_at,
      equity_percent = ${percentOf(sql`excluded.net`, sql`trades.entry_balance`)}
    WHERE ${TRADE.differs}`;
}

function legUpsert(accountId: string, trades: readonly NamedTrade[]): SQL {
  const rows = trades.flatMap((t) =>
    t.legs.map((leg) => ({
      ...leg,
      tradeId: t.id,
      source: t.source,
      strategy: t.strategy,
      instrument: t.instrument,
      side: t.side,
      opened: isoTime(t.openedMs),
      closed: isoTime(leg.closedMs),
    })),
  );
  return sql`INSERT INTO trade_legs (account_id, deal_ticket, ${TRADE_LEG.names})
    SELECT acc.id, x."dealTicket", ${TRADE_LEG.members}
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x("dealTicket" text, ${TRADE_LEG.types})
      LEFT JOIN trade_legs known ON known.account_id = ${accountId}::uuid AND known.deal_ticket = x."dealTicket"
    WHERE known.trade_id IS NULL OR ${TRADE_LEG.isNews}
    ON CONFLICT (account_id, deal_ticket) DO UPDATE SET ${TRADE_LEG.changes} WHERE ${TRADE_LEG.differs}`;
}

/**
 * A restated deal may take a leg away, or a whole trade. What stays is a subquery by itself, which is hashed whatever the planner
 * takes the tables for: joined to one that has just grown it was gone through once for each row.
 */
function goneParts(trades: readonly NamedTrade[], positions: readonly string[]): SQL {
  const concerned = new Set(positions);
  const kept = trades.filter((t) => concerned.has(t.positionId));
  const of = sql`(SELECT t.id FROM unnest(${sqlArray('text', concerned)}) AS p(id) CROSS JOIN acc
    JOIN trades t ON t.account_id = acc.id AND t.position_id = p.id)`;
  const legs = kept.flatMap((t) => t.legs.map((leg) => leg.dealTicket));
  const ids = kept.map((t) => t.id);
  return sql`leg_gone AS (DELETE FROM trade_legs l WHERE l.trade_id IN ${of}
      AND l.deal_ticket NOT IN (SELECT unnest(${sqlArray('text', legs)}))),
    trade_gone AS (DELETE FROM trades g WHERE g.id IN ${of} AND g.id NOT IN (SELECT unnest(${sqlArray('uuid', ids)})))`;
}

/**
 * Works out what the account held before each trade that was opened at `sinceMs` (UTC) or later, and what share of it the
 * trade brought: for the same transaction, after the deals were inserted. All of it follows from stored deals, so it may run
 * at any time; those that were opened before are not touched by deals from then on. The sum begins at the last of them.
 */
export const entryBalances = (accountId: string, sinceMs: number | null): SQL => {
  const account = sql`${accountId}::uuid`;
  const since = sinceMs === null ? sql`'-infinity'::timestamptz` : sql`${isoTime(sinceMs)}::timestamptz`;
  return sql`WITH anchor AS (SELECT t.opened_at, t.entry_balance FROM trades t WHERE t.account_id = ${account}
      AND t.opened_at < ${since} AND t.entry_balance IS NOT NULL ORDER BY t.opened_at DESC LIMIT 1),
    moves AS (SELECT d.time, NULL::uuid AS trade_id, d.money FROM (${bookedDeals(sql`d.account_id = ${account}
        AND d.time >= coalesce((SELECT opened_at FROM anchor), '-infinity')`)}) d
      UNION ALL SELECT t.opened_at, t.id, 0 FROM trades t WHERE t.account_id = ${account} AND t.opened_at >= ${since}),
    -- Of one moment trades come first: what they held was there before.
    running AS (SELECT trade_id, coalesce((SELECT entry_balance FROM anchor), 0)
      + sum(money) OVER (ORDER BY time, trade_id IS NULL ROWS UNBOUNDED PRECEDING) AS balance FROM moves)
    UPDATE trades t SET entry_balance = r.balance, equity_percent = ${percentOf(sql`t.net`, sql`r.balance`)}
    FROM running r WHERE r.trade_id = t.id AND t.entry_balance IS DISTINCT FROM r.balance`;
};
