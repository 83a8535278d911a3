/**
 * The one transaction that accepts a batch, in one round trip of four statements. First the dedup scope is locked, so
 * that of two batches which hold the same keys in opposite orders neither waits for a row of the other: they deadlock
 * otherwise, and a single signal cannot, for it holds nothing while it waits. Then the batch is claimed by its MAC and
 * its signals are inserted in request order by one statement; the third, which sees what the second waited for, writes
 * down what became of each item; the last reads the batch, whoever stored it. So a batch is stored once, and whoever
 * sends it again, or at the same moment, waits for the one that stores it and reads the same outcome.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import type { ProblemError } from '../platform/problem.ts';
import {
  acceptance,
  type IngestOutcome,
  keyRows,
  obstacleOf,
  producerLive,
  type Sender,
  type SignalRow,
  standing,
} from './ingest-store.ts';

/** A signature is good for minutes; a day leaves room for whoever looks into it. */
const MAX_AGE_MS = 86_400_000;
const PRUNE_LIMIT = 5_000;

/** What the rules said of an item that the database never saw. */
export type RefusedItem = { index: number; problem: Pick<ProblemError, 'slug' | 'extra'> };
/** An item on its way in: a signal, and its place in the request. */
export type BatchRow = SignalRow & { index: number };
export type NewBatch = {
  id: string;
  mac: string;
  refused: readonly RefusedItem[];
  rows: readonly BatchRow[];
};
export type ItemOutcome = { index: number; id: string; outcome: IngestOutcome | { kind: 'stored' } };
export type BatchOutcome =
  | { kind: 'batch'; id: string; requestId: string; refused: RefusedItem[]; items: ItemOutcome[] }
  | { kind: 'revoked' };

/** Stores the batch, or finds how it was stored. One round trip either way. */
export async function ingestBatch(db: Database, sender: Sender, batch: NewBatch): Promise<BatchOutcome> {
  const live = producerLive(sender);
  const [, , , found = []] = await db.batch([
    sql`SELECT pg_advisory_xact_lock(hashtextextended(p.dedup_scope::text, 1)) FROM producers p
      WHERE p.id = ${sender.producerId}::uuid`,
    sql`WITH p AS (${live}), ${claim(sender, batch)}, ${acceptance(sender, batch.rows, sql`p, claim`)}
      SELECT id FROM ins`,
    sql`WITH p AS (SELECT p.* FROM producers p WHERE p.id = ${sender.producerId}::uuid),
      ${keyRows(sender, batch.rows)}, found AS (${standing()})
      UPDATE signal_batches SET outcome = (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.ord), '[]') FROM found f)
      WHERE id = ${batch.id}::uuid`,
    sql`WITH p AS (${live}) SELECT b.id, b.request_id, b.refused, b.outcome
      FROM signal_batches b JOIN p ON p.id = b.producer_id WHERE b.mac = ${batch.mac}`,
  ]);
  const [row] = found;
  return row === undefined ? { kind: 'revoked' } : batchOf(row);
}

const claim = (sender: Sender, batch: NewBatch): SQL => sql`claim AS (
  INSERT INTO signal_batches (id, producer_id, mac, request_id, refused, created_at)
  SELECT ${batch.id}::uuid, p.id, ${batch.mac}, ${sender.requestId}, ${JSON.stringify(batch.refused)}::jsonb,
    ${isoTime(sender.receivedMs)}::timestamptz FROM p
  ON CONFLICT DO NOTHING RETURNING id AS claimed)`;

function batchOf(row: Row): BatchOutcome {
  return {
    kind: 'batch',
    id: String(row['id']),
    requestId: String(row['request_id']),
    refused: row['refused'] as RefusedItem[],
    items: (row['outcome'] as Row[]).map((item) => {
      const id = String(item['id']);
      const stored = item['replay'] === id;
      return {
        index: Number(item['ord']),
        id,
        // Nothing in its way and yet not stored: its instrument was not enabled when it might have been.
        outcome: stored ? { kind: 'stored' } : (obstacleOf(item) ?? { kind: 'instrument' }),
      };
    }),
  };
}

/** The statement that forgets batches which nobody can send again. */
export const pruneBatches = (nowMs: number): SQL =>
  sql`DELETE FROM signal_batches WHERE id IN (SELECT id FROM signal_batches
    WHERE created_at < ${isoTime(nowMs - MAX_AGE_MS)}::timestamptz LIMIT ${PRUNE_LIMIT})`;
