/** Deals as stored facts. They are only ever inserted; of one ticket the highest revision is what counts. */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { BookedSums } from './booked-sums.ts';
import { CASHFLOW_TYPES, REVERSAL_TYPES } from './deal-class.ts';
import type { StoredDeal } from './deal-revision.ts';

/** The money of a row `d`. */
export const DEAL_MONEY: SQL = sql`(d.profit + d.swap + d.commission + d.fee)`;

/** Whether a row `d` is the last word on its deal: for a few that an index found. */
export const LATEST_VERSION: SQL = sql`d.revision = (SELECT max(n.revision) FROM broker_deals n
  WHERE n.account_id = d.account_id AND n.ticket = d.ticket)`;

/**
 * SELECT of each deal among the rows `d` of broker_deals that are meant (`ticket`, `time`, `type`, `money`): the version whose money
 * counts (`booked-sums.ts`). By one sort, because a join of the table with itself, planned while it was small, goes through
 * all of it for each row.
 */
export const countedDeals = (
  which: SQL,
): SQL => sql`SELECT DISTINCT ON (d.account_id, d.ticket) d.ticket, d.time, d.type,
    ${DEAL_MONEY} AS money FROM broker_deals d WHERE ${which}
  ORDER BY d.account_id, d.ticket, d.type = ANY(${sqlArray('text', REVERSAL_TYPES)}), d.revision DESC`;

/** SELECT of what moved the balance (`ticket`, `time`, `money`) among the rows `d` of broker_deals that are meant. Credit is no balance. */
export const bookedDeals = (which: SQL): SQL =>
  sql`SELECT b.ticket, b.time, b.money FROM (${countedDeals(which)}) b WHERE b.type <> 'credit'`;

/** SELECT of the one row `booked`, `flowed`, `credited` over all deals of an account: what its running sums are to be. */
export const wholeSums = (account: SQL): SQL => sql`SELECT coalesce(sum(b.money), 0) AS booked,
    coalesce(sum(b.money) FILTER (WHERE b.type = ANY(${sqlArray('text', CASHFLOW_TYPES)})), 0) AS flowed,
    coalesce(sum(b.money) FILTER (WHERE b.type = 'credit'), 0) AS credited
  FROM (${countedDeals(sql`d.account_id = ${account}`)}) b`;

/** What an UPDATE of accounts sets in the statement that stores deals: the sums with what these bring. */
export const addedSums = (by: BookedSums): SQL => sql`booked = accounts.booked + ${by.booked}::numeric,
  flowed = accounts.flowed + ${by.flowed}::numeric, credited = accounts.credited + ${by.credited}::numeric`;

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
