/**
 * Refusals of proven callers. Written after the answer, so that a refusal costs its sender nothing more, and never for
 * a caller that proved nothing. Kept 30 days and the newest 10,000 of a producer.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { readPage, rowTime } from '../platform/page.ts';
import type { Fault, ProblemError, ProblemSlug } from '../platform/problem.ts';
import { refusalExcerpt, storableFaults } from './refusal-excerpt.ts';

const MAX_AGE_MS = 30 * 86_400_000;
const MAX_PER_PRODUCER = 10_000;
const PRUNE_LIMIT = 20_000;

export type RefusalLane = 'native' | 'batch' | 'standard-webhook' | 'tradingview';
export type Refusal = {
  id: string;
  producerId: string;
  lane: RefusalLane;
  reason: string;
  errors: Fault[];
  excerpt: string;
  requestId: string;
  createdMs: number;
};

/** What is kept. A duplicate is no refusal: what it said stands already. */
const KEPT: ReadonlySet<ProblemSlug> = new Set([
  'invalid-json',
  'invalid-body',
  'unsupported-media-type',
  'payload-too-large',
  'idempotency-mismatch',
]);

/** Stores, once the answer is out, those of the refusals that are kept. */
export function keepRefusals(
  deps: Pick<Deps, 'db' | 'ids' | 'clock' | 'after'>,
  sender: { producerId: string; lane: RefusalLane; requestId: string },
  refused: readonly { problem: Pick<ProblemError, 'slug' | 'extra'>; body: Uint8Array }[],
): void {
  const createdMs = deps.clock.nowMs();
  const rows = refused
    .filter(({ problem }) => KEPT.has(problem.slug))
    .map(
      ({ problem, body }): Refusal => ({
        ...sender,
        id: deps.ids.next(),
        reason: problem.slug,
        errors: storableFaults(problem.extra.errors),
        excerpt: refusalExcerpt(body),
        createdMs,
      }),
    );
  if (rows.length > 0) deps.after(() => insertRefusals(deps.db, rows));
}

async function insertRefusals(db: Database, rows: readonly Refusal[]): Promise<void> {
  const list = rows.map((r) => ({
    id: r.id,
    producer_id: r.producerId,
    lane: r.lane,
    reason: r.reason,
    errors: r.errors,
    excerpt: r.excerpt,
    request_id: r.requestId,
    created_at: isoTime(r.createdMs),
  }));
  await db.run(sql`INSERT INTO refusals (id, producer_id, lane, reason, errors, excerpt, request_id, created_at)
    SELECT id, producer_id, lane, reason, errors, excerpt, request_id, created_at
    FROM jsonb_to_recordset(${JSON.stringify(list)}::jsonb) AS r(id uuid, producer_id uuid, lane text, reason text,
      errors jsonb, excerpt text, request_id text, created_at timestamptz)`);
}

/** A page of the refusals of one owner's producers, or of all for null, newest first. */
export const listRefusals = (
  db: Database,
  ownerId: string | null,
  filter: { producerId?: string | undefined },
  query: { page: number; page_size: number; cursor?: string },
) => {
  const parts = [
    ownerId === null
      ? sql`true`
      : sql`r.producer_id IN (SELECT p.id FROM producers p WHERE p.owner_id = ${ownerId}::uuid)`,
    filter.producerId === undefined ? sql`true` : sql`r.producer_id = ${filter.producerId}::uuid`,
  ];
  return readPage(
    db,
    query,
    {
      columns: sql`r.id, r.producer_id, r.lane, r.reason, r.errors, r.excerpt, r.request_id, r.created_at`,
      from: sql`FROM refusals r WHERE ${sql.join(parts, sql` AND `)}`,
      at: sql`r.created_at`,
      id: sql`r.id`,
    },
    (row) => ({
      id: String(row['id']),
      producerId: String(row['producer_id']),
      lane: String(row['lane']),
      reason: String(row['reason']),
      errors: row['errors'] as Fault[],
      excerpt: String(row['excerpt']),
      requestId: String(row['request_id']),
      createdMs: rowTime(row, 'created_at'),
    }),
  );
};

/** Statements that delete what is too old, and what is beyond a producer's newest 10,000; a bounded number each. */
export const pruneRefusals = (nowMs: number): SQL[] => [
  sql`DELETE FROM refusals WHERE id IN (SELECT id FROM refusals
    WHERE created_at < ${isoTime(nowMs - MAX_AGE_MS)}::timestamptz LIMIT ${PRUNE_LIMIT})`,
  sql`DELETE FROM refusals WHERE id IN (SELECT r.id FROM producers p
    CROSS JOIN LATERAL (SELECT e.id FROM refusals e WHERE e.producer_id = p.id
      ORDER BY e.created_at DESC, e.id DESC OFFSET ${MAX_PER_PRODUCER}) r LIMIT ${PRUNE_LIMIT})`,
];
