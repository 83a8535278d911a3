// What an account's own settings make of an approval: sizes, prices, the broker's names, closes.
import { Big } from 'big.js';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, until } from './world.ts';

/** Noon in UTC of the first Wednesday that is more than a day ahead: no market of ours is closed then. */
function nextWednesday(): Date {
  const at = new Date(Date.now() + 86_400_000);
  at.setUTCDate(at.getUTCDate() + ((3 - at.getUTCDay() + 7) % 7 || 7));
  at.setUTCHours(12, 0, 0, 0);
  return at;
}

export function ordersContract({ test, ...w }: Contract): void {
  const path = (t: Trader) => `/api/v1/accounts/${t.accountId}`;
  const change = (t: Trader, settings: Record<string, unknown>): Promise<Json> =>
    w.json(w.as(t.user.token, 'PATCH', path(t), settings));
  const listed = async (t: Trader, what: string): Promise<Json[]> =>
    (await w.json(w.as(t.user.token, 'GET', `/api/v1/${what}`))).items;
  const termsOf = (t: Trader, signalId: string): Promise<Json> =>
    w.json(w.as(t.user.token, 'GET', `/api/v1/signals/${signalId}/terms`));
  const refusalOf = (t: Trader, signalId: string): Promise<string> =>
    until('the delivery has failed', async () => {
      const seen = await w.statusOf(t.user, signalId);
      return seen.status === 'failed' ? seen.refusal : null;
    });
  const filled = (t: Trader, signalId: string): Promise<Json> =>
    until('the trade is booked', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await listed(t, 'trades')).find((trade) => trade.signal_id === signalId);
    });

  test('changes an account’s settings for its own user alone, as far as given, with an audit row', async () => {
    const t = await w.trader();
    const before = await w.json(w.as(t.user.token, 'GET', path(t)));
    expect(before).toMatchObject({ risk_bps: null, risk_base: 'lesser', instruments: null, symbols: {} });
    const settings = {
      ...{ risk_bps: 150, max_positions: 3, max_volume: '2.5', reward_ratio: '1.5', commission_per_lot: '7' },
      ...{ instruments: ['EURUSD', 'XAUUSD'], symbols: { XAUUSD: 'GOLD.m' } },
    };
    expect(await change(t, settings)).toEqual({
      ...before,
      ...settings,
      connection: expect.any(Object),
      snapshot_at: expect.any(String),
    });
    expect(await change(t, { risk_bps: null })).toMatchObject({ ...settings, risk_bps: null });
    const { other, admin } = w.dev.tokens;
    for (const token of [other, admin])
      await w.refusal(w.as(token, 'PATCH', path(t), { risk_bps: 1 }), 403, 'forbidden');
    const wrong = [
      { risk_bps: 0 },
      { risk_bps: '1' },
      { max_volume: '0' },
      { halted: false },
      { symbols: [] },
    ];
    for (const body of wrong)
      await w.refusal(w.as(t.user.token, 'PATCH', path(t), body), 422, 'invalid-body');
    expect((await w.json(w.as(t.user.token, 'GET', path(t)))).risk_bps).toBeNull();
    const audits = "SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action = 'account.update'";
    expect(await w.count(audits, t.accountId)).toBe(2);
  });

  test('shows what an approval would risk, holds it to that, and tells where it changed', async () => {
    const t = await w.trader();
    await change(t, { risk_bps: 100 });
    const { ask } = await w.quote('EURUSD');
    const price = new Big(ask);
    const stored = await w.sent(t.producer, {
      ...{ price: price.toFixed(5), stop_loss: price.minus('0.005').toFixed(5), max_slippage_points: 50 },
    });
    const shown = await termsOf(t, stored.id);
    // 1 % of 100,000 over 550 ticks of a dollar: a stop of 500 points and a band of 50.
    expect(shown).toMatchObject({ max_volume: '1.81', max_risk: '1000' });
    await change(t, { risk_bps: 50 });
    const approved = { terms_sha256: shown.terms_sha256 };
    await w.refusal(w.approve(t.user, stored.id, approved), 409, 'terms-changed');
    await change(t, { risk_bps: 100 });
    await w.json(w.approve(t.user, stored.id, approved), 201);
    const trade = await filled(t, stored.id);
    expect(trade).toMatchObject({ volume: '1.81', stop_loss: stored.stop_loss });
    const unsafe = await w.approvedSignal(t);
    expect(await refusalOf(t, unsafe.id)).toBe('stop-required');
  });

  test('trades an instrument under the broker’s name for it, and shows it under ours', async () => {
    const t = await w.trader();
    await change(t, { symbols: { XAUUSD: 'GOLD.m' } });
    await w.reconcile(t.user, t.accountId);
    const { ask } = await w.quote('GOLD.m');
    const stored = await w.approvedSignal(t, { instrument: 'XAUUSD', price: ask });
    const trade = await filled(t, stored.id);
    expect(trade).toMatchObject({ instrument: 'XAUUSD', source: 'bot' });
    const [held] = (await w.brokerAccount(t.login)).positions;
    expect(held.symbol).toBe('GOLD.m');
    expect((await listed(t, 'positions'))[0]).toMatchObject({ instrument: 'XAUUSD' });
    expect((await listed(t, 'orders'))[0]).toMatchObject({ instrument: 'XAUUSD', state: 'done' });
    expect(await listed(t, 'trades?instrument=XAUUSD')).toHaveLength(1);
    expect(await listed(t, 'trades?instrument=GOLD.m')).toEqual([]);
    await change(t, { instruments: ['EURUSD'] });
    const barred = await w.approvedSignal(t, { instrument: 'XAUUSD', price: ask });
    expect(await refusalOf(t, barred.id)).toBe('instrument-not-allowed');
  });

  test('enables no instrument by whose name an account trades another one, until its user has told the two apart', async () => {
    const t = await w.trader();
    const symbol = `GOLD.${t.accountId.slice(-12).toUpperCase()}`;
    await change(t, { symbols: { XAUUSD: symbol } });
    const enable = () => w.owner('POST', '/api/v1/instruments', { symbol, digits: 2 });
    const refused = await w.refusal(enable(), 409, 'conflict');
    expect(refused).toMatchObject({ account_id: t.accountId, instrument: 'XAUUSD' });
    expect(refused.detail).toContain(`what the broker calls ${symbol} itself`);
    const all = async () => (await w.json(w.owner('GET', '/api/v1/instruments'))).items;
    expect((await all()).filter((i: Json) => i.symbol === symbol)).toEqual([]);
    await change(t, { symbols: { XAUUSD: symbol, [symbol]: `${symbol}.spot` } });
    expect(await w.json(enable(), 201)).toMatchObject({ symbol, enabled: true });
    const again = w.as(t.user.token, 'PATCH', path(t), { symbols: { XAUUSD: symbol } });
    expect((await w.refusal(again, 422, 'invalid-body')).errors[0].pointer).toBe('/symbols/XAUUSD');
  });

  test('places a limit order at its price, with its end, and leaves the rest of its life to the broker', async () => {
    const t = await w.trader();
    const { ask } = await w.quote('EURUSD');
    const price = new Big(ask).times('0.98').toFixed(5);
    const order_expires_at = nextWednesday().toISOString();
    const stored = await w.approvedSignal(t, {
      ...{ order_type: 'limit', price, order_expires_at, stop_loss: new Big(price).minus('0.01').toFixed(5) },
    });
    const order = await until('the order works', async () => (await w.brokerAccount(t.login)).orders[0]);
    expect(order).toMatchObject({ type: 'buy_limit', symbol: 'EURUSD' });
    expect([new Big(order.price_open).eq(price), new Big(order.volume_current).eq('0.1')]).toEqual([
      ...[true, true],
    ]);
    expect(order.time_expiration).not.toBeNull();
    // Broker time has whole seconds; a holiday ends the order with the session before it.
    expect(Date.parse(order.time_expiration)).toBeLessThanOrEqual(Date.parse(order_expires_at));
    expect((await w.statusOf(t.user, stored.id)).status).toBe('approved');
    expect((await w.brokerAccount(t.login)).positions).toEqual([]);
  });

  test('closes its own positions alone, also on a halted account, and opens nothing', async () => {
    const t = await w.trader();
    await w.broker('/manual-trade', { login: t.login, symbol: 'EURUSD', side: 'buy', volume: '0.3' });
    const opened = await w.approvedSignal(t);
    await filled(t, opened.id);
    await w.json(w.as(t.user.token, 'POST', `${path(t)}/halt`));
    const closing = await w.sent(t.producer, { intent: 'close', side: 'sell', price: opened.price });
    expect(await termsOf(t, closing.id)).toMatchObject({ max_volume: '0.1', max_risk: null });
    await w.json(w.approve(t.user, closing.id), 201);
    await until('the position is closed', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await w.statusOf(t.user, opened.id)).status === 'closed';
    });
    const { positions } = await w.brokerAccount(t.login);
    expect(positions.map((p: Json) => p.volume)).toEqual(['0.3']);
    const again = await w.sent(t.producer, { intent: 'close', side: 'sell', price: opened.price });
    await w.json(w.approve(t.user, again.id), 201);
    expect(await refusalOf(t, again.id)).toBe('nothing-to-close');
  });
}
