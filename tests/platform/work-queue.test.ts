import { describe, expect, it } from 'vitest';
import { gatheringSender, type WorkMessage } from '../../functions/platform/work-queue.ts';

const hint = (id: string): WorkMessage => ({ kind: 'outbox', id });

/** A sender with its own clock; `answered` does what was put behind answers, as far as its runtime lets it. */
function isolate(waitMs: number) {
  const clock = {
    ms: 1_000,
    nowMs: () => clock.ms,
    sleep: async (ms: number) => {
      clock.ms += ms;
    },
  };
  const behind: (() => Promise<unknown>)[] = [];
  const calls: WorkMessage[][] = [];
  const queue = { send: async (messages: readonly WorkMessage[]) => void calls.push([...messages]) };
  const sendSoon = gatheringSender(queue, clock, waitMs)((work) => void behind.push(work));
  const answered = () => Promise.all(behind.splice(0).map((work) => work()));
  return { clock, behind, calls, sendSoon, answered };
}

describe('messages that many requests have to send', () => {
  it('leave as one call, put behind the first answer, and the next ones as the next', async () => {
    const { behind, calls, sendSoon, answered } = isolate(20);
    for (const id of ['a', 'b', 'c']) sendSoon([hint(id)]);
    expect(behind.length).toBe(1);
    expect(calls).toEqual([]);
    await answered();
    sendSoon([hint('d')]);
    await answered();
    expect(calls).toEqual([['a', 'b', 'c'].map(hint), [hint('d')]]);
  });

  it('wait for nobody whose request was ended before it sent them', async () => {
    const { clock, behind, calls, sendSoon, answered } = isolate(20);
    sendSoon([hint('a')]);
    behind.splice(0);
    clock.ms += 1_020;
    sendSoon([hint('b')]);
    await answered();
    expect(calls).toEqual([['a', 'b'].map(hint)]);
  });

  it('leave each at once where work put off holds up the answer', async () => {
    const { calls, sendSoon, answered } = isolate(0);
    sendSoon([hint('a')]);
    sendSoon([hint('b')]);
    sendSoon([]);
    await answered();
    expect(calls).toEqual([[hint('a')], [hint('b')]]);
  });
});
