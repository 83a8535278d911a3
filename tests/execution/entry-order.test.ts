import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOrder } from '../../functions/execution/entry-order.ts';
import { marketRefusal } from '../../functions/execution/market-refusal.ts';
import { ORDER_REFUSALS } from '../../functions/execution/order-refusal.ts';
import { ENTRY_BLOCKS, type EntryBlock } from '../../functions/market/trading-calendar.ts';
import { compare } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';
import { ACCOUNT, type Change, entryFacts, NOW, openMarket } from './trading-facts.ts';

const judge = (change: Change = {}, nowMs = NOW) => entryOrder(entryFacts(change), openMarket(), nowMs);
const NETTING = { ...ACCOUNT, binding: { ...ACCOUNT.binding, marginMode: 'netting' } } as typeof ACCOUNT;
const LIMIT: Change = {
  terms: { order_type: 'limit', price: '2035.4', band: { low: '2030', high: '2040' } },
};
const limit = (more: Change): Change => ({ ...LIMIT, ...more, terms: { ...LIMIT.terms, ...more.terms } });

/** What stops an entry, in the order in which it is told. */
const REFUSALS: [string, Change][] = [
  ['signal-cancelled', { signal: { cancelled: true } }],
  ['signal-stale', { signal: { stale: true } }],
  ['signal-expired', { signal: { expiresMs: NOW } }],
  ['account-halted', { account: { halted: true } }],
  ['deployment-halted', { facts: { deployment: { halted: true, epochBehind: false } } }],
  ['account-unbound', { account: { binding: null } }],
  ['bridge-silent', { account: { snapshotMs: NOW - 60_001 } }],
  ['quote-stale', { specification: { quotedMs: NOW - 120_001 } }],
  ['instrument-not-allowed', { settings: { instruments: ['EURUSD'] } }],
  ['symbol-quarantined', { facts: { quarantined: true } }],
  ['trade-mode', { specification: { tradeMode: 'long_only' } }],
  ['max-positions-reached', { settings: { maxPositions: 3 }, facts: { exposures: 3 } }],
  [
    'price-not-positive',
    { terms: { stop_loss: '2040', take_profit: '0.001' }, settings: { rewardRatio: '1' } },
  ],
  ['stop-too-close', { settings: { minStopPoints: 491 } }],
  ['volume-above-approved', { terms: { max_volume: '0.09' } }],
];

