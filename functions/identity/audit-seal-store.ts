/**
 * The seals of the audit log. What is sealed, and why no row is left out or sealed twice:
 * - every row carries the transaction that wrote it (`xact`), and rows are sealed in the order (xact, id);
 * - a seal takes rows below its snapshot's horizon alone, the oldest transaction still running. All below it have
 *   ended and later ones get higher numbers, so below the horizon no row can appear any more, however old its time;
 * - a seal begins right behind the last one's end, and its number is the last one's plus one: of two schedulers that
 *   saw the same last seal, the primary key lets one in.
 * The numbers are the cluster's own. A database restored from a dump into another cluster counts anew: sealing then
 * stands still (`behind`) until its owner starts a new chain, as the README says.
 */
import { sql } from 'drizzle-orm';
import { AUDIT_CONTENT_SQL } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { GENESIS_SHA256, SEAL_FORM, type Seal, type SealedRow } from './audit-chain.ts';

/** Rows of one seal at most: its entries stay below a megabyte. */
export const SEAL_ROWS = 5000;

export type SealOutcome =
  | { kind: 'sealed'; seq: number; rows: number; sha256: string }
  | { kind: 'nothing' }
  | { kind: 'behind' };

/** Whether the rows are those of `lower` < (xact, id) <= `upper`. */
export type SealEnd = { xact: string; id: string };
const START: SealEnd = { xact: '0', id: '00000000-0000-0000-0000-000000000000' };

/** Seals the next rows that are settled, in one statement; `nothing` too where another scheduler was first. */
export async function sealAudit(
  db: Database,
  nowMs: number,
  limit: number = SEAL_ROWS,
): Promise<SealOutcome> {
  const [row] = await db.run(sql`WITH last AS (
    SELECT seq, upto_xact, upto_id, sha256 FROM audit_seals ORDER BY seq DESC LIMIT 1
  ), head AS (
    SELECT coalesce((SELECT seq FROM last), 0) AS seq, coalesce((SELECT upto_xact FROM last), 0) AS xact,
      coalesce((SELECT upto_id FROM last), ${START.id}::uuid) AS id,
      coalesce((SELECT sha256 FROM last), ${GENESIS_SHA256}) AS sha256,
      pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon
  ), page AS (
    SELECT a.xact, a.id, a.sha256 FROM audit_log a, head h
    WHERE (a.xact, a.id) > (h.xact, h.id) AND a.xact < h.horizon ORDER BY a.xact, a.id LIMIT ${limit}::int
  ), gathered AS (
    SELECT count(*)::int AS rows, string_agg(id::text || ' ' || sha256, E'\n' ORDER BY xact, id) AS entries,
      (array_agg(xact ORDER BY xact DESC, id DESC))[1] AS upto_xact,
      (array_agg(id ORDER BY xact DESC, id DESC))[1] AS upto_id
    FROM page
  ), ins AS (
    INSERT INTO audit_seals (seq, upto_xact, upto_id, rows, entries, sha256, sealed_at)
    SELECT h.seq + 1, g.upto_xact, g.upto_id, g.rows, g.entries,
      encode(sha256(convert_to(concat_ws(E'\n', ${SEAL_FORM}::text, h.sha256, h.seq + 1, ${isoTime(nowMs)}::text,
        g.rows, g.entries), 'UTF8')), 'hex'), ${isoTime(nowMs)}::timestamptz
    FROM head h, gathered g WHERE g.rows > 0 ON CONFLICT DO NOTHING RETURNING seq, rows, sha256
  ) SELECT ins.seq, ins.rows, ins.sha256, h.xact >= h.horizon AS behind FROM head h LEFT JOIN ins ON true`);
  if (row?.['behind'] === true) return { kind: 'behind' };
  if (row === undefined || row['seq'] === null) return { kind: 'nothing' };
  return {
    kind: 'sealed',
    seq: Number(row['seq']),
    rows: Number(row['rows']),
    sha256: String(row['sha256']),
  };
}

const sealOf = (row: Row): Seal & { end: SealEnd } => ({
  seq: Number(row['seq']),
  rows: Number(row['rows']),
  sealedMs: rowTime(row, 'sealed_at'),
  entries: String(row['entries'] ?? ''),
  sha256: String(row['sha256']),
  end: { xact: String(row['upto_xact']), id: String(row['upto_id']) },
});

/** A page of the seals, newest first, without their entries. */
export const listSeals = (db: Database, query: { page: number; page_size: number; cursor?: string }) =>
  readPage(
    db,
    query,
    {
      columns: sql`seq, upto_xact, upto_id, rows, sha256, sealed_at`,
      from: sql`FROM audit_seals WHERE true`,
      at: sql`sealed_at`,
      id: sql`upto_id`,
    },
    sealOf,
  );

/** The seal after this number with its entries; null behind the last. */
export async function readSealAfter(db: Database, seq: number): Promise<(Seal & { end: SealEnd }) | null> {
  const [row] =
    await db.run(sql`SELECT seq, upto_xact, upto_id, rows, entries, sha256, sealed_at FROM audit_seals
    WHERE seq > ${seq}::bigint ORDER BY seq LIMIT 1`);
  return row === undefined ? null : sealOf(row);
}

/** Up to `limit` rows behind `after` and, unless null, not behind `upto`, as they stand now, in the order of the seals. */
export async function readRowsBetween(
  db: Database,
  after: SealEnd | null,
  upto: SealEnd | null,
  limit: number,
): Promise<(SealedRow & SealEnd)[]> {
  const low = after ?? START;
  const high = upto ? sql`AND (xact, id) <= (${upto.xact}::bigint, ${upto.id}::uuid)` : sql``;
  const rows = await db.run(sql`SELECT xact, id, ${sql.raw(AUDIT_CONTENT_SQL)} AS content FROM audit_log
    WHERE (xact, id) > (${low.xact}::bigint, ${low.id}::uuid) ${high} ORDER BY xact, id LIMIT ${limit}::int`);
  return rows.map((r) => ({ xact: String(r['xact']), id: String(r['id']), content: String(r['content']) }));
}
