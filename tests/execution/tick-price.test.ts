import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceOf, stepsIn, toTicks } from '../../functions/execution/tick-price.ts';
import { Big } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';

describe('a price in ticks', () => {
  it.each([
    ['2034.4316', '0.01', 203_443n, 203_443n, 203_444n],
    ['2034.435', '0.01', 203_444n, 203_443n, 203_444n],
    ['2034.43', '0.01', 203_443n, 203_443n, 203_443n],
    ['5210.3', '0.25', 20_841n, 20_841n, 20_842n],
    ['0.004', '0.01', 0n, 0n, 1n],
    ['150.0005', '0.001', 150_001n, 150_000n, 150_001n],
  ])('of %s with ticks of %s', (price, tick, nearest, down, up) => {
    expect(toTicks(price, tick, 'nearest')).toBe(nearest);
    expect(toTicks(price, tick, 'down')).toBe(down);
    expect(toTicks(price, tick, 'up')).toBe(up);
  });

  it('is the price again where it lies on a tick, whatever the tick', () => {
    const ticks = fc.constantFrom('0.00001', '0.001', '0.01', '0.25', '0.5', '0.03', '5');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000 }), ticks, (n, tick) => {
        const price = priceOf(BigInt(n), tick);
        for (const rounding of ['nearest', 'down', 'up'] as const)
          expect(toTicks(price, tick, rounding)).toBe(BigInt(n));
      }),
      runs(),
    );
  });

  it('counts whole steps exactly, where a quotient of twenty places would round one up', () => {
    const census = caseCensus('exact', 'with a rest');
    // 0.333..., with more threes than a quotient keeps, times 3 is not 1.
    expect(stepsIn(new Big('0.99999999999999999999999999'), new Big(1)).toFixed()).toBe('0');
    expect(stepsIn(new Big('2.99999999999999999999999'), new Big('3')).toFixed()).toBe('0');
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(1n, 10n ** 9n), (amount, step) => {
        const steps = BigInt(stepsIn(new Big(String(amount)), new Big(String(step))).toFixed());
        census.note('exact', amount % step === 0n);
        census.note('with a rest', amount % step !== 0n);
        expect(steps).toBe(amount / step);
      }),
      {
        ...runs(500),
        examples: [
          [12n, 3n],
          [0n, 7n],
        ],
      },
    );
    census.expectAllMet();
  });
});
