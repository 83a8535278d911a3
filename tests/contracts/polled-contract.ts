// A bridge that nobody can call: it polls, by a simulated broker's own polling bridge over the runtime's door. The broker is
// in this process, so that the test decides when it comes and what is lost on the way.
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { verifyReply } from '../../infra/local/broker/bridge-signature.ts';
import { BrokerHost } from '../../infra/local/broker/broker-host.ts';
import { BrokerPoller } from '../../infra/local/broker/broker-poller.ts';
import { answerControl } from '../../infra/local/broker/control-server.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, until } from './world.ts';

const SYNC = '/bridge/v1/sync';

type Exchange = {
  headers: Record<string, string>;
  body: Buffer;
  status: number;
  replyHeaders: Headers;
  reply: Buffer;
};

export function polledContract({ test, ...w }: Contract): void {
  const control = (host: BrokerHost, path: string, body: object): Json => {
    const answer = answerControl(host, `POST ${path}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  /** A person with an account behind a bridge without an address, and the terminal that polls; not yet bound. */
  const newDesk = async () => {
    const user = await w.person();
    const producer = await w.producer({}, user);
    const login = String(80_000_000 + randomBytes(3).readUIntBE(0, 3));
    const made = await w.json(w.as(user.token, 'POST', '/api/v1/bridges', { name: login }), 201);
    expect(made.url).toBeNull();
    const account = await w.json(
      w.as(user.token, 'POST', '/api/v1/accounts', {
        ...{ name: login, bridge_id: made.id, order_volume: '0.10', producer_ids: [producer.id] },
      }),
      201,
    );
    const host = new BrokerHost({ dir: null, seed: 7, realNowMs: Date.now });
    const terms = { server: `Polled-${login}`, currency: 'USD', margin_mode: 'hedging', balance: '100000' };
    control(host, '/accounts', { login, ...terms });
    const exchanges: Exchange[] = [];
    let lost = false;
    const bridge = { bridgeId: String(made.id), secret: String(made.secret), login };
    const poller = new BrokerPoller(
      () => host.bridgeContext(),
      { ...bridge, url: `http://us${SYNC}` },
      async (r) => {
        const answer = await w.rt.call({ method: 'POST', target: SYNC, headers: r.headers, body: r.body });
        const reply = Buffer.from(await answer.arrayBuffer());
        const { status, headers: replyHeaders } = answer;
        exchanges.push({ headers: r.headers, body: r.body, status, replyHeaders, reply });
        if (lost) throw new Error('lost');
        return { status, headers: replyHeaders, body: reply };
      },
    );
    const sync = async (how: { lost?: true } = {}): Promise<Json> => {
      lost = how.lost === true;
      await poller.sync();
      const { status, reply } = exchanges.at(-1) as Exchange;
      const text = reply.toString();
      expect(status, text).toBe(200);
      return JSON.parse(text);
    };
    const executed = (id: string): number => {
      const rows = [...host.engine.state.tables.execution.values()].filter((r) => r.cmd_id === id);
      return rows.reduce((sum, r) => sum + r.executed, 0);
    };
    const trader: Trader = { user, producer, accountId: account.id, login };
    return { trader, bridge, host, exchanges, sync, executed };
  };
  type Desk = Awaited<ReturnType<typeof newDesk>>;
  /** Bound and resumed. */
  const boundDesk = async (): Promise<Desk> => {
    const desk = await newDesk();
    await desk.sync();
    expect(await desk.sync()).toMatchObject({ outcome: 'applied' });
    await w.json(w.owner('POST', `/api/v1/accounts/${desk.trader.accountId}/resume`));
    return desk;
  };
  /** A buy at the terminal's present price, countersigned, whose command waits to be fetched. */
  const approved = async ({ trader, host }: Desk): Promise<Json> => {
    const price = host.engine.state.tables.quote.get('EURUSD')?.ask;
    const stored = await w.sent(trader.producer, { price });
    await w.json(w.approve(trader.user, stored.id), 201);
    return until('the command waits', () => w.orderOf(trader.user, stored.id));
  };
  const orderIn = async ({ trader }: Desk, id: string): Promise<Json> =>
    (await w.json(w.as(trader.user.token, 'GET', '/api/v1/orders'))).items.find((o: Json) => o.id === id);
  const commandsIn = (reply: Json): string[] =>
    reply.requests.filter((r: Json) => r.kind === 'execute').map((r: Json) => r.command.cmd_id);

  /** The reply that hands this order out: while something else holds the account, a bridge must come again. */
  const handingOut = async (desk: Desk, id: string, how: { lost?: true } = {}): Promise<Json> => {
    for (let i = 0; i < 5; i += 1) {
      const reply = await desk.sync(how);
      if (commandsIn(reply).length > 0) {
        expect(commandsIn(reply)).toEqual([id]);
        return reply;
      }
    }
    throw new Error('the order was not handed out');
  };

  test('binds an account by the first snapshot that its bridge brings, as one that is called does', async () => {
    const desk = await newDesk();
    const { trader } = desk;
    const account = async () =>
      w.json(w.as(trader.user.token, 'GET', `/api/v1/accounts/${trader.accountId}`));
    expect(await desk.sync()).toMatchObject({ kind: 'sync', outcome: null, deals_from: null, requests: [] });
    expect(await account()).toMatchObject({ login: null, connection: { state: 'never' } });
    expect(await desk.sync()).toMatchObject({ outcome: 'applied' });
    expect(await account()).toMatchObject({
      ...{ login: trader.login, server: `Polled-${trader.login}`, halted: true, balance: '100000' },
      connection: { state: 'connected', last_outcome: 'applied', failures: 0 },
    });
    const bridges = await w.json(w.as(trader.user.token, 'GET', '/api/v1/bridges'));
    expect(bridges.items).toMatchObject([{ url: null, revoked: false }]);
  });

  test('hands a countersigned order out once, and takes what came of it with the next request', async () => {
    const desk = await boundDesk();
    const order = await approved(desk);
    expect((await handingOut(desk, order.id)).next_sync_ms).toBe(2_000);
    expect(desk.executed(order.id)).toBe(1);
    expect(commandsIn(await desk.sync())).toEqual([]);
    expect(await orderIn(desk, order.id)).toMatchObject({ state: 'done', attempt: 0 });
    expect((await w.statusOf(desk.trader.user, order.signal_id)).status).toBe('executed');
    const { items } = await w.json(w.as(desk.trader.user.token, 'GET', '/api/v1/positions'));
    expect(items).toMatchObject([{ instrument: 'EURUSD', side: 'buy' }]);
    expect(desk.executed(order.id)).toBe(1);
  });

  test('looks up what was handed out in a reply that was lost, and never hands it out again', async () => {
    const desk = await boundDesk();
    const order = await approved(desk);
    await handingOut(desk, order.id, { lost: true });
    const later: Json[] = [await desk.sync(), await desk.sync()];
    expect(later[0]?.requests).toMatchObject([{ kind: 'lookup', cmd_id: order.id }]);
    expect(await orderIn(desk, order.id)).toMatchObject({ state: 'unknown' });
    // Four minutes pass as far as this command can tell, but for its deadline: a slow process may still carry it out.
    await w.rt.query(
      `UPDATE commands SET sent_at = sent_at - interval '4 minutes', looked_up_at = looked_up_at - interval '4 minutes'
       WHERE id = $1`,
      [order.id],
    );
    for (let i = 0; i < 4; i += 1) later.push(await desk.sync());
    expect(await orderIn(desk, order.id)).toMatchObject({ state: 'unknown', attempt: 0 });
    expect(later.flatMap(commandsIn)).toEqual([]);
    expect(desk.executed(order.id)).toBe(0);
  });

  test('answers a bridge alone, once for each request, and signs every answer over it', async () => {
    const desk = await boundDesk();
    const [first] = desk.exchanges as [Exchange];
    const again = (over: Record<string, string> = {}) =>
      w.rt.call({ method: 'POST', target: SYNC, headers: { ...first.headers, ...over }, body: first.body });
    await w.refusal(again(), 401, 'unauthorized');
    await w.refusal(again({ 'x-nonce': randomBytes(16).toString('hex') }), 401, 'unauthorized');
    await w.refusal(again({ 'x-bridge-id': (await newDesk()).bridge.bridgeId }), 401, 'unauthorized');
    const { secret } = desk.bridge;
    const isSigned = ({ headers, body, status, replyHeaders, reply }: Exchange) =>
      verifyReply(
        secret,
        {
          ...{ status, nonce: headers['x-nonce'] ?? '', requestBody: body, body: reply },
          timestamp: replyHeaders.get('x-timestamp') ?? '',
        },
        replyHeaders.get('x-signature') ?? '',
      );
    // A bridge that says what does not fit is told so by us, and by nobody else.
    const bad = new BrokerPoller(
      () => ({ ...desk.host.bridgeContext(), bootId: '' }),
      { ...desk.bridge, url: `http://us${SYNC}` },
      async (r) => {
        const answer = await w.rt.call({ method: 'POST', target: SYNC, headers: r.headers, body: r.body });
        const reply = Buffer.from(await answer.arrayBuffer());
        const exchange = { ...r, status: answer.status, replyHeaders: answer.headers, reply };
        desk.exchanges.push(exchange);
        return { status: answer.status, headers: answer.headers, body: reply };
      },
    );
    await bad.sync();
    expect(await bad.sync()).toMatchObject({
      status: 422,
      said: { errors: [{ pointer: '/snapshot/boot_id' }] },
    });
    expect(desk.exchanges.map(isSigned)).toEqual(desk.exchanges.map(() => true));
    const revoke = `/api/v1/bridges/${desk.bridge.bridgeId}/revoke`;
    await w.json(w.as(desk.trader.user.token, 'POST', revoke));
    expect(await bad.sync()).toMatchObject({ status: null });
    expect(desk.exchanges.at(-1)?.status).toBe(401);
  });

  test('carries bars that somebody asks for to the bridge and back', async () => {
    const desk = await boundDesk();
    const { body } = answerControl(desk.host, 'GET /candles', {
      symbol: 'XAUUSD',
      timeframe: 'H1',
      limit: '24',
    });
    const hours: Json[] = (body as Json).candles;
    const { user, accountId } = desk.trader;
    const query = new URLSearchParams({
      ...{ instrument: 'XAUUSD', timeframe: 'H1', account_id: accountId },
      ...{ from: hours[0].time, to: hours[23].time },
    });
    const ask = () => w.as(user.token, 'GET', `/api/v1/candles?${query}`);
    const refused = await w.refusal(ask(), 503, 'unavailable');
    expect(refused.detail).toContain('deferred');
    expect((await desk.sync()).requests).toMatchObject([
      { kind: 'candles', symbol: 'XAUUSD', timeframe: 'H1' },
    ]);
    expect((await desk.sync()).requests).toEqual([]);
    expect((await w.json(ask())).candles).toEqual(hours.slice(0, -1));
  });

  test('is left alone by the schedule and by whoever asks for a reconciliation', async () => {
    const desk = await boundDesk();
    const order = await approved(desk);
    await w.rt.tick();
    const asked = await w.reconcile(desk.trader.user, desk.trader.accountId);
    expect(asked).toMatchObject({ outcome: 'awaits-sync' });
    expect(await orderIn(desk, order.id)).toMatchObject({ state: 'created', reason: null });
    const account = `/api/v1/accounts/${desk.trader.accountId}`;
    expect((await w.json(w.as(desk.trader.user.token, 'GET', account))).connection).toMatchObject({
      ...{ last_outcome: 'applied', failures: 0 },
    });
    await handingOut(desk, order.id);
  });
}
