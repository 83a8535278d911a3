/**
 * The catalogue of charts. Whoever asks for a picture that is there already pays nothing, and its row lives on; a new one is
 * paid for in the statement that stores it, so that an allowance is never exceeded by more than the same picture asked for
 * at the same moment.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { ChartSubjectIds } from './chart-life.ts';
import type { ResolvedChart } from './resolved-chart.ts';

export type CatalogueEntry = ChartSubjectIds & {
  digest: string;
  userId: string;
  private: boolean;
  chart: ResolvedChart;
  alt: string;
  createdMs: number;
  /** Null: for ever. */
  expiresMs: number | null;
};
/** What a user may spend a day (UTC) and what this one costs; null: it is not the user who asked. */
export type Allowance = { cost: number; daily: number } | null;
export type Catalogued = 'new' | 'known' | 'revoked' | 'over-allowance';

const time = (ms: number | null): SQL => sql`${ms === null ? null : isoTime(ms)}::timestamptz`;

/** The part `paid`: one row where the chart is new and what it costs is there to be spent. */
function paid(e: CatalogueEntry, allowance: Allowance): SQL {
  const fresh = sql`NOT EXISTS (SELECT 1 FROM known)`;
  if (allowance === null) return sql`paid AS (SELECT 1 AS one WHERE ${fresh})`;
  const { cost, daily } = allowance;
  return sql`paid AS (INSERT INTO chart_costs (user_id, day, cost)
    SELECT ${e.userId}::uuid, ${isoTime(e.createdMs).slice(0, 10)}::date, ${cost}::bigint
    WHERE ${fresh} AND ${cost}::bigint <= ${daily}::bigint
    ON CONFLICT (user_id, day) DO UPDATE SET cost = chart_costs.cost + excluded.cost
    WHERE chart_costs.cost + excluded.cost <= ${daily}::bigint RETURNING 1 AS one)`;
}

/** Catalogues a chart; the same picture again is the same row, which from now on lives as long as a new one would. */
export async function insertChart(
  db: Database,
  e: CatalogueEntry,
  allowance: Allowance = null,
): Promise<Catalogued> {
  // One that was forgotten while this was asked is not known any more.
  for (let again = 0; again < 2; again += 1) {
    const outcome = await catalogue(db, e, allowance);
    if (outcome !== 'forgotten') return outcome;
  }
  return 'known';
}

async function catalogue(
  db: Database,
  e: CatalogueEntry,
  allowance: Allowance,
): Promise<Catalogued | 'forgotten'> {
  const [row] = await db.run(sql`WITH known AS (
      SELECT digest, revoked_at FROM charts WHERE digest = ${e.digest}
    ), ${paid(e, allowance)}, ins AS (
      INSERT INTO charts (digest, user_id, kind, private, spec, alt, signal_id, trade_id, created_at, expires_at)
      SELECT ${e.digest}, ${e.userId}::uuid, ${e.chart.kind}, ${e.private}::boolean, ${JSON.stringify(e.chart)}::jsonb,
        ${e.alt}, ${e.signalId}::uuid, ${e.tradeId}::uuid, ${time(e.createdMs)}, ${time(e.expiresMs)}
      FROM paid ON CONFLICT DO NOTHING
    ), kept AS (
      UPDATE charts SET expires_at = CASE WHEN expires_at IS NOT NULL AND ${time(e.expiresMs)} IS NOT NULL
        THEN greatest(expires_at, ${time(e.expiresMs)}) END
      WHERE digest = ${e.digest} AND revoked_at IS NULL RETURNING 1 AS one
    ) SELECT (SELECT count(*) FROM kept)::int AS kept, (SELECT count(*) FROM paid)::int AS paid,
      (SELECT count(*) FROM known)::int AS known,
      EXISTS (SELECT 1 FROM known WHERE revoked_at IS NOT NULL) AS revoked`);
  if (row?.['revoked'] === true) return 'revoked';
  if (Number(row?.['known']) > 0) return Number(row?.['kept']) > 0 ? 'known' : 'forgotten';
  return Number(row?.['paid']) > 0 ? 'new' : 'over-allowance';
}

/** What new pictures of the day (UTC) have cost a user so far. */
export async function readSpent(db: Database, userId: string, nowMs: number): Promise<number> {
  const [row] = await db.run(sql`SELECT cost FROM chart_costs
    WHERE user_id = ${userId}::uuid AND day = ${isoTime(nowMs).slice(0, 10)}::date`);
  return Number(row?.['cost'] ?? 0);
}

/** Whether a chart may be seen, and what it shows in words. */
export type ChartState = { alt: string; revoked: boolean; expiresMs: number | null };

