/**
 * The equity of an account for its NAV, thinned before it leaves the database: what a report needs of a hundred thousand
 * points is a few of each of its days. Invariants:
 *  1. a stretch is what lies in one report day and in which no flow was told and nothing moved apart from what was told
 *     (`arrived-flows.ts`): in it NAV goes as equity does, and its first and its last point stay, so that each day ends as it did
 *     and each flow arrives where it did;
 *  2. its highest and lowest point stay, and the deepest falls within it, in money and in percent, with what they fell from:
 *     no drawdown is less, or another, than it was over all points. When a fall was made good is told to the day.
 * Points without sums are thinned by the hour. Times are Unix milliseconds.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Row } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { BookedDeal } from './arrived-flows.ts';
import { CASHFLOW_TYPES, REVERSAL_TYPES } from './deal-class.ts';
import { countedDeals } from './deal-store.ts';
import { unitsOf } from './exact-money.ts';
import type { EquityPoint } from './nav-series.ts';

/** From when on, and before when; null: without an end. */
export type Window = { fromMs: number | null; toMs: number | null };

/** Whether a column's time is in it. */
export const within = (column: SQL, { fromMs, toMs }: Window): SQL => {
  const parts = [
    fromMs === null ? null : sql`${column} >= ${isoTime(fromMs)}::timestamptz`,
    toMs === null ? null : sql`${column} < ${isoTime(toMs)}::timestamptz`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? sql`true` : sql.join(parts, sql` AND `);
};

type Asked = Window & { accountId: string };

const pointsOf = (q: Asked): SQL =>
  sql`FROM equity_points e WHERE e.account_id = ${q.accountId}::uuid AND ${within(sql`e.at`, q)}`;

/** Microseconds, which hold any moment of PostgreSQL's. */
const micros = (at: SQL): SQL => sql`(extract(epoch FROM ${at}) * 1000000)`;
const moment = (us: SQL): SQL => sql`'epoch'::timestamptz + (${us})::float8 * interval '1 microsecond'`;
/** Beyond what an equity may be, so that the highest of a stretch is never one of the stretch before. */
const APART = sql`1e14`;

/**
 * SELECT of one row for `equitySeriesOf`. `dayStarts`: when each report day begins, in order. All points are gone through once, in
 * their order; what is chosen comes with when it was, the first of equals.
 */
export function equitySeries(q: Asked & { dayStarts: readonly number[] }): SQL {
  const hour = (column: SQL) => sql`date_bin('1 hour', ${column}, 'epoch'::timestamptz)`;
  return sql`WITH p AS (SELECT e.at, e.equity, e.flowed, e.balance + e.credit - e.booked AS apart,
      width_bucket((date_part('epoch', e.at) * 1000)::bigint, ${sqlArray('bigint', q.dayStarts)}) AS day,
      CASE WHEN e.booked IS NULL THEN ${hour(sql`e.at`)} END AS hour ${pointsOf(q)}),
    bounded AS (SELECT p.at, p.equity, lag(day) OVER w IS DISTINCT FROM day OR lag(flowed) OVER w IS DISTINCT FROM flowed
        OR lag(apart) OVER w IS DISTINCT FROM apart OR lag(hour) OVER w IS DISTINCT FROM hour AS begins
      FROM p WINDOW w AS (ORDER BY at)),
    counted AS (SELECT b.at, b.equity, count(*) FILTER (WHERE begins) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS stretch
      FROM bounded b),
    topped AS (SELECT c.*, ${micros(sql`c.at`)} AS us,
        max(stretch * ${APART} + equity) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) - stretch * ${APART} AS top FROM counted c),
    chosen AS (SELECT min(at) AS first, max(at) AS last, min(ARRAY[equity, us]) AS low, max(ARRAY[equity, -us]) AS high,
        max(ARRAY[top - equity, -us, top]) AS fall, min(ARRAY[CASE WHEN top > 0 THEN equity / top ELSE 1 END, us, top]) AS rest
      FROM topped GROUP BY stretch),
    deepest AS (SELECT c.first, ${moment(sql`-c.fall[2]`)} AS at, c.fall[3] AS top FROM chosen c
      UNION SELECT c.first, ${moment(sql`c.rest[2]`)}, c.rest[3] FROM chosen c),
    kept AS (SELECT c.first AS at FROM chosen c UNION SELECT c.last FROM chosen c UNION SELECT ${moment(sql`c.low[2]`)} FROM chosen c
      UNION SELECT ${moment(sql`-c.high[2]`)} FROM chosen c UNION SELECT d.at FROM deepest d
      UNION SELECT (SELECT min(e.at) ${pointsOf(q)} AND e.at BETWEEN d.first AND d.at AND e.equity = d.top) FROM deepest d)
    SELECT string_agg((date_part('epoch', e.at) * 1000)::bigint::text, ',' ORDER BY e.at) AS times,
      string_agg(e.balance::text, ',' ORDER BY e.at) AS balances, string_agg(e.credit::text, ',' ORDER BY e.at) AS credits,
      string_agg(e.equity::text, ',' ORDER BY e.at) AS equities,
      string_agg(coalesce(e.booked::text, ''), ',' ORDER BY e.at) AS bookeds,
      string_agg(coalesce(e.flowed::text, ''), ',' ORDER BY e.at) AS floweds
    FROM kept k JOIN equity_points e ON e.account_id = ${q.accountId}::uuid AND e.at = k.at`;
}

/**
 * SELECT of one row for `bookedInOrderOf`: all deals of the account that moved money, in the order of their tickets; none where
 * each of its points held what was told with it.
 */
export const bookedInOrder = (
  q: Asked,
): SQL => sql`SELECT string_agg(b.money::text, ',' ORDER BY length(b.ticket), b.ticket COLLATE "C") AS amounts,
    string_agg(CASE WHEN b.type = 'correction' THEN 'c' WHEN b.type = ANY(${sqlArray('text', CASHFLOW_TYPES)}) THEN 'f'
      WHEN b.type = ANY(${sqlArray('text', REVERSAL_TYPES)}) THEN 'u' ELSE 'r' END, ''
      ORDER BY length(b.ticket), b.ticket COLLATE "C") AS kinds
  FROM (${countedDeals(sql`d.account_id = ${q.accountId}::uuid AND EXISTS (SELECT 1 ${pointsOf(q)}
    AND e.balance + e.credit IS DISTINCT FROM e.booked)`)}) b
  WHERE b.money <> 0 OR b.type = ANY(${sqlArray('text', REVERSAL_TYPES)})`;

const KIND_OF: Readonly<Record<string, BookedDeal['kind']>> = {
  ...{ f: 'flow', c: 'correction', u: 'unseen' },
};

/** The deals of such a row. */
export function bookedInOrderOf(row: Row | undefined): BookedDeal[] {
  const kinds = String(row?.['kinds'] ?? '');
  return columnOf(row, 'amounts').map((amount, i) => ({
    units: unitsOf(amount),
    kind: KIND_OF[kinds.charAt(i)] ?? 'result',
  }));
}

/** A column that was aggregated into one text. */
export const columnOf = (row: Row | undefined, name: string): string[] => {
  const text = row?.[name];
  return text === null || text === undefined ? [] : String(text).split(',');
};

/** The points of such a row, oldest first; plain decimals. */
export function equitySeriesOf(row: Row | undefined): EquityPoint[] {
  const of = (name: string) => columnOf(row, name);
  const [balances, credits, equities] = [of('balances'), of('credits'), of('equities')];
  const [booked, flowed] = [of('bookeds'), of('floweds')].map((column) => column.map((text) => text || null));
  return of('times').map((at, i) => ({
    atMs: Number(at),
    ...{ balance: balances[i] ?? '0', credit: credits[i] ?? '0', equity: equities[i] ?? '0' },
    ...{ booked: booked?.[i] ?? null, flowed: flowed?.[i] ?? null },
  }));
}