describe('an approved entry', () => {
  it('becomes a market order of the countersigned side, stops and band, for the bound login alone', () => {
    expect(judge()).toEqual({
      kind: 'order',
      ttlMs: 30_000,
      order: {
        kind: 'open',
        pre: {
          login: '500123',
          server: 'Demo-Server',
          symbol: 'XAUUSD',
          price_low: '2034.6',
          price_high: '2035.6',
        },
        order: { symbol: 'XAUUSD', type: 'sell', volume: '0.1', stop_loss: '2040', take_profit: '2020' },
      },
    });
  });

  it('without stops has none, rather than empty ones', () => {
    expect(judge({ terms: { stop_loss: null, take_profit: null } })).toMatchObject({
      order: { order: { symbol: 'XAUUSD', type: 'sell', volume: '0.1' } },
    });
    const verdict = judge({ terms: { stop_loss: null, take_profit: null } });
    expect(verdict.kind === 'order' && Object.keys(verdict.order.order ?? {})).toEqual([
      ...['symbol', 'type', 'volume'],
    ]);
  });

  it('is for the broker’s name of the instrument, and says how wide the spread may be', () => {
    const verdict = judge({ facts: { symbol: 'GOLD.m' }, settings: { maxSpreadPoints: 25 } });
    expect(verdict).toMatchObject({
      order: { pre: { symbol: 'GOLD.m', max_spread_points: 25 }, order: { symbol: 'GOLD.m' } },
    });
  });

  it.each([
    ['limit', 'sell', '2035.4', 'sell_limit'],
    ['stop', 'sell', '2034.6', 'sell_stop'],
    ['limit', 'buy', '2034.8', 'buy_limit'],
    ['stop', 'buy', '2035.6', 'buy_stop'],
  ] as const)(
    'as a %s %s is placed at its own price, five minutes to be sent',
    (order_type, side, price, type) => {
      const stops = side === 'buy' ? { stop_loss: '2030', take_profit: '2050' } : {};
      const verdict = judge(limit({ terms: { order_type, side, price, ...stops } }));
      expect(verdict).toMatchObject({ ttlMs: 300_000, order: { kind: 'place', order: { type, price } } });
      // What bounds it is its price: the quote at which it is placed may lie anywhere.
      expect(verdict.kind === 'order' && verdict.order.pre).toEqual({
        login: '500123',
        server: 'Demo-Server',
        symbol: 'XAUUSD',
      });
    },
  );

  it('ends when it is cancelled unless the signal says when, and never after a session it could outlive', () => {
    const hours = { isOpen: () => false, lastCloseBefore: () => NOW + 3_600_000 };
    const orderExpiresMs = NOW + 7_200_000;
    const expiry = (change: Change, at: typeof hours | null) => {
      const verdict = entryOrder(entryFacts(limit(change)), openMarket(at), NOW);
      return verdict.kind === 'order' ? verdict.order.order.expires_at : verdict.reason;
    };
    expect(expiry({}, hours)).toBeUndefined();
    expect(expiry({ signal: { orderExpiresMs } }, null)).toBe('2026-11-20T14:00:00.000Z');
    expect(expiry({ signal: { orderExpiresMs } }, hours)).toBe('2026-11-20T13:00:00.000Z');
    const gone = { isOpen: () => false, lastCloseBefore: () => NOW };
    expect(expiry({ signal: { orderExpiresMs } }, gone)).toBe('expiry-passed');
    const modes = (...expirationModes: string[]) => ({ specification: { expirationModes } });
    expect(expiry(modes('specified'), hours)).toBe('expiry-not-allowed');
    expect(expiry({ ...modes('gtc', 'day'), signal: { orderExpiresMs } }, hours)).toBe('expiry-not-allowed');
  });

  it.each(REFUSALS)('is refused by the name %s', (reason, change) => {
    expect(judge(change)).toEqual({ kind: 'refused', reason });
  });

  it.each([
    ['symbol-unknown', { specification: null }],
    ['symbol-incomplete', { specification: { tickSize: null } }],
    ['symbol-incomplete', { specification: { volumeStep: '0' } }],
    ['trade-mode', { specification: { tradeMode: 'close_only' } }],
    ['trade-mode', { specification: { tradeMode: 'disabled' } }],
    ['price-outside-band', limit({ terms: { band: { low: '2035.41', high: '2035.5' } } })],
    ['price-outside-band', limit({ terms: { band: { low: '2035', high: '2035.39' } } })],
    ['entry-through-market', limit({ terms: { price: '2034.9' } })],
    ['entry-through-market', limit({ terms: { price: '2035.19' } })],
    ['would-net', { account: NETTING, facts: { buyVolume: '0.01' } }],
  ] as [string, Change][])('is refused as %s too', (reason, change) => {
    expect(judge(change)).toEqual({ kind: 'refused', reason });
  });

  it('adds to a netting position of its own side, and stands beside another on a hedging account', () => {
    expect(judge({ account: NETTING, facts: { sellVolume: '1' } }).kind).toBe('order');
    expect(judge({ facts: { buyVolume: '1' } }).kind).toBe('order');
  });

  it('counts what is open on its own side against the broker’s limit', () => {
    const specification = { volumeLimit: '1' };
    expect(judge({ specification, facts: { sellVolume: '0.91' } })).toEqual({
      ...{ kind: 'refused', reason: 'volume-limit-reached' },
    });
    expect(judge({ specification, facts: { sellVolume: '0.9', buyVolume: '0.95' } }).kind).toBe('order');
  });

  it('goes to an account that is heard of and knows no more positions than it may', () => {
    expect(judge({ account: { snapshotMs: null } })).toEqual({ kind: 'refused', reason: 'bridge-silent' });
    expect(judge({ account: { snapshotMs: NOW - 60_000 } }).kind).toBe('order');
    expect(judge({ settings: { maxPositions: 3 }, facts: { exposures: 2 } }).kind).toBe('order');
    expect(judge({ settings: { instruments: ['XAUUSD'] } }).kind).toBe('order');
  });

  it('is refused for the first of its reasons, and made only without any', () => {
    const census = caseCensus('made', 'one reason', 'several reasons');
    // The last four are about prices and volume: each replaces what another needs, so they are taken one at a time.
    const free = REFUSALS.slice(0, 11);
    fc.assert(
      fc.property(fc.subarray(free), (chosen) => {
        const merged = chosen.reduce<Change>(
          (all, [, c]) => ({
            account: { ...all.account, ...c.account },
            settings: { ...all.settings, ...c.settings },
            specification: { ...all.specification, ...c.specification },
            signal: { ...all.signal, ...c.signal },
            facts: { ...all.facts, ...c.facts },
          }),
          {},
        );
        const verdict = judge(merged);
        census.note('made', verdict.kind === 'order');
        census.note('one reason', chosen.length === 1);
        census.note('several reasons', chosen.length > 1);
        expect(verdict.kind === 'refused' ? verdict.reason : undefined).toBe(chosen[0]?.[0]);
      }),
      runs(500),
    );
    census.expectAllMet();
  });

  it('never exceeds the approved volume, compared as numbers', () => {
    const census = caseCensus('made', 'refused', 'equal');
    const lots = fc.integer({ min: 1, max: 300 }).map((n) => (n / 100).toFixed(2));
    fc.assert(
      fc.property(lots, lots, (orderVolume, max_volume) => {
        const verdict = judge({ account: { orderVolume }, terms: { max_volume } });
        const above = compare(orderVolume, max_volume) > 0;
        census.note('made', verdict.kind === 'order');
        census.note('refused', verdict.kind === 'refused');
        expect(verdict.kind).toBe(above ? 'refused' : 'order');
      }),
      runs(),
    );
    census.note(
      'equal',
      judge({ account: { orderVolume: '0.10000000' }, terms: { max_volume: '0.1' } }).kind === 'order',
    );
    census.expectAllMet();
  });
});

