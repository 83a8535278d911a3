/**
 * The one statement that accepts signals: signal, owner's delivery, audit row and event stand together or not at all,
 * and the producer, what it proved itself with and the instrument are checked by it, so that a revocation takes effect
 * at once although secrets are cached. Exactly one of any number of equal requests inserts; the constraints on
 * `signals` decide which, and the others find it by a second look, because a statement cannot see the winner it
 * waited for.
 *
 * Which constraint speaks for which lane. A signed signal is known by its MAC (`ux_signals_mac`), by its `external_id`
 * (`ix_signals_external_id`) and, its `dedup_key` being empty, by instrument, side and version together with its
 * explicit time for ever (`ux_signals_time`) or within the window (`ex_signals_window`). A TradingView alert proves
 * nothing that would tell one sending from the next, so its `mac` is its own id and never in the way. Its `dedup_key`
 * is the hash of its fields: with a time it is known for ever by `ux_signals_time`, without one within the window by
 * `ex_signals_window`, and two alerts that differ in anything, the exit and the entry of one bar, are both kept. Every
 * constraint but the first holds in a dedup scope, so that the same alert of a hot standby is the same.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { FIRST_PATIENCE_MS } from '../platform/outbox-store.ts';
import type { SignalBody } from './signal-body.ts';
import { statusCode } from './signal-status.ts';

/** Who sends and what proved it: a signing secret by its version, or a hook token by its hash. */
export type Sender = { producerId: string; receivedMs: number; requestId: string } & (
  | { secretVersion: number }
  | { hookSha256: string }
);
/** A signal on its way in, with the ids that its rows will have. */
export type SignalRow = {
  id: string;
  auditId: string;
  eventId: string;
  mac: string;
  contentSha256: string;
  body: SignalBody;
  /** Its place in the request, where that holds several. */
  index?: number;
  /** Its own moment and request, where the statement holds several requests of the sender. */
  receivedMs?: number;
  requestId?: string;
};
export type NewSignal = Sender & SignalRow;
export type DuplicateOf = 'replay' | 'external_id' | 'window';
export type IngestOutcome =
  | { kind: 'created'; userId: string; stale: boolean }
  | { kind: 'duplicate'; of: DuplicateOf; existingId: string }
  | { kind: 'mismatch'; existingId: string }
  | { kind: 'revoked' }
  | { kind: 'instrument' };

const ATTEMPTS = 3;

/** The kind of trust that a sender's proof gives. */
export const trustOf = (sender: Sender): 'signed' | 'tradingview' =>
  'hookSha256' in sender ? 'tradingview' : 'signed';

/** Stores the signal or says why not. One round trip where it is new; two where it is not. */
export async function ingestSignal(db: Database, s: NewSignal): Promise<IngestOutcome> {
  const [outcome] = await ingestSignals(db, s, [s]);
  if (outcome === undefined) throw new Error('a signal without an outcome');
  return outcome;
}

/** Stores signals of one sender in this order, each or says why not. One round trip where all are new; else two. */
export async function ingestSignals(
  db: Database,
  sender: Sender,
  rows: readonly SignalRow[],
): Promise<IngestOutcome[]> {
  const found = new Map<string, IngestOutcome>();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const open = () => rows.filter((r) => !found.has(r.id));
    for (const row of await db.run(sql`WITH p AS (${producerLive(sender)}),
        ${acceptance(sender, open(), sql`p`)} SELECT id, user_id, stale FROM ins`))
      found.set(String(row['id']), createdOf(row));
    if (open().length > 0)
      for (const [id, outcome] of await lookAgain(db, sender, open())) found.set(id, outcome);
    // Nothing in the way of the others any more: the row that was waited for has rolled back, so they may stand.
    const outcomes = rows.flatMap((r) => found.get(r.id) ?? []);
    if (outcomes.length === rows.length) return outcomes;
  }
  throw new Error('a signal could neither be stored nor be found');
}

const createdOf = (row: Row): IngestOutcome => ({
  kind: 'created',
  userId: String(row['user_id']),
  stale: row['stale'] === true,
});

