// From a countersignature to one order at the broker, or to a refusal with a name.
import { Big } from 'big.js';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, until } from './world.ts';

export function executionContract({ test, ...w }: Contract): void {
  const journal = async (login: string): Promise<Json[]> =>
    (await w.brokerState()).journal.filter((entry: Json) => entry.login === login);
  const executions = async (login: string): Promise<number> =>
    (await journal(login)).reduce((sum: number, entry: Json) => sum + entry.executed, 0);
  const orderIn = (t: Trader, signalId: string, states: readonly string[]): Promise<Json> =>
    until(`the order is one of ${states.join(', ')}`, async () => {
      const order = await w.orderOf(t.user, signalId);
      return states.includes(order?.state) ? order : null;
    });
  const failed = (t: Trader, signalId: string): Promise<Json> =>
    until('the delivery has failed', async () => {
      const seen = await w.statusOf(t.user, signalId);
      return seen.status === 'failed' ? seen : null;
    });
  const refusedByName = async (t: Trader, signalId: string, reason: string): Promise<void> => {
    expect((await failed(t, signalId)).refusal).toBe(reason);
    expect(await w.orderOf(t.user, signalId)).toBeUndefined();
    expect(await journal(t.login)).toEqual([]);
  };

  test('makes of one approval exactly one order at the broker, within what was approved', async () => {
    const t = await w.trader();
    const stored = await w.approvedSignal(t);
    const order = await orderIn(t, stored.id, ['done']);
    expect(order).toMatchObject({ account_id: t.accountId, instrument: 'EURUSD', reason: null });
    const [entry, ...more] = await journal(t.login);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ cmd_id: order.id, sent: 1, executed: 1 });
    expect(entry.attempts[0].magic).toBe(order.magic);
    await w.reconcile(t.user, t.accountId);
    const [position] = (await w.brokerAccount(t.login)).positions;
    expect(position).toMatchObject({ symbol: 'EURUSD', type: 'buy', magic: order.magic });
    expect(new Big(position.volume).eq('0.1')).toBe(true);
    expect((await w.statusOf(t.user, stored.id)).status).toBe('executed');
  });

  test('executes nothing that is only rejected or undecided', async () => {
    const t = await w.trader();
    const { ask } = await w.quote('EURUSD');
    const [one] = [await w.sent(t.producer, { price: ask }), await w.sent(t.producer, { price: ask })];
    await w.json(w.approve(t.user, one.id, { decision: 'rejected' }), 201);
    await w.rt.tick();
    await w.reconcile(t.user, t.accountId);
    expect(await journal(t.login)).toEqual([]);
    expect(await w.count('SELECT count(*) FROM commands WHERE account_id = $1', t.accountId)).toBe(0);
  });

  test('refuses entries on a halted account by name; its user halts, owner and admin resume', async () => {
    const t = await w.trader();
    const path = `/api/v1/accounts/${t.accountId}`;
    await w.refusal(w.as(w.dev.tokens.other, 'POST', `${path}/halt`), 403, 'forbidden');
    expect((await w.json(w.as(t.user.token, 'POST', `${path}/halt`))).halted).toBe(true);
    const stored = await w.approvedSignal(t);
    await refusedByName(t, stored.id, 'account-halted');
    await w.refusal(w.as(t.user.token, 'POST', `${path}/resume`), 403, 'forbidden');
    expect((await w.json(w.as(w.dev.tokens.admin, 'POST', `${path}/resume`))).halted).toBe(false);
    await orderIn(t, (await w.approvedSignal(t)).id, ['done']);
  });

  test('refuses by name what must not be executed: entries through the market, closes of nothing, old signals', async () => {
    const { ask } = await w.quote('EURUSD');
    const above = new Big(ask).times('1.01').toFixed(5);
    const cases: [Record<string, unknown>, string][] = [
      [{ order_type: 'limit', price: above }, 'entry-through-market'],
      [{ stop_loss: new Big(ask).minus('0.00005').toFixed(5) }, 'stop-too-close'],
      [{ intent: 'close' }, 'nothing-to-close'],
      [{ time: new Date(Date.now() - 3_600_000).toISOString() }, 'signal-stale'],
    ];
    const t = await w.trader();
    for (const [over, reason] of cases) await refusedByName(t, (await w.approvedSignal(t, over)).id, reason);
  });

  test('takes no entries for an account that has never been bound', async () => {
    const user = await w.person();
    const producer = await w.producer({}, user);
    const account = await w.account(user, [producer.id]);
    const t = { user, producer, accountId: account.id, login: account.login };
    await refusedByName(t, (await w.approvedSignal(t)).id, 'account-halted');
  });

  test('does not trade at a price outside the approved band', async () => {
    const t = await w.trader();
    const { ask } = await w.quote('XAUUSD');
    const far = new Big(ask).times('1.05').toFixed(2);
    const stored = await w.sent(t.producer, { instrument: 'XAUUSD', price: far });
    await w.json(w.approve(t.user, stored.id), 201);
    const order = await orderIn(t, stored.id, ['failed', 'done', 'unknown']);
    expect(order).toMatchObject({ state: 'failed', reason: 'price_outside_band' });
    expect((await failed(t, stored.id)).refusal).toBe('price_outside_band');
    expect(await executions(t.login)).toBe(0);
  });

  test('does not trade when the price leaves the band between signal and countersignature', async () => {
    const t = await w.trader();
    const { bid, ask } = await w.quote('XAUUSD');
    const stored = await w.sent(t.producer, { instrument: 'XAUUSD', price: ask, max_slippage_points: 100 });
    await w.broker('/tick', { symbol: 'XAUUSD', bid: new Big(bid).plus(50).toFixed(2) });
    await w.json(w.approve(t.user, stored.id), 201);
    expect((await orderIn(t, stored.id, ['failed', 'done', 'unknown'])).reason).toBe('price_outside_band');
    expect(await executions(t.login)).toBe(0);
  });

  test('keeps a broker’s own refusal with its code', async () => {
    const t = await w.trader();
    await w.broker('/fault', { kind: 'reject:10019', login: t.login });
    const stored = await w.approvedSignal(t);
    const order = await orderIn(t, stored.id, ['failed', 'done', 'unknown']);
    expect(order).toMatchObject({ state: 'failed', retcode: 10_019 });
    expect((await w.statusOf(t.user, stored.id)).status).toBe('failed');
    expect(await executions(t.login)).toBe(0);
  });

  test('resolves an answer lost after the broker acted by looking, and never sends again', async () => {
    const t = await w.trader();
    await w.broker('/fault', { kind: 'timeout_after', login: t.login, on: 'execute' });
    const stored = await w.approvedSignal(t);
    await orderIn(t, stored.id, ['unknown', 'done']);
    const order = await until('the look-up has settled the order', async () => {
      await w.reconcile(t.user, t.accountId);
      const seen = await w.orderOf(t.user, stored.id);
      return seen.state === 'done' ? seen : null;
    });
    const [position] = (await w.brokerAccount(t.login)).positions;
    expect(order.position_id).toBe(position.identifier);
    const [entry, ...more] = await journal(t.login);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ cmd_id: order.id, sent: 1, executed: 1 });
    await until('the signal is executed', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await w.statusOf(t.user, stored.id)).status === 'executed';
    });
  });

  test('sends a command again only after two look-ups past the horizon, as its next attempt, and executes it once', async () => {
    const t = await w.trader();
    await w.broker('/fault', { kind: 'timeout_before', login: t.login, on: 'execute', hold_ms: 200 });
    const stored = await w.approvedSignal(t);
    const unsure = await orderIn(t, stored.id, ['unknown', 'done', 'failed']);
    expect(unsure.state).toBe('unknown');
    expect((await w.statusOf(t.user, stored.id)).status).toBe('approved');
    const look = async (): Promise<string> => {
      await w.reconcile(t.user, t.accountId);
      return (await w.orderOf(t.user, stored.id)).state;
    };
    expect([await look(), await look(), await look()]).toEqual(['unknown', 'unknown', 'unknown']);
    // Four minutes pass as far as this command can tell.
    await w.rt.query(
      `UPDATE commands SET sent_at = sent_at - interval '4 minutes', looked_up_at = looked_up_at - interval '4 minutes'
       WHERE id = $1`,
      [unsure.id],
    );
    const ends = ['done', 'not_executed'];
    await until('its fate is known', async () => ends.includes(await look()));
    const order = await w.orderOf(t.user, stored.id);
    // On a machine so slow that its time has run out it is given up.
    const inTime = order.state === 'done';
    expect(order).toMatchObject({ id: unsure.id, attempt: inTime ? 1 : 0 });
    if (inTime) expect(order.magic).toBe(String(BigInt(unsure.magic) + 1n));
    expect(await executions(t.login)).toBe(inTime ? 1 : 0);
  });

  test('tells a bridge that surely was not reached from one that may have acted', async () => {
    const t = await w.trader();
    const [before] = await w.rt.query(
      'SELECT b.id, b.url FROM bridges b JOIN accounts a ON a.bridge_id = b.id WHERE a.id = $1',
      [t.accountId],
    );
    await w.rt.query('UPDATE bridges SET url = $2 WHERE id = $1', [before?.['id'], 'http://127.0.0.1:1/x']);
    const stored = await w.approvedSignal(t);
    // Nothing was done, so it is tried again until its deadline, and says why it waits.
    await until('the bridge was tried', async () => (await w.orderOf(t.user, stored.id))?.reason != null);
    const order = await w.orderOf(t.user, stored.id);
    expect(['created', 'sent', 'failed', 'unknown']).toContain(order.state);
    expect(order.reason).toMatch(/^bridge-/);
    expect(await executions(t.login)).toBe(0);
  });

  test('shows an order to its user and to owner and admin alone', async () => {
    const t = await w.trader();
    const order = await orderIn(t, (await w.approvedSignal(t)).id, ['done']);
    const listed = async (token: string): Promise<string[]> =>
      (await w.json(w.as(token, 'GET', '/api/v1/orders?page_size=100'))).items.map((o: Json) => o.id);
    expect(await listed(w.dev.tokens.owner)).toContain(order.id);
    expect(await listed(w.dev.tokens.admin)).toContain(order.id);
    expect(await listed(w.dev.tokens.other)).not.toContain(order.id);
  });
}
