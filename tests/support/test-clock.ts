import type { Clock } from '../../functions/platform/clock.ts';

/** Monday of a trading week: where every test's time begins. */
export const START_MS = Date.parse('2026-03-02T10:00:00.000Z');

export type TestClock = Clock & { advance(ms: number): void; set(ms: number): void };

/** A clock that stands still until it is moved; `sleep` moves it and returns at once. */
export function testClock(startMs: number = START_MS): TestClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    advance: (ms) => {
      nowMs += ms;
    },
    set: (ms) => {
      nowMs = ms;
    },
  };
}