/** The state of a chart without what it is drawn from; null where there is none of this digest. */
export async function readChartState(db: Database, digest: string): Promise<ChartState | null> {
  const [row] = await db.run(sql`SELECT alt, revoked_at, expires_at FROM charts WHERE digest = ${digest}`);
  return row === undefined ? null : stateOf(row);
}

const stateOf = (row: Row): ChartState => ({
  alt: String(row['alt']),
  revoked: (row['revoked_at'] ?? null) !== null,
  expiresMs: row['expires_at'] === null ? null : rowTime(row, 'expires_at'),
});

/** What a chart is drawn from; null where there is none of this digest. */
export async function readChart(db: Database, digest: string): Promise<ResolvedChart | null> {
  const [row] = await db.run(sql`SELECT spec FROM charts WHERE digest = ${digest}`);
  return row === undefined ? null : (row['spec'] as ResolvedChart);
}

/**
 * Takes a private chart back, for good, with its audit row: `userId`'s own, or anybody's where that is null. A market chart
 * is promised to stay. Its time is over, so that its files go; its row is kept. Revoking again changes nothing.
 */
export async function revokeChart(
  db: Database,
  digest: string,
  userId: string | null,
  nowMs: number,
  audit: AuditEntry,
): Promise<'revoked' | 'public' | 'foreign' | 'unknown'> {
  const [row] = await db.run(sql`WITH own AS (
      SELECT digest, private, ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`} AS mine FROM charts
      WHERE digest = ${digest}
    ), upd AS (
      UPDATE charts c SET revoked_at = ${isoTime(nowMs)}::timestamptz, expires_at = ${isoTime(nowMs)}::timestamptz FROM own
      WHERE c.digest = own.digest AND own.private AND own.mine AND c.revoked_at IS NULL RETURNING c.digest
    ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT private, mine FROM own`);
  if (row === undefined) return 'unknown';
  if (row['mine'] !== true) return row['private'] === true ? 'foreign' : 'public';
  return row['private'] === true ? 'revoked' : 'public';
}

/** A picture of a signal or a trade that may be seen; `mine`: the user asked for it or it was drawn for him. */
export type SubjectChart = { digest: string; alt: string; mine: boolean; expiresMs: number | null };

/** The newest picture of candles of a subject: the user's own, or where `anybody` reads, else anybody's. */
export async function readSubjectChart(
  db: Database,
  of: { signalId: string } | { tradeId: string },
  userId: string,
  anybody: boolean,
  nowMs: number,
): Promise<SubjectChart | null> {
  const which =
    'signalId' in of ? sql`signal_id = ${of.signalId}::uuid` : sql`trade_id = ${of.tradeId}::uuid`;
  const [row] =
    await db.run(sql`SELECT digest, alt, expires_at, (user_id = ${userId}::uuid) AS mine FROM charts
    WHERE ${which} AND kind = 'candlestick' AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > ${isoTime(nowMs)}::timestamptz)
      ${anybody ? sql`` : sql`AND user_id = ${userId}::uuid`}
    ORDER BY mine DESC, created_at DESC LIMIT 1`);
  if (row === undefined) return null;
  const { alt, expiresMs } = stateOf(row);
  return { digest: String(row['digest']), alt, mine: row['mine'] === true, expiresMs };
}

/** Digests of up to `limit` charts whose time was over at `beforeMs`, longest first. */
export async function readExpiredCharts(db: Database, beforeMs: number, limit: number): Promise<string[]> {
  const rows = await db.run(sql`SELECT digest FROM charts WHERE expires_at < ${isoTime(beforeMs)}::timestamptz
    ORDER BY expires_at LIMIT ${limit}`);
  return rows.map((row) => String(row['digest']));
}

/**
 * Forgets charts that are still as expired as they were. One that was taken back stays so: its row says that, for ever, and
 * is not found expired again.
 */
export async function deleteExpiredCharts(
  db: Database,
  digests: readonly string[],
  beforeMs: number,
): Promise<void> {
  const gone = sql`digest = ANY(${sqlArray('text', digests)})`;
  const expired = sql`expires_at < ${isoTime(beforeMs)}::timestamptz`;
  await db.batch([
    sql`UPDATE charts SET expires_at = NULL WHERE ${gone} AND ${expired} AND revoked_at IS NOT NULL`,
    sql`DELETE FROM chart_drawings WHERE ${gone}
      AND digest IN (SELECT digest FROM charts WHERE ${gone} AND ${expired})`,
    sql`DELETE FROM charts WHERE ${gone} AND ${expired} AND revoked_at IS NULL`,
  ]);
}

/** Forgets what was spent before the day (UTC) before. */
export async function deletePastCosts(db: Database, nowMs: number): Promise<void> {
  await db.run(sql`DELETE FROM chart_costs WHERE day < ${isoTime(nowMs - 86_400_000).slice(0, 10)}::date`);
}
