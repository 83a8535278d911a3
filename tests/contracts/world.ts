// The people, producers and accounts of a test, made through the public API, and how answers are read.
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Ask, Runtime } from './runtime.ts';
import { type Signer, type SigningOptions, signedAsk } from './signed-ask.ts';

const PATIENCE_MS = 20_000;
const POLL_MS = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type Person = { id: string; token: string };
export type Producer = Signer & { owner: Person };
export type Trader = { user: Person; producer: Producer; accountId: string; login: string };
export type World = ReturnType<typeof createWorld>;

/** Text that no other test has used: letters and digits, 10 of them. */
export const unique = (): string => randomBytes(5).toString('hex');

/** Asks again until there is something: not null, false or 0. Fails, saying what was waited for, after 20 s or as told. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Runs `count` asks, at most `lanes` at once, and gives their results in order. */
export async function inLanes<T>(
  count: number,
  lanes: number,
  run: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < count; i = next++) results[i] = await run(i);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Helpers over one runtime. */
export function createWorld(rt: Runtime) {
  const { dev } = rt;
  /** Bridges of the accounts that were made here and are still reconciled by every tick. */
  const bridges: string[] = [];

  /** A request with a token; a body makes it JSON. */
  const as = (token: string, method: string, target: string, body?: unknown): Promise<Response> =>
    rt.call({
      method,
      target,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  /** The JSON of an answer that must have this status. */
  const json = async (answer: Response | Promise<Response>, status = 200): Promise<Json> => {
    const got = await answer;
    const text = await got.text();
    expect(got.status, text).toBe(status);
    return text === '' ? null : JSON.parse(text);
  };

  /** The JSON of a refusal, which must be a whole problem of this status and slug. */
  const refusal = async (
    answer: Response | Promise<Response>,
    status: number,
    slug: string,
  ): Promise<Json> => {
    const got = await answer;
    const text = await got.text();
    expect(got.status, text).toBe(status);
    expect(got.headers.get('content-type')).toBe('application/problem+json');
    const body: Json = JSON.parse(text);
    expect(body).toMatchObject({ type: `urn:countersign:problem:${slug}`, status });
    expect(body.title).toEqual(expect.any(String));
    expect(body.instance).toEqual(expect.any(String));
    expect(body.request_id).toMatch(UUID);
    expect(got.headers.get('x-request-id')).toBe(body.request_id);
    return body;
  };

  const owner = (method: string, target: string, body?: unknown) =>
    as(dev.tokens.owner, method, target, body);

  const person = async (role = 'user'): Promise<Person> => {
    const name = unique();
    const user = await json(
      owner('POST', '/api/v1/users', { email: `${name}@contract.example`, name, role }),
      201,
    );
    const token = await json(owner('POST', '/api/v1/tokens', { name, user_id: user.id }), 201);
    return { id: user.id, token: token.token };
  };

  /** A producer of its own scope, by default of a new person. */
  const producer = async (given: Record<string, unknown> = {}, owned?: Person): Promise<Producer> => {
    const who = owned ?? (await person());
    const made = await json(
      owner('POST', '/api/v1/producers', {
        name: unique(),
        owner_id: who.id,
        instruments: ['EURUSD', 'GBPUSD', 'XAUUSD'],
        rate_per_minute: 100_000,
        ...given,
      }),
      201,
    );
    return { id: made.id, secret: made.secret, owner: who };
  };

  const subscribe = (from: Signer, user: Person) =>
    json(owner('POST', '/api/v1/subscriptions', { producer_id: from.id, user_id: user.id }), 201);

  /** A body that stands alone: a fresh `external_id` unless another is given. */
  const signal = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
    instrument: 'EURUSD',
    side: 'buy',
    price: '1.1',
    external_id: unique(),
    ...over,
  });

  const send = (from: Signer, body: unknown, options?: SigningOptions): Promise<Response> =>
    rt.call(signedAsk(from, typeof body === 'string' ? body : JSON.stringify(body), options));

  /** A stored signal. */
  const sent = (from: Signer, over: Record<string, unknown> = {}): Promise<Json> =>
    json(send(from, signal(over)), 201);

  const broker = async (path: string, body?: unknown): Promise<Json> => {
    const answer = await fetch(`${dev.broker.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the broker answered ${answer.status} on ${path}: ${text}`);
    return JSON.parse(text);
  };
  const brokerState = (): Promise<Json> => broker('/state');
  const brokerAccount = async (login: string): Promise<Json> =>
    (await brokerState()).accounts.find((a: Json) => a.login === login);
  const quote = async (symbol: string): Promise<Json> =>
    (await brokerState()).symbols.find((s: Json) => s.symbol === symbol);

  /** An account of a user at the broker behind a bridge of its own; not yet bound, halted. */
  const account = async (
    user: Person,
    producerIds: string[],
    margin_mode = 'hedging',
  ): Promise<{ id: string; login: string }> => {
    const login = String(60_000_000 + randomBytes(3).readUIntBE(0, 3));
    await broker('/accounts', {
      ...{ login, server: 'Contract-Demo', currency: 'USD', margin_mode, balance: '100000' },
    });
    const url = `${dev.broker.url}/bridge/${login}`;
    const bridge = await json(as(user.token, 'POST', '/api/v1/bridges', { name: login, url }), 201);
    bridges.push(bridge.id);
    await broker('/bridges', { bridge_id: bridge.id, secret: bridge.secret, login });
    const made = await json(
      as(user.token, 'POST', '/api/v1/accounts', {
        ...{ name: login, bridge_id: bridge.id, order_volume: '0.10', producer_ids: producerIds },
      }),
      201,
    );
    return { id: made.id, login };
  };

  /** Takes the accounts made so far out of the schedule, so that the ticks of later tests have no work with them. */
  const retireAccounts = async (): Promise<void> => {
    for (const id of bridges.splice(0)) await json(owner('POST', `/api/v1/bridges/${id}/revoke`, {}));
  };

  const reconcile = (user: Person, accountId: string): Promise<Json> =>
    json(as(user.token, 'POST', '/api/v1/reconciliation/runs', { account_id: accountId }));

  /** A person with a producer and a bound, resumed account that follows it and others; it hedges unless told. */
  const trader = async (
    given: { producers?: [Producer, ...Producer[]]; marginMode?: string } = {},
  ): Promise<Trader> => {
    const user = given.producers?.[0].owner ?? (await person());
    const [own, ...others] = given.producers ?? [await producer({}, user)];
    const { id, login } = await account(
      user,
      [own, ...others].map((p) => p.id),
      given.marginMode,
    );
    await until('the account is bound', async () => {
      await reconcile(user, id);
      const { items } = await json(as(user.token, 'GET', '/api/v1/accounts'));
      return items[0].login === login;
    });
    await json(owner('POST', `/api/v1/accounts/${id}/resume`));
    return { user, producer: own, accountId: id, login };
  };

  const consentVersion = async (): Promise<number> =>
    (await json(owner('GET', '/api/v1/consents/current'))).version;

  const approve = async (user: Person, signalId: string, over: Record<string, unknown> = {}) =>
    as(user.token, 'POST', '/api/v1/approvals', {
      ...{ signal_id: signalId, decision: 'approved', consent_version: await consentVersion() },
      ...over,
    });

  /** Sends a buy at the broker's present price and countersigns it. */
  const approvedSignal = async (t: Trader, over: Record<string, unknown> = {}): Promise<Json> => {
    const { ask } = await quote('EURUSD');
    const stored = await sent(t.producer, { price: ask, ...over });
    await json(approve(t.user, stored.id), 201);
    return stored;
  };

  const statusOf = async (user: Person, signalId: string): Promise<Json> =>
    json(as(user.token, 'GET', `/api/v1/signals/${signalId}`));

  const orderOf = async (user: Person, signalId: string): Promise<Json> =>
    (await json(as(user.token, 'GET', '/api/v1/orders'))).items.find((o: Json) => o.signal_id === signalId);

  /** One number out of the database. */
  const count = async (text: string, ...values: unknown[]): Promise<number> =>
    Number(Object.values((await rt.query(text, values))[0] ?? {})[0]);

  const plain = (target: string, over: Partial<Ask> = {}) => rt.call({ target, ...over });

  return {
    ...{ rt, dev, as, json, refusal, owner, person, producer, subscribe, signal, send, sent },
    ...{ broker, brokerState, brokerAccount, quote, account, retireAccounts },
    ...{ reconcile, trader, consentVersion, approve },
    ...{ approvedSignal, statusOf, orderOf, count, plain },
  };
}
