import { describe, expect, it } from 'vitest';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import {
  commandNumberOf,
  EPOCH_SHIFT,
  highestOwnMagic,
  isEpochBehind,
} from '../../functions/execution/restore-epoch.ts';

const row = (magic: bigint | string) => ({ magic: String(magic) }) as never;
const snapshot = (highest: bigint | string, rows: (bigint | string)[] = []) => ({
  ...{
    highest_magic: String(highest),
    positions: rows.slice(0, 1).map(row),
    orders: rows.slice(1, 2).map(row),
  },
  ...{ deals: rows.slice(2, 3).map(row), history_orders: rows.slice(3).map(row) },
});
const ours = (number: bigint, attempt = 0) => magicNumber(7, number, attempt);

describe('the highest magic of ours that a broker has seen', () => {
  it('is the bridge’s own word, or any row’s where other programs’ magics are higher', () => {
    expect(highestOwnMagic(snapshot(ours(9n)), 7)).toBe(String(ours(9n)));
    for (let at = 0; at < 4; at += 1) {
      const rows: bigint[] = [1n, 1n, 1n, 1n];
      rows[at] = ours(11n);
      expect(highestOwnMagic(snapshot(2n ** 53n - 1n, rows), 7)).toBe(String(ours(11n)));
    }
  });

  it('is none where nothing is of our namespace', () => {
    expect(highestOwnMagic(snapshot('0'), 7)).toBeNull();
    expect(highestOwnMagic(snapshot(magicNumber(8, 5n, 0), [12n, magicNumber(6, 5n, 0)]), 7)).toBeNull();
  });
});

describe('an epoch is behind', () => {
  it('from the first number that we have yet to give, whatever its attempt', () => {
    expect(isEpochBehind(String(ours(41n, 15)), 41n)).toBe(false);
    expect(isEpochBehind(String(ours(42n)), 41n)).toBe(true);
    expect(isEpochBehind(String(ours(42n)), 42n)).toBe(false);
  });

  it('by any number of a later epoch, and by none of an earlier one', () => {
    const inEpoch = (epoch: bigint, n: bigint) => (epoch << BigInt(EPOCH_SHIFT)) + n;
    expect(isEpochBehind(String(ours(inEpoch(2n, 1n))), inEpoch(1n, 268_435_455n))).toBe(true);
    expect(isEpochBehind(String(ours(inEpoch(1n, 268_435_455n))), inEpoch(2n, 0n))).toBe(false);
    expect(commandNumberOf(String(ours(inEpoch(255n, 5n), 3)))).toBe(inEpoch(255n, 5n));
  });
});
