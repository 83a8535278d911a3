// What leaves the market: closes that take out all that their scope has opened and no more, and orders that are taken back.
import { Big } from 'big.js';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Producer, type Trader, until } from './world.ts';

export function leavingContract({ test, ...w }: Contract): void {
  const path = (t: Trader) => `/api/v1/accounts/${t.accountId}`;
  const fault = (t: Trader, kind: string, more: Json = {}) =>
    w.broker('/fault', { kind, login: t.login, ...more });
  const ordersOf = async (t: Trader, signalId: string): Promise<Json[]> =>
    (await w.json(w.as(t.user.token, 'GET', '/api/v1/orders'))).items
      .filter((o: Json) => o.signal_id === signalId)
      .toReversed();
  const positionsOf = async (t: Trader): Promise<string[]> =>
    (await w.brokerAccount(t.login)).positions.map((p: Json) => new Big(p.volume).toFixed());
  const working = async (t: Trader): Promise<Json[]> => (await w.brokerAccount(t.login)).orders;
  const statusIs = (t: Trader, signalId: string, status: string): Promise<Json> =>
    until(`the signal is ${status}`, async () => {
      await w.reconcile(t.user, t.accountId);
      const seen = await w.statusOf(t.user, signalId);
      return seen.status === status ? seen : null;
    });
  const opened = async (t: Trader): Promise<Json> => {
    const stored = await w.approvedSignal(t);
    await statusIs(t, stored.id, 'executed');
    return stored;
  };
  const closing = async (t: Trader, from: Producer = t.producer): Promise<Json> => {
    const { bid } = await w.quote('EURUSD');
    const stored = await w.sent(from, { intent: 'close', side: 'sell', price: bid });
    await w.json(w.approve(t.user, stored.id), 201);
    return stored;
  };
  /** A limit order far below the market that works at the broker, and is known to. */
  const placed = async (t: Trader): Promise<Json> => {
    const { ask } = await w.quote('EURUSD');
    const price = new Big(ask).times('0.98').toFixed(5);
    const stored = await w.approvedSignal(t, { order_type: 'limit', price });
    await until('the order works', async () => (await w.orderOf(t.user, stored.id))?.state === 'placed');
    return stored;
  };

  test('closes the rest of what was filled in part, an order for each, and tells what each filled', async () => {
    const t = await w.trader();
    await opened(t);
    await fault(t, 'partial_fill');
    const { id } = await closing(t);
    await until('nothing is open', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await positionsOf(t)).length === 0;
    });
    await statusIs(t, id, 'executed');
    const legs = await until('both orders are settled', async () => {
      const orders = await ordersOf(t, id);
      return orders.every((o) => o.resolved_at !== null) ? orders : null;
    });
    expect(legs).toMatchObject([
      { kind: 'close', state: 'partial', volume_filled: '0.05', cancels: null },
      { kind: 'close', state: 'done', volume_filled: '0.05', cancels: null },
    ]);
  });

  test('tries a close again for as long as the market takes none, and executes it once', async () => {
    const t = await w.trader();
    await opened(t);
    await fault(t, 'reject:10018', { times: 2 });
    const { id } = await closing(t);
    // Pauses of a closed market may last until its next session: here it is over at once.
    await until('the broker has taken it', async () => {
      await w.rt.query('UPDATE commands SET not_before = now() WHERE signal_id = $1 AND not_before > now()', [
        id,
      ]);
      await w.reconcile(t.user, t.accountId);
      return (await positionsOf(t)).length === 0;
    });
    await statusIs(t, id, 'executed');
    const [order, ...more] = await ordersOf(t, id);
    expect([order, more]).toMatchObject([{ state: 'done', attempt: 2 }, []]);
    expect(Date.parse(order.expires_at) - Date.parse(order.created_at)).toBeGreaterThan(3_600_000 - 1);
    const { journal } = await w.brokerState();
    expect(journal.find((j: Json) => j.cmd_id === order.id)).toMatchObject({ sent: 3, executed: 1 });
  });

  test('nets nothing with others: no entry joins what is not its scope’s, no close takes more than it filled', async () => {
    const user = await w.person();
    const own = await w.producer({}, user);
    const standby = await w.producer({ dedup_scope: own.id }, user);
    const stranger = await w.producer({}, user);
    const t = await w.trader({ producers: [own, standby, stranger], marginMode: 'netting' });
    await opened(t);
    const joining = await w.approvedSignal({ ...t, producer: stranger });
    expect((await statusIs(t, joining.id, 'failed')).refusal).toBe('would-merge');
    await w.broker('/manual-trade', { login: t.login, symbol: 'EURUSD', side: 'buy', volume: '0.3' });
    await w.reconcile(t.user, t.accountId);
    const beside = await w.approvedSignal(t);
    expect((await statusIs(t, beside.id, 'failed')).refusal).toBe('would-merge');
    const { id } = await closing(t, standby);
    await statusIs(t, id, 'executed');
    expect(await positionsOf(t)).toEqual(['0.3']);
    expect(await ordersOf(t, id)).toMatchObject([{ kind: 'close', state: 'done', volume_filled: '0.1' }]);
  });

  test('cancels at the broker what works for a cancelled signal, and what a close finds working', async () => {
    const t = await w.trader();
    const stored = await placed(t);
    const cancel = () => w.as(t.user.token, 'POST', `/api/v1/signals/${stored.id}/cancel`);
    expect((await w.json(cancel())).status, 'until the broker has done it').toBe('approved');
    await statusIs(t, stored.id, 'cancelled');
    expect(await working(t)).toEqual([]);
    const [entry, taken, ...more] = await ordersOf(t, stored.id);
    expect([entry, taken, more]).toMatchObject([
      { kind: 'place', state: 'ended', reason: 'order-canceled', cancels: null },
      { kind: 'cancel', state: 'done', cancels: entry?.id },
      [],
    ]);
    expect((await w.json(cancel())).status, 'again is the same').toBe('cancelled');
    const other = await placed(t);
    const { id } = await closing(t);
    await statusIs(t, id, 'executed');
    await statusIs(t, other.id, 'cancelled');
    expect([await working(t), await positionsOf(t)]).toEqual([[], []]);
  });

  test('takes working orders back with a halt that says so, and with no other; a resume ends that', async () => {
    const t = await w.trader();
    const stored = await placed(t);
    const halt = (body?: unknown) => w.as(t.user.token, 'POST', `${path(t)}/halt`, body);
    for (const body of [{ withdraw_pending: 'yes' }, { withdraw: true }, []])
      await w.refusal(halt(body), 422, 'invalid-body');
    expect(await w.json(halt())).toMatchObject({ halted: true, withdraw_pending: false });
    await w.reconcile(t.user, t.accountId);
    await w.reconcile(t.user, t.accountId);
    expect(await working(t)).toHaveLength(1);
    expect(await w.json(halt({ withdraw_pending: true }))).toMatchObject({ withdraw_pending: true });
    await statusIs(t, stored.id, 'cancelled');
    expect(await working(t)).toEqual([]);
    expect(await w.json(halt({})), 'said before, and not taken back').toMatchObject({
      withdraw_pending: true,
    });
    const resumed = await w.json(w.as(w.dev.tokens.admin, 'POST', `${path(t)}/resume`));
    expect(resumed).toMatchObject({ halted: false, withdraw_pending: false });
    await placed(t);
    await w.reconcile(t.user, t.accountId);
    expect(await working(t)).toHaveLength(1);
  });
}
