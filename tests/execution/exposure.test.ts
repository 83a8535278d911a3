import { describe, expect, it } from 'vitest';
import { exposureOf, lotWorth } from '../../functions/execution/exposure.ts';
import { GOLD } from './trading-facts.ts';

/** Rows as snapshots leave them. */
const gold = {
  ...{ point: '0.01', tick_size: '0.01', tick_value_loss: '1', volume_min: '0.01', volume_max: '50' },
  ...{ volume_step: '0.01', bid: '2035', ask: '2035.2' },
};
/** A yen pair in dollars: 100,000 at 0.001 a tick is 0.65 dollars. */
const yen = {
  ...gold,
  point: '0.001',
  tick_size: '0.001',
  tick_value_loss: '0.65',
  bid: '153.84',
  ask: '153.85',
};
const rows = { XAUUSD: gold, USDJPY: yen };

describe('what a lot is worth', () => {
  it('is its ticks times the money of one, at the price that a purchase would pay', () => {
    expect(String(lotWorth(GOLD))).toBe('203520');
    expect(Number(lotWorth({ ask: '153.85', tickSize: '0.001', tickValueLoss: '0.65' }))).toBeCloseTo(
      100_002.5,
      6,
    );
  });

  it.each([
    { tickSize: null },
    { tickValueLoss: null },
    { tickSize: '0' },
    { tickValueLoss: '0' },
    { ask: '0' },
  ])('is not known with %j', (change) => {
    expect(lotWorth({ ...GOLD, ...change })).toBeNull();
  });
});

describe('what an account has in the market', () => {
  it('is all of it added up, both sides of a hedge too', () => {
    expect(
      exposureOf(
        [
          { symbol: 'XAUUSD', volume: '0.1' },
          { symbol: 'XAUUSD', volume: '0.2' },
          { symbol: 'USDJPY', volume: '1' },
        ],
        rows,
      ),
    ).toBe('161058.5');
    expect(exposureOf([], {})).toBe('0');
  });

  it('is not known where one symbol’s worth is not; of nothing there need be none', () => {
    expect(exposureOf([{ symbol: 'US500', volume: '0.1' }], rows)).toBeNull();
    expect(exposureOf([{ symbol: 'US500', volume: '0' }], rows)).toBe('0');
    const silent = { ...rows, US500: { ...gold, tick_value_loss: null } };
    expect(exposureOf([{ symbol: 'US500', volume: '0.1' }], silent)).toBeNull();
  });
});
