// The false triggers of domain 3.2, each by its name; those that a snapshot never gets past the gate with, at the gate.
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../functions/bridge/bridge-protocol.ts';
import { snapshotGate } from '../../functions/reconciliation/snapshot-gate.ts';
import { GOLD, GuardCourse } from './guard-course.ts';

/** Three lots of gold: 1 % of its price is 6 % of the account, and 4 % of it the trip. */
function bought(lots = 3): GuardCourse {
  const c = new GuardCourse();
  c.open('buy', lots);
  c.look();
  return c;
}
/** What a guard did that was shown something false: nothing. */
function expectUnmoved(c: GuardCourse): void {
  expect(c.phase).toBe('armed');
  expect(c.downBps).toBeLessThan(1_000);
  expect(c.heard()).toEqual([]);
}

describe('a price that is none', () => {
  it('bad tick: one sample far off is not judged, and the next one is as if it had not been', () => {
    const c = bought();
    c.tick(GOLD, 1_800);
    const bad = c.look();
    expect(bad).toMatchObject({ accepted: false, rejectedFor: 'price-jump', resampleMs: 2_000 });
    c.tick(GOLD, 1_999);
    expect(c.look().accepted).toBe(true);
    expectUnmoved(c);
    expect(c.state?.recent.map((r) => r.verdict).slice(-2)).toEqual(['price-jump', 'accepted']);
  });

  it('bad tick within 1 %: suspected, and cleared by the next', () => {
    const c = bought();
    c.tick(GOLD, 1_993);
    c.look();
    expect(c.phase).toBe('suspect');
    c.tick(GOLD, 2_000);
    c.look();
    expect(c.heard()).toEqual(['suspect', 'cleared']);
  });

  it('bad tick that stands still: the same quote twice confirms neither the jump nor the breach', () => {
    const c = bought(30);
    c.tick(GOLD, 1_900);
    for (let i = 0; i < 10; i += 1) expect(c.look(60_000).rejectedFor).toBe('price-jump');
    expectUnmoved(c);
  });

  it('a true fall is judged with the second quote near it, and closes', () => {
    const c = bought(30);
    c.tick(GOLD, 1_900);
    c.look();
    c.tick(GOLD, 1_899);
    expect(c.look().accepted).toBe(true);
    expect(c.phase).toBe('tripped');
  });

  it('moves further than 1 % where its hourly range says that it may', () => {
    const c = bought();
    c.tick(GOLD, 1_970);
    expect(c.look(2_000, { ranges: { [GOLD]: '4.9' } }).rejectedFor).toBe('price-jump');
    expect(c.look(2_000, { ranges: { [GOLD]: '5.1' } }).accepted).toBe(true);
  });

  it('spread spike: a valuation far from the middle is not judged, though the middle did not move', () => {
    const c = bought();
    c.tick(GOLD, 2_000, 60);
    const { bid } = { bid: 1_970 };
    const loss = String((bid - 2_000) * 300);
    const spiked = c.sample({ equity: String(10_000 + Number(loss)) });
    for (const p of spiked.positions) p.profit = loss;
    c.nowMs += 2_000;
    expect(c.take({ ...spiked, atMs: c.nowMs }).rejectedFor).toBe('price-jump');
    c.tick(GOLD, 2_000);
    c.look();
    expectUnmoved(c);
  });

  it('peak recorded on a bad tick: a peak needs two samples', () => {
    const c = bought();
    c.tick(GOLD, 2_010);
    c.look();
    c.tick(GOLD, 2_000);
    c.look();
    expect(c.state).toMatchObject({ peak: '1', candidate: null, drawdownBps: 0 });
  });

  it('peak recorded on a bad tick that stands still: the same quote does not make two', () => {
    const c = bought();
    c.tick(GOLD, 2_010);
    for (let i = 0; i < 5; i += 1) c.look(60_000);
    expect(c.state?.peak).toBe('1');
    c.tick(GOLD, 2_008);
    c.look();
    expect(c.state?.peak).toBe('1.24');
  });

  it('a beginning on a bad tick: the next sample lowers the peak of an account that was open then', () => {
    const c = bought();
    c.state = null;
    c.tick(GOLD, 2_015);
    c.look();
    c.tick(GOLD, 2_000);
    c.look();
    expect(c.downBps).toBe(0);
    c.moveTo(9_000);
    c.look();
    expect(c.downBps).toBe(1_000);
  });

  it('market closed with its last price: a loss that was there is suspected once, and closes nothing', () => {
    const c = bought();
    c.moveTo(7_950);
    c.look();
    for (let i = 0; i < 48; i += 1) c.look(3_600_000);
    expect(c.phase).toBe('suspect');
    expect(c.heard()).toEqual(['suspect']);
  });

  it('hedged pair: a wild price leaves an account alone that does not feel it', () => {
    const c = new GuardCourse();
    c.open('buy', 30);
    c.open('sell', 30);
    c.look();
    for (const price of [1_700, 2_400, 1_999]) {
      c.tick(GOLD, price);
      expect(c.look().accepted).toBe(true);
      expect(c.downBps).toBe(0);
    }
    expectUnmoved(c);
  });
});

