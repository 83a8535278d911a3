import { describe, expect, it } from 'vitest';
import { defaultCalendarId } from '../../functions/market/default-calendar-id.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';

describe('the class of an instrument', () => {
  it.each([
    ['EURUSD', 'fx'],
    ['USDJPY.M', 'fx'],
    ['GBPUSD_ECN', 'fx'],
    ['XAUUSD', 'metals-energy'],
    ['XAGEUR.R', 'metals-energy'],
    ['GOLD', 'metals-energy'],
    ['XTIUSD', 'metals-energy'],
    ['US500', 'us-index'],
    ['NAS100', 'us-index'],
    ['BTCUSD', 'crypto'],
    ['ETHUSDT', 'crypto'],
    ['DOGEBTC', 'crypto'],
  ])('%s is %s', (symbol, id) => {
    expect(defaultCalendarId(symbol)).toBe(id);
    expect(DEFAULT_CALENDARS.has(id)).toBe(true);
  });

  it.each(['GER40', 'JP225', 'AAPL', 'EURXXX', 'BTC', 'XAU', 'EURUSDX', '..', '.EURUSD', 'USDRUB'])(
    '%s has none, and so no entries until a calendar is named',
    (symbol) => {
      expect(defaultCalendarId(symbol)).toBeNull();
    },
  );
});
