// What an account's limits are worth at the broker: prices that ran away, and two orders that look at the same money.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { approveSignal, freshMarkets, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtSimulator;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  at = await DeskAtSimulator.make(t);
  await at.reconcile();
  await freshMarkets(at);
});

const set = (columns: string) => t.sql(`UPDATE accounts SET ${columns} WHERE id = $1`, [at.desk.account.id]);
const positions = () =>
  at
    .book()
    .accounts.find((a) => a.login === at.desk.account.login)
    ?.positions.map((p) => p['volume']) ?? [];
const refusal = async (signalId: string) =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0]?.['refusal'];

describe('the ratio of reward to risk', () => {
  const price = (bid: string, ask: string) => at.control('/tick', { symbol: 'XAUUSD', bid, ask });
  /** Risks 4 for 13: 3.25 times as much at its own price, and at none above. */
  const signal = (more: object = {}) =>
    storeSignal(at, at.desk.producer.id, {
      price: '2034.60',
      stop_loss: '2030.60',
      take_profit: '2047.60',
      ...more,
    });
  beforeEach(() => set('reward_ratio = 3.25'));

  it('is kept by every fill: where the price has run from the signal’s, nothing is bought', async () => {
    // Half a percent around the price is approved, and at 2035.10 it would be 12.50 for 4.50.
    const { id } = await signal();
    const { approval } = await approveSignal(at, id, at.desk.userId);
    expect(approval.terms).toMatchObject({ band: { low: '2024.43', high: '2034.6' } });
    const ran = await at.approve((await signal()).id);
    expect(ran.command).toMatchObject({ state: 'failed' });
    expect(positions()).toEqual([]);
    price('2034.40', '2034.60');
    await freshMarkets(at);
    expect((await at.approve((await signal()).id)).command).toMatchObject({ state: 'done' });
    expect(positions()).toHaveLength(1);
  });

  it('leaves the band as wide as a nearer stop or a farther target allows', async () => {
    const found = await at.approve((await signal({ take_profit: '2050.00' })).id);
    // (2050 + 3.25 x 2030.60) / 4.25 = 2035.16...
    expect(found.command).toMatchObject({ state: 'done', instruction: { pre: { price_high: '2035.16' } } });
  });

  it.each([
    ['stop-required', { stop_loss: undefined }],
    ['take-profit-required', { take_profit: undefined }],
  ])('takes no order of which it cannot be told: %s', async (reason, without) => {
    const { id } = await signal(without);
    expect((await at.approve(id)).command).toBeUndefined();
    expect(await refusal(id)).toBe(reason);
  });
});

describe('the share of the free margin', () => {
  /** Two approved signals, whose events are worked at the same moment. */
  const atOnce = async (first: 'XAUUSD' | 'EURUSD', second: 'XAUUSD' | 'EURUSD') => {
    const prices = { XAUUSD: '2035.10', EURUSD: '1.10' };
    const signals = await Promise.all(
      [first, second].map((instrument) =>
        storeSignal(at, at.desk.producer.id, {
          instrument,
          price: prices[instrument],
          max_slippage_points: 999_999,
        }),
      ),
    );
    for (const { id } of signals) {
      const { eventId } = await approveSignal(at, id, at.desk.userId);
      at.deps.sent.push({ kind: 'outbox', id: eventId });
    }
    const events = at.deps.sent.splice(0);
    await Promise.all(events.map((event) => consume(at.deps, [event])));
    await at.deps.drain();
    return Promise.all(signals.map(({ id }) => refusal(id)));
  };

  it('is not taken by two at once: the second counts what the first will take', async () => {
    // 100,000 free and 2,035 a lot: 25 lots take half of it, and 60 % of the other half are not enough.
    await set('order_volume = 25, margin_share_bps = 6000');
    expect((await atOnce('XAUUSD', 'XAUUSD')).toSorted()).toEqual(['margin-exceeded', null]);
    expect(positions()).toEqual(['25']);
  });

  it('is taken by both where there is enough for both', async () => {
    await set('order_volume = 15, margin_share_bps = 6000');
    expect(await atOnce('XAUUSD', 'XAUUSD')).toEqual([null, null]);
    expect(positions()).toEqual(['15', '15']);
  });

  it('counts what is on its way in any symbol', async () => {
    await set('order_volume = 27, margin_share_bps = 6000');
    expect((await atOnce('EURUSD', 'XAUUSD')).filter((r) => r === 'margin-exceeded')).toHaveLength(1);
    expect(positions()).toHaveLength(1);
  });

  it('is nothing that can be told while a command is on its way whose margin nobody states', async () => {
    const { login } = at.desk.account;
    at.control('/fault', { kind: 'drop', login, on: 'execute', times: 1 });
    const euro = { instrument: 'EURUSD', price: '1.10', max_slippage_points: 999_999 } as const;
    const lost = await at.approve((await storeSignal(at, at.desk.producer.id, euro)).id);
    expect(lost.command).toMatchObject({ state: 'unknown' });
    const stated = `UPDATE account_symbols SET spec = spec - 'margin_per_lot' WHERE account_id = $1 AND symbol = 'EURUSD'`;
    await t.sql(stated, [at.desk.account.id]);
    await set('margin_share_bps = 6000');
    const gold = await storeSignal(at, at.desk.producer.id);
    expect((await at.approve(gold.id)).command).toBeUndefined();
    expect(await refusal(gold.id)).toBe('margin-unknown');
  });
});
