/**
 * Counters over stored rows. A total is what stands below a metric's cursor, rolled up by the schedule, plus the rows
 * from the cursor on, counted by the scrape in the same statement: each row is on exactly one side, so the sum is the
 * number of rows, and never falls. No row is shared by writers of signals; nothing is counted when they are stored.
 * The cursor follows in two steps. A tick notes a candidate a quarter of an hour back, since ids and times are made
 * before their transaction starts; a later tick moves there once all transactions of the first one have ended, so that
 * one which commits late is never stepped over.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { INFINITE, type Measured, type MetricFamily, SUM } from '../platform/metric-family.ts';
import { outboxDepthQuery } from '../platform/outbox-store.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import {
  APPROVAL_LATENCY,
  APPROVALS,
  CLOSING_CAUSES,
  DIVERGENCE_CODES,
  DIVERGENCES,
  GUARD_TRIGGERS,
  HEARTBEAT,
  LAST_TICK,
  ORDERS_BUILT,
  ORDERS_REJECTED,
  OUTBOX_DEPTH,
  POSITION_SYNCS,
  POSITIONS_AUTOCLOSED,
  RECONCILIATION_LATENCY,
  REJECTION,
  SIGNALS_INGESTED,
} from './stored-metrics.ts';

const LAG_MS = 15 * 60_000;

/** From the one point of time up to the other, which is not in it; `to` null: without end. */
type Range = { from: SQL; to: SQL | null };
/** A metric and its rows in a range, as `label` and `value`. Rows are never deleted, nor do their keys change. */
type Source = { family: MetricFamily; rows: (range: Range) => SQL };

const within = (column: SQL, { from, to }: Range): SQL =>
  sql`${column} >= ${from} AND ${column} < ${to ?? sql`'infinity'::timestamptz`}`;

/** Ids are UUIDv7, so the primary key is an index by time. The open end keeps the planner from reading all rows. */
const withinIds = (column: SQL, { from, to }: Range): SQL =>
  sql`${column} >= ${firstId(from)} AND ${column} < ${to === null ? sql`'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid` : firstId(to)}`;