describe('a figure that is none', () => {
  it.each(['NaN', 'Infinity', '', 'null', '1e9', '-'])('not finite (%j): not judged', (equity) => {
    const c = bought();
    expect(c.look(2_000, { equity }).rejectedFor).toBe('not-finite');
    expect(c.look(2_000, { booked: equity }).rejectedFor).toBe('not-finite');
    expectUnmoved(c);
  });

  it('zeros after disconnect: equity alone, or everything, for as long as that lasts', () => {
    const c = bought();
    expect(c.look(2_000, { equity: '0' }).rejectedFor).toBe('zero-equity');
    const zeros = { equity: '0', balance: '0', credit: '0', positions: [], orders: [] };
    for (let i = 0; i < 30; i += 1) expect(c.look(60_000, zeros).rejectedFor).toBe('zero-equity');
    expect(c.look().accepted).toBe(true);
    expectUnmoved(c);
    expect(c.state).toMatchObject({ peak: '1', units: '10000' });
  });

  it('zeros after disconnect do not pass for everything closed', () => {
    const c = GuardCourse.warned();
    c.lookAnew(10_000);
    const zeros = { equity: '0', balance: '0', credit: '0', positions: [], orders: [] };
    for (let i = 0; i < 5; i += 1) c.look(2_000, zeros);
    expect(c.phase).toBe('tripped');
    expect(c.state?.inScope).toBe(1);
  });

  it('an equity that is not the sum of its parts within 0.5 % is torn', () => {
    const c = bought();
    expect(c.look(2_000, { equity: '9949.99' }).rejectedFor).toBe('identity-broken');
    expect(c.look(2_000, { equity: '9950' }).accepted).toBe(true);
  });

  it('the same snapshot again, or an older one, is no second sample', () => {
    const c = bought();
    c.moveTo(7_900);
    const shown = c.sample({ atMs: c.nowMs + 2_000 });
    c.nowMs += 2_000;
    c.take(shown);
    for (const atMs of [c.nowMs, c.nowMs - 1_000])
      expect(c.take({ ...shown, atMs })).toMatchObject({ accepted: false, rejectedFor: 'not-newer' });
    expect(c.phase).toBe('suspect');
  });
});

describe('what the gate keeps away', () => {
  const NOW = Date.UTC(2026, 2, 2, 9);
  const account = { login: '7', server: 'Demo', currency: 'USD', margin_mode: 'hedging', trade_mode: 'demo' };
  const money = { balance: '10000', credit: '0', equity: '10000' };
  const sections = { account: true, positions: true, orders: true, deals: true, history_orders: true };
  const lists = { positions: [], orders: [], deals: [], history_orders: [], symbols: [] };
  const shown = { boot_id: 'b', seq: 2, captured_at: NOW, connected: true, sections, ...lists };
  const snapshot = (change: object, of: object = {}) =>
    ({ ...shown, account: { ...account, ...money, ...of }, ...change }) as unknown as Snapshot;
  const binding = {
    ...{ login: '7', server: 'Demo', currency: 'USD', marginMode: 'hedging', tradeMode: 'demo' },
  };
  const judged = (s: Snapshot) => snapshotGate({ binding, bootId: 'b', seq: 1 }, s, NOW);

  it.each([
    ['stale snapshot', snapshot({ captured_at: NOW - 30_001 }), 'snapshot-stale'],
    ['account switch', snapshot({}, { login: '8' }), 'account-mismatch'],
    ['currency change', snapshot({}, { currency: 'EUR' }), 'account-mismatch'],
    ['disconnected terminal', snapshot({ connected: false }), 'terminal-disconnected'],
  ])('%s', (_, s, reason) => {
    expect(judged(snapshot({}))).toEqual({ kind: 'valid' });
    expect(judged(s)).toEqual({ kind: 'refused', reason });
  });
});

describe('money that is no result', () => {
  it.each([
    ['deposit', 5_000, 'both'],
    ['withdrawal', -5_000, 'both'],
    ['credit', 5_000, 'credit'],
  ] as const)('%s', (_, amount, part) => {
    const c = bought();
    c.moveTo(9_500);
    c.look();
    const before = c.downBps;
    c.pay(amount, part);
    expect(c.look().accepted).toBe(true);
    expect(c.downBps).toBeCloseTo(before, 5);
    expectUnmoved(c);
  });

  it('credit expiry', () => {
    const c = bought();
    c.pay(3_000, 'credit');
    c.look();
    c.pay(-3_000, 'credit');
    c.look();
    expectUnmoved(c);
    expect(c.downBps).toBe(0);
  });

  it('swap booking at rollover: floating swap that becomes balance is not lost twice', () => {
    const c = bought();
    const [position] = c.positions;
    if (position === undefined) throw new Error('nothing is open');
    position.swap = position.swap.minus(100);
    c.look();
    expect(c.downBps).toBe(100);
    c.balance = c.balance.minus(100);
    c.booked = c.booked.minus(100);
    position.swap = position.swap.plus(100);
    expect(c.look().accepted).toBe(true);
    expect(c.downBps).toBe(100);
  });

  it.each([
    ['the money first', 'money', 'deal'],
    ['the deal first', 'deal', 'money'],
  ] as const)('withdrawal in two snapshots, %s', (_, first, second) => {
    const c = bought();
    c.pay(-4_000, first);
    expect(c.look()).toMatchObject({ rejectedFor: 'unposted-flow', resampleMs: 2_000 });
    c.pay(-4_000, second);
    expect(c.look().accepted).toBe(true);
    expectUnmoved(c);
    expect(c.state?.flows).toMatchObject({ pending: [], unsettled: null });
  });
});
