import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byRisk, type RankedPosition } from '../../functions/execution/liquidation-rank.ts';
import { caseCensus, runs } from '../support/property.ts';

const position = (identifier: string, symbol: string, side: 'buy' | 'sell', volume: string) => ({
  ...{ identifier, symbol, side, volume },
});
const market = (tickValue: string | null, live = true) => ({ tickValue, live });
const order = (positions: RankedPosition[], markets: Parameters<typeof byRisk>[1]) =>
  byRisk(positions, markets).map((p) => p.identifier);

describe('the order in which positions leave', () => {
  it('is by net lots times the value of a tick, the largest leg first', () => {
    const positions = [
      position('1', 'EURUSD', 'buy', '3'),
      position('2', 'XAUUSD', 'sell', '1'),
      position('3', 'XAUUSD', 'sell', '4'),
    ];
    expect(order(positions, { EURUSD: market('1'), XAUUSD: market('1') })).toEqual(['3', '2', '1']);
    expect(order(positions, { EURUSD: market('2'), XAUUSD: market('1') })).toEqual(['1', '3', '2']);
  });

  it('puts what another leg covers last, a leg of the one side after one of the other', () => {
    const positions = [
      position('1', 'XAUUSD', 'buy', '2'),
      position('2', 'XAUUSD', 'buy', '1'),
      position('3', 'XAUUSD', 'sell', '1'),
      position('4', 'EURUSD', 'buy', '0.01'),
      position('5', 'GBPUSD', 'buy', '9'),
      position('6', 'GBPUSD', 'sell', '9'),
    ];
    const markets = { XAUUSD: market('1'), EURUSD: market('1'), GBPUSD: market('1') };
    expect(order(positions, markets)).toEqual(['1', '4', '3', '2', '6', '5']);
  });

  it('puts what cannot be traded now last, and after what is known what is not', () => {
    const positions = [
      position('1', 'XAUUSD', 'buy', '9'),
      position('2', 'GBPUSD', 'buy', '9'),
      position('3', 'EURUSD', 'buy', '1'),
      position('4', 'US500', 'buy', '9'),
    ];
    const markets = { XAUUSD: market('1', false), EURUSD: market('1'), GBPUSD: market(null) };
    expect(order(positions, markets)).toEqual(['3', '2', '1', '4']);
  });

  it('keeps every position once, and no covered leg of a market before one that nothing covers', () => {
    const census = caseCensus('hedged', 'covered', 'several symbols', 'closed');
    const symbols = ['XAUUSD', 'EURUSD', 'GBPUSD'] as const;
    const one = fc.record({
      symbol: fc.constantFrom(...symbols),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      lots: fc.integer({ min: 1, max: 40 }),
    });
    const live = fc.record({ XAUUSD: fc.boolean(), EURUSD: fc.boolean(), GBPUSD: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), live, (given, isLive) => {
        const positions = given.map((g, i) => position(String(i), g.symbol, g.side, String(g.lots)));
        const markets = Object.fromEntries(symbols.map((s) => [s, market('1', isLive[s])]));
        const ranked = byRisk(positions, markets);
        expect(ranked.map((p) => p.identifier).toSorted()).toEqual(
          positions.map((p) => p.identifier).toSorted(),
        );
        const lives = ranked.map((p) => isLive[p.symbol as 'XAUUSD']);
        expect(lives).toEqual(lives.toSorted((a, b) => Number(b) - Number(a)));
        for (const symbol of symbols) {
          const own = ranked.filter((p) => p.symbol === symbol);
          const net = own.reduce((sum, p) => sum + (p.side === 'buy' ? 1 : -1) * Number(p.volume), 0);
          // What stands when the first of a symbol's legs have left is never more exposed than before.
          const [first] = own;
          if (net !== 0) expect(first?.side).toBe(net > 0 ? 'buy' : 'sell');
          census.note('hedged', net === 0 && own.length > 0);
          census.note('covered', net !== 0 && own.some((p) => p.side !== first?.side));
        }
        census.note('several symbols', new Set(ranked.map((p) => p.symbol)).size > 1);
        census.note('closed', lives.includes(false));
      }),
      runs(500),
    );
    census.expectAllMet();
  });
});
