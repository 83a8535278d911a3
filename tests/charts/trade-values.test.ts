import { expect, it } from 'vitest';
import { columnDigits, tradeValues } from '../../functions/charts/trade-values.ts';

const trades = [
  { net: '-12.34', r: '-1.0', openedMs: 1_000, closedMs: 3_601_400 },
  { net: '20', r: null, openedMs: 1_000, closedMs: 1_000 },
  { net: '0.5', r: '0.25', openedMs: 5_000, closedMs: 4_000 },
];

it('are the money, the multiples that are known, or whole seconds that never run backwards', () => {
  expect(tradeValues(trades, 'profit')).toEqual([-12.34, 20, 0.5]);
  expect(tradeValues(trades, 'r')).toEqual([-1, 0.25]);
  expect(tradeValues(trades, 'duration')).toEqual([3600, 0, 0]);
});

it('have the decimals of their column', () => {
  expect(columnDigits('profit', 3)).toBe(3);
  expect(columnDigits('r', 3)).toBe(2);
  expect(columnDigits('duration', 3)).toBe(0);
});
