/**
 * Works what came together so that nobody's slow work is everybody's wait. Invariants: whoever has the least at work comes
 * next, and of those whoever has used the least time; nothing is begun later than `roundMs` after the first, so that what
 * comes after this round waits for no more than that and one piece of work.
 */
import type { Clock } from './clock.ts';

export type SharedWork = {
  /** Whose it is; null: nobody's, which shares with nobody. */
  party: string | null;
  /** Does the work; it keeps its failures to itself. */
  run: () => Promise<void>;
};

/** Works what there is, at most `parallel` at once, in the order given where nobody has had more. What was not begun in time. */
export function workInShares<T extends SharedWork>(
  clock: Clock,
  work: readonly T[],
  { parallel, roundMs }: { parallel: number; roundMs: number },
): Promise<T[]> {
  const waiting = [...work];
  const shares = new Map<string, { running: number; spentMs: number }>();
  const untilMs = clock.nowMs() + roundMs;
  let running = 0;
  const shareOf = ({ party }: T) => {
    const share = (party === null ? undefined : shares.get(party)) ?? { running: 0, spentMs: 0 };
    if (party !== null) shares.set(party, share);
    return share;
  };
  const hasHadLess = (a: T, b: T): boolean => {
    const [x, y] = [shareOf(a), shareOf(b)];
    return x.running === y.running ? x.spentMs < y.spentMs : x.running < y.running;
  };
  return new Promise((resolve) => {
    const begin = async (item: T): Promise<void> => {
      const share = shareOf(item);
      const sinceMs = clock.nowMs();
      share.running += 1;
      running += 1;
      try {
        await item.run();
      } finally {
        share.running -= 1;
        share.spentMs += clock.nowMs() - sinceMs;
        running -= 1;
        goOn();
      }
    };
    const goOn = (): void => {
      while (running < parallel && waiting.length > 0 && clock.nowMs() < untilMs) {
        const next = waiting.reduce((best, item) => (hasHadLess(item, best) ? item : best));
        waiting.splice(waiting.indexOf(next), 1);
        void begin(next);
      }
      if (running === 0) resolve(waiting);
    };
    goOn();
  });
}
