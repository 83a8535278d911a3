/**
 * Everything that runs without a caller, in one visible list: the consumers of outbox events by topic, and the tick of
 * the schedule. Every consumer is idempotent: a message may come twice, late, or not at all.
 */
import { pruneBridgePolls } from './bridge/prune-bridge-polls.ts';
import { drawPicture } from './charts/draw-picture.ts';
import { pruneCharts } from './charts/prune-charts.ts';
import { executeApproval } from './execution/execute-approval.ts';
import { sendCommand } from './execution/send-command.ts';
import { rewrapSecrets } from './identity/rewrap-secrets.ts';
import { sealAudit } from './identity/seal-audit.ts';
import { seedDefaultProducer } from './identity/seed-default-producer.ts';
import { pruneEquityPoints } from './ledger/prune-equity-points.ts';
import { raiseAlerts } from './notify/raise-alerts.ts';
import { sendAlert } from './notify/send-alert.ts';
import { createScheduleWatch } from './notify/watch-schedule.ts';
import { ALERT_TOPIC } from './platform/alert.ts';
import type { Deps } from './platform/deps.ts';
import { type SharedWork, workInShares } from './platform/fair-share.ts';
import { causeOf } from './platform/log.ts';
import {
  noteOutboxFailure,
  type OutboxEvent,
  outboxDepth,
  outboxDone,
  readOutboxEvents,
  sweepOutbox,
} from './platform/outbox-store.ts';
import { PICTURE_TOPIC } from './platform/picture-wish.ts';
import { laneOf, WORK_LANES, type WorkLane, type WorkMessage } from './platform/work-queue.ts';
import { rollUpMetrics } from './reconciliation/metric-store.ts';
import { reconcileAccount } from './reconciliation/reconcile-account.ts';
import { reconcileAccounts, togetherAgain } from './reconciliation/reconcile-accounts.ts';
import { claimTick, finishTick } from './reconciliation/reconciliation-store.ts';
import { idsOf, takeTurns } from './reconciliation/take-turns.ts';
import { endTurns, type TurnLease } from './reconciliation/turn-lease-store.ts';
import { readAccountLimits } from './risk/daily-base-store.ts';
import { expireSignals } from './signals/expire-signals.ts';
import { fanOutSignals } from './signals/fan-out-signals.ts';
import { pruneIntake } from './signals/prune-intake.ts';

const MINUTE_MS = 60_000;
const SWEEP_LIMIT = 500;
/** Pictures of a tick: what their lane draws in a minute with ease. */
const PICTURES_LIMIT = 100;

/** How much of what came together is worked at once: Workers have six connections, and one is the database's. */
const PARALLEL = 5;
/** Nothing is begun later in a batch: who comes after it has waited long enough. One call to a bridge may last as long. */
const ROUND_MS = 10_000;
/** What was not begun comes back after so long. */
const PUT_OFF_SECONDS = 5;

const watchSchedule = createScheduleWatch();

type Consumer = (deps: Deps, event: OutboxEvent) => Promise<void>;
type BulkConsumer = (deps: Deps, events: readonly OutboxEvent[]) => Promise<void>;

/** Nothing follows from a rejection yet but its own record. */
const acknowledge: Consumer = async (deps, event) => {
  await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
};

export const CONSUMERS: Readonly<Record<string, Consumer>> = {
  'approval.approved': (deps, event) =>
    executeApproval(deps, event, {
      takeSnapshot: (accountId) => reconcileAccount(deps, accountId, { commands: false }),
      dailyLimits: (accountId) => readAccountLimits(deps.db, accountId, deps.clock.nowMs()),
    }),
  'approval.rejected': acknowledge,
  'command.created': sendCommand,
  [ALERT_TOPIC]: sendAlert,
  [PICTURE_TOPIC]: drawPicture,
};
/** Topics whose events, where several come together, cost one call and not one each. */
export const BULK_CONSUMERS: Readonly<Record<string, BulkConsumer>> = { 'signal.created': fanOutSignals };

/** `messages` have it done again; `from` are those that asked for it. */
type Piece = SharedWork & {
  messages: readonly WorkMessage[];
  from: readonly WorkMessage[];
  turn?: TurnLease | null;
};
type Again = (messages: readonly WorkMessage[]) => void;

/**
 * Does the work of messages that came together: events first, which people wait for, and of each lane a share for everybody.
 * Returns those that must come again; a failure of one is not the others'.
 */
export async function consume(deps: Deps, messages: readonly WorkMessage[]): Promise<Set<WorkMessage>> {
  const failed = new Set<WorkMessage>();
  const again: Again = (those) => {
    for (const m of those) failed.add(m);
  };
  for (const lane of WORK_LANES) {
    const own = messages.filter((m) => laneOf(m) === lane);
    if (own.length === 0) continue;
    const work = await piecesOf(deps, lane, own, again);
    // A picture is drawn in one piece of CPU time, and nobody waits for it.
    const parallel = lane === 'pictures' ? 1 : PARALLEL;
    const putOff = await workInShares(deps.clock, work, { parallel, roundMs: ROUND_MS });
    await sendLater(deps, putOff, again);
  }
  watchSchedule(deps);
  deps.metrics.flush();
  return failed;
}

