import { describe, expect, it } from 'vitest';
import {
  entryOffMarket,
  orderPrices,
  type PriceRules,
  ratioEnd,
  type WantedPrices,
} from '../../functions/execution/order-prices.ts';
import type { SymbolSpecification } from '../../functions/execution/symbol-specification.ts';
import { GOLD } from './trading-facts.ts';

const RULES: PriceRules = { minStopPoints: 0, rewardRatio: null };
const BUY: WantedPrices = { side: 'buy', price: '2000.004', stopLoss: '1990.006', takeProfit: '2030.006' };
const SELL: WantedPrices = { side: 'sell', price: '2000.004', stopLoss: '2010.001', takeProfit: '1970.004' };
type Spec = SymbolSpecification & { tickSize: string };
const build = (wanted: Partial<WantedPrices>, spec: Partial<Spec> = {}, rules: Partial<PriceRules> = {}) =>
  orderPrices({ ...BUY, ...wanted }, { ...GOLD, ...spec }, { ...RULES, ...rules });
const ratio = (rewardRatio: string) => ({ rewardRatio });

describe('the prices of an order', () => {
  it('are the entry at the nearest tick and the stop at the next one outward', () => {
    expect(build({})).toEqual({
      ...{
        kind: 'prices',
        entry: 200_000n,
        stop: 199_000n,
        takeProfit: 203_001n,
        risk: 1_000n,
        reward: 3_001n,
      },
    });
    expect(build(SELL)).toEqual({
      ...{
        kind: 'prices',
        entry: 200_000n,
        stop: 201_001n,
        takeProfit: 197_000n,
        risk: 1_001n,
        reward: 3_000n,
      },
    });
    expect(build({ price: '2000.005' })).toMatchObject({ entry: 200_001n });
    expect(build({ stopLoss: '1990.00' })).toMatchObject({ stop: 199_000n });
    expect(build({ stopLoss: null, takeProfit: null })).toMatchObject({
      stop: null,
      risk: null,
      reward: null,
    });
    expect(build({ takeProfit: null })).toMatchObject({ takeProfit: null, reward: null, risk: 1_000n });
  });

  it('are on ticks that are no points', () => {
    const index = { tickSize: '0.25', point: '0.01', stopsLevel: 100, spreadPoints: 0 };
    expect(build({ price: '5210.3', stopLoss: '5205.1', takeProfit: '5230.1' }, index)).toMatchObject({
      entry: 20_841n,
      stop: 20_820n,
      takeProfit: 20_920n,
    });
  });

  it('lift the reward to the ratio where rounding alone took it under, and refuse what falls short by itself', () => {
    expect(
      build({ price: '2000', stopLoss: '1989.993', takeProfit: '2030.02' }, {}, ratio('3')),
    ).toMatchObject({
      risk: 1_001n,
      reward: 3_003n,
      takeProfit: 203_003n,
    });
    expect(build({ price: '2000', stopLoss: '1990', takeProfit: '2029.96' }, {}, ratio('3'))).toMatchObject({
      reward: 3_000n,
    });
    expect(build({ price: '2000', stopLoss: '1990', takeProfit: '2029.95' }, {}, ratio('3'))).toEqual({
      kind: 'refused',
      reason: 'reward-below-ratio',
    });
    expect(build({ price: '2000', stopLoss: '1990', takeProfit: '2050' }, {}, ratio('3'))).toMatchObject({
      reward: 5_000n,
    });
  });

  it('are none without a stop and a target where the account has a ratio', () => {
    const none = (reason: string) => ({ kind: 'refused', reason });
    expect(build({ stopLoss: null }, {}, ratio('3'))).toEqual(none('stop-required'));
    expect(build({ takeProfit: null }, {}, ratio('3'))).toEqual(none('take-profit-required'));
    expect(build({ stopLoss: null, takeProfit: null }, {}, ratio('3'))).toEqual(none('stop-required'));
  });

  it.each([
    ['the broker’s stops level', { stopsLevel: 1_001, spreadPoints: 0 }, {}],
    ['three spreads', { stopsLevel: 0, spreadPoints: 334 }, {}],
    ['our own distance', { stopsLevel: 0, spreadPoints: 0 }, { minStopPoints: 1_001 }],
  ])('refuse a stop nearer than %s, and take one that stands on it', (_what, spec, rules) => {
    const just = { stopLoss: spec.spreadPoints === 334 ? '1989.98' : '1989.99', takeProfit: '2050' };
    expect(build({ takeProfit: '2050' }, spec, rules)).toEqual({ kind: 'refused', reason: 'stop-too-close' });
    expect(build(just, spec, rules)).toMatchObject({ kind: 'prices' });
  });

  it('refuse a stop or a target on the wrong side, a target too near, and a price that is none', () => {
    const reason = (wanted: Partial<WantedPrices>, spec: Partial<Spec> = {}) => {
      const built = build(wanted, { stopsLevel: 0, spreadPoints: 0, ...spec });
      return built.kind === 'refused' ? built.reason : 'built';
    };
    expect(reason({ stopLoss: '2000.006' })).toBe('stop-too-close');
    expect(reason({ stopLoss: '2000' })).toBe('stop-too-close');
    expect(reason({ takeProfit: '2000' })).toBe('take-profit-too-close');
    expect(reason({ takeProfit: '1999' })).toBe('take-profit-too-close');
    expect(reason({ takeProfit: '2000.19' }, { stopsLevel: 20 })).toBe('take-profit-too-close');
    expect(reason({ takeProfit: '2000.20' }, { stopsLevel: 20 })).toBe('built');
    expect(reason({ price: '0.004', stopLoss: null })).toBe('price-not-positive');
    expect(reason({ ...BUY, price: '1', stopLoss: '0.004', takeProfit: null })).toBe('price-not-positive');
    expect(reason({ ...SELL, price: '1', stopLoss: '1.5', takeProfit: '0.004' })).toBe('price-not-positive');
  });
});

