import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { legVolume, type VolumeLimits } from '../../functions/execution/leg-volume.ts';
import { caseCensus, runs } from '../support/property.ts';

const limits = (over: Partial<VolumeLimits> = {}): VolumeLimits => ({
  ...{ min: '0.01', max: '50', step: '0.01' },
  ...over,
});
/** All orders of a close, in their order. */
function legsOf(wanted: string, of: VolumeLimits): string[] {
  const legs: string[] = [];
  for (let left = new Big(wanted); left.gt(0) && legs.length < 1_000; left = left.minus(legs.at(-1) ?? 0))
    legs.push(legVolume(left, of));
  return legs;
}

describe('the orders of a close', () => {
  it('are one where the broker takes it in one, and as many as it takes otherwise', () => {
    expect(legsOf('50', limits())).toEqual(['50']);
    expect(legsOf('50.01', limits())).toEqual(['50', '0.01']);
    expect(legsOf('120', limits())).toEqual(['50', '50', '20']);
  });

  it('are whole steps, also where the most is none', () => {
    expect(legsOf('1', limits({ max: '0.25', step: '0.1' }))).toEqual(['0.2', '0.2', '0.2', '0.2', '0.2']);
    expect(legsOf('7', limits({ min: '1', max: '2.5', step: '1' }))).toEqual(['2', '2', '2', '1']);
  });

  it('leave nothing that is less than the least', () => {
    expect(legsOf('50.5', limits({ min: '1', step: '0.1' }))).toEqual(['49.5', '1']);
    expect(legsOf('100.3', limits({ min: '1', step: '0.1' }))).toEqual(['50', '49.3', '1']);
    // Nobody can trade what is left here, and to leave it is all that can be done.
    expect(legsOf('1.5', limits({ min: '1', max: '1', step: '0.1' }))).toEqual(['1', '0.5']);
  });

  it('are one where the broker has not said how much it takes, or names no limit', () => {
    for (const over of [{ max: null }, { max: '0' }]) expect(legsOf('500', limits(over))).toEqual(['500']);
    for (const over of [{ min: null }, { min: '0' }, { step: null }, { step: '0' }, { step: '100' }])
      expect(legsOf('60', limits(over)), JSON.stringify(over)).toEqual(['50', '10']);
  });
});

it('come to what was wanted, each within what the broker takes, whatever it takes', () => {
  const census = caseCensus('one', 'cut', 'odd max', 'least');
  fc.assert(
    fc.property(
      fc.record({
        step: fc.constantFrom('0.001', '0.01', '0.1', '1', '0.25'),
        ...{ steps: fc.integer({ min: 1, max: 600 }), least: fc.integer({ min: 1, max: 6 }) },
        ...{ most: fc.integer({ min: 12, max: 200 }), odd: fc.integer({ min: 0, max: 9 }) },
      }),
      ({ step, steps, least, most, odd }) => {
        const wanted = new Big(step).times(steps);
        const min = new Big(step).times(least);
        // Up to nine tenths of a step more than whole ones.
        const max = new Big(step).times(most).plus(new Big(step).times(odd).div(10));
        const legs = legsOf(wanted.toFixed(), { min: min.toFixed(), max: max.toFixed(), step });
        const total = legs.reduce((sum, leg) => sum.plus(leg), new Big(0));
        expect(total.toFixed()).toBe(wanted.toFixed());
        expect(legs.length).toBe(Math.ceil(steps / most));
        for (const leg of legs) {
          expect(new Big(leg).gt(0) && new Big(leg).lte(max), leg).toBe(true);
          expect(new Big(leg).mod(step).eq(0), leg).toBe(true);
          expect(wanted.lt(min) || new Big(leg).gte(min), leg).toBe(true);
        }
        census.note('one', legs.length === 1);
        census.note('cut', legs.length > 2);
        census.note('odd max', legs.length > 1 && odd > 0);
        census.note('least', legs.length > 1 && legs.at(-1) === min.toFixed());
      },
    ),
    runs(2_000),
  );
  census.expectAllMet();
});
