// The worked examples of the domain: two Fib-RSI setups on gold, from raw prices to the order, to the tick and the lot.
import { describe, expect, it } from 'vitest';
import { entryOrder } from '../../functions/execution/entry-order.ts';
import { type Change, entryFacts, openMarket } from './trading-facts.ts';

const RISK = { riskBps: 200, rewardRatio: '3.25', minStopPoints: 5 };
const EXPIRES = Date.UTC(2026, 0, 31, 6);
const FRIDAY_CLOSE = Date.UTC(2026, 0, 30, 22);
/** Closed from Friday 22:00 to Sunday 23:00 of that week. */
const HOURS = {
  isOpen: (atMs: number) => atMs < FRIDAY_CLOSE || atMs >= Date.UTC(2026, 1, 1, 23),
  lastCloseBefore: (atMs: number) => (atMs >= FRIDAY_CLOSE ? FRIDAY_CLOSE : null),
};
const state = (money: string) => ({ balance: money, equity: money, margin_free: money });
const NO_LIMIT = { max_volume: '50', max_risk: null };

const short: Change = {
  settings: RISK,
  account: { snapshotMs: Date.UTC(2026, 0, 23, 7) },
  specification: { spreadPoints: 20, bid: '2012.20', ask: '2012.40', quotedMs: Date.UTC(2026, 0, 23, 7) },
  signal: { expiresMs: Date.UTC(2026, 0, 23, 8), orderExpiresMs: Date.UTC(2026, 0, 27, 11) },
  terms: {
    ...NO_LIMIT,
    ...{ side: 'sell', order_type: 'limit', price: '2034.4316', band: { low: '2030', high: '2040' } },
    ...{ stop_loss: '2050.2468', take_profit: '1983.0322' },
  },
};
const long: Change = {
  settings: RISK,
  account: { snapshotMs: Date.UTC(2026, 0, 27, 2) },
  specification: { spreadPoints: 20, bid: '1992.60', ask: '1992.80', quotedMs: Date.UTC(2026, 0, 27, 2) },
  signal: { expiresMs: Date.UTC(2026, 0, 27, 3), orderExpiresMs: EXPIRES },
  terms: {
    ...NO_LIMIT,
    // P2 1992.87, R 29.91: entry P2 - 0.74 R, stop P1 - 0.27 R, target P2 + 0.9825 R.
    ...{ side: 'buy', order_type: 'limit', price: '1970.7366', band: { low: '1965', high: '1975' } },
    ...{ stop_loss: '1954.8843', take_profit: '2022.256575' },
  },
};
const shortAt = Date.UTC(2026, 0, 23, 7);
const longAt = Date.UTC(2026, 0, 27, 2);

describe('the worked examples', () => {
  it('the short: SELL LIMIT 2034.43, SL 2050.25, TP 1983.01, 0.12 lot of 10,000 at 2 %', () => {
    const verdict = entryOrder(entryFacts(short), openMarket(HOURS), shortAt);
    expect(verdict).toMatchObject({
      kind: 'order',
      ttlMs: 300_000,
      order: {
        kind: 'place',
        order: {
          type: 'sell_limit',
          price: '2034.43',
          stop_loss: '2050.25',
          take_profit: '1983.01',
          volume: '0.12',
          expires_at: '2026-01-27T11:00:00.000Z',
        },
      },
    });
  });

  it('the long: BUY LIMIT 1970.74, SL 1954.88, TP 2022.29, 0.12 lot, ending on Friday and not on Saturday', () => {
    const verdict = entryOrder(entryFacts(long), openMarket(HOURS), longAt);
    expect(verdict.kind === 'order' && verdict.order.order).toEqual({
      symbol: 'XAUUSD',
      type: 'buy_limit',
      price: '1970.74',
      stop_loss: '1954.88',
      take_profit: '2022.29',
      volume: '0.12',
      expires_at: '2026-01-30T22:00:00.000Z',
    });
  });

  it('risks 189.84 of 200 with the short, and 15.82 a hundredth of a lot is too much for 500', () => {
    const within = { ...short, terms: { ...short.terms, max_risk: '189.84' } };
    expect(entryOrder(entryFacts(within), openMarket(HOURS), shortAt)).toMatchObject({
      order: { order: { volume: '0.12' } },
    });
    const below = { ...short, terms: { ...short.terms, max_risk: '189.83' } };
    expect(entryOrder(entryFacts(below), openMarket(HOURS), shortAt)).toMatchObject({
      order: { order: { volume: '0.11' } },
    });
    const poor = { ...short, account: { ...short.account, state: state('500') } };
    expect(entryOrder(entryFacts(poor), openMarket(HOURS), shortAt)).toEqual({
      kind: 'refused',
      reason: 'below-min-volume',
    });
    const enough = { ...short, account: { ...short.account, state: state('791') } };
    expect(entryOrder(entryFacts(enough), openMarket(HOURS), shortAt)).toMatchObject({
      order: { order: { volume: '0.01' } },
    });
  });
});