describe('the end of the ratio', () => {
  const end = (wanted: WantedPrices, rewardRatio: string) => {
    const built = build(wanted, {}, ratio(rewardRatio));
    if (built.kind === 'refused') throw new Error(built.reason);
    return ratioEnd(built, wanted.side, rewardRatio);
  };

  it('is the last tick at which reward is still so many times the risk', () => {
    // Risk 12 and reward 39 at 2000; a fill at 2001 would risk 13 for 38.
    const long = { side: 'buy', price: '2000', stopLoss: '1988', takeProfit: '2039' } as const;
    expect(end(long, '3.25')).toBe(200_000n);
    expect(end(long, '3')).toBe(200_075n);
    expect(end(long, '2.9')).toBe(200_107n);
    const short = { side: 'sell', price: '2000', stopLoss: '2012', takeProfit: '1961' } as const;
    expect(end(short, '3.25')).toBe(200_000n);
    expect(end(short, '3')).toBe(199_925n);
    expect(end(short, '2.9')).toBe(199_893n);
  });

  it('is not there where no ratio is kept', () => {
    const built = build({});
    expect(built.kind === 'prices' && ratioEnd(built, 'buy', null)).toBeNull();
  });
});

describe('a pending price', () => {
  // Bid 2035.00, ask 2035.20, stops level 0.20.
  it.each([
    ['buy', 'limit', 203_500n, 203_501n],
    ['buy', 'stop', 203_540n, 203_539n],
    ['sell', 'limit', 203_520n, 203_519n],
    ['sell', 'stop', 203_480n, 203_481n],
  ] as const)(
    'of a %s %s keeps the stops level from its own side of the market',
    (side, type, fits, near) => {
      expect(entryOffMarket(fits, { side, type }, GOLD)).toBe(true);
      expect(entryOffMarket(near, { side, type }, GOLD)).toBe(false);
      const none = { ...GOLD, stopsLevel: 0 };
      const at = BigInt(side === 'buy' ? 203_520 : 203_500);
      expect(entryOffMarket(at, { side, type }, none)).toBe(false);
    },
  );
});
