/**
 * Raising the alerts that nobody's change causes, and reading all of them. Each statement finds what is due, keeps what is
 * new by its key, and writes the events that carry it out.
 */
import { type SQL, sql } from 'drizzle-orm';
import { ALERT_TOPIC, alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { FIRST_PATIENCE_MS } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
/** A moment as the name of an outage that began then. */
const since = (time: SQL): SQL => sql`(extract(epoch FROM ${time}) * 1000)::bigint::text`;

/**
 * Raises that the schedule is dead where its last tick ended before `deadSinceMs`, once for that tick. A deployment that
 * never ticked counts from its first user. True where it was new.
 */
export async function raiseScheduleDead(
  db: Database,
  alert: { id: string; eventId: string },
  nowMs: number,
  deadSinceMs: number,
): Promise<boolean> {
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'schedule-dead', userId: null },
      ...{ subjectKind: 'deployment', subjectId: 'schedule', period: since(sql`dead.at`) },
      detail: sql`jsonb_build_object('last_tick', to_char(dead.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))`,
    },
    sql`dead`,
  );
  const rows = await db.run(sql`WITH dead AS (
    SELECT at FROM (
      SELECT coalesce(max(finished_at), (SELECT min(created_at) FROM users)) AS at FROM schedule_ticks
    ) last WHERE at < ${at(deadSinceMs)}
  ), ${raised} SELECT id FROM raised`);
  return rows.length === 1;
}

/**
 * Raises what has become due by `nowMs`: bridges silent since before `limits.silentMs`, commands sent before
 * `limits.unknownMs` whose fate is still open, closes approved before `limits.delayedMs` that are not done, and dead events,
 * by topic and day. Returns the events to send.
 */
export async function raiseDueAlerts(
  db: Database,
  nowMs: number,
  limits: { silentMs: number; unknownMs: number; delayedMs: number },
): Promise<string[]> {
  const rows = await db.run(sql`WITH due AS (
    SELECT 'bridge-silent' AS kind, 'account' AS subject_kind, a.id::text AS subject_id, ${since(sql`c.heard_at`)} AS period,
      a.user_id, jsonb_build_object('account', a.name, 'login', a.login, 'last_heard', c.heard_at) AS detail
    FROM bridge_contacts c JOIN accounts a USING (bridge_id) JOIN bridges b ON b.id = c.bridge_id
    WHERE b.revoked_at IS NULL AND c.heard_at < ${at(limits.silentMs)}
    UNION ALL
    SELECT 'command-unknown', 'command', c.id::text, 'once', a.user_id,
      jsonb_build_object('account', a.name, 'login', a.login, 'symbol', c.symbol, 'command', c.id, 'sent', c.sent_at)
    FROM commands c JOIN accounts a ON a.id = c.account_id
    WHERE c.state IN ('sent', 'unknown') AND c.sent_at < ${at(limits.unknownMs)}
    UNION ALL
    SELECT 'close-delayed', 'approval', x.approval_id::text, 'once', a.user_id,
      jsonb_build_object('account', a.name, 'login', a.login, 'instrument', s.instrument, 'approval', x.approval_id,
        'reason', coalesce((SELECT c.reason FROM commands c WHERE c.approval_id = q.id AND c.state = 'created'
          AND c.reason IS NOT NULL ORDER BY c.leg DESC LIMIT 1), x.reason), 'until', x.expires_at)
    FROM exits x JOIN accounts a ON a.id = x.account_id JOIN approvals q ON q.id = x.approval_id
      JOIN signals s ON s.id = q.signal_id
    WHERE x.state = 'open' AND x.created_at < ${at(limits.delayedMs)}
    UNION ALL
    SELECT 'dead-event', 'topic', topic, to_char(dead_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), NULL,
      jsonb_build_object('topic', topic, 'events', count(*))
    FROM outbox WHERE dead_at IS NOT NULL AND done_at IS NULL GROUP BY topic, 4
  ), ins AS (
    INSERT INTO alerts (id, kind, subject_kind, subject_id, period, user_id, detail, event_id, created_at)
    SELECT gen_random_uuid(), kind, subject_kind, subject_id, period, user_id, detail, gen_random_uuid(), ${at(nowMs)}
    FROM due WHERE NOT EXISTS (SELECT 1 FROM alerts l
      WHERE l.kind = due.kind AND l.subject_id = due.subject_id AND l.period = due.period)
    ON CONFLICT DO NOTHING RETURNING id, event_id
  ) INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
    SELECT event_id, ${ALERT_TOPIC}, jsonb_build_object('alert_id', id), ${at(nowMs)}, ${at(nowMs + FIRST_PATIENCE_MS)}, 0
    FROM ins RETURNING id`);
  return rows.map((r) => String(r['id']));
}

export type StoredDelivery = {
  destinationId: string;
  attempts: number;
  word: string | null;
  sentMs: number | null;
};
export type StoredAlert = {
  id: string;
  kind: string;
  subjectKind: string;
  subjectId: string;
  userId: string | null;
  detail: Record<string, unknown>;
  /** Whether its event was given up on: what is not sent by now stays unsent. */
  dead: boolean;
  createdMs: number;
  deliveries: StoredDelivery[];
};

type JsonDelivery = { destination_id: string; attempts: number; word: string | null; sent_ms: number | null };

/** A page of one user's alerts, or of all where `userId` is null. */
export const listAlerts = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`a.*, o.dead_at IS NOT NULL AND o.done_at IS NULL AS dead, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('destination_id', d.destination_id, 'attempts', d.attempts,
          'word', d.word, 'sent_ms', (extract(epoch FROM d.sent_at) * 1000)::bigint) ORDER BY d.destination_id), '[]')
        FROM alert_deliveries d WHERE d.alert_id = a.id) AS deliveries`,
      from: sql`FROM alerts a LEFT JOIN outbox o ON o.id = a.event_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`a.created_at`,
      id: sql`a.id`,
    },
    (row): StoredAlert => ({
      id: String(row['id']),
      kind: String(row['kind']),
      subjectKind: String(row['subject_kind']),
      subjectId: String(row['subject_id']),
      userId: row['user_id'] === null ? null : String(row['user_id']),
      detail: row['detail'] as Record<string, unknown>,
      dead: row['dead'] === true,
      createdMs: rowTime(row, 'created_at'),
      deliveries: (row['deliveries'] as JsonDelivery[]).map((d) => ({
        destinationId: d.destination_id,
        attempts: d.attempts,
        word: d.word,
        sentMs: d.sent_ms,
      })),
    }),
  );
