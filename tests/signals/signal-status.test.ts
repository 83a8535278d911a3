import { describe, expect, it } from 'vitest';
import { SIGNAL_STATUS, statusCode, statusOf } from '../../functions/signals/signal-status.ts';

describe('the codes of a signal’s status', () => {
  it('are those of the contract', () => {
    expect(Object.fromEntries(SIGNAL_STATUS.map((s) => [s, statusCode(s)]))).toEqual({
      new: 0,
      approved: 1,
      rejected: 2,
      executed: 3,
      closed: 4,
      cancelled: 5,
      expired: 6,
      failed: 7,
    });
  });

  it('come back as the same status, as a number or as text', () => {
    for (const status of SIGNAL_STATUS) {
      expect(statusOf(statusCode(status))).toBe(status);
      expect(statusOf(String(statusCode(status)))).toBe(status);
    }
  });

  it.each([8, -1, 1.5, 'new', undefined])('%j is none, and throws', (code) => {
    expect(() => statusOf(code)).toThrow('an unknown signal status is stored');
  });
});
