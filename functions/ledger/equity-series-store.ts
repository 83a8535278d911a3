/**
 * The equity of an account for its NAV, thinned before it leaves the database: what a report needs of a hundred thousand
 * points is a few of each of its days. Invariants:
 *  1. a stretch is what lies in one report day and in which no flow was told and nothing moved apart from what was told
 *     (`told-flows.ts`): in it NAV goes as equity does, and its first and its last point stay, so that each day ends as it did
 *     and each flow arrives where it did;
 *  2. its highest and lowest point stay, and the deepest falls within it, in money and in percent, with what they fell from:
 *     no drawdown is less, or another, than it was over all points. When a fall was made good is told to the day.
 * Points without sums are thinned by the hour, but for those near a flow. Times are Unix milliseconds.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Row } from '../platform/database.ts';
import { SETTLE_MS } from './dated-flows.ts';
import { CASHFLOW_TYPES } from './deal-class.ts';
import { DEAL_MONEY, LATEST_VERSION } from './deal-store.ts';
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

/** Flows near which there are points without sums. */
const flowTimes = (
  q: Asked,
): SQL => sql`SELECT DISTINCT d.time, d.time - ${SETTLE_MS} * interval '1 ms' AS early,
    d.time + ${SETTLE_MS} * interval '1 ms' AS late FROM broker_deals d
  WHERE d.account_id = ${q.accountId}::uuid AND d.position_id = '0'
    AND d.type = ANY(${`{${CASHFLOW_TYPES.join(',')}}`}::text[]) AND ${within(sql`d.time`, q)}
    AND (SELECT e.booked IS NULL FROM equity_points e WHERE e.account_id = d.account_id
      AND e.at >= d.time - ${SETTLE_MS} * interval '1 ms' ORDER BY e.at LIMIT 1)`;

const pointsOf = (q: Asked): SQL =>
  sql`FROM equity_points e WHERE e.account_id = ${q.accountId}::uuid AND ${within(sql`e.at`, q)}`;

/** SELECT of one row for `equitySeriesOf`. `dayStarts`: when each report day begins, in order. */
export function equitySeries(q: Asked & { dayStarts: readonly number[] }): SQL {
  const hour = (column: SQL) => sql`date_bin('1 hour', ${column}, 'epoch'::timestamptz)`;
  return sql`WITH near AS (SELECT ${hour(sql`f.early`)} AS hour FROM (${flowTimes(q)}) AS f
      UNION SELECT ${hour(sql`f.time`)} FROM (${flowTimes(q)}) AS f UNION SELECT ${hour(sql`f.late`)} FROM (${flowTimes(q)}) AS f),
    p AS (SELECT (date_part('epoch', e.at) * 1000)::bigint AS ms, e.at, e.balance, e.credit, e.equity, e.booked, e.flowed,
      e.balance + e.credit - e.booked AS apart, CASE WHEN e.booked IS NULL THEN ${hour(sql`e.at`)} END AS hour ${pointsOf(q)}),
    marked AS (SELECT p.*, width_bucket(ms, ${`{${q.dayStarts.join(',')}}`}::bigint[]) AS day FROM p),
    bounded AS (SELECT m.*, lag(day) OVER w IS DISTINCT FROM day OR lag(flowed) OVER w IS DISTINCT FROM flowed
        OR lag(apart) OVER w IS DISTINCT FROM apart OR lag(hour) OVER w IS DISTINCT FROM hour AS begins
      FROM marked m WINDOW w AS (ORDER BY at)),
    counted AS (SELECT b.*, count(*) FILTER (WHERE begins) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS stretch FROM bounded b),
    topped AS (SELECT c.*, max(equity) OVER (PARTITION BY stretch ORDER BY at ROWS UNBOUNDED PRECEDING) AS top FROM counted c),
    fallen AS (SELECT t.*, top - equity AS fall, CASE WHEN top > 0 THEN equity::float8 / top::float8 ELSE 1 END AS rest FROM topped t),
    ends AS (SELECT stretch, min(at) AS first, max(at) AS last, min(equity) AS low, max(equity) AS high, max(fall) AS fall,
        min(rest) AS rest FROM fallen GROUP BY stretch),
    tops AS (SELECT DISTINCT f.stretch, f.top FROM fallen f JOIN ends s USING (stretch)
      WHERE s.fall > 0 AND (f.fall = s.fall OR f.rest = s.rest)),
    kept AS (SELECT f.* FROM fallen f JOIN ends s USING (stretch) LEFT JOIN tops t ON t.stretch = f.stretch AND t.top = f.equity
      WHERE f.at IN (s.first, s.last) OR f.equity IN (s.low, s.high) OR s.fall > 0 AND (f.fall = s.fall OR f.rest = s.rest)
        OR t.top IS NOT NULL OR f.hour IN (SELECT near.hour FROM near))
    SELECT string_agg(ms::text, ',' ORDER BY at) AS times, string_agg(balance::text, ',' ORDER BY at) AS balances,
      string_agg(credit::text, ',' ORDER BY at) AS credits, string_agg(equity::text, ',' ORDER BY at) AS equities,
      string_agg(coalesce(booked::text, ''), ',' ORDER BY at) AS bookeds,
      string_agg(coalesce(flowed::text, ''), ',' ORDER BY at) AS floweds FROM kept`;
}

/** What deals of positions booked between the points around each flow near which there are points without sums. */
export const bookedNearFlows = (q: Asked): SQL => sql`SELECT DISTINCT d.ticket, d.time, ${DEAL_MONEY} AS money
  FROM (SELECT coalesce((SELECT max(e.at) ${pointsOf(q)} AND e.at < f.early), (SELECT min(e.at) ${pointsOf(q)})) AS low,
      coalesce((SELECT min(e.at) ${pointsOf(q)} AND e.at >= f.late), (SELECT max(e.at) ${pointsOf(q)})) AS high
    FROM (${flowTimes(q)}) AS f) AS w
  JOIN broker_deals d ON d.account_id = ${q.accountId}::uuid AND d.time > w.low AND d.time <= w.high
  WHERE d.position_id <> '0' AND d.type <> ALL(${`{${CASHFLOW_TYPES.join(',')}}`}::text[]) AND ${LATEST_VERSION}`;

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
