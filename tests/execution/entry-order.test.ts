import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../functions/execution/account-store.ts';
import { type EntryFacts, entryOrder } from '../../functions/execution/entry-order.ts';
import { compare } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const ACCOUNT: Account = {
  id: 'account',
  userId: 'user',
  bridgeId: 'bridge',
  name: 'demo',
  binding: {
    server: 'Demo-Server',
    login: '500123',
    currency: 'USD',
    marginMode: 'hedging',
    tradeMode: 'demo',
  },
  halted: false,
  orderVolume: '0.10',
  version: 1,
  bootId: 'boot',
  bridgeSeq: 7,
  snapshotMs: NOW - 60_000,
  dealsCursorMs: null,
  state: null,
  createdMs: 0,
};
const FACTS: EntryFacts = {
  account: ACCOUNT,
  deploymentHalted: false,
  signal: { instrument: 'XAUUSD', stale: false, cancelled: false, expiresMs: NOW + 1 },
  terms: {
    signal_id: 'signal',
    account_id: 'account',
    intent: 'open',
    side: 'sell',
    order_type: 'market',
    price: '2035.1',
    band: { low: '2034.6', high: '2035.6' },
    stop_loss: '2040',
    take_profit: '2020',
    max_volume: '0.1',
    max_risk: null,
    expires_at: '2026-11-21T13:00:00.000Z',
    consent_version: 3,
  },
};
type Change = {
  account?: Partial<Account>;
  signal?: Partial<EntryFacts['signal']>;
  terms?: Partial<EntryFacts['terms']>;
  deploymentHalted?: boolean;
};
const facts = (change: Change = {}): EntryFacts => ({
  account: { ...FACTS.account, ...change.account },
  signal: { ...FACTS.signal, ...change.signal },
  terms: { ...FACTS.terms, ...change.terms },
  deploymentHalted: change.deploymentHalted ?? false,
});

/** What stops an entry, in the order in which it is told. */
const REFUSALS: [string, Change][] = [
  ['account-halted', { account: { halted: true } }],
  ['deployment-halted', { deploymentHalted: true }],
  ['signal-cancelled', { signal: { cancelled: true } }],
  ['signal-stale', { signal: { stale: true } }],
  ['signal-expired', { signal: { expiresMs: NOW } }],
  ['intent-unsupported', { terms: { intent: 'close' } }],
  ['order-type-unsupported', { terms: { order_type: 'limit' } }],
  ['bridge-silent', { account: { snapshotMs: NOW - 180_001 } }],
  ['volume-above-approved', { terms: { max_volume: '0.09' } }],
  ['account-unbound', { account: { binding: null } }],
];

describe('an approved entry', () => {
  it('becomes a market order of the countersigned side, stops and band, for the bound login alone', () => {
    expect(entryOrder(facts(), NOW)).toEqual({
      kind: 'order',
      order: {
        kind: 'open',
        pre: {
          login: '500123',
          server: 'Demo-Server',
          symbol: 'XAUUSD',
          price_low: '2034.6',
          price_high: '2035.6',
        },
        order: { symbol: 'XAUUSD', type: 'sell', volume: '0.10', stop_loss: '2040', take_profit: '2020' },
      },
    });
  });

  it('without stops has none, rather than empty ones', () => {
    const verdict = entryOrder(facts({ terms: { stop_loss: null, take_profit: null } }), NOW);
    expect(verdict.kind === 'order' && verdict.order.order).toEqual({
      symbol: 'XAUUSD',
      type: 'sell',
      volume: '0.10',
    });
  });

  it.each(REFUSALS)('is refused by the name %s', (reason, change) => {
    expect(entryOrder(facts(change), NOW)).toEqual({ kind: 'refused', reason });
  });

  it.each(['stop', 'limit'] as const)('of the type %s is refused in this version', (order_type) => {
    expect(entryOrder(facts({ terms: { order_type } }), NOW).kind).toBe('refused');
  });

  it('is refused on an account that no snapshot has ever described', () => {
    expect(entryOrder(facts({ account: { snapshotMs: null } }), NOW)).toEqual({
      kind: 'refused',
      reason: 'bridge-silent',
    });
    expect(entryOrder(facts({ account: { snapshotMs: NOW - 180_000 } }), NOW).kind).toBe('order');
  });

  it('is refused for the first of its reasons, and made only without any', () => {
    const census = caseCensus('made', 'one reason', 'several reasons');
    fc.assert(
      fc.property(fc.subarray(REFUSALS), (chosen) => {
        const merged = chosen.reduce<Change>(
          (all, [, c]) => ({
            account: { ...all.account, ...c.account },
            signal: { ...all.signal, ...c.signal },
            terms: { ...all.terms, ...c.terms },
            deploymentHalted: all.deploymentHalted === true || c.deploymentHalted === true,
          }),
          {},
        );
        const verdict = entryOrder(facts(merged), NOW);
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
        const verdict = entryOrder(facts({ account: { orderVolume }, terms: { max_volume } }), NOW);
        const above = compare(orderVolume, max_volume) > 0;
        census.note('made', verdict.kind === 'order');
        census.note('refused', verdict.kind === 'refused');
        expect(verdict.kind).toBe(above ? 'refused' : 'order');
      }),
      runs(),
    );
    const same = facts({ account: { orderVolume: '0.10000000' }, terms: { max_volume: '0.1' } });
    census.note('equal', entryOrder(same, NOW).kind === 'order');
    census.expectAllMet();
  });
});
