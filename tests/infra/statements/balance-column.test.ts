import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BalanceStep, checkBalanceColumn } from '../../../infra/statements/balance-column.ts';
import { runs } from '../../support/property.ts';

/** Steps with the balance that each leaves, from nothing on. */
const column = (moves: readonly number[]): BalanceStep[] => {
  let balance = 0;
  return moves.map((moved, i) => {
    balance += moved;
    return { line: i + 2, moved: String(moved), balance: `${balance}.00` };
  });
};
const refusal = (...orders: BalanceStep[][]): string | null => {
  try {
    checkBalanceColumn(orders);
    return null;
  } catch (e) {
    const { line, message } = e as { line: number; message: string };
    return `${line}: ${message}`;
  }
};
const moves = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 30 });

describe('a balance column', () => {
  it('is sound in any order of its rows', () => {
    fc.assert(
      fc.property(
        moves.chain((m) => fc.shuffledSubarray(column(m), { minLength: m.length })),
        (steps) => {
          expect(refusal(steps)).toBeNull();
        },
      ),
      runs(),
    );
  });

  it('is refused where a deal is missing, unless its money was none', () => {
    fc.assert(
      fc.property(moves, fc.nat(), (m, at) => {
        const steps = column(m);
        const gone = at % Math.max(1, steps.length - 1);
        const without = steps.toSpliced(gone, 1);
        // The last may be missing from any list; before it, what moved nothing leaves no trace.
        const traceless = steps.length === 1 || steps[gone]?.moved === '0';
        if (traceless) expect(refusal(without)).toBeNull();
        // Steps that meet again at the same balance can make up for one another, as a round trip that is gone as a whole does.
        else expect(refusal(without) === null).toBe(isPathByHand(without));
      }),
      runs(),
    );
  });

  it('is refused by the line where it breaks, in the order that breaks least', () => {
    const steps = column([100, -3, 5, -7]);
    const wrong = steps.with(2, { line: 4, moved: '5', balance: '101.99' });
    expect(refusal(wrong)).toBe('4: the balance is 101.99 where 97.00 and this deal leave 102');
    expect(refusal([...wrong].reverse(), wrong)).toBe(refusal(wrong));
    expect(refusal(column([100]).map((s) => ({ ...s, balance: '150.00' })))).toBe(
      '2: the balance is 150.00 where the first deal leaves 100: the list does not begin with the account',
    );
  });

  it('is not sound where a part of it hangs on nothing', () => {
    const apart = [
      { line: 8, moved: '5', balance: '905' },
      { line: 9, moved: '-5', balance: '900' },
    ];
    expect(refusal([...column([100, -3]), ...apart])).toMatch(/^8: /);
    // It hangs together, and begins with five out of nowhere.
    const nowhere = [
      { line: 2, moved: '-5', balance: '0' },
      { line: 3, moved: '5', balance: '5' },
      { line: 4, moved: '-2', balance: '3' },
    ];
    expect(refusal(nowhere)).toMatch(/^2: .*does not begin with the account$/);
    const round = column([100, -100]);
    expect(refusal(round)).toBeNull();
    expect(refusal([...round, ...apart])).toMatch(/^8: /);
  });
});

/** By trying: whether some order of the steps is one path from nothing. */
function isPathByHand(steps: readonly BalanceStep[]): boolean {
  const failed = new Set<string>();
  const walk = (at: number, left: readonly BalanceStep[]): boolean => {
    if (left.length === 0) return true;
    const key = `${at}|${left.map((s) => s.line).join()}`;
    if (failed.has(key)) return false;
    // What leads back to the same balance can always be taken first.
    const next = left.filter((s) => Number(s.balance) - Number(s.moved) === at);
    const loop = next.find((s) => Number(s.moved) === 0);
    const found = (loop ? [loop] : next).some((s) =>
      walk(
        Number(s.balance),
        left.filter((o) => o !== s),
      ),
    );
    if (!found) failed.add(key);
    return found;
  };
  return walk(0, steps);
}
