/** What came of sending an alert to one destination, and what that means for sending it again. Pure. */
import type { OutboundReply, OutboundWord } from '../platform/outbound.ts';
import type { Judgement } from '../platform/resilient-call.ts';

export type DeliveryOutcome =
  | { kind: 'sent' }
  | {
      kind: 'failed';
      word: OutboundWord;
      effect: 'none' | 'unknown';
      /** Whether it may go better at once. */
      transient: boolean;
      retryAfterMs: number | null;
    };

/** The outcome of a call that brought no reply. */
export const failedCall = (reply: Extract<OutboundReply, { kind: 'failed' }>): DeliveryOutcome => ({
  kind: 'failed',
  word: reply.word,
  effect: reply.effect,
  transient: reply.word === 'unreachable' || reply.word === 'timeout',
  retryAfterMs: null,
});

/** The outcome of an answer that is no yes. One of 5xx may have come after the deed; 429 and 4xx came instead of it. */
export const refusedCall = (status: number, retryAfterMs: number | null): DeliveryOutcome => ({
  kind: 'failed',
  word: 'refused',
  effect: status >= 400 && status < 500 ? 'none' : 'unknown',
  transient: status === 429 || status >= 500,
  retryAfterMs,
});

/** What a circuit that is open amounts to: nothing was sent. */
export const CIRCUIT_OPEN: DeliveryOutcome = {
  kind: 'failed',
  word: 'unreachable',
  effect: 'none',
  transient: false,
  retryAfterMs: null,
};

/** A destination that answers, even with no, is up. */
export function judgedDelivery(outcome: DeliveryOutcome): Judgement {
  if (outcome.kind === 'sent') return { health: 'up', transient: false, effect: 'none', retryAfterMs: null };
  const { word, effect, transient, retryAfterMs } = outcome;
  const answered = word === 'refused' && effect === 'none';
  const health = answered ? 'up' : word === 'blocked' ? 'unknown' : 'down';
  return { health, transient, effect, retryAfterMs };
}
