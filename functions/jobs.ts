/**
 * Everything that runs without a caller, in one visible list: the consumers of outbox events by topic, and the tick of
 * the schedule. Every consumer is idempotent: a message may come twice, late, or not at all.
 */
import { executeApproval } from './execution/execute-approval.ts';
import { sendCommand } from './execution/send-command.ts';
import { rewrapSecrets } from './identity/rewrap-secrets.ts';
import { sealAudit } from './identity/seal-audit.ts';
import { seedDefaultProducer } from './identity/seed-default-producer.ts';
import { raiseAlerts } from './notify/raise-alerts.ts';
import { sendAlert } from './notify/send-alert.ts';
import { createScheduleWatch } from './notify/watch-schedule.ts';
import { ALERT_TOPIC } from './platform/alert.ts';
import type { Deps } from './platform/deps.ts';
import { causeOf } from './platform/log.ts';
import {
  noteOutboxFailure,
  type OutboxEvent,
  outboxDepth,
  outboxDone,
  readOutboxEvents,
  sweepOutbox,
} from './platform/outbox-store.ts';
import type { WorkMessage } from './platform/work-queue.ts';
import { rollUpMetrics } from './reconciliation/metric-store.ts';
import { reconcileAccount } from './reconciliation/reconcile-account.ts';
import { reconcileAccounts } from './reconciliation/reconcile-accounts.ts';
import { claimTick, finishTick } from './reconciliation/reconciliation-store.ts';
import { expireSignals } from './signals/expire-signals.ts';
import { fanOutSignals } from './signals/fan-out-signals.ts';
import { pruneIntake } from './signals/prune-intake.ts';

const MINUTE_MS = 60_000;
const SWEEP_LIMIT = 500;

/** How much of what came together is worked at once: Workers have six connections, and one is the database's. */
const PARALLEL = 5;

const watchSchedule = createScheduleWatch();

type Consumer = (deps: Deps, event: OutboxEvent) => Promise<void>;
type BulkConsumer = (deps: Deps, events: readonly OutboxEvent[]) => Promise<void>;

/** Nothing follows from a rejection yet but its own record. */
const acknowledge: Consumer = async (deps, event) => {
  await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
};

export const CONSUMERS: Readonly<Record<string, Consumer>> = {
  'approval.approved': (deps, event) =>
    executeApproval(deps, event, (accountId) => reconcileAccount(deps, accountId, { commands: false })),
  'approval.rejected': acknowledge,
  'command.created': sendCommand,
  [ALERT_TOPIC]: sendAlert,
};
/** Topics whose events, where several come together, cost one call and not one each. */
export const BULK_CONSUMERS: Readonly<Record<string, BulkConsumer>> = { 'signal.created': fanOutSignals };

/**
 * Does the work of messages that came together. Returns those that must come again; a failure of one is not the
 * others'.
 */
export async function consume(deps: Deps, messages: readonly WorkMessage[]): Promise<Set<WorkMessage>> {
  const failed = new Set<WorkMessage>();
  const work = messages.flatMap((m) =>
    m.kind === 'reconcile' ? [reconcileWork(deps, m.account_id, () => failed.add(m))] : [],
  );
  const hints = messages.filter((m) => m.kind === 'outbox');
  const again = (ids: ReadonlySet<string>) => {
    for (const m of hints) if (ids.has(m.id)) failed.add(m);
  };
  try {
    if (hints.length > 0) work.push(...(await eventWork(deps, new Set(hints.map((m) => m.id)), again)));
  } catch (e) {
    line(deps, { name: 'outbox', outcome: 'failed', id: hints[0]?.id ?? '', sinceMs: deps.clock.nowMs() }, e);
    again(new Set(hints.map((m) => m.id)));
  }
  const next = async () => {
    for (let w = work.shift(); w !== undefined; w = work.shift()) await w();
  };
  await Promise.all(Array.from({ length: PARALLEL }, next));
  watchSchedule(deps);
  deps.metrics.flush();
  return failed;
}

const reconcileWork = (deps: Deps, accountId: string, again: () => void) => async () => {
  const sinceMs = deps.clock.nowMs();
  try {
    const { outcome } = await reconcileAccount(deps, accountId);
    line(deps, { name: 'reconcile', outcome, id: accountId, sinceMs });
  } catch (e) {
    line(deps, { name: 'reconcile', outcome: 'failed', id: accountId, sinceMs }, e);
    again();
  }
};

