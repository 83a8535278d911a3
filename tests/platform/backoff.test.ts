import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  randomUnit,
  retryAfterMs,
} from '../../functions/platform/backoff.ts';
import { runs } from '../support/property.ts';

const NOW = Date.parse('2026-03-02T10:00:00Z');
const MOST = 3_600_000;

describe('the pause before another attempt', () => {
  it('may be anything from nothing to 1, 2, 4 ... 32 seconds, and no longer', () => {
    const most = [1, 2, 3, 4, 5, 6, 7, 50, 5000].map((n) => Math.ceil(backoffMs(n, 1 - 2 ** -40)));
    expect(most.map((ms) => Math.round((ms + 1) / 1000))).toEqual([1, 2, 4, 8, 16, 32, 32, 32, 32]);
    for (const n of [1, 6, 5000]) expect(backoffMs(n, 0)).toBe(0);
  });

  it('is spread evenly over that range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, unit) => {
          const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (n - 1));
          expect(Math.abs(backoffMs(n, unit) - unit * most)).toBeLessThan(1);
        },
      ),
      runs(),
    );
  });

  it('takes its randomness from four bytes', () => {
    expect(randomUnit(new Uint8Array([0, 0, 0, 0]))).toBe(0);
    expect(randomUnit(new Uint8Array([128, 0, 0, 0]))).toBe(0.5);
    expect(randomUnit(new Uint8Array([255, 255, 255, 255]))).toBeLessThan(1);
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['9999999999', MOST],
    ['Mon, 02 Mar 2026 10:01:30 GMT', 90_000],
    ['Monday, 02-Mar-26 10:01:30 GMT', 90_000],
    ['Mon Mar  2 10:01:30 2026', 90_000],
    ['Mon, 02 Mar 2026 09:00:00 GMT', 0],
    ['Mon, 02 Mar 2099 09:00:00 GMT', MOST],
  ])('%j asks for %d ms', (header, ms) => {
    expect(retryAfterMs(header, NOW, MOST)).toBe(ms);
  });

  it.each([
    [null],
    [''],
    ['soon'],
    ['-1'],
    ['1.5'],
    ['1e3'],
    ['0x10'],
    ['2026-03-02T10:01:30Z'],
    ['Mon, 99 Mar 2026 10:01:30 GMT'],
  ])('%j asks for nothing', (header) => {
    expect(retryAfterMs(header, NOW, MOST)).toBeNull();
  });
});
