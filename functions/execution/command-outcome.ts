/**
 * What a bridge's word on a command, or its silence, makes of the command. Invariants: what may have been executed is
 * `unknown`, never failed and never sent again from here; another attempt follows only a definite refusal, inside the
 * deadline, and as long as the magic has numbers for it (domain 1.4 and 2.4); only a pending order works: a market order or
 * a close that was accepted and not filled may still be rejected, and is looked up; so is a close that was filled in part,
 * whose rest may go on working; what leaves the market is tried for as long as it may be, an entry is not chased. Pure.
 */
import type { NoReply } from '../bridge/bridge-port.ts';
import type { ExecutionResult } from '../bridge/bridge-protocol.ts';
import { compare } from '../platform/decimal.ts';
import { bridgeWord, leaves, refusalClass } from './bridge-refusal.ts';
import type { Command } from './command-store.ts';
import { type RetcodeClass, retcodeClass } from './retcode-class.ts';
import { retryPauseMs } from './retry-pause.ts';

type Said = { retcode: number | null; brokerComment: string | null };
type Traded = {
  orderTicket: string | null;
  positionId: string | null;
  /** In lots; null where nobody said. */
  volume: string | null;
};
export type Settlement =
  | ({ state: 'done' | 'partial' } & Traded & Said)
  | ({ state: 'placed'; orderTicket: string } & Said)
  | ({ state: 'failed' | 'expired' | 'not_executed'; reason: string } & Said)
  | ({ state: 'unknown'; reason: string; orderTicket?: string | null } & Said)
  /** A working order that ended without a fill. */
  | { state: 'ended'; reason: 'order-canceled' | 'order-expired' | 'order-rejected' };
export type Outcome =
  /** `pause`: and the account takes no entries until a person resumes it. */
  | { kind: 'settle'; settlement: Settlement; pause: boolean }
  | ({ kind: 'retry'; notBeforeMs: number; reason: string } & Said);

/** Four bits of the magic tell attempts apart (domain 2.4). */
export const LAST_ATTEMPT = 15;
const PRICE_TRIES = 3;
/** We never reached the bridge, and soon may; a timeout is one of connecting where nothing was sent. */
const PASSING_SILENCE = new Set(['unreachable', 'circuit-open', 'timeout']);

type Facts = Pick<Command, 'attempt' | 'expiresMs' | 'instruction' | 'tripId'>;

/** What a signed result means at `nowMs` for the attempt that it is about. */
export function outcomeOf(command: Facts, result: ExecutionResult, nowMs: number): Outcome {
  const { kind } = command.instruction;
  const word = bridgeWord(result.reason);
  const said = { retcode: result.retcode, brokerComment: wordsOf(result) };
  const reason = reasonOf(result);
  switch (result.outcome) {
    case 'done':
    case 'partial':
    case 'placed':
      return accepted(command, result, said);
    case 'failed':
      return result.retcode === null
        ? settled({ state: 'unknown', reason, ...said })
        : refusedBy(retcodeClass(result.retcode, kind), command, { reason, said, nowMs });
    case 'refused':
      return refusedBy(refusalClass(word, kind), command, { reason, said, nowMs });
    case 'expired':
      return outcomeOfDelay(command, nowMs);
    case 'unknown':
      return settled({ state: 'unknown', reason, ...said });
  }
}

/** A return code before all words; of these only what the protocol knows may stand as the reason of a signal. */
function reasonOf({ outcome, reason, retcode }: ExecutionResult): string {
  if (retcode !== null) return `retcode-${retcode}`;
  return bridgeWord(reason) ?? (outcome === 'refused' ? 'bridge-refused' : outcome);
}

/** The broker's own words, or what else the bridge has said. */
const wordsOf = ({ broker_comment: comment, reason }: ExecutionResult): string | null =>
  comment || (bridgeWord(reason) === null ? reason : null) || null;

