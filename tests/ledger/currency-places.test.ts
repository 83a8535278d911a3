import { expect, it } from 'vitest';
import { currencyPlaces } from '../../functions/ledger/currency-places.ts';

it.each([
  ['USD', 2],
  ['EUR', 2],
  ['JPY', 0],
  ['KWD', 3],
  ['BTC', 2],
  ['USDT', 2],
  ['', 2],
  ['1$', 2],
  [null, 2],
])('amounts of %s have %i digits', (currency, places) => {
  expect(currencyPlaces(currency)).toBe(places);
});
