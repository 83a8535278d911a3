/**
 * Reading what the projection of positions needs: their deals with what is kept beside them, the commands that may have
 * opened them, what a person adopted. As statements, so that whoever projects reads it in a round trip with the rest.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import type { StoredDeal } from './deal-revision.ts';
import type { Adoption, KnownCommand, PositionTerms } from './planned-trade.ts';
import type { Deal } from './trade-projection.ts';

export type PositionFacts = {
  /** Every version of each. */
  deals: StoredDeal[];
  terms: PositionTerms[];
  /** Of OUT_BY deals the other position, by ticket. */
  closedBy: Map<string, string>;
  commands: KnownCommand[];
  adoptions: Adoption[];
};

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));
const decimalOrNull = (value: unknown): string | null => plainOrNull(textOrNull(value));

/**
 * Three statements whose rows `positionFactsOf` reads: of the account's deals those for which `deals` holds (over `d`), of its
 * commands those for which `commands` holds (over `c`), and the adoptions of `positions`, a text array.
 */
export function positionFactStatements(
  accountId: string,
  { deals, commands, positions }: { deals: SQL; commands: SQL; positions: SQL },
): [SQL, SQL, SQL] {
  const account = sql`${accountId}::uuid`;
  return [
    sql`SELECT d.*, p.deal_ticket AS kept, p.initial_stop, p.tick_size, p.tick_value_loss, p.stop_loss, p.take_profit,
        CASE WHEN d.entry = 'out_by' THEN (SELECT min(o.position_id) FROM broker_deals o WHERE o.account_id = d.account_id
          AND o.order_ticket = d.order_ticket AND o.entry = 'out_by' AND o.position_id <> d.position_id) END AS closed_by
      FROM broker_deals d LEFT JOIN position_terms p ON p.account_id = d.account_id AND p.deal_ticket = d.ticket
      WHERE d.account_id = ${account} AND ${deals}`,
    // What leaves the market never opened a position, though it may name one; nor did a command whose magic was another's.
    sql`SELECT c.id, c.signal_id, c.approval_id, c.magic, c.symbol, c.position_id, c.order_ticket, c.instrument, s.strategy, s.timeframe,
        c.instruction->'order'->>'stop_loss' AS stop_loss
      FROM commands c LEFT JOIN signals s ON s.id = c.signal_id
      WHERE c.account_id = ${account} AND c.kind IN ('open', 'place') AND c.reason IS DISTINCT FROM 'magic_in_use'
        AND ${commands}`,
    sql`SELECT v.broker_key, v.signal_id, s.strategy, s.timeframe FROM divergences v LEFT JOIN signals s ON s.id = v.signal_id
      WHERE v.account_id = ${account} AND v.code IN ('EXTERNAL_POSITION', 'ORPHAN_OWN') AND v.resolution = 'adopted'
        AND v.broker_key = ANY(${positions})`,
  ];
}

/** The rows of those statements, in their order. */
export const positionFactsOf = (
  deals: readonly Row[],
  commands: readonly Row[],
  adoptions: readonly Row[],
): PositionFacts => ({
  deals: deals.map(dealOf),
  terms: deals.filter((row) => row['kept'] !== null).map(termsOf),
  closedBy: new Map(
    deals.flatMap((row) =>
      row['closed_by'] === null ? [] : [[String(row['ticket']), String(row['closed_by'])]],
    ),
  ),
  commands: commands.map(knownCommandOf),
  adoptions: adoptions.map((row) => ({
    positionId: String(row['broker_key']),
    signalId: textOrNull(row['signal_id']),
    strategy: textOrNull(row['strategy']),
    timeframe: textOrNull(row['timeframe']),
  })),
});

/** A row of broker_deals. */
export const dealOf = (row: Row): StoredDeal => ({
  ticket: String(row['ticket']),
  revision: Number(row['revision']),
  orderTicket: String(row['order_ticket']),
  positionId: String(row['position_id']),
  timeMs: rowTime(row, 'time'),
  type: String(row['type']),
  entry: row['entry'] as Deal['entry'],
  magic: String(row['magic']),
  reason: String(row['reason']),
  symbol: String(row['symbol']),
  volume: plain(String(row['volume'])),
  price: plain(String(row['price'])),
  commission: plain(String(row['commission'])),
  swap: plain(String(row['swap'])),
  profit: plain(String(row['profit'])),
  fee: plain(String(row['fee'])),
  comment: String(row['comment']),
  externalId: String(row['external_id']),
});

const termsOf = (row: Row): PositionTerms => ({
  dealTicket: String(row['kept']),
  initialStop: decimalOrNull(row['initial_stop']),
  tickSize: decimalOrNull(row['tick_size']),
  tickValueLoss: decimalOrNull(row['tick_value_loss']),
  stopLoss: decimalOrNull(row['stop_loss']),
  takeProfit: decimalOrNull(row['take_profit']),
});

const knownCommandOf = (row: Row): KnownCommand => ({
  id: String(row['id']),
  signalId: textOrNull(row['signal_id']),
  approvalId: textOrNull(row['approval_id']),
  magic: String(row['magic']),
  symbol: String(row['symbol']),
  positionId: textOrNull(row['position_id']),
  orderTicket: textOrNull(row['order_ticket']),
  instrument: textOrNull(row['instrument']),
  strategy: textOrNull(row['strategy']),
  timeframe: textOrNull(row['timeframe']),
  stopLoss: decimalOrNull(row['stop_loss']),
});
