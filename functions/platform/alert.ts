/**
 * Raising an alert, for every room: what a person must hear of is written in the commit of what caused it, with the event
 * that carries it out. The key (kind, subject, period) makes it be said once: the period names the outage, the day, or
 * `once`. Nothing secret may stand in the detail: it leaves the house as it is.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from './clock.ts';
import { outboxInsert } from './outbox-store.ts';

export const ALERT_TOPIC = 'alert.raised';

export type Alert = {
  id: string;
  eventId: string;
  nowMs: number;
  kind: string;
  subjectKind: string;
  subjectId: string;
  /** Text, or SQL of one. */
  period: string | SQL;
  /** Whose business it is, or SQL of that; null: the deployment's. */
  userId: string | SQL | null;
  /** Names and figures that say what happened, as JSON or as SQL of jsonb. */
  detail: Record<string, string | number> | SQL;
};

/**
 * Two parts of a WITH list, `raised` and `raised_event`, that go into the statement which changes something; `from` is
 * the row they depend on. `SELECT id FROM raised` tells whether it is new. Put the event on the queue after the commit.
 */
export const alertInsert = (alert: Alert, from: SQL): SQL => {
  const detail = isSql(alert.detail) ? alert.detail : sql`${JSON.stringify(alert.detail)}::jsonb`;
  const event = {
    id: alert.eventId,
    topic: ALERT_TOPIC,
    payload: { alert_id: alert.id },
    nowMs: alert.nowMs,
    from: sql`raised`,
  };
  return sql`raised AS (
      INSERT INTO alerts (id, kind, subject_kind, subject_id, period, user_id, detail, event_id, created_at)
      SELECT ${alert.id}::uuid, ${alert.kind}, ${alert.subjectKind}, ${alert.subjectId}, ${alert.period},
        ${alert.userId}::uuid, ${detail}, ${alert.eventId}::uuid, ${isoTime(alert.nowMs)}::timestamptz
      FROM ${from} ON CONFLICT DO NOTHING RETURNING id
    ), raised_event AS (${outboxInsert(event)})`;
};

const isSql = (value: Alert['detail']): value is SQL => 'queryChunks' in value;
