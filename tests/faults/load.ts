// Callers that send signals one after another until they are told to stop, and what they were answered.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DevFile } from '../../infra/local/stack.ts';
import { type Answer, sendSignal } from './signals.ts';

const PATIENCE_MS = 40_000;

export type Load = {
  /** In the order in which they came. */
  answers: Answer[];
  /** Calls that got no answer at all. */
  broken: number;
  /** Resolves when that many more answers of the status have come. */
  further(status: number, count: number): Promise<void>;
  stop(): Promise<void>;
};

/** Starts `callers` callers. */
export function startLoad(dev: Pick<DevFile, 'base_url' | 'producer'>, callers: number): Load {
  let stopping = false;
  const load: Load = {
    answers: [],
    broken: 0,
    further: async (status, count) => {
      const from = load.answers.length;
      for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(5)) {
        const since = load.answers.slice(from);
        if (since.filter((a) => a.status === status).length >= count) return;
        if (Date.now() > deadline)
          throw new Error(
            `not ${count} answers ${status} in ${PATIENCE_MS / 1000} s, but ${JSON.stringify(census(since))}, ${load.broken} broken`,
          );
      }
    },
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
  };
  const call = async () => {
    while (!stopping) {
      try {
        const answer = await sendSignal(dev);
        load.answers.push(answer);
        if (answer.status !== 201) await sleep(20);
      } catch {
        load.broken += 1;
        await sleep(20);
      }
    }
  };
  const running = Array.from({ length: callers }, call);
  return load;
}

/** How often each status came, with the body of its last. */
function census(answers: readonly Answer[]): Record<string, unknown> {
  const statuses = [...new Set(answers.map((a) => a.status))];
  return Object.fromEntries(
    statuses.map((s) => {
      const of = answers.filter((a) => a.status === s);
      return [s, { times: of.length, last: of.at(-1)?.body }];
    }),
  );
}

/** Ids of the acknowledged signals. */
export const acknowledged = (load: Load): string[] =>
  load.answers.filter((a) => a.status === 201).map((a) => String(a.body.id));
