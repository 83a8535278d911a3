import { describe, expect, it } from 'vitest';
import { snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { type GateState, snapshotGate } from '../../functions/reconciliation/snapshot-gate.ts';
import { CAPTURED_MS, iso, wireDeal, wireOrder, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';

const BOUND: GateState = {
  binding: {
    login: '500123',
    server: 'Demo-Server',
    currency: 'USD',
    marginMode: 'hedging',
    tradeMode: 'demo',
  },
  bootId: 'boot-1',
  seq: 6,
};
const account = (changes: Record<string, unknown>) => ({
  account: { ...(wireSnapshot()['account'] as Record<string, unknown>), ...changes },
});
const judge = (
  changes: Record<string, unknown> = {},
  state: GateState = BOUND,
  nowMs = CAPTURED_MS,
): string => {
  const verdict = snapshotGate(state, snapshotReply.parse(wireSnapshot(changes)), nowMs);
  return verdict.kind === 'valid' ? 'valid' : verdict.reason;
};

describe('a snapshot', () => {
  it('that is whole, fresh and of the bound account may change the books', () => {
    expect(judge()).toBe('valid');
    expect(judge({}, { binding: null, bootId: null, seq: null }), 'the first one binds').toBe('valid');
  });

  it.each([
    ['login', { login: '500124' }],
    ['server', { server: 'Live-Server' }],
    ['currency', { currency: 'EUR' }],
    ['margin mode', { margin_mode: 'netting' }],
    ['trade mode: demo or real is part of the binding', { trade_mode: 'real' }],
  ])('of another %s is of another account', (_what, changes) => {
    expect(judge(account(changes))).toBe('account-mismatch');
    expect(judge(account(changes), { ...BOUND, binding: null })).toBe('valid');
  });

  it.each([
    [7, 'snapshot-out-of-order'],
    [8, 'snapshot-out-of-order'],
    [6, 'valid'],
  ])('numbered 7 after %d of the same boot is %s', (seq, verdict) => {
    expect(judge({}, { ...BOUND, seq })).toBe(verdict);
  });

  it('of a new boot counts from its own beginning', () => {
    expect(judge({ boot_id: 'boot-2', seq: 0 }, { ...BOUND, seq: 99 })).toBe('valid');
  });

  it.each([
    [0, 'valid'],
    [30_000, 'valid'],
    [30_001, 'snapshot-stale'],
  ])('%d ms away, either way, is %s', (ms, verdict) => {
    expect(judge({}, BOUND, CAPTURED_MS + ms)).toBe(verdict);
    expect(judge({}, BOUND, CAPTURED_MS - ms)).toBe(verdict);
  });

  it('of a terminal without its broker changes nothing', () => {
    expect(judge({ connected: false })).toBe('terminal-disconnected');
  });

  it.each(['account', 'positions', 'orders', 'deals', 'history_orders'])(
    'whose %s could not be read is never an empty account',
    (section) => {
      const sections = { ...(wireSnapshot()['sections'] as Record<string, boolean>), [section]: false };
      expect(judge({ sections, positions: [] })).toBe('snapshot-incomplete');
    },
  );
});

describe('rows that cannot be facts', () => {
  const deal = (changes: Record<string, unknown>) => ({ deals: [wireDeal(changes)] });
  const symbol = { symbol: 'EURUSD', digits: 5, point: '0.00001', volume_min: '0.01', volume_max: '50' };
  const spec = { ...symbol, volume_step: '0.01', bid: '1.1', ask: '1.2', time: iso(CAPTURED_MS) };

  it('are a position or a symbol twice', () => {
    const flat = { positions: [wirePosition({ profit: '0' }), wirePosition({ profit: '0' })] };
    expect(judge({ ...account({ equity: '10000.00' }), ...flat })).toBe('snapshot-incomplete');
    expect(judge({ symbols: [spec, spec] })).toBe('snapshot-incomplete');
    expect(judge({ symbols: [spec, { ...spec, symbol: 'EURUSD.x' }] })).toBe('valid');
    expect(judge({ deals: [wireDeal(), wireDeal()] }), 'of a deal it is known how often it was').toBe(
      'valid',
    );
  });

  it.each([
    ['a price', deal({ price: '100000000000' })],
    ['a volume', deal({ volume: '100000000000' })],
    ['a loss', deal({ profit: '-100000000000' })],
    ['a stop', { positions: [wirePosition({ sl: '100000000000' })] }],
    ['an order’s price', { history_orders: [wireOrder({ price_open: '999999999999999' })] }],
    ['a working order’s volume', { orders: [wireOrder({ volume_current: '100000000000' })] }],
  ])('are %s that no column holds', (_what, changes) => {
    expect(judge(changes)).toBe('snapshot-incomplete');
  });

  it('are not the largest that there may be', () => {
    expect(judge(deal({ price: '99999999999.99', profit: '-99999999999' }))).toBe('valid');
  });

  it('are deals dated more than a day after the broker’s own clock, or after the capture', () => {
    const dated = (ms: number, more: Record<string, unknown> = {}) =>
      judge({ ...deal({ time: iso(CAPTURED_MS + ms) }), ...more });
    expect([dated(86_400_000), dated(86_400_001)]).toEqual(['valid', 'clock-offset']);
    const ahead = { server_now: iso(CAPTURED_MS + 3_600_000) };
    expect([dated(90_000_000, ahead), dated(90_000_001, ahead)]).toEqual(['valid', 'clock-offset']);
    const behind = { server_now: iso(CAPTURED_MS - 86_400_000) };
    expect([dated(86_400_000, behind), dated(86_400_001, behind)]).toEqual(['valid', 'clock-offset']);
  });

  it('are a page of the history that ends where it begins', () => {
    const page = { deals_to: iso(CAPTURED_MS - 1_000) };
    const from = (ms: number | null) => judge(page, { ...BOUND, fromMs: ms });
    expect(from(null)).toBe('valid');
    expect(from(CAPTURED_MS - 1_001)).toBe('valid');
    expect(from(CAPTURED_MS - 1_000)).toBe('snapshot-incomplete');
    expect(from(CAPTURED_MS)).toBe('snapshot-incomplete');
  });
});

describe('the identity of equity', () => {
  const torn = (equity: string, changes: Record<string, unknown> = {}) =>
    judge({ ...account({ equity }), ...changes });

  it.each([
    ['10010.00', 'valid'],
    ['10020.01', 'valid'],
    ['9999.99', 'valid'],
    ['10020.02', 'snapshot-torn'],
    ['9999.98', 'snapshot-torn'],
    ['0', 'snapshot-torn'],
  ])('within a tenth of a percent of 10010 holds: %s is %s', (equity, verdict) => {
    expect(torn(equity)).toBe(verdict);
  });

  it('counts credit, and profit and swap of every position', () => {
    const positions = [wirePosition(), wirePosition({ identifier: '1002', profit: '-60', swap: '-30' })];
    expect(judge({ ...account({ equity: '9920.00' }), positions })).toBe('valid');
    expect(judge({ ...account({ equity: '11010.00', credit: '1000.00' }) })).toBe('valid');
    expect(judge({ ...account({ equity: '10010.00', credit: '1000.00' }) })).toBe('snapshot-torn');
  });

  it('tolerates one hundredth of a unit on the smallest account', () => {
    const small = (equity: string) => judge({ ...account({ balance: '1', equity }), positions: [] });
    expect([small('1.01'), small('0.99'), small('1.02'), small('0.98')]).toEqual([
      'valid',
      'valid',
      'snapshot-torn',
      'snapshot-torn',
    ]);
  });

  it('holds below zero too', () => {
    const debt = (equity: string) => judge({ ...account({ balance: '-1000', equity }), positions: [] });
    expect([debt('-1000'), debt('-1001'), debt('-1001.01')]).toEqual(['valid', 'valid', 'snapshot-torn']);
  });
});

describe('what is wrong first', () => {
  it('is told in the order of the gate', () => {
    const wrong = {
      ...account({ login: '1', equity: '0' }),
      connected: false,
      captured_at: iso(CAPTURED_MS - 60_000),
      sections: { account: false, positions: true, orders: true, deals: true, history_orders: true },
      seq: 1,
    };
    const mended: [string, Record<string, unknown>][] = [
      ['account-mismatch', {}],
      ['snapshot-out-of-order', account({ equity: '0' })],
      ['terminal-disconnected', { seq: 7 }],
      ['snapshot-stale', { connected: true }],
      ['snapshot-incomplete', { captured_at: iso(CAPTURED_MS) }],
      ['snapshot-torn', { sections: wireSnapshot()['sections'] }],
      ['valid', account({})],
    ];
    let snapshot: Record<string, unknown> = wrong;
    const told = mended.map(([, change]) => {
      snapshot = { ...snapshot, ...change };
      return judge(snapshot);
    });
    expect(told).toEqual(mended.map(([verdict]) => verdict));
  });
});
