/**
 * Divergences as rows: parts of the statement that applies a plan or records a refusal, and reading them. Invariants
 * (`divergence-code.ts`): the row's id follows from its account, code and key, so that a replay is the same row; a state that
 * is seen again after it was settled opens the same row anew; what a person has judged stays so as long as it goes on being
 * seen, and opens anew where it comes back after it was gone, or stands long after it was to be closed; an alert is said once for each opening.
 */
import { type SQL, sql } from 'drizzle-orm';
import { ALERT_TOPIC } from '../platform/alert.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { derivedId } from '../platform/ids.ts';
import { FIRST_PATIENCE_MS } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import {
  alarmAfterMs,
  alertEventId,
  type Divergence,
  INCIDENT_AFTER_MS,
  isNoted,
  nameOf,
  policyOf,
  STATE_CODES,
} from './divergence-code.ts';

type Moment = {
  /** When what shows them was captured. */
  seenMs: number;
  /** When the one before it was; null: there was none. */
  beforeMs: number | null;
  nowMs: number;
};

/**
 * Parts `found`, `div`, `div_raised` and `div_event` of a WITH list, over the account `acc` (id, user_id, name): keeps what was found,
 * and raises what a person is to hear of.
 */
export function divergenceUpsert(accountId: string, found: readonly Divergence[], at: Moment): SQL {
  const rows = found.map((d) => ({
    ...{ id: derivedId(accountId, nameOf(d)), code: d.code, key: d.brokerKey, evidence: d.evidence },
    ...{ policy: policyOf(d), noted: isNoted(d), signal: d.adoptedBy ?? null, alarm: alarmAfterMs(d) },
    eventId: alertEventId(accountId, d, at.nowMs),
  }));
  const now = sql`${isoTime(at.nowMs)}::timestamptz`;
  const before = sql`${at.beforeMs === null ? null : isoTime(at.beforeMs)}::timestamptz`;
  const reopens = sql`excluded.status = 'open' AND divergences.status = 'resolved'
    AND (coalesce(divergences.resolution, 'settled') IN ('settled', 'noted') OR divergences.seen_at < ${before}
      OR divergences.resolution = 'closed' AND divergences.resolved_at < ${isoTime(at.nowMs - INCIDENT_AFTER_MS)}::timestamptz)`;
  // What stood open and is shown to be over already, such as a position that was turned and closed since.
  const ends = sql`excluded.resolution = 'noted' AND divergences.status = 'open'`;
  const set = (column: string, when: SQL) =>
    sql`${sql.identifier(column)} = CASE WHEN ${when} THEN excluded.${sql.identifier(column)}
      ELSE divergences.${sql.identifier(column)} END`;
  const [anew, changed] = [reopens, sql`${reopens} OR ${ends}`];
  return sql`found AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id uuid, code text, key text, evidence jsonb,
        policy text, noted boolean, signal uuid, alarm bigint, "eventId" uuid)
    ), div AS (
      INSERT INTO divergences (id, account_id, code, broker_key, evidence, policy, status, detected_at, seen_at, resolved_at,
        resolution, signal_id)
      SELECT x.id, acc.id, x.code, x.key, x.evidence, x.policy,
        CASE WHEN x.noted OR x.signal IS NOT NULL THEN 'resolved' ELSE 'open' END, ${now}, ${isoTime(at.seenMs)}::timestamptz,
        CASE WHEN x.noted OR x.signal IS NOT NULL THEN ${now} END,
        CASE WHEN x.signal IS NOT NULL THEN 'adopted' WHEN x.noted THEN 'noted' END, x.signal
      FROM acc, found x
      ON CONFLICT (account_id, code, broker_key) DO UPDATE SET evidence = excluded.evidence, policy = excluded.policy,
        seen_at = excluded.seen_at, ${set('status', changed)}, ${set('resolved_at', changed)}, ${set('resolution', changed)},
        ${set('detected_at', anew)}, ${set('resolved_by', anew)}, ${set('resolution_reason', anew)}, ${set('signal_id', anew)}
      RETURNING id, code, broker_key, evidence, policy, status, detected_at
    ), div_raised AS (
      INSERT INTO alerts (id, kind, subject_kind, subject_id, period, user_id, detail, event_id, created_at)
      SELECT gen_random_uuid(), 'divergence', 'divergence', div.id::text,
        (extract(epoch FROM div.detected_at) * 1000)::bigint::text, acc.user_id,
        jsonb_build_object('account', acc.name, 'code', div.code, 'about', div.broker_key,
          'severity', CASE WHEN x.alarm = 0 THEN 'high' ELSE 'incident' END) || div.evidence,
        CASE WHEN x.alarm = 0 AND div.detected_at = ${now} THEN x."eventId" ELSE gen_random_uuid() END, ${now}
      FROM div JOIN found x ON x.id = div.id CROSS JOIN acc
      WHERE div.status = 'open' AND div.detected_at <= ${now} - x.alarm * interval '1 millisecond'
      ON CONFLICT DO NOTHING RETURNING id, event_id
    ), div_event AS (
      INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      SELECT event_id, ${ALERT_TOPIC}, jsonb_build_object('alert_id', id), ${now},
        ${isoTime(at.nowMs + FIRST_PATIENCE_MS)}::timestamptz, 0 FROM div_raised
    )`;
}

