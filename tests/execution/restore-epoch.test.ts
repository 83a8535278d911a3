import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import {
  commandNumberOf,
  EPOCH_SHIFT,
  epochEvidence,
  GIVEN_IN_DOUBT,
  isEpochBehind,
  isPlausible,
  LAST_EPOCH,
  PLAUSIBLE_AHEAD,
} from '../../functions/execution/restore-epoch.ts';
import { runs } from '../support/property.ts';

const NAMESPACE = 7;
const row = (magic: bigint | string) => ({ magic: String(magic) }) as never;
const snapshot = (highest: bigint | string, rows: (bigint | string)[] = []) => ({
  ...{
    highest_magic: String(highest),
    positions: rows.slice(0, 1).map(row),
    orders: rows.slice(1, 2).map(row),
  },
  ...{ deals: rows.slice(2, 3).map(row), history_orders: rows.slice(3).map(row) },
});
const number = (epoch: number, n: bigint) => (BigInt(epoch) << BigInt(EPOCH_SHIFT)) + n;
const ours = (n: bigint, attempt = 0) => magicNumber(NAMESPACE, n, attempt);
const text = (n: bigint) => String(ours(n));
const LAST = number(3, 1_000n);
const seen = (shown: Parameters<typeof epochEvidence>[0], dismissed: bigint[] = []) =>
  epochEvidence(shown, { namespace: NAMESPACE, lastNumber: LAST, dismissed: dismissed.map(text) });

describe('an epoch is behind', () => {
  it('from the first number that we have yet to give, whatever its attempt', () => {
    expect(isEpochBehind(String(ours(41n, 15)), 41n)).toBe(false);
    expect(isEpochBehind(String(ours(42n)), 41n)).toBe(true);
    expect(isEpochBehind(String(ours(42n)), 42n)).toBe(false);
  });

  it('by any number of a later epoch, and by none of an earlier one', () => {
    expect(isEpochBehind(text(number(2, 1n)), number(1, 134_217_727n))).toBe(true);
    expect(isEpochBehind(text(number(1, 134_217_727n)), number(2, 0n))).toBe(false);
    expect(commandNumberOf(String(ours(number(255, 5n), 3)))).toBe(number(255, 5n));
  });

  it('by a number that was given in doubt only where the sequence has not come to it', () => {
    const inDoubt = (n: bigint) => String(ours(number(3, n) | GIVEN_IN_DOUBT, 4));
    expect(isEpochBehind(inDoubt(1_000n), LAST)).toBe(false);
    expect(isEpochBehind(inDoubt(1_001n), LAST)).toBe(true);
    expect(commandNumberOf(inDoubt(9n))).toBe(number(3, 9n));
  });
});

describe('a number that we have yet to give', () => {
  it.each([
    ['the next one', number(3, 1_001n), true],
    ['the last of what may have been lost', number(3, 1_000n + PLAUSIBLE_AHEAD), true],
    ['one more', number(3, 1_001n + PLAUSIBLE_AHEAD), false],
    ['one of the epoch that followed and was lost', number(4, 1_001n), true],
    ['one of it that was given before', number(4, 1_000n), false],
    ['one too far in it', number(4, 1_001n + PLAUSIBLE_AHEAD), false],
    ['one of the epoch after that', number(5, 1_001n), false],
    ['one of the last epoch', number(LAST_EPOCH, 1n), false],
    ['one that was given already', number(3, 1_000n), false],
    ['one of an epoch that has ended', number(2, 5_000n), false],
    ['one given in doubt', number(3, 1_001n) | GIVEN_IN_DOUBT, true],
  ])('%s', (_what, n, plausible) => {
    expect(isPlausible(text(n), LAST)).toBe(plausible);
  });
});

describe('the evidence of a restore', () => {
  const [next, later] = [number(3, 1_001n), number(3, 1_011n)];
  const absurd = number(LAST_EPOCH, 1n);

  it('is none where a broker shows nothing of ours that we have yet to give', () => {
    expect(seen(snapshot('0'))).toBeNull();
    expect(seen(snapshot(ours(LAST), [ours(1n), ours(number(2, 9_000n))]))).toBeNull();
    const foreign = magicNumber(NAMESPACE + 1, later, 0);
    expect(seen(snapshot(foreign, [12n, magicNumber(6, later, 0)]))).toBeNull();
  });

  it('is the bridge’s own word, or any row’s where other programs’ magics are higher', () => {
    expect(seen(snapshot(ours(next)))).toEqual({ magic: text(next), plausible: true });
    for (let at = 0; at < 4; at += 1) {
      const rows = [1n, 1n, 1n, 1n];
      rows[at] = ours(later);
      expect(seen(snapshot(2n ** 53n - 1n, rows))).toEqual({ magic: text(later), plausible: true });
    }
  });

  it('is the highest plausible one, which nothing absurd hides', () => {
    expect(seen(snapshot(ours(absurd), [ours(next), ours(later)]))).toEqual({
      magic: text(later),
      plausible: true,
    });
    expect(seen(snapshot(ours(absurd)))).toEqual({ magic: text(absurd), plausible: false });
  });

  it('is not what an owner has dismissed, nor what lies below it, but what lies above it', () => {
    expect(seen(snapshot(ours(later), [ours(next)]), [later])).toBeNull();
    expect(seen(snapshot(ours(later)), [next])).toEqual({ magic: text(later), plausible: true });
    expect(seen(snapshot(ours(absurd)), [absurd])).toBeNull();
    expect(seen(snapshot(ours(number(200, 1n))), [absurd])).toBeNull();
  });

  it('is what is plausible though something absurd above it was dismissed, until that is too', () => {
    expect(seen(snapshot(ours(absurd), [ours(next)]), [absurd])).toEqual({
      magic: text(next),
      plausible: true,
    });
    expect(seen(snapshot(ours(absurd), [ours(next)]), [absurd, next])).toBeNull();
  });

  const options = runs();
  it(`is there whenever a restore lost up to as many commands as a day has, whatever else is shown (FC_SEED=${options.seed})`, () => {
    const lost = fc.bigInt({ min: 1n, max: PLAUSIBLE_AHEAD });
    const other = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
    fc.assert(
      fc.property(
        lost,
        fc.constantFrom(3, 4),
        other,
        fc.array(other, { maxLength: 4 }),
        (n, epoch, highest, rows) => {
          const magic = ours(number(epoch, 1_000n + n));
          const found = seen(snapshot(highest, [magic, ...rows.slice(0, 3)]), [absurd]);
          expect(found?.plausible).toBe(true);
          expect(commandNumberOf(found?.magic ?? '0')).toBeGreaterThanOrEqual(commandNumberOf(String(magic)));
        },
      ),
      options,
    );
  });
});
