/** Deals as stored facts. They are only ever inserted; of one ticket the highest revision is what counts. */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import { REVERSAL_TYPES } from './deal-class.ts';
import type { StoredDeal } from './deal-revision.ts';

/** The money of a row `d`. */
const DEAL_MONEY: SQL = sql`(d.profit + d.swap + d.commission + d.fee)`;

/**
 * SELECT of what moved the balance (`ticket`, `time`, `money`) among the rows `d` of broker_deals that are meant: of each deal the
 * version that counts, of one that was cancelled since the one before. A cancelled deal states no money any more, and what it
 * had booked is taken back by a deal of its own; credit is no balance. By one sort, because a join of the table with itself,
 * planned while it was small, goes through all of it for each row.
 */
export const bookedDeals = (which: SQL): SQL => sql`SELECT b.ticket, b.time, b.money FROM (
    SELECT DISTINCT ON (d.account_id, d.ticket) d.ticket, d.time, d.type, ${DEAL_MONEY} AS money FROM broker_deals d
    WHERE ${which} ORDER BY d.account_id, d.ticket, d.type = ANY(${`{${[...REVERSAL_TYPES].join(',')}}`}::text[]), d.revision DESC) b
  WHERE b.type <> 'credit'`;

/** Inserts deals for the account in the part `acc` of the same statement; one that stands already stays as it stands. */
export function dealInsert(deals: readonly StoredDeal[], nowMs: number): SQL {
  const rows = deals.map((d) => ({ ...d, time: isoTime(d.timeMs) }));
  return sql`INSERT INTO broker_deals (account_id, ticket, revision, order_ticket, position_id, time, type, entry, magic,
      reason, symbol, volume, price, commission, swap, profit, fee, comment, external_id, recorded_at)
    SELECT acc.id, x.ticket, x.revision, x."orderTicket", x."positionId", x.time, x.type, x.entry, x.magic, x.reason,
      x.symbol, x.volume, x.price, x.commission, x.swap, x.profit, x.fee, x.comment, x."externalId",
      ${isoTime(nowMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(ticket text, revision smallint, "orderTicket" text,
      "positionId" text, time timestamptz, type text, entry text, magic bigint, reason text, symbol text,
      volume numeric, price numeric, commission numeric, swap numeric, profit numeric, fee numeric, comment text,
      "externalId" text)
    ON CONFLICT DO NOTHING`;
}