/** What it means that no answer came that can be believed. */
export function outcomeOfSilence(command: Facts, reply: NoReply, nowMs: number): Outcome {
  const said = { retcode: null, brokerComment: null };
  const reason = `bridge-${reply.word}`;
  if (reply.effect === 'unknown') return settled({ state: 'unknown', reason, ...said });
  const passes = leaves(command.instruction.kind) || PASSING_SILENCE.has(reply.word);
  return refusedBy(passes ? 'retry-wait' : 'terminal', command, { reason, said, nowMs });
}

/** What it means that an attempt's time was over before it was handed to anybody: an exit has another. */
export function outcomeOfDelay(command: Facts, nowMs: number): Outcome {
  const said = { reason: 'command-expired', retcode: null, brokerComment: null };
  return leaves(command.instruction.kind) && nowMs < command.expiresMs
    ? refusedBy('retry-wait', command, { reason: said.reason, said, nowMs })
    : settled({ state: 'expired', ...said });
}

const settled = (settlement: Settlement, pause = false): Outcome => ({ kind: 'settle', settlement, pause });

/**
 * A yes that contradicts its own return code is no answer. Of a pending order `done` too says no more than that the server
 * took it: its fill is for the deals to tell.
 */
function accepted({ instruction }: Facts, result: ExecutionResult, said: Said): Outcome {
  const { retcode, order } = result;
  const kind = retcode === null ? 'ok' : retcodeClass(retcode, instruction.kind);
  if (kind !== 'ok' && kind !== 'already')
    return settled({ state: 'unknown', reason: `contradictory-${retcode}`, ...said });
  const state = result.outcome === 'partial' || retcode === 10010 ? 'partial' : 'done';
  const unfilled = result.outcome === 'placed' || retcode === 10008;
  const unsure = (reason: string) => settled({ state: 'unknown', reason, orderTicket: order, ...said });
  if (instruction.kind !== 'place' && unfilled) return unsure('accepted-not-filled');
  if (instruction.kind === 'cancel') {
    const orderTicket = instruction.order.order_ticket;
    return settled({ state: 'done', orderTicket, positionId: null, volume: null, ...said });
  }
  if (instruction.kind === 'place' && (unfilled || state === 'done'))
    return order === null
      ? settled({ state: 'unknown', reason: 'placed-without-ticket', ...said })
      : settled({ state: 'placed', orderTicket: order, ...said });
  if (instruction.kind === 'modify_sltp') {
    const positionId = instruction.pre.position_id;
    return settled({ state: 'done', orderTicket: null, positionId, volume: null, ...said });
  }
  const asked = instruction.order.volume;
  const volume = result.volume ?? asked;
  if (instruction.kind === 'close' && (state === 'partial' || compare(volume, asked) < 0))
    return unsure('filled-in-part');
  // The opening order's ticket is the position's identifier for its whole life (domain 1.2).
  const positionId = instruction.pre.position_id ?? order;
  return settled({ state, orderTicket: order, positionId, volume, ...said });
}

function refusedBy(
  kind: RetcodeClass,
  command: Facts,
  { reason, said, nowMs }: { reason: string; said: Said; nowMs: number },
): Outcome {
  const { attempt, expiresMs, instruction, tripId } = command;
  const leaving = leaves(instruction.kind);
  const failed = settled({ state: 'failed', reason, ...said });
  const again = (notBeforeMs: number, attempts: number): Outcome =>
    attempt + 1 < attempts && notBeforeMs < expiresMs
      ? { kind: 'retry', notBeforeMs, reason, ...said }
      : failed;
  const waitedMs = nowMs + retryPauseMs(attempt, tripId !== null);
  switch (kind) {
    case 'retry-price':
      return attempt + 1 < PRICE_TRIES || !leaving
        ? again(nowMs, PRICE_TRIES)
        : again(waitedMs, LAST_ATTEMPT + 1);
    case 'retry-wait':
      return again(waitedMs, LAST_ATTEMPT + 1);
    case 'already':
      return settled({ state: 'done', orderTicket: null, positionId: null, volume: null, ...said });
    case 'pause':
      return settled({ state: 'failed', reason, ...said }, true);
    case 'terminal':
      return failed;
    // Both are looked up: the one because it may have been done, the other because something else has.
    case 're-read':
    case 'ambiguous':
    case 'ok':
      return settled({ state: 'unknown', reason, ...said });
  }
}
