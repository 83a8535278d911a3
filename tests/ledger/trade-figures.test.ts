import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntryRisk, multipleOf, pipsOf, riskedMoney } from '../../functions/ledger/trade-figures.ts';
import { runs } from '../support/property.ts';

const risk: EntryRisk = { initialStop: '2025.1', tickSize: '0.01', tickValueLoss: '1' };
const trade = { side: 'buy' as const, entryPrice: '2035.1', volume: '0.1' };

describe('pips', () => {
  it('are the move in the trade’s favour, in its instrument’s pips', () => {
    const of = (side: 'buy' | 'sell', exitPrice: string | null, instrument: string, entryPrice = '1.1') =>
      pipsOf({ side, entryPrice, exitPrice }, instrument);
    expect(of('buy', '1.1025', 'EURUSD')).toBe('25');
    expect(of('sell', '1.1025', 'EURUSD')).toBe('-25');
    expect(of('buy', '2040.1', 'XAUUSD', '2035.1')).toBe('50');
    expect(of('sell', '150.105', 'USDJPY', '150.2')).toBe('9.5');
    expect(of('buy', null, 'EURUSD'), 'before the first exit').toBeNull();
    expect(of('buy', '999999999999', 'EURUSD'), 'beyond what a column holds').toBeNull();
  });
});

describe('the risked money', () => {
  it('is ticks to the first stop times their value times the lots', () => {
    expect(riskedMoney(trade, risk)?.toFixed()).toBe('100');
    expect(riskedMoney({ ...trade, volume: '2' }, risk)?.toFixed()).toBe('2000');
    const short = riskedMoney({ ...trade, side: 'sell' }, { ...risk, initialStop: '2036.1' });
    expect(short?.toFixed()).toBe('10');
  });

  it.each([
    ['no stop', { initialStop: null }],
    ['no tick', { tickSize: null }],
    ['no value of a tick', { tickValueLoss: null }],
    ['a tick of nothing', { tickSize: '0' }],
    ['a value of nothing', { tickValueLoss: '0' }],
    ['a stop on the winning side', { initialStop: '2040' }],
    ['a stop at the entry', { initialStop: '2035.1' }],
  ])('is not defined with %s', (_what, changes) => {
    expect(riskedMoney(trade, { ...risk, ...changes })).toBeNull();
    expect(multipleOf('5', riskedMoney(trade, { ...risk, ...changes }))).toBeNull();
  });

  it('makes R: a loss at the stop is minus one, whatever the size', () => {
    const lots = fc.integer({ min: 1, max: 10_000 });
    const distance = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(lots, distance, (hundredths, ticks) => {
        const volume = (hundredths / 100).toFixed(2);
        const stop = (2035.1 - ticks / 100).toFixed(2);
        const loss = (-(ticks * hundredths) / 100).toFixed(2);
        const risked = riskedMoney({ ...trade, volume }, { ...risk, initialStop: stop });
        expect(multipleOf(loss, risked)).toBe('-1');
      }),
      runs(),
    );
    expect(
      multipleOf('99999999999', riskedMoney(trade, { ...risk, tickValueLoss: '0.00000001' })),
    ).toBeNull();
  });
});