/** The sender's producer, while it and what it proved itself with are live; no row otherwise. */
export function producerLive(sender: Sender): SQL {
  const proof =
    'hookSha256' in sender
      ? sql`producer_hooks k ON k.producer_id = p.id AND k.token_sha256 = ${sender.hookSha256}`
      : sql`producer_secrets k ON k.producer_id = p.id AND k.version = ${sender.secretVersion}::int`;
  return sql`SELECT p.* FROM producers p JOIN ${proof}
    WHERE p.id = ${sender.producerId}::uuid AND p.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > ${isoTime(sender.receivedMs)}::timestamptz)`;
}

const instrumentLive = sql`i.instrument = ANY(p.instruments)
  AND EXISTS (SELECT 1 FROM instruments n WHERE n.symbol = i.instrument AND n.enabled)`;

/** What the constraints see of a row, and what tells its content from another's. */
const keysOf = (sender: Sender, row: SignalRow, at: number) => ({
  ord: row.index ?? at,
  id: row.id,
  instrument: row.body.instrument,
  side: row.body.side === 'buy' ? 0 : 1,
  time: isoTime(row.body.timeMs),
  time_given: row.body.timeGiven,
  version: row.body.version,
  external_id: row.body.external_id,
  content_sha256: row.contentSha256,
  mac: row.mac,
  received_at: isoTime(row.receivedMs ?? sender.receivedMs),
  dedup_key: trustOf(sender) === 'signed' ? '' : row.contentSha256,
});
const KEYS = sql`ord int, id uuid, instrument text, side smallint, time timestamptz, time_given boolean, version text,
  external_id text, content_sha256 text, mac text, received_at timestamptz, dedup_key text`;

/** The rows as a table `i` of their keys. */
export const keyRows = (sender: Sender, rows: readonly SignalRow[]): SQL => {
  const list = JSON.stringify(rows.map((r, at) => keysOf(sender, r, at)));
  return sql`i AS (SELECT * FROM jsonb_to_recordset(${list}::jsonb) AS i(${KEYS}))`;
};

const wholeRow = (sender: Sender, row: SignalRow, at: number) => ({
  ...keysOf(sender, row, at),
  audit_id: row.auditId,
  event_id: row.eventId,
  request_id: row.requestId ?? sender.requestId,
  available_at: isoTime((row.receivedMs ?? sender.receivedMs) + FIRST_PATIENCE_MS),
  intent: row.body.intent,
  order_type: row.body.order_type,
  price: row.body.price,
  stop_loss: row.body.stop_loss,
  take_profit: row.body.take_profit,
  order_expires_at: row.body.orderExpiresMs === null ? null : isoTime(row.body.orderExpiresMs),
  max_slippage_points: row.body.max_slippage_points,
  expires_at: isoTime(row.body.expiresMs),
  strategy: row.body.strategy,
  timeframe: row.body.timeframe,
  schema: row.body.schema,
  payload: row.body.payload,
});

/**
 * The CTEs that store the rows with all that belongs to each; `ins` is what was stored. `gate` is the FROM list that
 * must have a row for anything to happen, and in which `p` is the producer.
 */
export function acceptance(sender: Sender, rows: readonly SignalRow[], gate: SQL): SQL {
  const list = JSON.stringify(rows.map((r, at) => wholeRow(sender, r, at)));
  const fresh = sql`${statusCode('new')}::smallint`;
  return sql`i AS (SELECT * FROM jsonb_to_recordset(${list}::jsonb) AS i(${KEYS}, audit_id uuid, event_id uuid,
      request_id text, available_at timestamptz,
      intent text, order_type text, price numeric, stop_loss numeric, take_profit numeric,
      order_expires_at timestamptz, max_slippage_points int, expires_at timestamptz, strategy text, timeframe text,
      schema smallint, payload jsonb)
  ), ins AS (
    INSERT INTO signals (id, user_id, producer_id, dedup_scope, dedup_window_ms, dedup_key, instrument, side, intent,
      order_type, price, stop_loss, take_profit, order_expires_at, max_slippage_points, time, time_given, expires_at,
      version, external_id, strategy, timeframe, schema, payload, content_sha256, mac, trust, stale, status,
      received_at, created_at, updated_at)
    SELECT i.id, p.owner_id, p.id, p.dedup_scope, p.dedup_window_seconds * 1000, i.dedup_key, i.instrument, i.side,
      i.intent, i.order_type, i.price, i.stop_loss, i.take_profit, i.order_expires_at, i.max_slippage_points, i.time,
      i.time_given, i.expires_at, i.version, i.external_id, i.strategy, i.timeframe, i.schema, i.payload,
      i.content_sha256, i.mac, ${trustOf(sender)},
      i.time < i.received_at - make_interval(secs => p.max_age_seconds), ${fresh}, i.received_at, i.received_at,
      i.received_at
    FROM ${gate}, i WHERE ${instrumentLive} ORDER BY i.ord
    ON CONFLICT DO NOTHING RETURNING id, user_id, stale, received_at
  ), del AS (
    INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
    SELECT id, user_id, ${fresh}, received_at, received_at FROM ins
  ), aud AS (
    INSERT INTO audit_log (id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id)
    SELECT i.audit_id, i.received_at, 'producer', ${sender.producerId}::uuid, 'signal.create', 'signal', i.id::text,
      jsonb_build_object('content_sha256', i.content_sha256), i.request_id FROM ins JOIN i USING (id)
  ), evt AS (
    INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
    SELECT i.event_id, 'signal.created', jsonb_build_object('signal_id', i.id),
      i.received_at, i.available_at, 0 FROM ins JOIN i USING (id)
  )`;
}

