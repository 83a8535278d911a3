/**
 * Sends what waits for an account, one command after the other, under its lease (domain 2.4 and 7.5). Invariants:
 *  1. nothing is sent twice: what was sent and not answered is unknown, and is looked up by the reconciliation;
 *  2. nothing that waits is left to itself: whoever goes while a pause lasts, or is turned away by a lease, has somebody come
 *     back when that is over, and does not count on the next tick.
 */
import { bridgeClient } from '../bridge/bridge-client.ts';
import { readCalendar } from '../market/calendar-store.ts';
import { nextTrading } from '../market/next-trading.ts';
import type { Deps } from '../platform/deps.ts';
import type { WorkMessage } from '../platform/work-queue.ts';
import { type Lease, leaseEnd, takeLease } from './account-lease-store.ts';
import { attemptDeadlineMs } from './attempt-deadline.ts';
import { type Outcome, outcomeOf, outcomeOfDelay, outcomeOfSilence } from './command-outcome.ts';
import {
  leaseBeforeWaiting,
  refuseUnsendable,
  releaseLease,
  sendNext,
  type Waiting,
} from './command-queue-store.ts';
import { retryCommand, settleCommand } from './command-settlement-store.ts';
import type { Command, CommandState } from './command-store.ts';
import { resolveExits } from './resolve-exits.ts';
import { MARKET_CLOSED } from './retcode-class.ts';
import { wireCommand } from './wire-command.ts';

/** One function's time is limited: what is left then goes to the next, by way of the queue. */
const BUDGET_MS = 20_000;
/** A pause of up to this is waited for here, the lease let go of meanwhile; after a longer one the queue comes back. */
const MAX_WAIT_MS = 4_000;
/** A lease that is in the way is asked for again so soon: its holder may be dead. */
const HELD_AGAIN_MS = 5_000;

export type Errand = {
  /** Done under the lease, after the first sending: no exit waits for it. It ends soon after `untilMs`. */
  work?: (lease: Lease, untilMs: number) => Promise<void>;
  /** What the queue says to have this done again where the lease was held; by default that the account be reconciled. */
  hint?: WorkMessage;
};

/**
 * Sends what waits, does the errand's work under the account's lease, and sends what waits then. Nothing where somebody holds
 * the lease: whoever does looks again after letting go; but as long as commands wait, this comes back in case they died. A
 * failure lets go too, and has somebody else look: what was sent and not settled is unknown to the next holder.
 */
export async function sendDueCommands(
  deps: Deps,
  accountId: string,
  { work, hint }: Errand = {},
): Promise<void> {
  const { clock, queue } = deps;
  const reconcile: WorkMessage = { kind: 'reconcile', account_id: accountId };
  const untilMs = clock.nowMs() + BUDGET_MS;
  let unseen = 0;
  let tried = false;
  let tripMs: number | null;
  let waiting: Waiting | 'held';
  for (let todo = work; ; todo = undefined) {
    const pass = await passOver(deps, accountId, untilMs, todo);
    unseen += pass.unseen;
    waiting = pass.waiting;
    tried ||= pass.tried;
    const nowMs = clock.nowMs();
    // What became of its commands may make others due.
    const pausedMs = waiting === 'held' ? null : waiting.tripPausedMs;
    tripMs = pass.tried ? nowMs : firstOf([pass.tripMs, pausedMs]);
    const nextMs = waiting === 'held' ? null : waiting.due ? nowMs : firstOf([waiting.pausedUntilMs, tripMs]);
    if (nextMs === null || nextMs >= untilMs || nextMs - nowMs > MAX_WAIT_MS) break;
    if (nextMs > nowMs) await clock.sleep(nextMs - nowMs);
  }
  // Also what time did not suffice for: the reconciliation ends with what waits.
  const tripDue = tripMs !== null && tripMs <= clock.nowMs();
  if (unseen > 0 || tripDue || (waiting !== 'held' && waiting.due)) await queue.send([reconcile]);
  // Who has tried for a trip comes back for it; whoever merely finds it waiting does not, or they would become ever more.
  const ofTripMs = tried && !tripDue ? tripMs : null;
  const whenNext = ({ pausedUntilMs, lookMs }: Waiting) => firstOf([pausedUntilMs, lookMs, ofTripMs]);
  const again = waiting === 'held' ? (hint ?? reconcile) : reconcile;
  const againMs = waiting === 'held' ? await afterLease(deps, accountId) : whenNext(waiting);
  if (againMs !== null) await queue.send([again], Math.max(1, Math.ceil((againMs - clock.nowMs()) / 1_000)));
}

