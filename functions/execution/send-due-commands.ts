/**
 * Sends what waits for an account, one command after the other, under its lease (domain 2.4 and 7.5). Nothing is sent
 * twice: what was sent and not answered is unknown, and is looked up by the reconciliation.
 */
import { askExecute } from '../bridge/bridge-client.ts';
import { isoTime } from '../platform/clock.ts';
import type { Deps } from '../platform/deps.ts';
import { type Lease, leaseEnd, takeLease } from './account-lease-store.ts';
import { type Outcome, outcomeOf, outcomeOfSilence } from './command-outcome.ts';
import { refuseUnsendable, releaseLease, sendNext } from './command-queue-store.ts';
import { retryCommand, settleCommand } from './command-settlement-store.ts';
import type { Command, CommandState } from './command-store.ts';

/** One function's time is limited: what is left then goes to the next, by way of the queue. */
const BUDGET_MS = 20_000;
/** A pause that is waited for here; a longer one ends with the next reconciliation. */
const MAX_WAIT_MS = 4_000;

/**
 * Does `work` under the account's lease and then sends what waits. Nothing where somebody holds the lease: whoever does
 * looks again after letting go. A failure lets go too, and has somebody else look: what was sent and not settled is unknown
 * to the next holder. Only a holder's death keeps the lease until it expires.
 */
export async function sendDueCommands(
  deps: Deps,
  accountId: string,
  work: (lease: Lease) => Promise<void> = async () => {},
): Promise<void> {
  const { clock, db, queue } = deps;
  const untilMs = clock.nowMs() + BUDGET_MS;
  let sent = 0;
  for (let first = true, more = true; more; first = false) {
    const lease = await takeLease(db, accountId, clock.nowMs());
    if (lease === null) break;
    try {
      if (first) await work(lease);
      sent += await sendWaiting(deps, lease, untilMs);
      more = await releaseLease(db, lease, clock.nowMs());
    } catch (e) {
      await db.run(leaseEnd(lease)).catch(() => {});
      throw e;
    }
    if (more && clock.nowMs() >= untilMs) sent = Math.max(sent, 1);
    more &&= clock.nowMs() < untilMs;
  }
  // Also what is left over, and what a pause holds back: the reconciliation ends with what waits.
  if (sent > 0) await queue.send([{ kind: 'reconcile', account_id: accountId }]);
}

/** How many were sent. */
async function sendWaiting(deps: Deps, lease: Lease, untilMs: number): Promise<number> {
  const { clock, db } = deps;
  let sent = 0;
  let wakeMs: number | null = null;
  await refuseUnsendable(db, lease, clock.nowMs());
  while (clock.nowMs() < untilMs) {
    const command = await sendNext(db, lease, clock.nowMs());
    if (command === null) {
      const pauseMs = wakeMs === null ? null : wakeMs - clock.nowMs();
      if (pauseMs === null || pauseMs <= 0 || pauseMs > MAX_WAIT_MS) break;
      await clock.sleep(pauseMs);
      wakeMs = null;
      continue;
    }
    sent += 1;
    const outcome = await execute(deps, command);
    await applyOutcome(deps, lease, { command, from: ['sent'] }, outcome);
    if (outcome.kind === 'retry') wakeMs = Math.min(outcome.notBeforeMs, wakeMs ?? outcome.notBeforeMs);
  }
  return sent;
}

async function execute(deps: Deps, command: Command): Promise<Outcome> {
  const reply = await askExecute(deps, command.bridgeId, {
    cmd_id: command.id,
    attempt: command.attempt,
    expires_at: isoTime(command.expiresMs),
    ...command.instruction,
    evidence: { magic: command.magic, comment: command.comment },
  });
  const nowMs = deps.clock.nowMs();
  return reply.kind === 'reply'
    ? outcomeOf(command, reply.value, nowMs)
    : outcomeOfSilence(command, reply, nowMs);
}

/** Writes an outcome of a command that is in one of `from`; a suspension's alert goes on its way at once. */
export async function applyOutcome(
  deps: Deps,
  lease: Lease,
  { command, from }: { command: Command; from: readonly CommandState[] },
  outcome: Outcome,
): Promise<void> {
  const { clock, db, ids, queue } = deps;
  const { id, attempt } = command;
  if (outcome.kind === 'retry') {
    await retryCommand(db, lease, { id, attempt, from }, outcome, clock.nowMs());
    return;
  }
  const suspension = outcome.pause ? { alertId: ids.next(), eventId: ids.next(), auditId: ids.next() } : null;
  await settleCommand(db, lease, { id, from }, outcome.settlement, clock.nowMs(), suspension);
  if (suspension !== null) await queue.send([{ kind: 'outbox', id: suspension.eventId }]);
}
