/**
 * What people do to an account's guard, as rows. Invariants: the state, the phase by which entries are judged, the trip's
 * row, the audit and the alert are one statement whose compare-and-set is the account's version; whoever orders a closing
 * halts the account in it; once a closing is stopped nothing that was made for it and not sent is sent.
 * Locks go account, trip, commands, as those of a plan do.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { OrderedTrip } from './guard-intervention.ts';
import type { ReadGuard } from './guard-settings-store.ts';
import { figuresOf, type GuardState, type GuardTrip } from './guard-state.ts';
import { guardAlertEvents, guardParts, guardPhase } from './guard-store.ts';

/** Who does it to whose guard, as that was read; the ids are of the alert that tells of it. */
export type Intervention = {
  of: Pick<ReadGuard, 'accountId' | 'version'>;
  audit: AuditEntry;
  reason: string | null;
  alert: { id: string; eventId: string };
};
/** The events that are then to be sent; null: another writer changed the account since it was read, and nothing is stored. */
export type Intervened = Promise<string[] | null>;

/** Halts the account, and begins the trip or joins the one that is under way. */
export async function storeClosing(
  db: Database,
  { kind, state, trip }: OrderedTrip,
  by: Intervention,
): Intervened {
  const { accountId } = by.of;
  const { nowMs } = by.audit;
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const figures = figuresOf(state);
  const effect = { kind: 'tripped' as const, trip, again: false, shadow: false, figures };
  const news = { state, effects: kind === 'begun' ? [effect] : [] };
  const changed = sql`${accountUpdate(by.of, state, nowMs, sql`halted = true, `)}, ${guardParts(accountId, news, nowMs)},
    shadowed AS (UPDATE guard_trips t SET ended_at = ${now}, end_reason = 'close-all' FROM acc
      WHERE t.account_id = acc.id AND t.shadow AND t.ended_at IS NULL),
    joined AS (UPDATE guard_trips t SET triggered_at = coalesce(t.triggered_at, ${now}), flat_at = NULL, stopped_at = NULL,
        scope = ${trip.scope} FROM acc
      WHERE ${kind === 'joined'}::boolean AND t.id = ${trip.tripId}::uuid AND t.account_id = acc.id)`;
  // A trip that begins tells people of itself.
  if (kind === 'begun')
    return (await applied(db, by, trip, changed)) ? guardAlertEvents(accountId, news, nowMs) : null;
  return told(
    db,
    by,
    { state, trip, kind: 'guard-tripped', period: `${trip.tripId}/${by.audit.id}` },
    changed,
  );
}

/** Ends a closing, or keeps one from beginning: what was made for it and not sent will not be. */
export async function storeStop(
  db: Database,
  { state, trip, latched }: { state: GuardState; trip: GuardTrip; latched: boolean },
  by: Intervention,
): Intervened {
  const now = sql`${isoTime(by.audit.nowMs)}::timestamptz`;
  const changed = sql`${guardChange(by, state)},
    stopped AS (UPDATE guard_trips t SET triggered_at = coalesce(t.triggered_at, ${now}), stopped_at = ${now}
        ${latched ? sql`` : sql`, ${ended(by)}`} FROM acc WHERE t.id = ${trip.tripId}::uuid AND t.account_id = acc.id),
    dropped AS (UPDATE commands c SET state = 'failed', reason = 'liquidation-stopped', resolved_at = ${now}, updated_at = ${now}
      FROM acc WHERE c.account_id = acc.id AND c.trip_id = ${trip.tripId}::uuid AND c.state = 'created')`;
  return told(
    db,
    by,
    { state, trip, kind: 'guard-stopped', period: `${trip.tripId}/${by.audit.id}` },
    changed,
  );
}

/** Opens the latch, and ends its trip. */
export async function storeRearm(
  db: Database,
  { state, trip }: { state: GuardState; trip: GuardTrip },
  by: Intervention,
): Intervened {
  const changed = sql`${guardChange(by, state)},
    ended AS (UPDATE guard_trips t SET ${ended(by)} FROM acc WHERE t.id = ${trip.tripId}::uuid AND t.account_id = acc.id)`;
  return told(db, by, { state, trip, kind: 'guard-rearmed', period: trip.tripId }, changed);
}

const accountUpdate = (
  { accountId, version }: Intervention['of'],
  state: GuardState,
  nowMs: number,
  also = sql``,
): SQL => sql`acc AS (UPDATE accounts SET ${guardPhase({ state, effects: [] })}${also}version = version + 1,
    updated_at = ${isoTime(nowMs)}::timestamptz
  WHERE id = ${accountId}::uuid AND version = ${version}::int RETURNING id, user_id, name)`;

const guardChange = ({ of, audit }: Intervention, state: GuardState): SQL =>
  sql`${accountUpdate(of, state, audit.nowMs)}, ${guardParts(of.accountId, { state, effects: [] }, audit.nowMs)}`;

const ended = ({ audit, reason }: Intervention): SQL => sql`ended_at = ${isoTime(audit.nowMs)}::timestamptz,
  ended_by = ${audit.actorId}::uuid, end_reason = ${reason}`;

/** With the alert that tells of it. */
async function told(
  db: Database,
  by: Intervention,
  { state, trip, kind, period }: { state: GuardState; trip: GuardTrip; kind: string; period: string },
  changed: SQL,
): Intervened {
  const { of, audit, reason, alert } = by;
  const detail = {
    ...{ equity: state.last?.equity ?? 'not known', drawdown_percent: state.drawdownBps / 100 },
    ...{ cause: trip.causes.join(', '), trip: trip.tripId, by: 'a person' },
    ...(reason === null ? {} : { reason }),
  };
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs: audit.nowMs, kind, period, subjectKind: 'account', subjectId: of.accountId },
      userId: sql`acc.user_id`,
      detail: sql`jsonb_build_object('account', acc.name) || ${JSON.stringify(detail)}::jsonb`,
    },
    sql`acc`,
  );
  return (await applied(db, by, trip, sql`${changed}, ${raised}`)) ? [alert.eventId] : null;
}

async function applied(
  db: Database,
  { of, audit }: Intervention,
  trip: GuardTrip,
  changed: SQL,
): Promise<boolean> {
  // Waited for before the statement takes its snapshot, so that it sees what was made for the trip until then.
  const [, , rows = []] = await db.batch([
    sql`SELECT 1 AS one FROM accounts WHERE id = ${of.accountId}::uuid FOR NO KEY UPDATE`,
    sql`SELECT 1 AS one FROM guard_trips WHERE id = ${trip.tripId}::uuid FOR UPDATE`,
    sql`WITH ${changed}, aud AS (${auditInsert(audit, sql`acc`)}) SELECT id FROM acc`,
  ]);
  return rows.length === 1;
}
