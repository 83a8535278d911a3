// An imported history: facts that a person brings, in an account that never trades.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Person, unique } from './world.ts';

const ACCOUNTS = '/api/v1/accounts';

const deal = (over: { ticket: string } & Record<string, unknown>) => ({
  ...{ order: '0', position_id: '0', time: '2026-03-02T09:00:00Z', type: 'balance', entry: null, symbol: '' },
  ...{ volume: '0', price: '0', commission: '0', swap: '0', profit: '0' },
  ...over,
});
/** A deposit, a long closed in two parts, a withdrawal. */
const HISTORY = [
  deal({ ticket: '1', profit: '1000' }),
  deal({
    ...{ ticket: '2', order: '12', position_id: '12', type: 'buy', entry: 'in', symbol: 'XAUUSD' },
    ...{ volume: '0.3', price: '2100', commission: '-1', time: '2026-03-02T10:00:00Z' },
  }),
  deal({
    ...{ ticket: '3', order: '13', position_id: '12', type: 'sell', entry: 'out', symbol: 'XAUUSD' },
    ...{ volume: '0.1', price: '2110', profit: '100', time: '2026-03-02T11:00:00Z' },
  }),
  deal({
    ...{ ticket: '4', order: '14', position_id: '12', type: 'sell', entry: 'out', symbol: 'XAUUSD' },
    ...{ volume: '0.2', price: '2090', profit: '-200', time: '2026-03-02T12:00:00Z', reason: 'sl' },
  }),
  deal({ ticket: '5', profit: '-500', time: '2026-03-03T09:00:00Z' }),
];

export function historyContract({ test, ...w }: Contract): void {
  const newAccount = async (user: Person): Promise<string> => {
    const wanted = { name: unique(), currency: 'USD', margin_mode: 'hedging' };
    return (await w.json(w.as(user.token, 'POST', ACCOUNTS, wanted), 201)).id;
  };
  const send = (user: Person, id: string, deals: unknown) =>
    w.as(user.token, 'POST', `${ACCOUNTS}/${id}/deals`, { deals });
  const tradesOf = async (user: Person, id: string): Promise<Json[]> =>
    (await w.json(w.as(user.token, 'GET', `/api/v1/trades?account=${id}`))).items;

  test('takes a history once, however often and in whatever pages it is sent, and shows its trades and figures', async () => {
    const user = await w.person();
    const id = await newAccount(user);
    const stored = async (deals: unknown) => (await w.json(send(user, id, deals))).stored;
    expect(await stored(HISTORY.slice(0, 3))).toBe(3);
    expect(await tradesOf(user, id)).toMatchObject([{ status: 'open', volume_open: '0.2' }]);
    expect(await stored([...HISTORY].reverse())).toBe(2);
    const trades = await tradesOf(user, id);
    expect(trades).toMatchObject([
      { status: 'closed', volume: '0.3', net: '-101', exit_reason: 'sl', source: 'manual', signal_id: null },
    ]);
    expect(await stored(HISTORY)).toBe(0);
    expect(await tradesOf(user, id)).toEqual(trades);
    const { statement } = await w.json(w.as(user.token, 'GET', `/api/v1/performance?account=${id}`));
    expect(statement).toMatchObject({
      ...{ net: '-101', gross_profit: '99.67', gross_loss: '-200.67', total_trades: 2, wins: 1 },
      ...{ start_balance: '1000', withdrawals: '-500', balance_dd_maximal: '200.67' },
    });
  });

  test('takes all deals of a call or none, and names the one that contradicts what stands', async () => {
    const user = await w.person();
    const id = await newAccount(user);
    await w.json(send(user, id, HISTORY.slice(0, 3)));
    const other = HISTORY.map((d) => (d.ticket === '3' ? { ...d, profit: '101' } : d));
    const refused = await w.refusal(send(user, id, other), 409, 'conflict');
    expect(refused).toMatchObject({ ticket: '3' });
    expect(await w.count('SELECT count(*) FROM broker_deals WHERE account_id = $1', id)).toBe(3);
    const wrong = HISTORY.map((d) => (d.ticket === '5' ? { ...d, profit: '1e3' } : d));
    const { errors } = await w.refusal(send(user, id, wrong), 422, 'invalid-body');
    expect(errors.map((e: Json) => e.pointer)).toEqual(['/deals/4/profit']);
    expect(await w.count('SELECT count(*) FROM broker_deals WHERE account_id = $1', id)).toBe(3);
  });

  test('lets nobody but its user import, nothing into an account with a bridge, and no such account trade', async () => {
    const [user, stranger] = [await w.person(), await w.person()];
    const id = await newAccount(user);
    await w.refusal(send(stranger, id, HISTORY), 403, 'forbidden');
    const t = await w.trader();
    const driven = await w.refusal(send(t.user, t.accountId, HISTORY), 409, 'conflict');
    expect(driven.detail).toContain('has a bridge');
    const resumed = await w.refusal(w.owner('POST', `${ACCOUNTS}/${id}/resume`), 409, 'conflict');
    expect(resumed.detail).toContain('never trades');
    expect(await w.json(w.as(user.token, 'GET', `${ACCOUNTS}/${id}`))).toMatchObject({
      ...{ bridge_id: null, login: null, halted: true, entries: { taken: false } },
    });
    const run = w.as(user.token, 'POST', '/api/v1/reconciliation/runs', { account_id: id });
    expect((await w.json(run)).outcome).toBe('account-imported');
  });
}
