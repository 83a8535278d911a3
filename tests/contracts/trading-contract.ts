// Books that equal the broker's: reconciliation, trades, positions, divergences.
import { Big } from 'big.js';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Person, type Trader, unique, until } from './world.ts';

const RUNS = '/api/v1/reconciliation/runs';
const NOBODY = '018f0000-0000-7000-8000-000000000000';

export function tradingContract({ test, ...w }: Contract): void {
  const list = async (t: Trader, target: string): Promise<Json[]> =>
    (await w.json(w.as(t.user.token, 'GET', target))).items;
  const manual = (t: Trader, over: Record<string, unknown>): Promise<Json> =>
    w.broker('/manual-trade', { login: t.login, ...over });
  const applied = async (t: Trader): Promise<void> => {
    await until('a reconciliation is applied', async () => {
      return (await w.reconcile(t.user, t.accountId)).outcome === 'applied';
    });
  };
  const filled = async (t: Trader): Promise<Json> => {
    const stored = await w.approvedSignal(t);
    return until('the trade is booked', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await list(t, '/api/v1/trades')).find((trade) => trade.signal_id === stored.id);
    });
  };

  test('books a fill as one open trade with its position, and the close to the cent', async () => {
    const t = await w.trader();
    const trade = await filled(t);
    expect(trade).toMatchObject({
      source: 'bot',
      status: 'open',
      side: 'buy',
      volume: '0.1',
      exit_price: null,
    });
    const [position] = await list(t, '/api/v1/positions');
    expect(position).toMatchObject({ account_id: t.accountId, identifier: trade.position_id, volume: '0.1' });
    const [held] = (await w.brokerAccount(t.login)).positions;
    await manual(t, { close: held.ticket });
    await applied(t);
    const closed = await w.json(w.as(t.user.token, 'GET', `/api/v1/trades/${trade.id}`));
    expect(closed).toMatchObject({ status: 'closed', volume_open: '0' });
    const account = await w.brokerAccount(t.login);
    const deals = account.deals.filter((d: Json) => d.position_id === trade.position_id);
    for (const part of ['profit', 'swap', 'commission', 'fee']) {
      const said = deals.reduce((sum: Big, d: Json) => sum.plus(d[part]), new Big(0));
      expect(said.eq(closed[part]), part).toBe(true);
    }
    expect(new Big(100_000).plus(closed.net).eq(account.balance)).toBe(true);
    expect(await list(t, '/api/v1/positions')).toEqual([]);
    expect((await w.statusOf(t.user, trade.signal_id)).status).toBe('closed');
  });

  test('changes nothing when the same books are reconciled again', async () => {
    const t = await w.trader();
    const trade = await filled(t);
    const deals = () => w.count('SELECT count(*) FROM broker_deals WHERE account_id = $1', t.accountId);
    const before = await deals();
    for (let i = 0; i < 3; i += 1) await applied(t);
    expect(await deals()).toBe(before);
    expect(await list(t, '/api/v1/trades')).toHaveLength(1);
    expect((await list(t, '/api/v1/trades'))[0].id).toBe(trade.id);
  });

  test('finds a trade made by hand, books it as manual and names the divergence', async () => {
    const t = await w.trader();
    await manual(t, { symbol: 'EURUSD', side: 'sell', volume: '0.2' });
    await applied(t);
    const [trade, ...more] = await list(t, '/api/v1/trades');
    expect(more).toEqual([]);
    expect(trade).toMatchObject({ source: 'manual', side: 'sell', volume: '0.2', signal_id: null });
    const named = () => list(t, '/api/v1/reconciliation/divergences?code=EXTERNAL_POSITION');
    const divergences = await named();
    expect(divergences).toEqual([
      expect.objectContaining({
        ...{ account_id: t.accountId, code: 'EXTERNAL_POSITION', broker_key: trade.position_id },
        status: 'open',
      }),
    ]);
    await applied(t);
    expect(await named()).toHaveLength(1);
    const path = `/api/v1/reconciliation/divergences/${divergences[0]?.id}`;
    const adopt = (token: string) => w.as(token, 'POST', `${path}/adopt`, { reason: 'placed by hand' });
    await w.refusal(adopt(w.dev.tokens.other), 403, 'forbidden');
    expect(await w.json(adopt(t.user.token))).toMatchObject({ status: 'resolved', resolution: 'adopted' });
    expect(await w.json(adopt(t.user.token)), 'again').toMatchObject({ resolution: 'adopted' });
    const ignored = w.as(t.user.token, 'POST', `${path}/ignore`, { reason: 'after all' });
    await w.refusal(ignored, 409, 'conflict');
    expect((await list(t, '/api/v1/trades'))[0]).toMatchObject({ source: 'bot' });
  });

  test('closes a position that a person judged not to belong there', async () => {
    const t = await w.trader();
    await manual(t, { symbol: 'EURUSD', side: 'buy', volume: '0.1' });
    await applied(t);
    const [found] = await list(t, '/api/v1/reconciliation/divergences?status=open');
    const path = `/api/v1/reconciliation/divergences/${found?.id}/close`;
    await w.json(w.as(t.user.token, 'POST', path, { reason: 'not mine' }));
    await until('the position is closed', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await w.brokerAccount(t.login)).positions.length === 0;
    });
  });

  test('filters trades by source, status, instrument and account', async () => {
    const t = await w.trader();
    await filled(t);
    await manual(t, { symbol: 'GBPUSD', side: 'buy', volume: '0.1' });
    await applied(t);
    const sources = async (query: string): Promise<string[]> =>
      (await list(t, `/api/v1/trades?${query}`)).map((trade) => trade.source).sort();
    expect(await sources('source=bot')).toEqual(['bot']);
    expect(await sources('source=manual')).toEqual(['manual']);
    expect(await sources('status=open')).toEqual(['bot', 'manual']);
    expect(await sources('status=closed')).toEqual([]);
    expect(await sources('instrument=GBPUSD')).toEqual(['manual']);
    expect(await sources(`account=${t.accountId}`)).toEqual(['bot', 'manual']);
    expect(await sources(`account=${NOBODY}`)).toEqual([]);
    await w.refusal(w.as(t.user.token, 'GET', '/api/v1/trades?source=luck'), 422, 'invalid-query');
  });

  test('sorts and pages trades, and judges a time by what they are sorted by', async () => {
    const t = await w.trader();
    for (const volume of ['0.1', '0.2', '0.3']) await manual(t, { symbol: 'EURUSD', side: 'buy', volume });
    await applied(t);
    const [held] = (await w.brokerAccount(t.login)).positions;
    await manual(t, { close: held.ticket });
    await applied(t);
    const ids = async (query: string): Promise<string[]> =>
      (await list(t, `/api/v1/trades?${query}`)).map((trade) => trade.id);
    for (const by of ['opened_at', 'closed_at', 'net']) {
      const down = await ids(`sort=-${by}`);
      expect(new Set(down).size, by).toBe(3);
      expect(await ids(`sort=${by}`), by).toEqual([...down].reverse());
      const first = await w.json(w.as(t.user.token, 'GET', `/api/v1/trades?sort=-${by}&page_size=2`));
      const next = `sort=-${by}&page_size=2&cursor=${first.next_cursor}`;
      expect([...first.items.map((x: Json) => x.id), ...(await ids(next))], by).toEqual(down);
      await w.refusal(
        w.as(t.user.token, 'GET', `/api/v1/trades?sort=${by}&cursor=${first.next_cursor}`),
        ...([422, 'invalid-query'] as const),
      );
    }
    const long = '2020-01-01T00:00:00Z';
    expect(await ids(`from=${long}`)).toHaveLength(3);
    expect(await ids(`from=${long}&sort=closed_at`), 'what is open has not closed').toHaveLength(1);
    expect(await ids(`to=${long}`)).toEqual([]);
    await w.refusal(w.as(t.user.token, 'GET', '/api/v1/trades?sort=luck'), 422, 'invalid-query');
    await w.refusal(w.as(t.user.token, 'GET', '/api/v1/trades?from=monday'), 422, 'invalid-query');
  });

  test('shows what a trade was made of, and rebuilds it to the same', async () => {
    const t = await w.trader();
    await manual(t, { symbol: 'EURUSD', side: 'buy', volume: '0.3' });
    await applied(t);
    const [held] = (await w.brokerAccount(t.login)).positions;
    await manual(t, { close: held.ticket, volume: '0.1' });
    await applied(t);
    await manual(t, { close: held.ticket });
    await applied(t);
    const [{ id }] = await list(t, '/api/v1/trades');
    const shown = await w.json(w.as(t.user.token, 'GET', `/api/v1/trades/${id}`));
    expect(shown).toMatchObject({ status: 'closed', volume: '0.3', episode: 0, closed_by: null });
    expect(shown.legs.map((leg: Json) => [leg.leg, leg.volume])).toEqual([
      [1, '0.1'],
      [2, '0.2'],
    ]);
    const net = shown.legs.reduce((sum: Big, leg: Json) => sum.plus(leg.net), new Big(0));
    expect(net.eq(shown.net)).toBe(true);
    expect(shown.deals.map((d: Json) => [d.entry, d.class, d.revision])).toEqual([
      ['in', 'trade', 0],
      ['out', 'trade', 0],
      ['out', 'trade', 0],
    ]);
    const rebuild = `/api/v1/accounts/${t.accountId}/rebuild`;
    await w.refusal(w.as(t.user.token, 'POST', rebuild), 403, 'forbidden');
    expect(await w.json(w.as(w.dev.tokens.admin, 'POST', rebuild))).toEqual({
      ...{ account_id: t.accountId, positions: 1, deals: 3, trades: 1 },
    });
    expect(await w.json(w.as(t.user.token, 'GET', `/api/v1/trades/${id}`))).toEqual(shown);
    await w.refusal(
      w.as(w.dev.tokens.admin, 'POST', `/api/v1/accounts/${NOBODY}/rebuild`),
      ...([404, 'not-found'] as const),
    );
  });

  test('keeps trades, accounts and runs from strangers', async () => {
    const t = await w.trader();
    const trade = await filled(t);
    const { other, owner } = w.dev.tokens;
    await w.refusal(w.as(other, 'GET', `/api/v1/trades/${trade.id}`), 403, 'forbidden');
    await w.refusal(w.as(other, 'POST', RUNS, { account_id: t.accountId }), 403, 'forbidden');
    await w.refusal(w.as(other, 'POST', RUNS, { account_id: NOBODY }), 404, 'not-found');
    await w.refusal(w.as(other, 'GET', `/api/v1/trades/${NOBODY}`), 404, 'not-found');
    expect((await w.json(w.as(owner, 'GET', `/api/v1/trades/${trade.id}`))).id).toBe(trade.id);
    for (const path of ['/api/v1/trades', '/api/v1/positions', '/api/v1/accounts', RUNS]) {
      const { items } = await w.json(w.as(other, 'GET', path));
      expect(items, path).toEqual([]);
    }
  });

  test('lists every run with its outcome, newest first', async () => {
    const t = await w.trader();
    await applied(t);
    const [run] = await list(t, RUNS);
    expect(run).toMatchObject({ account_id: t.accountId, outcome: 'applied' });
    expect(Date.parse(run.finished_at)).toBeGreaterThanOrEqual(Date.parse(run.started_at));
  });

  test('changes no figure on a snapshot that is torn, unsigned, incomplete, disconnected or no answer', async () => {
    const t = await w.trader();
    await filled(t);
    // What is open must be worth more than the gate's tolerance, or nobody could see that it is missing.
    const { bid } = await w.quote('EURUSD');
    await w.broker('/tick', { symbol: 'EURUSD', bid: new Big(bid).plus('0.03').toFixed(5) });
    await applied(t);
    const figures = async () => [
      await list(t, '/api/v1/trades'),
      (await list(t, '/api/v1/accounts')).map((a) => ({
        ...{ ...a, snapshot_at: null, connection: null, entries: null },
      })),
    ];
    const before = await figures();
    const faults: [string, RegExp][] = [
      ['torn', /^snapshot-torn$/],
      ['failed_history', /^snapshot-incomplete$/],
      ['disconnected', /^terminal-disconnected$/],
      ['bad_signature', /^bridge-unsigned$/],
      ['garbage', /^bridge-/],
      ['http_500', /^bridge-/],
      ['drop', /^bridge-/],
    ];
    for (const [kind, outcome] of faults) {
      // A run from the queue may meet the fault first: it must leave the figures alone as well. A bridge that cannot be
      // reached is asked three times.
      await until(`a run that met ${kind}`, async () => {
        await w.broker('/fault', { kind, login: t.login, times: 3 });
        return outcome.test((await w.reconcile(t.user, t.accountId)).outcome);
      });
      await w.broker('/fault', { kind, login: t.login, times: 0 });
      expect(await figures(), kind).toEqual(before);
      await applied(t);
    }
    await w.broker('/tick', { symbol: 'EURUSD', bid });
  });

  test('takes an empty history for no history, never for an empty account', async () => {
    const t = await w.trader();
    const trade = await filled(t);
    await w.broker('/fault', { kind: 'empty_history', login: t.login, times: 1 });
    await w.reconcile(t.user, t.accountId);
    const after = await w.json(w.as(t.user.token, 'GET', `/api/v1/trades/${trade.id}`));
    expect(after).toMatchObject({ status: 'open', volume: trade.volume, entry_price: trade.entry_price });
  });

  test('refuses the snapshot of another account than the one that was bound', async () => {
    const one = await w.trader();
    await manual(one, { symbol: 'EURUSD', side: 'buy', volume: '0.1' });
    await w.rt.query('UPDATE accounts SET login = $2 WHERE id = $1', [one.accountId, '1']);
    expect((await w.reconcile(one.user, one.accountId)).outcome).toBe('account-mismatch');
    expect(await list(one, '/api/v1/trades')).toEqual([]);
  });

  test('binds a broker’s account once in the whole deployment', async () => {
    const t = await w.trader();
    const thief = await w.person();
    const url = `${w.dev.broker.url}/bridge/${t.login}`;
    const bridge = await w.json(w.as(thief.token, 'POST', '/api/v1/bridges', { name: 'again', url }), 201);
    await w.broker('/bridges', { bridge_id: bridge.id, secret: bridge.secret, login: t.login });
    const body = { name: 'again', bridge_id: bridge.id };
    const account = await w.json(w.as(thief.token, 'POST', '/api/v1/accounts', body), 201);
    expect((await w.reconcile(thief, account.id)).outcome).toBe('bound-elsewhere');
    const [seen] = (await w.json(w.as(thief.token, 'GET', '/api/v1/accounts'))).items;
    expect(seen).toMatchObject({ login: null, halted: true });
    await w.refusal(w.owner('POST', `/api/v1/accounts/${account.id}/resume`), 409, 'conflict');
  });

  /** A bridge of a user that stands at a login of the broker. */
  const bridgeAt = async (user: Person, login: string): Promise<string> => {
    const url = `${w.dev.broker.url}/bridge/${login}`;
    const made = await w.json(w.as(user.token, 'POST', '/api/v1/bridges', { name: unique(), url }), 201);
    await w.broker('/bridges', { bridge_id: made.id, secret: made.secret, login });
    return made.id;
  };
  const accountOf = (t: Pick<Trader, 'user' | 'accountId'>): Promise<Json> =>
    w.json(w.as(t.user.token, 'GET', `/api/v1/accounts/${t.accountId}`));

  test('moves an account to another bridge of its user’s, once that shows the same account, and trades on there', async () => {
    const t = await w.trader();
    const before = (await accountOf(t)).bridge_id;
    const patch = (token: string, bridge_id: unknown): Promise<Response> =>
      w.as(token, 'PATCH', `/api/v1/accounts/${t.accountId}`, { bridge_id });
    const other = await w.account(t.user, []);
    const elsewhere = await bridgeAt(t.user, other.login);
    expect(await w.json(patch(t.user.token, elsewhere))).toMatchObject({
      bridge_id: before,
      next_bridge_id: elsewhere,
    });
    await w.reconcile(t.user, t.accountId);
    expect(await accountOf(t), 'another login is no proof').toMatchObject({
      bridge_id: before,
      next_bridge_id: elsewhere,
    });
    expect(await w.json(patch(t.user.token, before))).toMatchObject({
      bridge_id: before,
      next_bridge_id: null,
    });
    const stranger = await w.person();
    const foreign = await bridgeAt(stranger, t.login);
    for (const wrong of [foreign, NOBODY]) {
      const refused = await w.refusal(patch(t.user.token, wrong), 422, 'invalid-body');
      expect(refused.errors[0].pointer).toBe('/bridge_id');
    }
    await w.refusal(
      patch(t.user.token, (await accountOf({ user: t.user, accountId: other.id })).bridge_id),
      409,
      'conflict',
    );
    await w.refusal(patch(stranger.token, foreign), 403, 'forbidden');
    await w.refusal(patch(w.dev.tokens.owner, foreign), 403, 'forbidden');
    const next = await bridgeAt(t.user, t.login);
    await w.json(w.owner('POST', `/api/v1/bridges/${before}/revoke`));
    await w.json(patch(t.user.token, next));
    await until('the new bridge drives it', async () => {
      await w.reconcile(t.user, t.accountId);
      return (await accountOf(t)).bridge_id === next;
    });
    expect(await accountOf(t)).toMatchObject({ next_bridge_id: null, halted: false });
    await filled(t);
    const actions = await w.rt.query(
      `SELECT action, actor_kind FROM audit_log WHERE subject_id = $1 AND action LIKE 'account.bridge%' ORDER BY at, id`,
      [t.accountId],
    );
    expect(actions.at(-1)).toEqual({ action: 'account.bridge-adopted', actor_kind: 'bridge' });
    expect(actions.filter((a) => a['action'] === 'account.bridge').length).toBe(3);
  });

  test('gives a login that was claimed to who stands there once an owner releases it, and keeps the claim’s books', async () => {
    const [squatter, victim] = [await w.trader(), await w.person()];
    const trade = await filled(squatter);
    const bridge_id = await bridgeAt(victim, squatter.login);
    const { id } = await w.json(
      w.as(victim.token, 'POST', '/api/v1/accounts', { name: 'mine', bridge_id }),
      201,
    );
    expect((await w.reconcile(victim, id)).outcome).toBe('bound-elsewhere');
    const release = (token: string, body: unknown = { reason: `claimed ${unique()}` }): Promise<Response> =>
      w.as(token, 'POST', `/api/v1/accounts/${squatter.accountId}/release`, body);
    await w.refusal(release(w.dev.tokens.admin), 403, 'forbidden');
    await w.refusal(release(squatter.user.token), 403, 'forbidden');
    for (const body of [{}, { reason: ' ' }, { reason: 'x', more: 1 }])
      await w.refusal(release(w.dev.tokens.owner, body), 422, 'invalid-body');
    expect(await w.json(release(w.dev.tokens.owner))).toMatchObject({ released: true, halted: true });
    expect(await w.json(release(w.dev.tokens.owner)), 'safe to repeat').toMatchObject({ released: true });
    expect(
      await w.count(
        `SELECT count(*) FROM audit_log WHERE action = 'account.release' AND subject_id = $1`,
        squatter.accountId,
      ),
    ).toBe(1);
    expect((await w.reconcile(victim, id)).outcome).toBe('applied');
    expect(await accountOf({ user: victim, accountId: id })).toMatchObject({
      login: squatter.login,
      released: false,
    });
    expect((await w.reconcile(squatter.user, squatter.accountId)).outcome).toBe('account-released');
    await w.refusal(w.owner('POST', `/api/v1/accounts/${squatter.accountId}/resume`), 409, 'conflict');
    await w.refusal(
      w.as(squatter.user.token, 'PATCH', `/api/v1/accounts/${squatter.accountId}`, { bridge_id: NOBODY }),
      409,
      'conflict',
    );
    await w.json(w.as(squatter.user.token, 'GET', `/api/v1/trades/${trade.id}`));
    const silent = { name: 'silent', url: 'http://127.0.0.1:9/' };
    const nowhere = await w.json(w.as(victim.token, 'POST', '/api/v1/bridges', silent), 201);
    const fresh = await w.json(
      w.as(victim.token, 'POST', '/api/v1/accounts', { name: 'fresh', bridge_id: nowhere.id }),
      201,
    );
    const unbound = w.owner('POST', `/api/v1/accounts/${fresh.id}/release`, { reason: 'it holds nothing' });
    await w.refusal(unbound, 409, 'conflict');
    await w.json(w.owner('POST', `/api/v1/bridges/${nowhere.id}/revoke`));
  });

  test('makes accounts halted, of one’s own live bridge alone, and one to a bridge', async () => {
    const t = await w.trader();
    const post = (token: string, over: Record<string, unknown>) =>
      w.as(token, 'POST', '/api/v1/accounts', { name: 'x', ...over });
    const [row] = await w.rt.query('SELECT bridge_id FROM accounts WHERE id = $1', [t.accountId]);
    const bridge_id = row?.['bridge_id'];
    await w.refusal(post(t.user.token, { bridge_id }), 409, 'conflict');
    const foreign = await w.refusal(post(w.dev.tokens.other, { bridge_id }), 422, 'invalid-body');
    expect(foreign.errors[0].pointer).toBe('/bridge_id');
    const volumes = ['0', '-1', '1001', '1e1', 'x'];
    for (const order_volume of volumes)
      await w.refusal(post(t.user.token, { bridge_id, order_volume }), 422, 'invalid-body');
  });
}