/** Of the times at which a pause ends, or a close is to be looked at again, for which the books are compared first. */
function firstOf(times: readonly (number | null)[]): number | null {
  const known = times.filter((ms) => ms !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/**
 * `unseen`: how many were sent of which the books may have something to learn now; `tried`: whether anything of a guard's
 * trip was among them or is to be tried again; `tripMs`: when the first pause of the trip ends.
 */
type Sent = { unseen: number; tried: boolean; tripMs: number | null };

/** One holding of the lease. */
async function passOver(
  deps: Deps,
  accountId: string,
  untilMs: number,
  work: Errand['work'],
): Promise<Sent & { waiting: Waiting | 'held' }> {
  const { clock, db } = deps;
  const lease = await takeLease(db, accountId, clock.nowMs());
  if (lease === null) return { unseen: 0, tried: false, tripMs: null, waiting: 'held' };
  try {
    const sent = await sendWaiting(deps, lease, untilMs);
    await work?.(lease, untilMs);
    return { ...sent, waiting: await releaseLease(db, lease, clock.nowMs()) };
  } catch (e) {
    await db.run(leaseEnd(lease)).catch(() => {});
    throw e;
  }
}

/** When to ask again for a lease that is held: soon, and at once when it ends. Null: nothing waits for it any more. */
async function afterLease({ db, clock }: Deps, accountId: string): Promise<number | null> {
  const nowMs = clock.nowMs();
  const endMs = await leaseBeforeWaiting(db, accountId, nowMs);
  if (endMs === null) return null;
  return endMs > nowMs ? Math.min(endMs, nowMs + HELD_AGAIN_MS) : nowMs + HELD_AGAIN_MS;
}

async function sendWaiting(deps: Deps, lease: Lease, untilMs: number): Promise<Sent> {
  const { clock, db } = deps;
  let unseen = 0;
  let tried = false;
  await refuseUnsendable(db, lease, clock.nowMs());
  const tripMs = await resolveExits(deps, lease);
  while (clock.nowMs() < untilMs) {
    const command = await sendNext(db, lease, clock.nowMs());
    if (command === null) break;
    tried ||= command.tripId !== null;
    const outcome = await execute(deps, command);
    if (!(await applyOutcome(deps, lease, { command, from: ['sent'] }, outcome))) unseen += 1;
  }
  return { unseen, tried, tripMs };
}

async function execute(deps: Deps, command: Command): Promise<Outcome> {
  // The statement that said `sent` may have waited for another.
  const startMs = deps.clock.nowMs();
  if (startMs >= attemptDeadlineMs(command)) return outcomeOfDelay(command, startMs);
  const reply = await bridgeClient(deps, command.bridgeId).execute(wireCommand(command));
  const nowMs = deps.clock.nowMs();
  return reply.kind === 'reply'
    ? outcomeOf(command, reply.value, nowMs)
    : outcomeOfSilence(command, reply, nowMs);
}

/**
 * Writes an outcome of a command that is in one of `from`; a suspension's alert goes on its way at once. True where the
 * command waits for another attempt.
 */
export async function applyOutcome(
  deps: Deps,
  lease: Lease,
  { command, from }: { command: Command; from: readonly CommandState[] },
  outcome: Outcome,
): Promise<boolean> {
  const { clock, db, ids, queue } = deps;
  const { id, attempt } = command;
  if (outcome.kind === 'retry') {
    const notBeforeMs = await whenOpen(deps, command, outcome);
    if (await retryCommand(db, lease, { id, attempt, from }, { ...outcome, notBeforeMs }, clock.nowMs()))
      return true;
    // Its time was over meanwhile, and surely nothing was done.
    const { reason, retcode, brokerComment } = outcome;
    await settleCommand(
      db,
      lease,
      { id, from },
      { state: 'failed', reason, retcode, brokerComment },
      clock.nowMs(),
    );
    return false;
  }
  const suspension = outcome.pause ? { alertId: ids.next(), eventId: ids.next(), auditId: ids.next() } : null;
  await settleCommand(db, lease, { id, from }, outcome.settlement, clock.nowMs(), suspension);
  if (suspension !== null) await queue.send([{ kind: 'outbox', id: suspension.eventId }]);
  return false;
}

/**
 * When the next attempt may go: after its pause, and where the broker and the calendar agree that the market is closed, with
 * its next session. Where the calendar says that it is open, is not known or cannot be followed, the broker is asked again.
 */
async function whenOpen(
  { clock, db }: Deps,
  { instrument, accountId }: Command,
  { notBeforeMs, retcode }: Extract<Outcome, { kind: 'retry' }>,
): Promise<number> {
  if (retcode !== MARKET_CLOSED) return notBeforeMs;
  const nowMs = clock.nowMs();
  const { calendar } = await readCalendar(db, { instrument, accountId }, nowMs);
  const opensMs = nextTrading([calendar], nowMs);
  return Number.isFinite(opensMs) ? Math.max(notBeforeMs, opensMs) : notBeforeMs;
}