/** The work of those of the events that are still to be done, those of a bulk topic as one piece. */
async function eventWork(
  deps: Deps,
  ids: ReadonlySet<string>,
  again: (ids: ReadonlySet<string>) => void,
): Promise<(() => Promise<void>)[]> {
  const sinceMs = deps.clock.nowMs();
  const events = await readOutboxEvents(deps.db, [...ids]);
  const open = new Set(events.map((e) => e.id));
  for (const id of ids)
    if (!open.has(id)) line(deps, { name: 'outbox', outcome: 'nothing-to-do', id, sinceMs });
  const bulk = Object.keys(BULK_CONSUMERS).map((topic) => events.filter((e) => e.topic === topic));
  const single = events.filter((e) => !(e.topic in BULK_CONSUMERS)).map((e) => [e]);
  return [...bulk, ...single]
    .filter((group) => group.length > 0)
    .map((group) => async () => again(await workEvents(deps, group)));
}

/** Works events of one topic; the ids of those that failed. What fails together is tried apart. */
async function workEvents(deps: Deps, events: readonly OutboxEvent[]): Promise<Set<string>> {
  const [first] = events;
  if (first === undefined) return new Set();
  const about = { name: first.topic, id: first.id, sinceMs: deps.clock.nowMs(), events: events.length };
  try {
    await consumerOf(first.topic)(deps, events);
    line(deps, { ...about, outcome: 'done' });
    return new Set();
  } catch (e) {
    line(deps, { ...about, outcome: 'failed' }, e);
    if (events.length > 1) {
      const apart = new Set<string>();
      for (const event of events) for (const id of await workEvents(deps, [event])) apart.add(id);
      return apart;
    }
    // Where even this cannot be written the event stays to be done all the same.
    await noteOutboxFailure(deps.db, first.id, causeOf(e)).catch(() => {});
    return new Set([first.id]);
  }
}

function consumerOf(topic: string): BulkConsumer {
  const bulk = BULK_CONSUMERS[topic];
  if (bulk !== undefined) return bulk;
  const single = CONSUMERS[topic];
  if (single === undefined) throw new Error('an event of an unknown topic');
  return async (deps, events) => {
    for (const event of events) await single(deps, event);
  };
}

type Work = { name: string; outcome: string; id: string; sinceMs: number; events?: number };

/** The one log line of a piece of work; `events` where it was several. */
function line(deps: Deps, { name, outcome, id, sinceMs, events = 1 }: Work, cause?: unknown): void {
  deps.log({
    kind: 'job',
    name,
    outcome,
    request_id: id,
    duration_ms: deps.clock.nowMs() - sinceMs,
    ...(events === 1 ? {} : { events }),
    ...(cause === undefined ? {} : { cause: causeOf(cause) }),
  });
}

/**
 * What a tick does beside trading. None of it may hold up the others or the tick: what fails is logged and comes again.
 */
async function keepHouse(deps: Deps): Promise<void> {
  const chores = { raiseAlerts, rollUpMetrics, seedDefaultProducer, rewrapSecrets, sealAudit, pruneIntake };
  for (const [name, chore] of Object.entries(chores))
    try {
      await chore(deps);
    } catch (e) {
      deps.log({ kind: 'fault', name, outcome: 'failed', request_id: 'tick', cause: causeOf(e) });
    }
}

/**
 * One tick. The minute is claimed in the database, so a tick that comes twice works once; a missed one is caught up by
 * the next, because every job works from what is stored and not from what the last tick did.
 */
export async function runTick(deps: Deps, scheduledMs: number): Promise<void> {
  const { db, clock, queue, log } = deps;
  const startedMs = clock.nowMs();
  const minuteMs = Math.floor(scheduledMs / MINUTE_MS) * MINUTE_MS;
  const claimed = await claimTick(db, minuteMs, startedMs);
  if (claimed) {
    const events = await sweepOutbox(db, startedMs, SWEEP_LIMIT);
    await queue.send(events.map((id) => ({ kind: 'outbox' as const, id })));
    await expireSignals(deps);
    await reconcileAccounts(deps);
    await keepHouse(deps);
    await finishTick(db, minuteMs, clock.nowMs());
  }
  const depth = await outboxDepth(db);
  log({
    kind: 'job',
    name: 'tick',
    outcome: claimed ? 'done' : 'claimed-before',
    events_waiting: depth.waiting,
    events_dead: depth.dead,
    request_id: new Date(minuteMs).toISOString(),
    duration_ms: clock.nowMs() - startedMs,
  });
}
