// What an account made of its money, as its user reads it: figures from the books, by period, and by whose doing.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, until } from './world.ts';

const NOBODY = '018f0000-0000-7000-8000-000000000000';

export function performanceContract({ test, ...w }: Contract): void {
  const performance = (t: Trader, query: Record<string, string> = {}): Promise<Json> =>
    w.json(w.as(t.user.token, 'GET', `/api/v1/performance?${new URLSearchParams(query)}`));
  const attribution = (t: Trader): Promise<Json> =>
    w.json(w.as(t.user.token, 'GET', '/api/v1/performance/attribution?period=monthly'));
  /** One trade by hand, opened and closed again, and what the books hold of it. */
  const closedByHand = async (t: Trader): Promise<Json> => {
    await w.broker('/manual-trade', { login: t.login, symbol: 'XAUUSD', side: 'buy', volume: '0.1' });
    const [held] = (await w.brokerAccount(t.login)).positions;
    await w.reconcile(t.user, t.accountId);
    await w.broker('/manual-trade', { login: t.login, close: held.ticket });
    return until('the trade is closed in the books', async () => {
      await w.reconcile(t.user, t.accountId);
      const { items } = await w.json(w.as(t.user.token, 'GET', '/api/v1/trades?status=closed'));
      return (items as Json[]).find((trade) => trade.position_id === held.identifier);
    });
  };

  test('shows figures, the terminal’s own, what a unit became, and every period, to the cent of the trades', async () => {
    const t = await w.trader();
    const trade = await closedByHand(t);
    const found = await performance(t, { period: 'daily', tz: 'Europe/Prague' });
    expect(found).toMatchObject({ account_id: t.accountId, currency: 'USD', tz: 'Europe/Prague' });
    expect(found.figures).toMatchObject({ trades: 1, net: trade.net, profit: trade.profit });
    expect(found.statement).toMatchObject({ total_trades: 1, net: trade.net });
    expect(found.nav).toMatchObject({ basis: 'equity', drawdown: { percent: expect.any(Number) } });
    expect(found.nav.reasons).toMatchObject({ sharpe: 'fewer-than-30-days', calmar: 'fewer-than-90-days' });
    expect(found.buckets).toMatchObject([{ trades: 1, net: trade.net }]);
    expect((await performance(t, { source: 'bot' })).figures).toMatchObject({
      trades: 0,
      profit_factor: null,
    });
    const { bot, manual, bot_share, buckets } = await attribution(t);
    expect({ bot, manual, bot_share }).toMatchObject({
      ...{ bot: { trades: 0, reason: 'no-trades' }, manual: { trades: 1, net: trade.net }, bot_share: 0 },
    });
    expect(buckets).toMatchObject([{ manual: { net: trade.net } }]);
  });

  test('counts no deposit as a gain', async () => {
    const t = await w.trader();
    await w.reconcile(t.user, t.accountId);
    await w.broker('/deposit', { login: t.login, amount: '5000' });
    await until('the deposit is booked', async () => {
      await w.reconcile(t.user, t.accountId);
      return Number((await performance(t)).statement.deposits) === 105_000;
    });
    const { nav, figures } = await performance(t);
    expect(figures.net).toBe('0');
    expect(nav).toMatchObject({ basis: 'equity', return_percent: 0, drawdown: { percent: 0, money: '0' } });
  });

  test('keeps it from strangers, and refuses a zone that is none', async () => {
    const t = await w.trader();
    const { other, owner } = w.dev.tokens;
    for (const path of ['/api/v1/performance', '/api/v1/performance/attribution']) {
      await w.refusal(w.as(other, 'GET', `${path}?account=${t.accountId}`), 403, 'forbidden');
      await w.refusal(w.as(other, 'GET', `${path}?account=${NOBODY}`), 404, 'not-found');
      await w.refusal(w.as(other, 'GET', path), 422, 'account-required');
      await w.refusal(w.as(t.user.token, 'GET', `${path}?tz=Mars/Olympus`), 422, 'invalid-query');
      expect(await w.json(w.as(owner, 'GET', `${path}?account=${t.accountId}`))).toMatchObject({
        account_id: t.accountId,
      });
    }
  });
}