/** Part `settled`: states that a sound snapshot does not show any more are over. */
export function divergenceSettlement(found: readonly Divergence[], nowMs: number): SQL {
  const names = JSON.stringify(found.map(nameOf));
  return sql`settled AS (
      UPDATE divergences v SET status = 'resolved', resolution = 'settled', resolved_at = ${isoTime(nowMs)}::timestamptz
      FROM acc WHERE v.account_id = acc.id AND v.status = 'open' AND v.code = ANY(${sqlArray('text', STATE_CODES)})
        AND NOT ${names}::jsonb ? (v.code || '/' || v.broker_key)
    )`;
}

export type StoredRow = {
  id: string;
  accountId: string;
  /** Whose account it is. */
  userId: string;
  code: string;
  brokerKey: string;
  evidence: Record<string, string>;
  policy: 'notice' | 'automatic' | 'person';
  status: 'open' | 'resolved';
  detectedMs: number;
  seenMs: number | null;
  resolvedMs: number | null;
  resolution: 'noted' | 'settled' | 'adopted' | 'ignored' | 'closed' | null;
  resolvedBy: string | null;
  reason: string | null;
  signalId: string | null;
};

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));
const timeOrNull = (value: unknown): number | null => (value === null ? null : timestampMs(String(value)));

const storedOf = (row: Row): StoredRow => ({
  id: String(row['id']),
  accountId: String(row['account_id']),
  userId: String(row['user_id']),
  code: String(row['code']),
  brokerKey: String(row['broker_key']),
  evidence: row['evidence'] as Record<string, string>,
  policy: row['policy'] as StoredRow['policy'],
  status: row['status'] === 'open' ? 'open' : 'resolved',
  detectedMs: rowTime(row, 'detected_at'),
  seenMs: timeOrNull(row['seen_at']),
  resolvedMs: timeOrNull(row['resolved_at']),
  resolution: row['resolution'] as StoredRow['resolution'],
  resolvedBy: textOrNull(row['resolved_by']),
  reason: textOrNull(row['resolution_reason']),
  signalId: textOrNull(row['signal_id']),
});

/** One divergence. */
export async function readDivergence(db: Database, id: string): Promise<StoredRow | null> {
  const [row] =
    await db.run(sql`SELECT v.*, a.user_id FROM divergences v JOIN accounts a ON a.id = v.account_id
    WHERE v.id = ${id}::uuid`);
  return row === undefined ? null : storedOf(row);
}

export type DivergenceFilter = {
  account?: string | undefined;
  code?: string | undefined;
  status?: string | undefined;
  policy?: string | undefined;
  /** Found then or later, and before that. */
  from?: number | undefined;
  to?: number | undefined;
};

/** A page of divergences of a user's accounts, or of all where `userId` is null. */
export const listDivergences = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string | undefined },
  filter: DivergenceFilter = {},
) => {
  const conditions = [
    ...(userId === null ? [] : [sql`a.user_id = ${userId}::uuid`]),
    ...(filter.account === undefined ? [] : [sql`v.account_id = ${filter.account}::uuid`]),
    ...(filter.code === undefined ? [] : [sql`v.code = ${filter.code}`]),
    ...(filter.status === undefined ? [] : [sql`v.status = ${filter.status}`]),
    ...(filter.policy === undefined ? [] : [sql`v.policy = ${filter.policy}`]),
    ...(filter.from === undefined ? [] : [sql`v.detected_at >= ${isoTime(filter.from)}::timestamptz`]),
    ...(filter.to === undefined ? [] : [sql`v.detected_at < ${isoTime(filter.to)}::timestamptz`]),
  ];
  return readPage(
    db,
    query,
    {
      columns: sql`v.*, a.user_id`,
      from: sql`FROM divergences v JOIN accounts a ON a.id = v.account_id
        WHERE ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `)}`,
      at: sql`v.detected_at`,
      id: sql`v.id`,
    },
    storedOf,
  );
};
