/**
 * The guard's part in the statements that read an account and apply its plan. Invariants: what the guard decided is stored
 * with the phase by which entries are judged, with the row of its trip and with the alert that tells people, in the one
 * statement whose compare-and-set is the account's version; of one account at most one trip is under way (`ux_guard_trips_open`).
 */
import { type SQL, sql } from 'drizzle-orm';
import { ALERT_TOPIC } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Row } from '../platform/database.ts';
import { derivedId } from '../platform/ids.ts';
import { FIRST_PATIENCE_MS } from '../platform/outbox-store.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { guardAlert } from './guard-alert.ts';
import { type GuardSettings, parseGuardSettings } from './guard-settings.ts';
import { boundPhase, type GuardEffect, type GuardState } from './guard-state.ts';
import { tripChange } from './guard-trip.ts';

/** Columns over an account `a`, for `guardOf`; with `guardJoin` in the statement. */
export const GUARD_COLUMNS = sql`g.settings AS guard_settings, g.state AS guard_state`;
export const guardJoin = sql`LEFT JOIN guards g ON g.account_id = a.id`;

export type StoredGuard = {
  settings: GuardSettings;
  /** Null before the first sample. */
  state: GuardState | null;
};

/** The guard of such a row. */
export const guardOf = (row: Row): StoredGuard => ({
  settings: parseGuardSettings(row['guard_settings']),
  state: (row['guard_state'] ?? null) as GuardState | null,
});

/** A guard's step that is to be stored with the plan it came of. */
export type GuardNews = { state: GuardState; effects: readonly GuardEffect[] };

/** The assignment of what entries are judged by, in the update of the account. */
export const guardPhase = ({ state }: GuardNews): SQL => sql`guard_phase = ${boundPhase(state)}, `;

/** The events of the alerts that a step raises at `nowMs`; to be put on the queue after the commit. */
export const guardAlertEvents = (accountId: string, { effects }: GuardNews, nowMs: number): string[] =>
  effects.flatMap((effect) => {
    const alert = guardAlert(effect);
    return alert === null ? [] : [eventIdOf(accountId, alert, nowMs)];
  });

const eventIdOf = (accountId: string, { kind, period }: { kind: string; period: string }, nowMs: number) =>
  derivedId(accountId, `${kind}/${period}/${nowMs}`);

/** Parts `guard`, `trip`, `guard_raised` and `guard_event` of a WITH list, over the account `acc` (id, user_id, name). */
export function guardParts(accountId: string, news: GuardNews, nowMs: number): SQL {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const trips = news.effects.flatMap((effect) => tripChange(effect, nowMs) ?? []);
  // The last word of each: a step that warns and closes at once is one row.
  const rows = [...new Map(trips.map((t) => [t.id, t])).values()].map((row) => ({
    ...row,
    // The samples that it was decided by; what is known later forgets them.
    evidence: { ...row.evidence, samples: news.state.recent },
  }));
  const reopened = rows.flatMap((r) => (r.reopened ? [r.id] : []));
  return sql`guard AS (
      INSERT INTO guards (account_id, state, updated_at)
      SELECT acc.id, ${JSON.stringify(news.state)}::jsonb, ${now} FROM acc
      ON CONFLICT (account_id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
    ), trip AS (
      INSERT INTO guard_trips (id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at, triggered_at, revoked_at,
        flat_at, ended_at, end_reason)
      SELECT x.id, acc.id, x.cause, x.shadow, x.scope, x.evidence, x.warned_at, x.deadline_at, x.triggered_at, x.revoked_at,
        x.flat_at, x.ended_at, x.end_reason
      FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id uuid, cause text, shadow boolean, scope text,
        evidence jsonb, warned_at timestamptz, deadline_at timestamptz, triggered_at timestamptz, revoked_at timestamptz,
        flat_at timestamptz, ended_at timestamptz, end_reason text)
      ON CONFLICT (id) DO UPDATE SET triggered_at = coalesce(guard_trips.triggered_at, excluded.triggered_at),
        revoked_at = coalesce(guard_trips.revoked_at, excluded.revoked_at),
        flat_at = CASE WHEN guard_trips.id = ANY(${sqlArray('uuid', reopened)}) THEN NULL
          ELSE coalesce(excluded.flat_at, guard_trips.flat_at) END,
        ended_at = coalesce(guard_trips.ended_at, excluded.ended_at),
        end_reason = coalesce(guard_trips.end_reason, excluded.end_reason)
    ), ${alertParts(accountId, news, nowMs)}`;
}

function alertParts(accountId: string, { effects }: GuardNews, nowMs: number): SQL {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const rows = effects.flatMap((effect) => {
    const alert = guardAlert(effect);
    return alert === null ? [] : [{ ...alert, eventId: eventIdOf(accountId, alert, nowMs) }];
  });
  return sql`guard_raised AS (
      INSERT INTO alerts (id, kind, subject_kind, subject_id, period, user_id, detail, event_id, created_at)
      SELECT gen_random_uuid(), x.kind, 'account', acc.id::text, x.period, acc.user_id,
        jsonb_build_object('account', acc.name) || x.detail, x."eventId", ${now}
      FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(kind text, period text, detail jsonb, "eventId" uuid)
      ON CONFLICT DO NOTHING RETURNING id, event_id
    ), guard_event AS (
      INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      SELECT event_id, ${ALERT_TOPIC}, jsonb_build_object('alert_id', id), ${now},
        ${isoTime(nowMs + FIRST_PATIENCE_MS)}::timestamptz, 0 FROM guard_raised
    )`;
}
