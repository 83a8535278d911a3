import { describe, expect, it } from 'vitest';
import { snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { type GateState, snapshotGate } from '../../functions/reconciliation/snapshot-gate.ts';
import { CAPTURED_MS, iso, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';

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
