import { describe, expect, it } from 'vitest';
import {
  connectionState,
  contactOf,
  reconnectPauseMs,
  takesEntries,
} from '../../functions/bridge/connection-state.ts';

const NOW = 1_000_000_000;

describe('the state of a connection', () => {
  it.each([
    [0, 'connected', true],
    [15_000, 'connected', true],
    [15_001, 'delayed', true],
    [60_000, 'delayed', true],
    [60_001, 'silent', false],
    [86_400_000, 'silent', false],
    [-5_000, 'connected', true],
  ] as const)('last heard %d ms ago is %s, and takes entries: %s', (ageMs, state, entries) => {
    expect(connectionState(NOW - ageMs, NOW)).toBe(state);
    expect(takesEntries(state)).toBe(entries);
  });

  it('never heard is never, and of another account mismatch, however fresh: neither takes entries', () => {
    expect(connectionState(null, NOW)).toBe('never');
    expect(connectionState(null, NOW, { mismatch: true, catchingUp: true })).toBe('never');
    expect(connectionState(NOW, NOW, { mismatch: true, catchingUp: true })).toBe('mismatch');
    expect(takesEntries('never')).toBe(false);
    expect(takesEntries('mismatch')).toBe(false);
  });

  it('of an account whose history is still being read is that, as long as its bridge is heard', () => {
    const state = (ageMs: number) => connectionState(NOW - ageMs, NOW, { catchingUp: true });
    expect([0, 60_000, 60_001].map(state)).toEqual(['catching-up', 'catching-up', 'silent']);
    expect(takesEntries('catching-up')).toBe(false);
  });
});

describe('the schedule leaves a bridge that fails alone', () => {
  it('not at all at first, then longer, and never for more than two ticks', () => {
    expect([0, 1, 2, 3, 4, 5, 1000].map(reconnectPauseMs)).toEqual([
      ...[0, 0, 0],
      ...[90_000, 150_000, 150_000, 150_000],
    ]);
  });
});

describe('an outcome of a reconciliation', () => {
  it.each([
    ['applied', true, false],
    ['snapshot-stale', true, false],
    ['terminal-disconnected', true, false],
    ['raced', true, false],
    ['account-mismatch', true, true],
    ['bound-elsewhere', true, true],
    ['bridge-timeout', false, false],
    ['bridge-circuit-open', false, false],
  ])('%s: heard %s, mismatch %s', (outcome, heard, mismatch) => {
    expect(contactOf(outcome)).toEqual({ heard, mismatch });
  });
});