describe('an entry and the market', () => {
  const at = (entry: Parameters<typeof entryOrder>[1]['entry'], change: Change = {}) =>
    entryOrder(entryFacts(change), { entry, hours: null, calendar: null }, NOW);
  const closed = (reason: EntryBlock) => ({ open: false as const, reason, opensMs: NOW + 1 });

  it.each(ENTRY_BLOCKS)('is refused by a name of its own for %s', (block) => {
    expect(at(closed(block))).toEqual({ kind: 'refused', reason: marketRefusal(block) });
    expect(ORDER_REFUSALS).toContain(marketRefusal(block));
  });

  it('has a name for every block of a calendar, none twice', () => {
    expect(new Set(ENTRY_BLOCKS.map(marketRefusal)).size).toBe(ENTRY_BLOCKS.length);
  });

  it('is not sent any more once the market takes no entries', () => {
    const until = (closesMs: number | null, change: Change = {}) => {
      const verdict = at({ open: true, closesMs }, change);
      return verdict.kind === 'order' && verdict.ttlMs;
    };
    expect(until(NOW + 10_000)).toBe(10_000);
    expect(until(NOW + 40_000)).toBe(30_000);
    expect(until(NOW + 40_000, LIMIT)).toBe(40_000);
    expect(until(null, LIMIT)).toBe(300_000);
  });

  it('waits for a tick: the quote may be a minute old at the last sound snapshot', () => {
    const snapshotMs = NOW - 50_000;
    const quoted = (quotedMs: number | null) =>
      judge({ account: { snapshotMs }, specification: { quotedMs } });
    expect(quoted(snapshotMs - 60_000)).toMatchObject({ kind: 'order' });
    for (const quotedMs of [snapshotMs - 60_001, null])
      expect(quoted(quotedMs)).toEqual({ kind: 'refused', reason: 'quote-stale' });
  });
});
