/**
 * What accounts were worth at a moment. A point is written where something changed, and once a day where nothing did, so
 * that a quiet account costs next to nothing. After 35 days its first, highest, lowest and last point stay of each hour, and of
 * each part of one between two flows: a drawdown loses none of its extremes, and no flow takes them for its own.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

const DAY_MS = 86_400_000;
export const KEPT_WHOLE_MS = 35 * DAY_MS;
/** A run looks so far back beyond that: a schedule that stood still for days is caught up with. */
const LOOKS_BACK_MS = 10 * DAY_MS;
/** Every account has its turn once in so many minutes. */
const TURNS = 1440;

/**
 * The part of the statement which updates an account (`acc`) that keeps its equity, with what its deals have booked by now:
 * `acc` returns the sums as they are with this snapshot. Plain decimals.
 */
export function equityPoint(seen: { atMs: number; balance: string; credit: string; equity: string }): SQL {
  const at = sql`${isoTime(seen.atMs)}::timestamptz`;
  const figures = sql`${seen.balance}::numeric, ${seen.credit}::numeric, ${seen.equity}::numeric, acc.booked, acc.flowed`;
  return sql`INSERT INTO equity_points (account_id, at, balance, credit, equity, booked, flowed)
    SELECT acc.id, ${at}, ${figures} FROM acc
      LEFT JOIN LATERAL (SELECT e.at, e.balance, e.credit, e.equity, e.booked, e.flowed FROM equity_points e
        WHERE e.account_id = acc.id AND e.at < ${at} ORDER BY e.at DESC LIMIT 1) AS last ON true
    WHERE (last.balance, last.credit, last.equity, last.booked, last.flowed) IS DISTINCT FROM (${figures})
      OR last.at <= ${isoTime(seen.atMs - DAY_MS)}::timestamptz
    ON CONFLICT DO NOTHING`;
}

/** Thins what is older than 35 days, of the accounts whose turn this minute is. */
export async function thinEquityPoints(db: Database, nowMs: number): Promise<void> {
  const turn = Math.floor(nowMs / 60_000) % TURNS;
  const until = sql`${isoTime(nowMs - KEPT_WHOLE_MS)}::timestamptz`;
  const from = sql`${isoTime(nowMs - KEPT_WHOLE_MS - LOOKS_BACK_MS)}::timestamptz`;
  const part = sql`p.account_id, date_trunc('hour', p.at, 'UTC'), p.stretch`;
  const old = sql`SELECT p.account_id, p.at, p.equity, p.flowed, p.balance + p.credit - p.booked AS apart
    FROM accounts a JOIN equity_points p ON p.account_id = a.id AND p.at >= ${from} AND p.at < date_trunc('hour', ${until}, 'UTC')
    WHERE ('x' || right(a.id::text, 4))::bit(16)::int % ${TURNS}::int = ${turn}::int`;
  // A stretch goes on until a flow is told, or something moves that is not told with it.
  await db.run(sql`WITH old AS (${old}),
      marked AS (SELECT o.*, (lag(flowed) OVER w, lag(apart) OVER w) IS DISTINCT FROM (flowed, apart) AS begins FROM old o
        WINDOW w AS (PARTITION BY account_id ORDER BY at)),
      p AS (SELECT m.*, count(*) FILTER (WHERE begins) OVER (PARTITION BY account_id ORDER BY at ROWS UNBOUNDED PRECEDING) AS stretch
        FROM marked m)
    DELETE FROM equity_points e USING (
      SELECT p.account_id, p.at, row_number() OVER earliest AS first, row_number() OVER latest AS last,
        row_number() OVER dearest AS high, row_number() OVER cheapest AS low
      FROM p WINDOW earliest AS (PARTITION BY ${part} ORDER BY p.at), latest AS (PARTITION BY ${part} ORDER BY p.at DESC),
        dearest AS (PARTITION BY ${part} ORDER BY p.equity DESC, p.at), cheapest AS (PARTITION BY ${part} ORDER BY p.equity, p.at)) AS x
    WHERE e.account_id = x.account_id AND e.at = x.at AND least(x.first, x.last, x.high, x.low) > 1`);
}