const firstId = (at: SQL): SQL =>
  sql`(lpad(to_hex((extract(epoch FROM ${at}) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

/** Two rows for each observation: its bucket, and its seconds for the sum. */
const observations = (bounds: readonly number[], seconds: SQL, from: SQL): SQL =>
  sql`SELECT o.label, o.value FROM (SELECT greatest(extract(epoch FROM ${seconds}), 0) AS took ${from}) s
    CROSS JOIN LATERAL (VALUES (coalesce((SELECT min(b)::text FROM unnest(${sqlArray('numeric', bounds)}) b
      WHERE b >= s.took), ${INFINITE}), 1::numeric), (${SUM}, s.took)) o(label, value)`;

/**
 * A position of a trip counts when the first deal that takes out of it is stored, whether we sent for it or the bridge closed
 * by itself: each is a program's (`expert`). What came before `from` is looked at only of trips that went on until then.
 */
const autoclosed = (r: Range): SQL => sql`SELECT CASE WHEN x.cause LIKE 'daily:%' THEN 'daily'
    WHEN x.cause = ANY(${sqlArray('text', CLOSING_CAUSES)}) THEN x.cause ELSE 'other' END AS label, 1 AS value
  FROM (SELECT split_part(t.cause, ',', 1) AS cause, min(d.recorded_at) AS at
    FROM guard_trips t CROSS JOIN LATERAL (SELECT coalesce(least(t.flat_at, t.stopped_at), 'infinity') AS at) AS e
      JOIN broker_deals d ON d.account_id = t.account_id AND d.time >= t.triggered_at - interval '1 minute'
        AND d.recorded_at BETWEEN t.triggered_at AND e.at AND d.revision = 0 AND d.position_id <> '0'
        AND d.entry IN ('out', 'out_by', 'inout') AND d.reason = 'expert'
    WHERE NOT t.shadow AND t.triggered_at IS NOT NULL AND e.at >= ${r.from}
    GROUP BY t.id, t.cause, d.position_id) x
  WHERE ${within(sql`x.at`, r)}`;

const SOURCES: readonly Source[] = [
  {
    family: SIGNALS_INGESTED,
    rows: (r) => sql`SELECT instrument || CASE side WHEN 0 THEN '|buy' ELSE '|sell' END AS label, 1 AS value
      FROM signals WHERE ${withinIds(sql`id`, r)}`,
  },
  {
    family: APPROVALS,
    rows: (r) => sql`SELECT CASE decision WHEN 1 THEN 'approved' ELSE 'rejected' END AS label, 1 AS value
      FROM approvals WHERE ${withinIds(sql`id`, r)}`,
  },
  {
    family: APPROVAL_LATENCY,
    rows: (r) =>
      observations(
        APPROVAL_LATENCY.bounds,
        sql`a.created_at - g.received_at`,
        sql`FROM approvals a JOIN signals g ON g.id = a.signal_id WHERE ${withinIds(sql`a.id`, r)}`,
      ),
  },
  {
    family: ORDERS_BUILT,
    rows: (r) => sql`SELECT '' AS label, 1 AS value FROM commands WHERE ${within(sql`created_at`, r)}`,
  },
  {
    family: ORDERS_REJECTED,
    rows: (
      r,
    ) => sql`SELECT CASE WHEN reason ~ ${REJECTION.source} THEN reason ELSE 'other' END AS label, 1 AS value
      FROM order_refusals WHERE ${within(sql`at`, r)}`,
  },
  {
    family: POSITION_SYNCS,
    rows: (r) => sql`SELECT '' AS label, 1 AS value FROM reconciliation_runs
      WHERE outcome = 'applied' AND ${withinIds(sql`id`, r)}`,
  },
  {
    family: RECONCILIATION_LATENCY,
    rows: (r) =>
      observations(
        RECONCILIATION_LATENCY.bounds,
        sql`finished_at - started_at`,
        sql`FROM reconciliation_runs WHERE ${withinIds(sql`id`, r)}`,
      ),
  },
  {
    family: DIVERGENCES,
    rows: (
      r,
    ) => sql`SELECT CASE WHEN code = ANY(${sqlArray('text', DIVERGENCE_CODES)}) THEN code ELSE 'other' END AS label,
      1 AS value FROM divergences WHERE ${within(sql`detected_at`, r)}`,
  },
  {
    family: GUARD_TRIGGERS,
    rows: (r) => sql`SELECT '' AS label, 1 AS value FROM guard_trips
      WHERE NOT shadow AND cause <> 'person' AND ${within(sql`triggered_at`, r)}`,
  },
  { family: POSITIONS_AUTOCLOSED, rows: autoclosed },
];
const NAMES = sqlArray('text', SOURCES.map((s) => s.family.name).sort());

/** Moves every cursor on as far as is safe. Any number at once, and repeats, change no total. */
export async function rollUpMetrics({ db, clock }: Pick<Deps, 'db' | 'clock'>): Promise<void> {
  const to = isoTime(clock.nowMs() - LAG_MS);
  await db.batch([
    sql`INSERT INTO metric_cursors (metric, counted_to, candidate, candidate_xid)
        SELECT m, 'epoch', 'epoch', 0 FROM unnest(${NAMES}) m ON CONFLICT DO NOTHING`,
    sql`SELECT 1 AS one FROM metric_cursors WHERE metric = ANY(${NAMES}) ORDER BY metric FOR UPDATE`,
    ...SOURCES.map((source) => advance(source, sql`${to}::timestamptz`)),
  ]);
}

/** After a restore from a dump transaction numbers begin anew: then the candidate is noted again, and nothing moves. */
function advance({ family, rows }: Source, to: SQL): SQL {
  const from = sql`(SELECT counted_to FROM cur)`;
  return sql`WITH snap AS (
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, pg_current_xact_id()::text::bigint AS own
    ), cur AS (
      SELECT c.counted_to, CASE WHEN snap.oldest > c.candidate_xid THEN c.candidate ELSE c.counted_to END AS next_to
      FROM metric_cursors c CROSS JOIN snap WHERE c.metric = ${family.name} AND c.candidate < ${to}
        AND (snap.oldest > c.candidate_xid OR snap.own < c.candidate_xid)
    ), moved AS (
      UPDATE metric_cursors c SET counted_to = cur.next_to, candidate = ${to}, candidate_xid = snap.own
      FROM cur, snap WHERE c.metric = ${family.name}
    ) INSERT INTO metric_totals (metric, label, value)
    SELECT ${family.name}, r.label, sum(r.value) FROM (${rows({ from, to: sql`(SELECT next_to FROM cur)` })}) r
    GROUP BY r.label
    ON CONFLICT (metric, label) DO UPDATE SET value = metric_totals.value + excluded.value`;
}

/** One tick that ended, in the statement that ends it: its rows are forgotten after a week, the count is not. */
export const heartbeat = (from: SQL): SQL =>
  sql`INSERT INTO metric_totals (metric, label, value) SELECT ${HEARTBEAT.name}, '', 1 FROM ${from}
      ON CONFLICT (metric, label) DO UPDATE SET value = metric_totals.value + 1`;

/** Every metric that rows tell, at one moment, in one round trip. */
export async function readStoredMetrics(db: Database): Promise<Measured[]> {
  const parts = SOURCES.map(({ family, rows }) => {
    const cursor = sql`(SELECT c.counted_to FROM metric_cursors c WHERE c.metric = ${family.name})`;
    const tail = rows({ from: sql`coalesce(${cursor}, 'epoch')`, to: null });
    return sql`UNION ALL SELECT ${family.name}, r.label, r.value FROM (${tail}) r`;
  });
  const [totals = [], [tick] = [], [depth] = []] = await db.batch([
    sql`SELECT x.metric, x.label, sum(x.value) AS value FROM (
      SELECT metric, label, value FROM metric_totals ${sql.join(parts, sql` `)}
    ) x(metric, label, value) GROUP BY x.metric, x.label`,
    sql`SELECT max(finished_at) AS at FROM schedule_ticks`,
    outboxDepthQuery,
  ]);
  const counted = [...SOURCES.map((s) => s.family), HEARTBEAT].map((family) => ({
    family,
    values: new Map(
      totals
        .filter((row) => row['metric'] === family.name)
        .map((row) => [String(row['label']), Number(row['value'])]),
    ),
  }));
  return [
    ...counted,
    { family: LAST_TICK, values: tickSeconds(tick) },
    { family: OUTBOX_DEPTH, values: depthOf(depth) },
  ];
}

const tickSeconds = (row: Row | undefined): Map<string, number> =>
  new Map(row === undefined || row['at'] === null ? [] : [['', rowTime(row, 'at') / 1000]]);

const depthOf = (row: Row | undefined): Map<string, number> =>
  new Map(['waiting', 'dead'].map((state) => [state, Number(row?.[state] ?? 0)]));
