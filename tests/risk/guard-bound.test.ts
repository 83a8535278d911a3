import { describe, expect, it } from 'vitest';
import { guardBound } from '../../functions/risk/guard-bound.ts';

const WARNING_MS = 10_000;

describe('within what time an account is closed', () => {
  it('is four seconds of a breach that leaves none, where its bridge guards by itself, and half a minute where not', () => {
    const hard = (bridgeGuards: boolean) => guardBound({ lane: 'webhook', bridgeGuards }, WARNING_MS).hardMs;
    expect([hard(true), hard(false)]).toEqual([4_000, 35_000]);
  });

  it('is the warning longer of any other: told at once by a bridge that polls, seen in our turn at one that is called', () => {
    const ordinary = (lane: 'poll' | 'webhook', bridgeGuards: boolean, warningMs = WARNING_MS) =>
      guardBound({ lane, bridgeGuards }, warningMs).ordinaryMs;
    expect(ordinary('poll', true)).toBe(14_000);
    expect(ordinary('webhook', true)).toBe(45_000);
    expect(ordinary('poll', false)).toBe(45_000);
    expect(ordinary('webhook', false, 0)).toBe(35_000);
  });
});
