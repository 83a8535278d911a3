import { expect, it } from 'vitest';
import { pipSize } from '../../functions/ledger/pip-size.ts';

it.each([
  ['EURUSD', '0.0001'],
  ['GBPCHF', '0.0001'],
  ['USDJPY', '0.01'],
  ['EURJPY.m', '0.01'],
  ['EUR/USD', '0.0001'],
  ['m.EURUSD', '0.0001'],
  ['eurusd#', '0.0001'],
  ['FXGBPUSD', '0.0001'],
  ['XAUUSD', '0.1'],
  ['XAUEUR.pro', '0.1'],
  ['GOLD', '0.1'],
  ['GOLD.m', '0.1'],
  ['XAGUSD', '0.01'],
  ['BTCUSD', '1'],
  ['US500', '1'],
  ['NAS100', '1'],
  ['GER40.cash', '1'],
  ['', '1'],
])('a pip of %s is %s', (instrument, size) => {
  expect(pipSize(instrument)).toBe(size);
});
