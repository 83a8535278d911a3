import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Big } from '../../functions/platform/decimal.ts';
import { distanceTo, fallDistance } from '../../functions/risk/guard-distance.ts';
import { BLANK_STATE } from '../../functions/risk/guard-state.ts';
import { runs } from '../support/property.ts';

const state = (units: string, peak: string, equity: string) => ({
  ...{ units, peak },
  last: { atMs: 0, balance: equity, credit: '0', equity },
});

describe('the distance to a fall', () => {
  it('is the money until the equity at which it would be one, and its share of the equity', () => {
    expect(fallDistance(state('10000', '1', '9000'), 2_000)).toEqual({
      ...{ below: '8000', to: '1000' },
      percent: (1000 / 9000) * 100,
    });
  });

  it('goes by the units, so that a deposit moves the level with the money', () => {
    const before = fallDistance(state('10000', '1', '8500'), 2_000);
    const units = new Big('18500').div('0.85').toFixed();
    const after = fallDistance(state(units, '1', '18500'), 2_000);
    expect(before?.to).toBe('500');
    expect(Number(after?.to)).toBeCloseTo((18_500 / 0.85) * 0.05, 5);
  });

  it('is below zero past it, and none before the first sample or where nothing is left', () => {
    expect(fallDistance(state('10000', '1', '7900'), 2_000)?.to).toBe('-100');
    expect(fallDistance(null, 2_000)).toBe(null);
    expect(fallDistance(BLANK_STATE, 2_000)).toBe(null);
    expect(fallDistance(state('0', '1', '0'), 2_000)).toBe(null);
  });

  it('has no share of an equity that is nothing', () => {
    expect(distanceTo('100', '0')).toEqual({ below: '100', to: '-100', percent: null });
  });

  it('is never shown as more than it is', () => {
    const money = fc.integer({ min: 1, max: 1_000_000_000 });
    fc.assert(
      fc.property(money, money, money, fc.integer({ min: 1, max: 9_999 }), (units, peak, equity, bps) => {
        const of = state(String(units), new Big(peak).div(7_777_777).toFixed(), String(equity));
        const shown = new Big(fallDistance(of, bps)?.to ?? 'none');
        const exact = new Big(equity).minus(
          new Big(of.units)
            .times(of.peak)
            .times(10_000 - bps)
            .div(10_000),
        );
        expect(shown.lte(exact)).toBe(true);
      }),
      runs(300),
    );
  });
});
