/**
 * Trips of guards that are taking everything out, and the commands that do it. Invariants: made by the holder of the
 * account's lease alone, while the trip goes on, and of each position or order one at a time (`ux_commands_trip`); what is
 * made, what gives way to it and what a person hears of it commit together. A halt holds none of it back.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { heldLease, type Lease } from './account-lease-store.ts';
import { COMMAND_COLUMNS, NEW_MAGIC } from './command-store.ts';
import type { LiquidationFacts, LiquidationPlan } from './liquidation-plan.ts';

/** How long one may wait to be sent (domain 7.3); what stands then is closed by another. */
const TTL_MS = 24 * 3_600_000;
/** What ended longer ago than this has no bearing on the next try. */
const REMEMBERED_MS = 10 * 60_000;

/** Over a trip `t`. */
const LIQUIDATES = sql`NOT t.shadow AND t.triggered_at IS NOT NULL AND t.flat_at IS NULL AND t.stopped_at IS NULL
  AND t.ended_at IS NULL`;

/** Whether everything of an account is being closed. */
export const liquidates = (accountId: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM guard_trips t WHERE t.account_id = ${accountId} AND ${LIQUIDATES})`;

/** Over a command `c` of a trip: whether that is still taking everything out. */
export const isWanted = sql`EXISTS (SELECT 1 FROM guard_trips t WHERE t.id = c.trip_id AND ${LIQUIDATES})`;

/** Over a command: the position or the order that it takes out. */
const subjectOf = (alias: 'c' | 'k'): SQL =>
  sql`coalesce(${sql.raw(alias)}.instruction->'pre'->>'position_id', ${sql.raw(alias)}.instruction->'order'->>'order_ticket')`;

const ms = (time: SQL): SQL => sql`(extract(epoch FROM ${time}) * 1000)::bigint`;

/**
 * Over a command `c` of an account `a` that acted: the last snapshot is not yet half a minute later than its end, and as much
 * may our clock and the terminal's differ; and no deal of it is in the books, which came with what they left standing.
 */
const UNSEEN = sql`c.resolved_at + interval '30 seconds' >= coalesce(a.snapshot_at, '-infinity')
  AND NOT EXISTS (SELECT 1 FROM broker_deals b WHERE b.account_id = c.account_id
    AND b.position_id = c.instruction->'pre'->>'position_id' AND b.magic >> 4 = c.magic >> 4
    AND b.entry IN ('out', 'out_by', 'inout'))`;

/** SELECT of one row for `liquidationOf` where everything of the account is being closed. */
export function openLiquidation(accountId: string, nowMs: number): SQL {
  const since = sql`least(${isoTime(nowMs - REMEMBERED_MS)}::timestamptz, a.snapshot_at - interval '30 seconds')`;
  return sql`SELECT t.id AS trip_id, t.scope, a.login, a.server,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('identifier', p.identifier, 'ticket', p.ticket, 'symbol', p.symbol,
        'side', p.side, 'volume', p.volume::text,
        'ours', p.magic ~ '^[0-9]{1,18}$' AND CASE WHEN p.magic ~ '^[0-9]{1,18}$' THEN p.magic::bigint END >> 40 = d.magic_namespace
          OR EXISTS (SELECT 1 FROM trades r WHERE r.account_id = a.id AND r.position_id = p.identifier
            AND r.status <> 'closed' AND r.source = 'bot')) ORDER BY p.identifier), '[]')
      FROM positions p WHERE p.account_id = a.id) AS positions,
    CASE WHEN jsonb_typeof(g.state->'orders') = 'array' THEN g.state->'orders' ELSE '[]' END AS orders,
    (SELECT coalesce(jsonb_object_agg(y.symbol, jsonb_build_object('min', y.spec->>'volume_min', 'max', y.spec->>'volume_max',
        'step', y.spec->>'volume_step', 'tickValue', y.spec->>'tick_value_loss',
        'live', coalesce((y.spec->>'quoted_at')::timestamptz >= a.snapshot_at - interval '1 minute', false))), '{}')
      FROM account_symbols y WHERE y.account_id = a.id) AS markets,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'subject', ${subjectOf('c')}, 'symbol', c.symbol,
        'state', c.state, 'reason', c.reason, 'attempt', c.attempt, 'own', c.trip_id IS NOT DISTINCT FROM t.id,
        'volume', c.instruction->'order'->>'volume', 'filled', c.volume_filled::text, 'unseen', coalesce(${UNSEEN}, false),
        'resolved_ms', ${ms(sql`c.resolved_at`)}, 'not_before_ms', ${ms(sql`c.not_before`)})
        ORDER BY c.created_at, c.magic), '[]')
      FROM commands c WHERE c.account_id = a.id AND c.kind IN ('close', 'cancel')
        AND (c.state IN ('created', 'sent', 'unknown')
          OR c.created_at > ${since} - interval '25 hours' AND c.resolved_at > ${since})) AS commands,
    (SELECT coalesce(jsonb_agg(l.kind || '/' || l.period), '[]') FROM alerts l
      WHERE l.subject_id = t.id::text AND l.kind IN ('liquidation-waits', 'liquidation-stuck')) AS told
    FROM guard_trips t JOIN accounts a ON a.id = t.account_id CROSS JOIN deployment d LEFT JOIN guards g ON g.account_id = a.id
    WHERE t.account_id = ${accountId}::uuid AND ${LIQUIDATES}`;
}

/** What is known for the next step of a trip, of such a row. */
export const liquidationOf = (row: Row): LiquidationFacts => ({
  tripId: String(row['trip_id']),
  scope: row['scope'] === 'own' ? 'own' : 'all',
  binding: row['login'] === null ? null : { login: String(row['login']), server: String(row['server']) },
  positions: row['positions'] as LiquidationFacts['positions'],
  orders: row['orders'] as LiquidationFacts['orders'],
  markets: row['markets'] as LiquidationFacts['markets'],
  commands: row['commands'] as LiquidationFacts['commands'],
  told: row['told'] as string[],
});

/**
 * Writes a step of a trip, its commands and alerts under the ids given; the events of the alerts that are new, which are then
 * to be sent. Nothing where the lease is lost, or the trip was stopped or ended meanwhile.
 */
export async function applyLiquidation(
  db: Database,
  lease: Lease,
  tripId: string,
  plan: LiquidationPlan,
  made: { orderIds: readonly string[]; alerts: readonly { id: string; eventId: string }[] },
  nowMs: number,
): Promise<string[]> {
  const trip = sql`${heldLease(lease)}, trip AS (SELECT t.id, t.account_id FROM lease JOIN guard_trips t
    ON t.account_id = lease.account_id WHERE t.id = ${tripId}::uuid AND ${LIQUIDATES} FOR SHARE OF t)`;
  const told = plan.alerts.flatMap((alert, n) => {
    const ids = made.alerts[n];
    return ids === undefined ? [] : [raise(trip, tripId, { ...alert, ...ids }, nowMs)];
  });
  const [, ...raised] = await db.batch([ordering(trip, plan, made.orderIds, nowMs), ...told]);
  return raised.flatMap((rows) => rows.map((r) => String(r['event_id'])));
}

/** A command of others that gives way has no part in what is judged to be under way. */
function ordering(
  trip: SQL,
  { dropped, orders }: LiquidationPlan,
  ids: readonly string[],
  nowMs: number,
): SQL {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const away = sqlArray('uuid', dropped);
  const rows = orders.map((instruction, n) => ({ n, id: ids[n], instruction }));
  return sql`WITH ${trip}, dropped AS (UPDATE commands c SET state = 'failed', reason = 'superseded-by-trip', resolved_at = ${now},
      updated_at = ${now} FROM trip WHERE c.account_id = trip.account_id AND c.id = ANY(${away}) AND c.state = 'created'
      AND c.trip_id IS NULL RETURNING c.id
    ), dropped_event AS (UPDATE outbox SET done_at = ${now} FROM dropped
      WHERE outbox.id = dropped.id AND outbox.done_at IS NULL
    ), made AS (INSERT INTO commands (${COMMAND_COLUMNS}, trip_id, target_id)
      SELECT c.id, a.id, NULL, NULL, c.instruction->>'kind', c.instruction->'pre'->>'symbol',
        instrument_of(a.symbols, c.instruction->'pre'->>'symbol'), c.instruction, ${NEW_MAGIC},
        'cs' || right(replace(c.id::text, '-', ''), 12), 0, 'created', ${isoTime(nowMs + TTL_MS)}::timestamptz, 0, ${now}, ${now},
        trip.id, (SELECT w.id FROM commands w WHERE c.instruction->>'kind' = 'cancel' AND w.account_id = a.id
          AND w.state = 'placed' AND w.order_ticket = c.instruction->'order'->>'order_ticket' LIMIT 1)
      FROM trip JOIN accounts a ON a.id = trip.account_id CROSS JOIN deployment d
        CROSS JOIN jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS c(n int, id uuid, instruction jsonb)
      WHERE NOT EXISTS (SELECT 1 FROM commands k WHERE k.account_id = a.id AND k.kind = c.instruction->>'kind'
        AND k.state IN ('created', 'sent', 'unknown') AND k.id <> ALL(${away}) AND ${subjectOf('k')} = ${subjectOf('c')})
      ORDER BY c.n ON CONFLICT DO NOTHING RETURNING id)
    SELECT id FROM made`;
}

function raise(
  trip: SQL,
  tripId: string,
  alert: LiquidationPlan['alerts'][number] & { id: string; eventId: string },
  nowMs: number,
): SQL {
  const { detail, eventId, id, kind, period } = alert;
  return sql`WITH ${trip}, held AS (SELECT a.name, a.login, a.user_id FROM trip JOIN accounts a ON a.id = trip.account_id),
    ${alertInsert(
      {
        ...{ id, eventId, nowMs, kind, period, subjectKind: 'guard-trip', subjectId: tripId },
        userId: sql`held.user_id`,
        detail: sql`jsonb_build_object('account', held.name, 'login', held.login) || ${JSON.stringify(detail)}::jsonb`,
      },
      sql`held`,
    )} SELECT ${eventId}::text AS event_id FROM raised`;
}
