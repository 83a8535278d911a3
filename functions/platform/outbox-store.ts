/**
 * The outbox. An event is written in the commit of its change (`outboxInsert` is part of that statement), handed to
 * the queue after it, and done only when its consumer's own transaction says so (`outboxDone` is part of that one).
 * Whatever is left, a crash, a lost message, a consumer that threw, the sweep sends again with growing pauses; after
 * MAX_ATTEMPTS the row is dead, kept and visible.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from './clock.ts';
import type { Database } from './database.ts';
import { readPage, rowTime } from './page.ts';
import { PICTURE_TOPIC } from './picture-wish.ts';
import { sqlArray } from './sql-array.ts';

export const MAX_ATTEMPTS = 12;
/** Time a fresh event has before the sweep takes it for lost: the queue delivers within seconds. */
export const FIRST_PATIENCE_MS = 15_000;
const MAX_PAUSE_MS = 15 * 60_000;

export type OutboxEvent = { id: string; topic: string; payload: Record<string, unknown>; attempts: number };

/** The INSERT of one event, `from` being the row it depends on: no such row, no event. */
export const outboxInsert = (event: {
  id: string;
  topic: string;
  payload: Record<string, unknown>;
  nowMs: number;
  from: SQL;
}): SQL =>
  sql`INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      SELECT ${event.id}::uuid, ${event.topic}, ${JSON.stringify(event.payload)}::jsonb,
             ${isoTime(event.nowMs)}::timestamptz, ${isoTime(event.nowMs + FIRST_PATIENCE_MS)}::timestamptz, 0
      FROM ${event.from}`;

/** Marks an event done, as part of its consumer's transaction. */
export const outboxDone = (id: string, nowMs: number): SQL =>
  sql`UPDATE outbox SET done_at = ${isoTime(nowMs)}::timestamptz WHERE id = ${id}::uuid AND done_at IS NULL`;

/** Those of the events that are still to be done, in the order of their making: not done, not dead, not unknown. */
export async function readOutboxEvents(db: Database, ids: readonly string[]): Promise<OutboxEvent[]> {
  const rows = await db.run(sql`SELECT id, topic, payload, attempts FROM outbox
    WHERE id = ANY(${sqlArray('uuid', ids)}) AND done_at IS NULL AND dead_at IS NULL ORDER BY id`);
  return rows.map((row) => ({
    id: String(row['id']),
    topic: String(row['topic']),
    payload: row['payload'] as Record<string, unknown>,
    attempts: Number(row['attempts']),
  }));
}

/** The topic is in an index, where it stands as it stands here. */
const SWEPT = {
  events: sql.raw(`topic <> '${PICTURE_TOPIC}'`),
  pictures: sql.raw(`topic = '${PICTURE_TOPIC}'`),
};

/**
 * Takes up to `limit` overdue events for another attempt, of pictures or of anything else, so that these never wait for
 * those, and buries those tried too often. Returns their ids.
 */
export async function sweepOutbox(
  db: Database,
  nowMs: number,
  limit: number,
  which: keyof typeof SWEPT = 'events',
): Promise<string[]> {
  const now = isoTime(nowMs);
  const [, rows = []] = await db.batch([
    sql`UPDATE outbox SET dead_at = ${now}::timestamptz WHERE done_at IS NULL AND dead_at IS NULL
        AND attempts >= ${MAX_ATTEMPTS} AND available_at <= ${now}::timestamptz`,
    sql`UPDATE outbox SET attempts = attempts + 1, available_at = ${now}::timestamptz
          + make_interval(secs => least(${FIRST_PATIENCE_MS / 1000} * power(2, attempts), ${MAX_PAUSE_MS / 1000}))
        WHERE id IN (SELECT id FROM outbox WHERE ${SWEPT[which]} AND done_at IS NULL AND dead_at IS NULL
          AND available_at <= ${now}::timestamptz ORDER BY available_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING id`,
  ]);
  return rows.map((r) => String(r['id']));
}

/** Notes why a consumer failed; the event stays to be done. */
export async function noteOutboxFailure(db: Database, id: string, cause: string): Promise<void> {
  await db.run(
    sql`UPDATE outbox SET last_error = ${cause.slice(0, 500)} WHERE id = ${id}::uuid AND done_at IS NULL`,
  );
}

/** `waiting` and `dead` in one row; each count has its partial index, so the done events cost nothing. */
export const outboxDepthQuery: SQL = sql`SELECT
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL)::int AS waiting,
  (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND done_at IS NULL)::int AS dead`;

/** Numbers for the schedule's log and the console: events waiting, and dead ones. */
export async function outboxDepth(db: Database): Promise<{ waiting: number; dead: number }> {
  const [row] = await db.run(outboxDepthQuery);
  return { waiting: Number(row?.['waiting'] ?? 0), dead: Number(row?.['dead'] ?? 0) };
}

/** A page of the events that the sweep has given up on, with the last failure of each. */
export const listDeadEvents = (db: Database, query: { page: number; page_size: number; cursor?: string }) =>
  readPage(
    db,
    query,
    {
      columns: sql`id, topic, payload, attempts, last_error, created_at`,
      from: sql`FROM outbox WHERE dead_at IS NOT NULL`,
      at: sql`created_at`,
      id: sql`id`,
    },
    (row) => ({
      id: String(row['id']),
      topic: String(row['topic']),
      payload: row['payload'] as Record<string, unknown>,
      attempts: Number(row['attempts']),
      lastError: row['last_error'] === null ? null : String(row['last_error']),
      createdMs: rowTime(row, 'created_at'),
    }),
  );