/** A row's part of the time line as `ex_signals_window` has it, spelt as there, so that its index serves. */
const windowFrom = (at: SQL, lengthMs: SQL) => sql`int8range(
  (extract(epoch FROM ${at} AT TIME ZONE 'UTC') * 1000)::bigint,
  (extract(epoch FROM ${at} AT TIME ZONE 'UTC') * 1000)::bigint + ${lengthMs})`;

/**
 * What stands in the way of each row of `i`, from a FROM list in which `p` is the producer: `replay` (the row itself,
 * where it was stored), `external` with `same` content or not, `"window"`.
 */
export function standing(): SQL {
  const alike = sql`s.dedup_scope = p.dedup_scope AND s.instrument = i.instrument AND s.side = i.side
    AND s.version = i.version AND s.dedup_key = i.dedup_key`;
  return sql`SELECT i.ord, i.id, (${instrumentLive}) AS instrument,
    (SELECT s.id FROM signals s WHERE s.mac = i.mac) AS replay,
    e.id AS external, e.content_sha256 = i.content_sha256 AS same,
    CASE WHEN i.time_given
      THEN (SELECT s.id FROM signals s WHERE ${alike} AND s.time_given AND s.time = i.time)
    WHEN i.external_id IS NULL
      THEN (SELECT s.id FROM signals s WHERE ${alike} AND NOT s.time_given AND s.external_id IS NULL
        AND ${windowFrom(sql`s.received_at`, sql`s.dedup_window_ms`)}
          && ${windowFrom(sql`i.received_at`, sql`p.dedup_window_seconds * 1000`)} LIMIT 1)
    END AS "window"
    FROM p CROSS JOIN i LEFT JOIN signals e ON e.dedup_scope = p.dedup_scope AND e.external_id = i.external_id`;
}

async function lookAgain(
  db: Database,
  sender: Sender,
  rows: readonly SignalRow[],
): Promise<[string, IngestOutcome][]> {
  const found = await db.run(
    sql`WITH p AS (${producerLive(sender)}), ${keyRows(sender, rows)} ${standing()}`,
  );
  if (found.length === 0) return rows.map((r) => [r.id, { kind: 'revoked' }]);
  return found.flatMap((row) => {
    const outcome = obstacleOf(row) ?? (row['instrument'] === true ? null : { kind: 'instrument' as const });
    return outcome === null ? [] : [[String(row['id']), outcome]];
  });
}

/** Reads a row of `standing` in the contract's order: replay, mismatch, external_id, window; null where nothing is. */
export function obstacleOf(row: Row): IngestOutcome | null {
  if (row['replay']) return { kind: 'duplicate', of: 'replay', existingId: String(row['replay']) };
  if (row['external'])
    return row['same'] === true
      ? { kind: 'duplicate', of: 'external_id', existingId: String(row['external']) }
      : { kind: 'mismatch', existingId: String(row['external']) };
  if (row['window']) return { kind: 'duplicate', of: 'window', existingId: String(row['window']) };
  return null;
}
