/**
 * Everything that runs without a caller, in one visible list: the consumers of outbox events by topic, and the tick of
 * the schedule. Every consumer is idempotent: a message may come twice, late, or not at all.
 */
import { executeApproval } from './execution/execute-approval.ts';
import { sendCommand } from './execution/send-command.ts';
import { rewrapSecrets } from './identity/rewrap-secrets.ts';
import { sealAudit } from './identity/seal-audit.ts';
import { seedDefaultProducer } from './identity/seed-default-producer.ts';
import type { Deps } from './platform/deps.ts';
import { causeOf } from './platform/log.ts';
import {
  noteOutboxFailure,
  type OutboxEvent,
  outboxDepth,
  outboxDone,
  readOutboxEvent,
  sweepOutbox,
} from './platform/outbox-store.ts';
import type { WorkMessage } from './platform/work-queue.ts';
import { rollUpMetrics } from './reconciliation/metric-store.ts';
import { reconcileAccount } from './reconciliation/reconcile-account.ts';
import { reconcileAccounts } from './reconciliation/reconcile-accounts.ts';
import { claimTick, finishTick } from './reconciliation/reconciliation-store.ts';
import { expireSignals } from './signals/expire-signals.ts';
import { fanOutSignal } from './signals/fan-out-signal.ts';
import { pruneIntake } from './signals/prune-intake.ts';

const MINUTE_MS = 60_000;
const SWEEP_LIMIT = 500;

type Consumer = (deps: Deps, event: OutboxEvent) => Promise<void>;

/** Nothing follows from a rejection yet but its own record. */
const acknowledge: Consumer = async (deps, event) => {
  await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
};

export const CONSUMERS: Readonly<Record<string, Consumer>> = {
  'signal.created': fanOutSignal,
  'approval.approved': executeApproval,
  'approval.rejected': acknowledge,
  'command.created': sendCommand,
};

/** Does one message's work. Throws where it must come again. */
export async function consume(deps: Deps, message: WorkMessage): Promise<void> {
  const startedMs = deps.clock.nowMs();
  const line = (name: string, outcome: string, cause?: string) => {
    deps.metrics.flush();
    deps.log({
      kind: 'job',
      name,
      outcome,
      request_id: message.kind === 'outbox' ? message.id : message.account_id,
      duration_ms: deps.clock.nowMs() - startedMs,
      ...(cause === undefined ? {} : { cause }),
    });
  };
  if (message.kind === 'reconcile') {
    const { outcome } = await reconcileAccount(deps, message.account_id);
    line('reconcile', outcome);
    return;
  }
  const event = await readOutboxEvent(deps.db, message.id);
  if (event === null) return line('outbox', 'nothing-to-do');
  try {
    const consumer = CONSUMERS[event.topic];
    if (consumer === undefined) throw new Error('an event of an unknown topic');
    await consumer(deps, event);
    line(event.topic, 'done');
  } catch (e) {
    line(event.topic, 'failed', causeOf(e));
    await noteOutboxFailure(deps.db, event.id, causeOf(e));
    throw e;
  }
}

/**
 * What a tick does beside trading. None of it may hold up the others or the tick: what fails is logged and comes again.
 */
async function keepHouse(deps: Deps): Promise<void> {
  const chores = { rollUpMetrics, seedDefaultProducer, rewrapSecrets, sealAudit, pruneIntake };
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
