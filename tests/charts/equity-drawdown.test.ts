import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawdowns, underwater } from '../../functions/charts/equity-drawdown.ts';
import type { EquityPoint } from '../../functions/charts/resolved-chart.ts';
import { balanceDrawdown } from '../../functions/ledger/balance-drawdown.ts';
import { unitsOf } from '../../functions/ledger/exact-money.ts';
import { runs } from '../support/property.ts';

const points = (...rows: [number, number?][]): EquityPoint[] =>
  rows.map(([equity, flow = 0], index) => ({ timeMs: index * 1000, equity, flow }));

const fallsOf = (rows: EquityPoint[]) => drawdowns(underwater(rows, 2));

describe('drawdown of a curve', () => {
  it('leaves deposits and withdrawals out', () => {
    const curve = underwater(points([100, 100], [110], [60, -50], [90, 40], [85]), 2);
    expect(curve.map(({ own }) => own)).toEqual([100, 110, 110, 100, 95]);
    expect(curve.map(({ down }) => down)).toEqual([0, 0, 0, 10, 15]);
  });

  it('is largest in money at one fall and in percent at another', () => {
    const { maximal, relative } = fallsOf(points([100], [50], [1000], [900], [1100]));
    expect(maximal).toEqual({ money: 100, percent: 10, from: 2, to: 3, fromMs: 2000, toMs: 3000 });
    expect(relative).toEqual({ money: 50, percent: 50, from: 0, to: 1, fromMs: 0, toMs: 1000 });
  });

  it('begins at the latest of equal peaks and ends at the earliest of equal troughs', () => {
    const { maximal } = fallsOf(points([100], [100], [80], [90], [80]));
    expect(maximal).toMatchObject({ from: 1, to: 2, money: 20 });
  });

  it('is nothing on a curve that never falls, and a share of nothing from a peak of zero or below', () => {
    const flat = { money: 0, percent: 0, from: 0, to: 0 };
    expect(fallsOf(points([100]))).toMatchObject({ maximal: flat, relative: flat });
    const debt = fallsOf(points([0], [-5], [-20]));
    expect(debt.maximal).toMatchObject({ money: 20, percent: null, from: 0, to: 2 });
    expect(debt.relative.percent).toBeNull();
  });

  it('is what the ledger finds in whole cents, whatever flows there are', () => {
    const cents = fc.integer({ min: -90_000, max: 90_000 });
    const flow = fc.oneof(fc.constant(0), fc.integer({ min: -500_000, max: 500_000 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000_000 }),
        fc.array(fc.tuple(cents, flow), { minLength: 1, maxLength: 60 }),
        (start, steps) => {
          let equity = start;
          const rows = [{ timeMs: 0, equity: start / 100, flow: 77 }];
          for (const [index, [net, moved]] of steps.entries()) {
            equity += net + moved;
            rows.push({ timeMs: index + 1, equity: equity / 100, flow: moved / 100 });
          }
          const units = (amount: number): bigint => unitsOf((amount / 100).toFixed(2));
          const stated = balanceDrawdown(
            units(start),
            steps.map(([net]) => units(net)),
          );
          const { maximal, relative } = fallsOf(rows);
          expect(maximal.money).toBe(Number(stated.maximal));
          if (stated.maximal_percent !== null && maximal.money > 0) {
            expect(maximal.percent).toBeCloseTo(stated.maximal_percent, 8);
          }
          if (stated.relative_percent !== null && relative.percent !== null) {
            expect(relative.percent).toBeCloseTo(stated.relative_percent, 8);
          }
        },
      ),
      runs(),
    );
  });
});
