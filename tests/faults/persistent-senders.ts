// Producers that send each signal until it is acknowledged, whatever happens to the stack meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DevFile } from '../../infra/local/stack.ts';
import { type Answer, postSigned, signedAgain, signedSignal } from './signals.ts';

const RETRY_MS = 200;
const ANSWER_MS = 30_000;
/** Longer than a stack needs to come back on a loaded machine. */
const PATIENCE_MS = 90_000;
/** One signal of so many is sent again although it was acknowledged, as by a producer whom the answer did not reach. */
const FORGET_EVERY = 75;

export type Tally = {
  retried: number;
  /** Answers 409 that named a stored signal: to the very same request, and to the same body signed anew. */
  replays: number;
  repeats: number;
  /** Signals whose first acknowledgement was a 409: stored, with the answer lost in a kill. */
  unheard: number;
  unavailable: number;
  unanswered: number;
};

export type Senders = {
  /** Ids of the acknowledged signals by their `external_id`. */
  acknowledged: Map<string, string>;
  tally: Tally;
  /** Resolves when that many are acknowledged. Rejects on an answer that none should get, and where nothing moves. */
  reached(count: number): Promise<void>;
  /** Resolves when all are acknowledged and no call is under way. Rejects as `reached` does. */
  done(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts `callers` callers that share `count` signals. */
export function startSenders(
  dev: Pick<DevFile, 'base_url' | 'producer'>,
  count: number,
  callers: number,
): Senders {
  const acknowledged = new Map<string, string>();
  const tally: Tally = { retried: 0, replays: 0, repeats: 0, unheard: 0, unavailable: 0, unanswered: 0 };
  const strange: string[] = [];
  let begun = 0;
  let stopping = false;

  /** Takes note of an answer and says whether it acknowledges the signal. */
  const settles = ({ status, body, externalId }: Answer, attempt: number): boolean => {
    const known = acknowledged.get(externalId);
    const id = status === 201 ? body.id : body.existing_id;
    const first = status === 201 && known === undefined;
    const again = status === 409 && attempt > 1 && /^(replay|external_id)$/.test(body.duplicate_of);
    if (again) tally[body.duplicate_of === 'replay' ? 'replays' : 'repeats'] += 1;
    if (again && known === undefined) tally.unheard += 1;
    if (status === 503) tally.unavailable += 1;
    else if (!(first || again) || (known ?? id) !== id)
      strange.push(`${status} at attempt ${attempt} for ${known ?? externalId}: ${JSON.stringify(body)}`);
    if (first || again) acknowledged.set(externalId, id);
    return first || again;
  };
  const send = async (index: number) => {
    let signal = signedSignal(dev.producer);
    let forget = index % FORGET_EVERY === 0;
    for (let attempt = 1; !stopping && strange.length === 0; attempt += 1) {
      if (attempt > 1) tally.retried += 1;
      // In turn the very same request, and the same body signed anew as by a producer whose signature is too old.
      if (attempt > 1 && (attempt + index) % 2 === 0) signal = signedAgain(dev.producer, signal);
      const answer = await postSigned(dev.base_url, signal, AbortSignal.timeout(ANSWER_MS)).catch(() => null);
      if (answer === null) tally.unanswered += 1;
      else if (settles(answer, attempt)) {
        if (!forget) return;
        forget = false;
        continue;
      }
      await sleep(RETRY_MS);
    }
  };
  const call = async () => {
    while (begun < count && !stopping) {
      begun += 1;
      await send(begun);
    }
  };
  const running = Promise.all(Array.from({ length: callers }, call));
  const assertKnown = () => {
    if (strange.length > 0) throw new Error(`answers that no sender should get: ${strange[0]}`);
  };
  const reached = async (wanted: number) => {
    let [seen, deadline] = [-1, 0];
    for (; acknowledged.size < wanted; await sleep(5)) {
      assertKnown();
      if (acknowledged.size > seen) [seen, deadline] = [acknowledged.size, Date.now() + PATIENCE_MS];
      if (Date.now() > deadline)
        throw new Error(`${seen} of ${wanted} acknowledged and no more: ${JSON.stringify(tally)}`);
    }
  };
  return {
    acknowledged,
    tally,
    reached,
    done: async () => {
      await reached(count);
      await running;
      assertKnown();
    },
    stop: async () => {
      stopping = true;
      await running;
    },
  };
}