/** What could not be begun in this round comes again soon, which is no failure. */
async function sendLater(deps: Deps, pieces: readonly Piece[], again: Again): Promise<void> {
  if (pieces.length === 0) return;
  await endTurns(
    deps.db,
    pieces.flatMap(({ turn }) => turn ?? []),
  ).catch(() => {});
  const messages = togetherAgain(pieces.flatMap((piece) => piece.messages));
  await deps.queue.send(messages, PUT_OFF_SECONDS).catch(() => again(pieces.flatMap(({ from }) => from)));
}

async function piecesOf(
  deps: Deps,
  lane: WorkLane,
  messages: readonly WorkMessage[],
  again: Again,
): Promise<Piece[]> {
  try {
    return await (isOfEvents(lane) ? eventWork : accountWork)(deps, messages, again);
  } catch (e) {
    const [first] = messages;
    const id = first === undefined ? '' : idOf(first);
    const name = isOfEvents(lane) ? 'outbox' : 'reconcile';
    line(deps, { name, outcome: 'failed', id, sinceMs: deps.clock.nowMs() }, e);
    again(messages);
    return [];
  }
}

const isOfEvents = (lane: WorkLane): boolean => lane === 'events' || lane === 'pictures';

/** The first that it names. */
const idOf = (m: WorkMessage): string =>
  m.kind === 'outbox' ? m.id : m.kind === 'reconcile' ? m.account_id : (m.account_ids[0] ?? '');

/** Messages by what they name: several of one are one piece of work. */
function byId(messages: readonly WorkMessage[]): Map<string, WorkMessage[]> {
  const found = new Map<string, WorkMessage[]>();
  for (const m of messages) found.set(idOf(m), [...(found.get(idOf(m)) ?? []), m]);
  return found;
}

/** Each account once, as its user's share. */
async function accountWork(deps: Deps, messages: readonly WorkMessage[], again: Again): Promise<Piece[]> {
  const work = await takeTurns(
    deps,
    messages.filter((m) => m.kind !== 'outbox'),
  );
  return work.map((of) => ({
    ...{ party: of.userId, messages: of.again, from: of.from, turn: of.turn },
    run: async () => {
      const { accountId: id } = of;
      const sinceMs = deps.clock.nowMs();
      try {
        line(deps, { name: 'reconcile', outcome: await of.run(), id, sinceMs });
      } catch (e) {
        line(deps, { name: 'reconcile', outcome: 'failed', id, sinceMs }, e);
        // A message that names others too would have all of them looked up again.
        const alone = of.from.every((m) => idsOf(m).length === 1);
        if (alone) again(of.from);
        else await deps.queue.send(of.again, PUT_OFF_SECONDS).catch(() => again(of.from));
      }
    },
  }));
}

/** The work of those of the events that are still to be done, those of a bulk topic as one piece. */
async function eventWork(deps: Deps, messages: readonly WorkMessage[], again: Again): Promise<Piece[]> {
  const sinceMs = deps.clock.nowMs();
  const hints = byId(messages);
  const events = await readOutboxEvents(deps.db, [...hints.keys()]);
  const open = new Set(events.map((e) => e.id));
  for (const id of hints.keys())
    if (!open.has(id)) line(deps, { name: 'outbox', outcome: 'nothing-to-do', id, sinceMs });
  const bulk = Object.keys(BULK_CONSUMERS).map((topic) => events.filter((e) => e.topic === topic));
  const single = events.filter((e) => !(e.topic in BULK_CONSUMERS)).map((e) => [e]);
  const of = (ids: Iterable<string>) => [...ids].flatMap((id) => hints.get(id) ?? []);
  return [...bulk, ...single]
    .filter((group) => group.length > 0)
    .map((group) => ({
      party: partyOf(group),
      messages: of(group.map((e) => e.id)),
      from: of(group.map((e) => e.id)),
      run: async () => again(of(await workEvents(deps, group))),
    }));
}

/** Whose an event is, where it calls somebody's bridge. */
function partyOf([first, ...others]: readonly OutboxEvent[]): string | null {
  const party = first?.payload['user_id'] ?? first?.payload['account_id'];
  return others.length === 0 && typeof party === 'string' ? party : null;
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

/** Pictures go out behind everything that trades. */
async function sendPictures({ db, clock, queue }: Deps): Promise<void> {
  const pictures = await sweepOutbox(db, clock.nowMs(), PICTURES_LIMIT, 'pictures');
  await queue.send(pictures.map((id) => ({ kind: 'outbox' as const, id, picture: true as const })));
}

/**
 * What a tick does beside trading. None of it may hold up the others or the tick: what fails is logged and comes again.
 */
async function keepHouse(deps: Deps): Promise<void> {
  const chores = {
    raiseAlerts,
    sendPictures,
    rollUpMetrics,
    seedDefaultProducer,
    rewrapSecrets,
    sealAudit,
    pruneIntake,
    pruneBridgePolls,
    pruneEquityPoints,
    pruneCharts,
  };
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
