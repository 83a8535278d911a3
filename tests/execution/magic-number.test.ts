import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwnMagic, magicNumber } from '../../functions/execution/magic-number.ts';
import { caseCensus, runs } from '../support/property.ts';

const namespace = fc.integer({ min: 1, max: 2 ** 13 - 1 });
const number = fc.bigInt({ min: 1n, max: 2n ** 36n - 1n });
const attempt = fc.integer({ min: 0, max: 15 });

describe('a magic number', () => {
  it('is namespace, command number and attempt side by side (vector)', () => {
    expect(magicNumber(7, 1n, 0)).toBe(7_696_581_394_448n);
    expect(magicNumber(1, 1n, 1)).toBe((1n << 40n) + 17n);
  });

  it('at its largest is 2^53 - 1, which every terminal and JSON reader keeps whole', () => {
    expect(magicNumber(2 ** 13 - 1, 2n ** 36n - 1n, 15)).toBe(2n ** 53n - 1n);
    expect(Number.isSafeInteger(Number(magicNumber(2 ** 13 - 1, 2n ** 36n - 1n, 15)))).toBe(true);
  });

  it('is another one for every namespace, command and attempt', () => {
    const census = caseCensus('same parts', 'other parts');
    const parts = fc.tuple(namespace, number, attempt);
    const near = fc.tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.bigInt({ min: 1n, max: 2n }),
      fc.integer({ min: 0, max: 1 }),
    );
    fc.assert(
      fc.property(fc.oneof(parts, near), fc.oneof(parts, near), (a, b) => {
        const same = a.every((part, i) => part === b[i]);
        census.note(same ? 'same parts' : 'other parts', true);
        expect(magicNumber(...a) === magicNumber(...b)).toBe(same);
      }),
      runs(500),
    );
    census.expectAllMet();
  });

  it('is known as its own namespace’s and no other’s', () => {
    fc.assert(
      fc.property(namespace, number, attempt, namespace, (ns, n, a, other) => {
        expect(isOwnMagic(magicNumber(ns, n, a), ns)).toBe(true);
        expect(isOwnMagic(magicNumber(ns, n, a), other)).toBe(other === ns);
      }),
      runs(),
    );
    expect(isOwnMagic(0n, 1), 'a hand trade').toBe(false);
    expect(isOwnMagic(2n ** 53n + (7n << 40n), 7), 'beyond our numbers').toBe(false);
  });

  it.each([
    [0, 1n, 0],
    [2 ** 13, 1n, 0],
    [-1, 1n, 0],
    [1, 0n, 0],
    [1, 2n ** 36n, 0],
    [1, -1n, 0],
    [1, 1n, -1],
    [1, 1n, 16],
  ])('out of range throws, for a wrapped one would name another command: %d, %d, %d', (ns, n, a) => {
    expect(() => magicNumber(ns, n, a)).toThrow('a magic number out of range');
  });
});
