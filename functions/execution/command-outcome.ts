/**
 * What a bridge's word on a command, or its silence, makes of the command. Invariants: what may have been executed is
 * `unknown`, never failed and never sent again from here; another attempt follows only a definite refusal, inside the
 * deadline, and as long as the magic has numbers for it (domain 1.4 and 2.4). Pure.
 */
import type { NoReply } from '../bridge/bridge-client.ts';
import type { ExecutionResult } from '../bridge/bridge-protocol.ts';
import type { Command } from './command-store.ts';
import { type RetcodeClass, retcodeClass } from './retcode-class.ts';

type Said = { retcode: number | null; brokerComment: string | null };
export type Settlement =
  | ({ state: 'done' | 'partial'; orderTicket: string | null; positionId: string | null } & Said)
  | ({ state: 'placed'; orderTicket: string } & Said)
  | ({ state: 'failed' | 'expired' | 'not_executed' | 'unknown'; reason: string } & Said)
  /** A working order that ended without a fill. */
  | { state: 'ended'; reason: 'order-canceled' | 'order-expired' | 'order-rejected' };
export type Outcome =
  /** `pause`: and the account takes no entries until a person resumes it. */
  | { kind: 'settle'; settlement: Settlement; pause: boolean }
  | ({ kind: 'retry'; notBeforeMs: number; reason: string } & Said);

/** Four bits of the magic tell attempts apart (domain 2.4). */
export const LAST_ATTEMPT = 15;
const PRICE_TRIES = 3;
const FIRST_PAUSE_MS = 500;
/** A terminal's own refusals that pass: it was known to be offline before anything was sent. */
const PASSING = new Set(['disconnected']);
/** We never reached the bridge, and soon may; a timeout is one of connecting where nothing was sent. */
const PASSING_SILENCE = new Set(['unreachable', 'circuit-open', 'timeout']);

type Facts = Pick<Command, 'attempt' | 'expiresMs'> & {
  instruction: Pick<Command['instruction'], 'kind' | 'pre'>;
};

/** What a signed result means at `nowMs` for the attempt that it is about. */
export function outcomeOf(command: Facts, result: ExecutionResult, nowMs: number): Outcome {
  const said = { retcode: result.retcode, brokerComment: result.broker_comment ?? null };
  const reason = result.reason ?? (result.retcode === null ? result.outcome : `retcode-${result.retcode}`);
  switch (result.outcome) {
    case 'done':
    case 'partial':
    case 'placed':
      return accepted(command, result, said);
    case 'failed':
      return result.retcode === null
        ? settled({ state: 'unknown', reason, ...said })
        : refusedBy(retcodeClass(result.retcode, command.instruction.kind), command, { reason, said, nowMs });
    case 'refused':
      if (result.reason === 'stale_attempt') return settled({ state: 'unknown', reason, ...said });
      return refusedBy(PASSING.has(reason) ? 'retry-wait' : 'terminal', command, { reason, said, nowMs });
    case 'expired':
      return settled({ state: 'expired', reason: 'command-expired', ...said });
    case 'unknown':
      return settled({ state: 'unknown', reason, ...said });
  }
}

/** What it means that no answer came that can be believed. */
export function outcomeOfSilence(command: Facts, reply: NoReply, nowMs: number): Outcome {
  const said = { retcode: null, brokerComment: null };
  const reason = `bridge-${reply.word}`;
  if (reply.effect === 'unknown') return settled({ state: 'unknown', reason, ...said });
  const passes = PASSING_SILENCE.has(reply.word);
  return refusedBy(passes ? 'retry-wait' : 'terminal', command, { reason, said, nowMs });
}

const settled = (settlement: Settlement, pause = false): Outcome => ({ kind: 'settle', settlement, pause });

/** A yes that contradicts its own return code is no answer. */
function accepted({ instruction }: Facts, result: ExecutionResult, said: Said): Outcome {
  const { retcode, order } = result;
  const kind = retcode === null ? 'ok' : retcodeClass(retcode, instruction.kind);
  if (kind !== 'ok' && kind !== 'already')
    return settled({ state: 'unknown', reason: `contradictory-${retcode}`, ...said });
  if (result.outcome === 'placed' || retcode === 10008)
    return order === null
      ? settled({ state: 'unknown', reason: 'placed-without-ticket', ...said })
      : settled({ state: 'placed', orderTicket: order, ...said });
  const state = result.outcome === 'partial' || retcode === 10010 ? 'partial' : 'done';
  // The opening order's ticket is the position's identifier for its whole life (domain 1.2).
  return settled({ state, orderTicket: order, positionId: instruction.pre.position_id ?? order, ...said });
}

function refusedBy(
  kind: RetcodeClass,
  command: Facts,
  { reason, said, nowMs }: { reason: string; said: Said; nowMs: number },
): Outcome {
  const { attempt, expiresMs, instruction } = command;
  const failed = settled({ state: 'failed', reason, ...said });
  const again = (notBeforeMs: number, attempts: number): Outcome =>
    attempt + 1 < attempts && notBeforeMs < expiresMs
      ? { kind: 'retry', notBeforeMs, reason, ...said }
      : failed;
  switch (kind) {
    case 'retry-price':
      return again(nowMs, PRICE_TRIES);
    case 'retry-wait':
      return again(nowMs + FIRST_PAUSE_MS * 2 ** attempt, LAST_ATTEMPT + 1);
    case 'already': {
      const positionId = instruction.pre.position_id ?? null;
      return settled({ state: 'done', orderTicket: null, positionId, ...said });
    }
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
