/**
 * The one statement that accepts a signal: signal, owner's delivery, audit row and event stand together or not at
 * all, and the producer, its secret version and the instrument are checked by it, so that a revocation takes effect
 * at once although secrets are cached. Exactly one of any number of equal requests inserts; the constraints on
 * `signals` decide which, and the others find it by a second look, because a statement cannot see the winner it
 * waited for.
 */
import { sql } from 'drizzle-orm';
import { auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { outboxInsert } from '../platform/outbox-store.ts';
import type { SignalBody } from './signal-body.ts';
import { statusCode } from './signal-status.ts';

export type NewSignal = {
  id: string;
  auditId: string;
  eventId: string;
  producerId: string;
  secretVersion: number;
  mac: string;
  contentSha256: string;
  body: SignalBody;
  receivedMs: number;
  requestId: string;
};
export type DuplicateOf = 'replay' | 'external_id' | 'window';
export type IngestOutcome =
  | { kind: 'created'; userId: string; stale: boolean }
  | { kind: 'duplicate'; of: DuplicateOf; existingId: string }
  | { kind: 'mismatch'; existingId: string }
  | { kind: 'revoked' }
  | { kind: 'instrument' };

const ATTEMPTS = 3;

/** Stores the signal or says why not. One round trip where it is new; two where it is not. */
export async function ingestSignal(db: Database, s: NewSignal): Promise<IngestOutcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [row] = await db.run(insertStatement(s));
    if (row !== undefined)
      return { kind: 'created', userId: String(row['user_id']), stale: row['stale'] === true };
    const found = await lookAgain(db, s);
    // Nothing in the way any more: the row that was waited for has rolled back, so this one may stand.
    if (found !== null) return found;
  }
  throw new Error('a signal could neither be stored nor be found');
}

const producerLive = (s: NewSignal) => sql`SELECT p.* FROM producers p
  JOIN producer_secrets k ON k.producer_id = p.id AND k.version = ${s.secretVersion}::int
  WHERE p.id = ${s.producerId}::uuid AND p.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > ${isoTime(s.receivedMs)}::timestamptz)`;

const instrumentLive = (s: NewSignal) => sql`${s.body.instrument} = ANY(p.instruments)
  AND EXISTS (SELECT 1 FROM instruments i WHERE i.symbol = ${s.body.instrument} AND i.enabled)`;

function insertStatement(s: NewSignal) {
  const b = s.body;
  const at = isoTime(s.receivedMs);
  const audit = {
    id: s.auditId,
    nowMs: s.receivedMs,
    actorKind: 'producer' as const,
    actorId: s.producerId,
    action: 'signal.create',
    subjectKind: 'signal',
    subjectId: s.id,
    detail: { content_sha256: s.contentSha256 },
    requestId: s.requestId,
  };
  const event = {
    id: s.eventId,
    topic: 'signal.created',
    payload: { signal_id: s.id },
    nowMs: s.receivedMs,
    from: sql`ins`,
  };
  return sql`WITH p AS (${producerLive(s)}), ins AS (
    INSERT INTO signals (id, user_id, producer_id, dedup_scope, dedup_window_ms, instrument, side, intent, order_type,
      price, stop_loss, take_profit, order_expires_at, max_slippage_points, time, time_given, expires_at, version,
      external_id, strategy, timeframe, schema, payload, content_sha256, mac, trust, stale, status, received_at,
      created_at, updated_at)
    SELECT ${s.id}::uuid, p.owner_id, p.id, p.dedup_scope, p.dedup_window_seconds * 1000, ${b.instrument},
      ${b.side === 'buy' ? 0 : 1}::smallint, ${b.intent}, ${b.order_type}, ${b.price}::numeric,
      ${b.stop_loss ?? null}::numeric, ${b.take_profit ?? null}::numeric,
      ${b.orderExpiresMs === null ? null : isoTime(b.orderExpiresMs)}::timestamptz,
      ${b.max_slippage_points ?? null}::int, ${isoTime(b.timeMs)}::timestamptz, ${b.timeGiven}::boolean,
      ${isoTime(b.expiresMs)}::timestamptz, ${b.version}, ${b.external_id ?? null}, ${b.strategy ?? null},
      ${b.timeframe ?? null}, ${b.schema}::smallint,
      ${b.payload === undefined ? null : JSON.stringify(b.payload)}::jsonb, ${s.contentSha256}, ${s.mac}, 'signed',
      ${isoTime(b.timeMs)}::timestamptz < ${at}::timestamptz - make_interval(secs => p.max_age_seconds),
      ${statusCode('new')}::smallint, ${at}::timestamptz, ${at}::timestamptz, ${at}::timestamptz
    FROM p WHERE ${instrumentLive(s)}
    ON CONFLICT DO NOTHING RETURNING id, user_id, stale
  ), del AS (
    INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
    SELECT id, user_id, ${statusCode('new')}::smallint, ${at}::timestamptz, ${at}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}), evt AS (${outboxInsert(event)})
  SELECT user_id, stale FROM ins`;
}

/** What stands in the way, in the contract's order: replay, mismatch, external_id, window. */
async function lookAgain(db: Database, s: NewSignal): Promise<IngestOutcome | null> {
  const b = s.body;
  const at = isoTime(s.receivedMs);
  const sameKind = sql`s.dedup_scope = p.dedup_scope AND s.instrument = ${b.instrument}
    AND s.side = ${b.side === 'buy' ? 0 : 1} AND s.version = ${b.version}`;
  const window = b.timeGiven
    ? sql`s.time_given AND s.time = ${isoTime(b.timeMs)}::timestamptz`
    : sql`${b.external_id === undefined}::boolean AND NOT s.time_given AND s.external_id IS NULL
        AND s.received_at < ${at}::timestamptz + make_interval(secs => p.dedup_window_seconds)
        AND s.received_at > ${at}::timestamptz - s.dedup_window_ms * interval '1 millisecond'`;
  const [row] = await db.run(sql`WITH p AS (${producerLive(s)})
    SELECT p.id AS live, (${instrumentLive(s)}) AS instrument,
      (SELECT s.id FROM signals s WHERE s.mac = ${s.mac}) AS replay,
      e.id AS external, (e.content_sha256 = ${s.contentSha256}) AS same,
      (SELECT s.id FROM signals s WHERE ${sameKind} AND ${window} LIMIT 1) AS window
    FROM p LEFT JOIN signals e ON e.dedup_scope = p.dedup_scope AND e.external_id = ${b.external_id ?? null}`);
  if (row === undefined) return { kind: 'revoked' };
  return outcomeOf(row);
}

function outcomeOf(row: Row): IngestOutcome | null {
  if (row['replay']) return { kind: 'duplicate', of: 'replay', existingId: String(row['replay']) };
  if (row['external'])
    return row['same'] === true
      ? { kind: 'duplicate', of: 'external_id', existingId: String(row['external']) }
      : { kind: 'mismatch', existingId: String(row['external']) };
  if (row['window']) return { kind: 'duplicate', of: 'window', existingId: String(row['window']) };
  return row['instrument'] === true ? null : { kind: 'instrument' };
}
