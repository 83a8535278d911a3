/** What a trip is explained by (`guard-explanation.ts`): its samples, what it told the broker, what closed, what people did. */
import { type SQL, sql } from 'drizzle-orm';
import { LATEST_VERSION } from '../ledger/deal-store.ts';
import { dealOf } from '../ledger/position-facts-store.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plainOrNull } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import type {
  ClosingCommand,
  ExplainedTrip,
  guardExplanation,
  PersonStep,
  Standing,
} from './guard-explanation.ts';
import type { GuardState, RecentSample } from './guard-state.ts';
import type { StoredTrip } from './guard-trip-store.ts';

type Facts = Parameters<typeof guardExplanation>[1];

/** What people do to a trip, as the audit names it. */
const STEPS: Readonly<Record<string, PersonStep['kind']>> = {
  'account.close-all': 'close-all',
  'guard.stop': 'stop',
  'guard.rearm': 'rearm',
};
/** By our own clock, whatever the broker's says; what closed may come to be known a while after the trip is over. */
const LATE_MS = 60_000;

/** Over positions or deals `x` of the trip's account: whether this deployment opened them. */
const ours = (accountId: SQL, positionId: SQL): SQL => sql`EXISTS (SELECT 1 FROM trades r
  WHERE r.account_id = ${accountId} AND r.position_id = ${positionId} AND r.source = 'bot')`;

/** Everything that is known of a trip, in one round trip. Nothing was closed for one of a shadow. */
export async function readTripFacts(db: Database, trip: StoredTrip): Promise<Facts> {
  const account = sql`${trip.accountId}::uuid`;
  const endMs = trip.endedMs ?? trip.flatMs;
  const until = sql`${endMs === null ? 'infinity' : isoTime(endMs + LATE_MS)}::timestamptz`;
  const scoped = (positionId: SQL): SQL => (trip.scope === 'all' ? sql`true` : ours(account, positionId));
  const [[guard] = [], deals = [], commands = [], positions = [], steps = [], orders = []] = await db.batch([
    sql`SELECT state FROM guards WHERE account_id = ${account}`,
    sql`SELECT d.* FROM broker_deals d WHERE d.account_id = ${account} AND d.position_id <> '0' AND ${LATEST_VERSION}
      AND d.entry IN ('out', 'out_by', 'inout') AND d.recorded_at >= ${isoTime(trip.warnedMs)}::timestamptz AND d.recorded_at <= ${until}
      AND NOT ${trip.shadow}::boolean AND ${scoped(sql`d.position_id`)}`,
    sql`SELECT c.kind, coalesce(c.instruction->'pre'->>'position_id', c.instruction->'order'->>'order_ticket') AS subject, c.symbol,
        c.state, c.reason FROM commands c WHERE c.trip_id = ${trip.id}::uuid ORDER BY c.created_at, c.magic`,
    sql`SELECT p.identifier, p.symbol, p.volume FROM positions p WHERE p.account_id = ${account}
      AND NOT ${trip.shadow}::boolean AND ${scoped(sql`p.identifier`)} ORDER BY p.identifier`,
    sql`SELECT l.at, l.action, l.actor_id, l.detail FROM audit_log l WHERE l.subject_kind = 'account'
      AND l.subject_id = ${trip.accountId} AND l.action IN ${Object.keys(STEPS)}
      AND l.detail->>'trip' = ${trip.id} ORDER BY l.at, l.id`,
    sql`SELECT o.ticket, o.symbol FROM broker_orders o WHERE o.account_id = ${account} AND o.state = 'canceled'
      AND o.recorded_at >= ${isoTime(trip.warnedMs)}::timestamptz AND o.recorded_at <= ${until} AND NOT ${trip.shadow}::boolean
      AND (${trip.scope === 'all'}::boolean OR EXISTS (SELECT 1 FROM commands c WHERE c.account_id = o.account_id
        AND o.magic > 0 AND c.magic >> 4 = o.magic >> 4)) ORDER BY o.recorded_at, o.ticket`,
  ]);
  const state = (guard?.['state'] ?? null) as GuardState | null;
  const isUnderWay = trip.endedMs === null && !trip.shadow;
  return {
    samples: samplesOf(trip, state),
    deals: deals.map(dealOf),
    orders: orders.map((row) => ({ order: String(row['ticket']), symbol: String(row['symbol']) })),
    commands: commands.map((row) => ({
      kind: row['kind'] as ClosingCommand['kind'],
      subject: String(row['subject']),
      symbol: String(row['symbol']),
      state: String(row['state']),
      reason: row['reason'] === null ? null : String(row['reason']),
    })),
    standing: isUnderWay
      ? [
          ...positions.map((row) => ({
            kind: 'position' as const,
            subject: String(row['identifier']),
            symbol: String(row['symbol']),
            volume: plainOrNull(String(row['volume'])),
          })),
          ...standingOrders(state),
        ]
      : [],
    steps: steps.flatMap(stepOf),
  };
}

function stepOf(row: Row): PersonStep[] {
  const kind = STEPS[String(row['action'])];
  const { reason, joined } = row['detail'] as { reason?: string | null; joined?: boolean };
  const by = row['actor_id'] === null ? null : String(row['actor_id']);
  const what = { atMs: rowTime(row, 'at'), by, reason: reason ?? null, joined: joined === true };
  return kind === undefined ? [] : [{ kind, ...what }];
}

const standingOrders = (state: GuardState | null): Standing[] =>
  (state?.orders ?? []).map(({ ticket, symbol }) => ({
    ...{ kind: 'order' as const, subject: ticket, symbol, volume: null },
  }));

/** Those kept with the trip when it warned, and of the account's last ones those that came while it went on. */
function samplesOf(trip: StoredTrip, state: GuardState | null): RecentSample[] {
  const kept = (trip.evidence['samples'] ?? []) as RecentSample[];
  const isLast = state !== null && [state.trip?.tripId, state.endedTripId].includes(trip.id);
  const endMs = trip.endedMs ?? Number.POSITIVE_INFINITY;
  const later = isLast ? state.recent.filter((s) => s.atMs >= trip.warnedMs && s.atMs <= endMs) : [];
  const byTime = new Map([...kept, ...later].map((s) => [s.atMs, s]));
  return [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
}

/** The trip as its explanation takes it. */
export function explainedTrip(trip: StoredTrip): ExplainedTrip {
  const { equity, nav, peak, drawdownBps } = trip.evidence;
  const text = (value: unknown): string => (value === undefined ? '0' : String(value));
  return {
    ...trip,
    causes: (trip.evidence['causes'] as string[] | undefined) ?? [trip.cause],
    figures: {
      ...{ equity: text(equity), nav: text(nav), peak: text(peak), drawdownBps: Number(drawdownBps ?? 0) },
    },
  };
}
