import { askExecute, type NoReply } from '../bridge/bridge-client.ts';
import type { ExecutionResult } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { type Command, markSent, readCommand, type Settlement, settleCommand } from './command-store.ts';

/** Longer than any call to a bridge lasts: a command sent before that is in nobody's hands any more. */
const IN_FLIGHT_MS = 30_000;

/**
 * Consumer of `command.created`: sends the command to its bridge, once. What was sent and not answered is `unknown`
 * and is looked up by the reconciliation; it is never sent again from here.
 */
export async function sendCommand(deps: Deps, event: OutboxEvent): Promise<void> {
  const { db, clock, queue } = deps;
  const command = await readCommand(db, String(event.payload['command_id']));
  if (command === null) throw new Error('an event names a command that does not exist');
  if (command.state === 'sent') return adoptAbandoned(deps, command, event);
  if (command.state !== 'created') {
    await db.run(outboxDone(event.id, clock.nowMs()));
    return;
  }
  if (!(await markSent(db, command.id, clock.nowMs()))) return refuseUnsent(deps, command, event);
  const reply = await askExecute(deps, command.bridgeId, {
    cmd_id: command.id,
    attempt: command.attempt,
    expires_at: isoTime(command.expiresMs),
    ...command.instruction,
    evidence: { magic: command.magic, comment: command.comment },
  });
  const settlement = reply.kind === 'reply' ? settlementOf(reply.value) : settlementOfSilence(reply);
  await settleCommand(db, command.id, ['sent'], settlement, clock.nowMs(), event.id);
  await queue.send([{ kind: 'reconcile', account_id: command.accountId }]);
}

/** Somebody sent it and has not come back: once nobody can be waiting any more, its fate is unknown. */
async function adoptAbandoned(deps: Deps, command: Command, event: OutboxEvent): Promise<void> {
  const nowMs = deps.clock.nowMs();
  if (command.sentMs !== null && nowMs - command.sentMs < IN_FLIGHT_MS)
    throw new Error('the command is in flight: its event stays to be done');
  await settleCommand(
    deps.db,
    command.id,
    ['sent'],
    { state: 'unknown', reason: 'interrupted' },
    nowMs,
    event.id,
  );
}

async function refuseUnsent(deps: Deps, command: Command, event: OutboxEvent): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const settlement: Settlement =
    command.expiresMs <= nowMs
      ? { state: 'expired', reason: 'command-expired', retcode: null }
      : { state: 'failed', reason: 'account-halted', retcode: null };
  const now = await readCommand(deps.db, command.id);
  if (now?.state !== 'created')
    throw new Error('another consumer has this command: its event stays to be done');
  await settleCommand(deps.db, command.id, ['created'], settlement, nowMs, event.id);
}

/** What a bridge's signed result means for the command. Pure. */
export function settlementOf(result: ExecutionResult): Settlement {
  switch (result.outcome) {
    case 'done':
    case 'partial':
      return {
        state: result.outcome,
        orderTicket: result.order,
        // The opening order's ticket is the position's identifier for its whole life (domain 1.2).
        positionId: result.order,
        retcode: result.retcode,
      };
    case 'failed':
    case 'refused':
      return {
        state: 'failed',
        reason: result.reason ?? `retcode-${result.retcode ?? 0}`,
        retcode: result.retcode,
      };
    case 'expired':
      return { state: 'expired', reason: 'command-expired', retcode: result.retcode };
    case 'placed':
    case 'unknown':
      return { state: 'unknown', reason: result.outcome };
  }
}

function settlementOfSilence(reply: NoReply): Settlement {
  return reply.effect === 'none'
    ? { state: 'failed', reason: `bridge-${reply.word}`, retcode: null }
    : { state: 'unknown', reason: `bridge-${reply.word}` };
}
