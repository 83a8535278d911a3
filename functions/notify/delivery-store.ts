/**
 * Who still has to be told, and what came of telling. An alert's delivery to a destination is held by one sender at a
 * time: taking it moves `not_before`, and whoever is behind that may take it again.
 */
import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import type { Sealed } from '../platform/secret-box.ts';
import type { AlertFacts } from './alert-message.ts';
import type { DeliveryOutcome } from './delivery-outcome.ts';

export type Channel = 'telegram' | 'webhook';
export type Destination = {
  id: string;
  channel: Channel;
  address: string;
  /** Live secrets, newest first; none for Telegram. */
  secrets: (Sealed & { version: number })[];
};
export type TakenDelivery = Destination & {
  /** This attempt included. */
  attempts: number;
  /** An earlier attempt may have arrived. */
  doubtful: boolean;
};

type JsonSecret = { version: number; key_id: string; iv: string; ciphertext: string };

/** SQL of a destination's live secrets at a moment, newest first, as JSON. */
const secretsAt = (nowMs: number) => sql`(
  SELECT coalesce(jsonb_agg(jsonb_build_object('version', s.version, 'key_id', s.key_id, 'iv', s.iv,
    'ciphertext', s.ciphertext) ORDER BY s.version DESC), '[]')
  FROM alert_destination_secrets s WHERE s.destination_id = d.id
    AND (s.expires_at IS NULL OR s.expires_at > ${isoTime(nowMs)}::timestamptz)) AS secrets`;

const destinationOf = (row: Row): Destination => ({
  id: String(row['id']),
  channel: row['channel'] as Channel,
  address: String(row['address']),
  secrets: (row['secrets'] as JsonSecret[]).map((s) => ({
    version: s.version,
    keyId: s.key_id,
    iv: s.iv,
    ciphertext: s.ciphertext,
  })),
});

/** One live destination. */
export async function readDestination(db: Database, id: string, nowMs: number): Promise<Destination | null> {
  const [row] = await db.run(sql`SELECT d.id, d.channel, d.address, ${secretsAt(nowMs)}
    FROM alert_destinations d WHERE d.id = ${id}::uuid AND d.revoked_at IS NULL`);
  return row === undefined ? null : destinationOf(row);
}

/** An alert is for those who were there when it was raised: all of it, or of its user; while who added them may know. */
const RECIPIENTS = sql`alert_destinations d ON d.revoked_at IS NULL AND d.created_at <= a.created_at
  AND (d.user_id IS NULL OR d.user_id = a.user_id)
  AND EXISTS (SELECT 1 FROM users o WHERE o.id = d.owner_id AND o.role IN ('owner', 'admin') AND o.disabled_at IS NULL)`;

/** The alert, and those of its destinations that this sender has taken until `untilMs`. */
export async function takeDeliveries(
  db: Database,
  alertId: string,
  nowMs: number,
  untilMs: number,
): Promise<{ alert: AlertFacts; taken: TakenDelivery[] } | null> {
  const now = isoTime(nowMs);
  const [alerts = [], rows = []] = await db.batch([
    sql`SELECT id, kind, subject_kind, subject_id, detail, created_at FROM alerts WHERE id = ${alertId}::uuid`,
    sql`WITH took AS (
      INSERT INTO alert_deliveries AS v (alert_id, destination_id, attempts, doubtful, not_before, updated_at)
      SELECT a.id, d.id, 1, false, ${isoTime(untilMs)}::timestamptz, ${now}::timestamptz
      FROM alerts a JOIN ${RECIPIENTS} WHERE a.id = ${alertId}::uuid
      ON CONFLICT (alert_id, destination_id) DO UPDATE SET attempts = v.attempts + 1,
        not_before = excluded.not_before, updated_at = excluded.updated_at
        WHERE v.sent_at IS NULL AND v.not_before <= excluded.updated_at
      RETURNING destination_id, attempts, doubtful
    ) SELECT d.id, d.channel, d.address, ${secretsAt(nowMs)}, took.attempts, took.doubtful
      FROM took JOIN alert_destinations d ON d.id = took.destination_id ORDER BY d.id`,
  ]);
  const [alert] = alerts;
  if (alert === undefined) return null;
  return {
    alert: {
      id: String(alert['id']),
      kind: String(alert['kind']),
      subjectKind: String(alert['subject_kind']),
      subjectId: String(alert['subject_id']),
      detail: alert['detail'] as Record<string, unknown>,
      createdMs: rowTime(alert, 'created_at'),
    },
    taken: rows.map((row) => ({
      ...destinationOf(row),
      attempts: Number(row['attempts']),
      doubtful: row['doubtful'] === true,
    })),
  };
}

/** Notes how an attempt ended; a failed one may be taken again from `notBeforeMs` on. */
export async function noteDelivery(
  db: Database,
  delivery: { alertId: string; destinationId: string },
  outcome: DeliveryOutcome,
  nowMs: number,
  notBeforeMs: number,
): Promise<void> {
  const sent = outcome.kind === 'sent';
  await db.run(sql`UPDATE alert_deliveries SET updated_at = ${isoTime(nowMs)}::timestamptz,
      sent_at = ${sent ? isoTime(nowMs) : null}::timestamptz, word = ${sent ? null : outcome.word},
      doubtful = doubtful OR ${!sent && outcome.effect === 'unknown'}::boolean,
      not_before = ${isoTime(notBeforeMs)}::timestamptz
    WHERE alert_id = ${delivery.alertId}::uuid AND destination_id = ${delivery.destinationId}::uuid AND sent_at IS NULL`);
}

/** How many live destinations of the alert are still to be told. */
export async function countUntold(db: Database, alertId: string): Promise<number> {
  const [row] = await db.run(sql`SELECT count(*)::int AS n FROM alerts a JOIN ${RECIPIENTS}
    LEFT JOIN alert_deliveries v ON v.alert_id = a.id AND v.destination_id = d.id
    WHERE a.id = ${alertId}::uuid AND v.sent_at IS NULL`);
  return Number(row?.['n'] ?? 0);
}
