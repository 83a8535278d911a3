// Every operation that /openapi.json publishes, called by everybody who may not: without a proof, with the wrong scope,
// with too low a role, by a stranger who knows the ids, and with ids of nothing.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import {
  type Call,
  callOf,
  FIXTURES,
  type Fixture,
  NOBODY,
  SCOPES,
  type Things,
} from './operation-fixtures.ts';
import type { Ask } from './runtime.ts';
import { signedAsk } from './signed-ask.ts';
import { inLanes, type Person, unique, until } from './world.ts';

const LANES = 8;
/** Not the address of the other tests, whose failures are counted too. */
const ADDRESS = '203.0.113.88';
/** What an operation takes that takes no token. */
const SIGNED: readonly string[] = ['signature', 'bridge'];
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

type Operation = { name: string; fixture: Fixture };
type Cast = {
  things: Things;
  subject: Person;
  stranger: Person;
  admin: Person;
  owner: Person;
  /** A token of an owner for each scope alone. */
  only: Record<string, string>;
};

export function authorizationContract({ test, ...w }: Contract): void {
  const operations: readonly Operation[] = Object.entries(FIXTURES).map(([name, fixture]) => ({
    name,
    fixture,
  }));
  const withToken = operations.filter(
    (o) => typeof o.fixture.may === 'string' && !SIGNED.includes(o.fixture.may),
  );
  const scoped = withToken.filter((o) => o.fixture.may !== 'any');
  const withIds = withToken.filter((o) => o.fixture.ids !== undefined);

  const tokenFor = async (who: Person, body: Record<string, unknown>): Promise<Json> =>
    w.json(w.as(who.token, 'POST', '/api/v1/tokens', { name: unique(), ...body }), 201);

  /** A destination of one person's alerts, ended at once: it is there to be named. */
  const newDestination = async (owner: Person, user_id: string): Promise<string> => {
    const path = '/api/v1/alerts/destinations';
    const body = { channel: 'webhook', name: unique(), url: 'http://127.0.0.1:9/', user_id };
    const made = await w.json(w.as(owner.token, 'POST', path, body), 201);
    await w.json(w.as(owner.token, 'POST', `${path}/${made.id}/revoke`));
    return made.id;
  };
  /** What a shadow would have done: nothing stands in its way, and nothing is closed for it. */
  const newTrip = async (account: string): Promise<string> => {
    const [row] = await w.rt.query(
      `INSERT INTO guard_trips (id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at)
       VALUES (gen_random_uuid(), $1, 'drawdown', true, 'all', '{}', now(), now()) RETURNING id`,
      [account],
    );
    return String(row?.['id']);
  };
  const newThings = async (owner: Person): Promise<{ things: Things; subject: Person }> => {
    const { user, producer, accountId, login } = await w.trader();
    await w.broker('/deposit', { login, amount: '1' });
    const traded = await w.approvedSignal({ user, producer, accountId, login: '' });
    const trade = await until('the trade is booked', async () => {
      await w.reconcile(user, accountId);
      const { items } = await w.json(w.as(user.token, 'GET', '/api/v1/trades'));
      return items.find((one: Json) => one.signal_id === traded.id);
    });
    const [approval] = (await w.json(w.as(user.token, 'GET', '/api/v1/approvals'))).items;
    const [bridge] = (await w.json(w.as(user.token, 'GET', '/api/v1/bridges'))).items;
    const noted = `/api/v1/reconciliation/divergences?account=${accountId}&code=CASHFLOW`;
    const [divergence] = (await w.json(w.as(user.token, 'GET', noted))).items;
    const trip = await newTrip(accountId);
    const drawn = { kind: 'candlestick', source: { trade_id: trade.id } };
    const chart = await w.json(w.as(user.token, 'POST', '/api/v1/charts', drawn), 201);
    const token = await tokenFor(user, {});
    const things: Things = {
      ...{ user: user.id, producer: producer.id, bridge: bridge.id, token: token.id, account: accountId },
      ...{ signal: traded.id, approval: approval.id, trade: trade.id, divergence: divergence.id },
      ...{ trip, destination: await newDestination(owner, user.id), chart: JSON.parse(chart.etag) },
    };
    return { things, subject: user };
  };
  const newCast = async (): Promise<Cast> => {
    // The deployment's own: a second one would let other tests demote the last.
    const { id } = await w.json(w.owner('GET', '/api/v1/me'));
    const owner = { id, token: w.dev.tokens.owner };
    const only: Record<string, string> = {};
    for (const scope of SCOPES) only[scope] = (await tokenFor(owner, { scopes: [scope] })).token;
    const [stranger, admin] = [await w.person(), await w.person('admin')];
    return { ...(await newThings(owner)), stranger, admin, owner, only };
  };
  let made: Promise<Cast> | undefined;
  const cast = (): Promise<Cast> => {
    made ??= newCast();
    return made;
  };

  const ofSubject = ({ fixture }: Operation, things: Things): Record<string, string> =>
    Object.fromEntries(Object.entries(fixture.ids ?? {}).map(([name, thing]) => [name, things[thing]]));
  const ofNothing = ({ fixture }: Operation, id = NOBODY): Record<string, string> =>
    Object.fromEntries(Object.keys(fixture.ids ?? {}).map((name) => [name, id]));
  const say = (token: string, call: Call): Promise<Response> =>
    w.as(token, call.method, call.target, call.body);
  /** Asks all at once in a few lanes; gives what was not answered as it must be. */
  const misses = async (
    asks: readonly { what: string; token: string; call: Call; want: number }[],
  ): Promise<string[]> => {
    expect(asks.length).toBeGreaterThan(0);
    const lines = await inLanes(asks.length, LANES, async (i) => {
      const ask = asks[i];
      if (ask === undefined) throw new Error('no such ask');
      const answer = await say(ask.token, ask.call);
      const text = await answer.text();
      const problem = answer.headers.get('content-type') === 'application/problem+json';
      const right = answer.status === ask.want && problem === ask.want >= 400;
      return right ? '' : `${ask.what}: ${answer.status} and not ${ask.want}: ${text.slice(0, 200)}`;
    });
    return lines.filter((line) => line !== '');
  };
  const auditRows = (...people: Person[]): Promise<number> =>
    w.count('SELECT count(*) FROM audit_log WHERE actor_id = ANY($1)', [people.map((p) => p.id)]);

  test('has a fixture for each operation of the document, and none for any other', async () => {
    const { paths } = await w.json(w.plain('/openapi.json'));
    const published = Object.entries<Json>(paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => `${method} ${path}`),
    );
    expect(published.sort()).toEqual(Object.keys(FIXTURES).sort());
    const byDocument = (scheme: string | null) =>
      published.filter((operation) => {
        const [method = '', path = ''] = operation.split(' ');
        const { security } = paths[path][method];
        return scheme === null ? security === undefined : security?.[0]?.[scheme] !== undefined;
      });
    const names = (of: readonly Operation[]) => of.map((o) => o.name).sort();
    expect(byDocument('bearer')).toEqual(names(withToken));
    expect(byDocument('producer')).toEqual(names(operations.filter((o) => o.fixture.may === 'signature')));
    expect(byDocument('bridge')).toEqual(names(operations.filter((o) => o.fixture.may === 'bridge')));
    expect(byDocument(null)).toEqual(names(operations.filter((o) => typeof o.fixture.may === 'number')));
  });

  test('names a 401 in the document just where a proof is asked for', async () => {
    const { paths } = await w.json(w.plain('/openapi.json'));
    const wrong = operations.filter(({ name, fixture }) => {
      const [method = '', path = ''] = name.split(' ');
      return '401' in paths[path][method].responses === (typeof fixture.may === 'number');
    });
    expect(wrong.map((o) => o.name)).toEqual([]);
  });

  test('answers every operation without a good proof with the same bytes, but for id and time', async () => {
    const { things, subject } = await cast();
    const gone = await tokenFor(subject, {});
    expect((await w.as(subject.token, 'DELETE', `/api/v1/tokens/${gone.id}`)).status).toBe(204);
    const tokens = [undefined, 'cs_pat_x', 'eyJhbGciOiJub25lIn0.e30.', gone.token];
    const asked = operations
      .filter((o) => typeof o.fixture.may === 'string')
      .flatMap((o) => tokens.map((token) => ({ o, token })));
    const heads = new Set<string>();
    await inLanes(asked.length, LANES, async (i) => {
      const { o, token } = asked[i] as (typeof asked)[number];
      const answer = await w.rt.call(bare(callOf(o.name, o.fixture, ofSubject(o, things)), token));
      const text = await answer.text();
      expect(answer.status, `${o.name}: ${text}`).toBe(401);
      const { request_id, server_time } = JSON.parse(text);
      expect(Math.abs(server_time - Date.now() / 1000)).toBeLessThan(60);
      expect(text).toBe(unauthorizedText(o.name, request_id, server_time));
      heads.add(headOf(answer));
    });
    expect([...heads]).toEqual([expect.stringContaining('www-authenticate: Bearer')]);
  });

  test('lets no token of a person in where a producer or a bridge must sign', async () => {
    const { owner, subject } = await cast();
    const [mine, other] = [await w.producer(), await w.producer()];
    for (const o of operations.filter(({ fixture }) => SIGNED.includes(String(fixture.may)))) {
      const call = callOf(o.name, o.fixture, {});
      for (const token of [owner.token, subject.token])
        await w.refusal(w.rt.call(bare(call, token)), 401, 'unauthorized');
      const signed = signedAsk({ id: other.id, secret: mine.secret }, JSON.stringify(call.body), {
        ...{ target: call.target, address: ADDRESS },
      });
      await w.refusal(w.rt.call(signed), 401, 'unauthorized');
    }
  });

  test('answers the open operations as they are documented, with no proof at all', async () => {
    await w.rt.tick();
    const { paths } = await w.json(w.plain('/openapi.json'));
    for (const { name, fixture } of operations.filter((o) => typeof o.fixture.may === 'number')) {
      const [method = '', path = ''] = name.split(' ');
      const answer = await w.rt.call(bare(callOf(name, fixture, {}), undefined));
      expect(answer.status, name).toBe(fixture.may);
      expect(Object.keys(paths[path][method].responses), name).toContain(String(fixture.may));
    }
  });

  test('refuses each operation to a token that holds every other scope’s, one at a time, and stores nothing', async () => {
    const { only, things, owner } = await cast();
    const before = await auditRows(owner);
    const asks = scoped.flatMap((o) =>
      SCOPES.filter((scope) => scope !== o.fixture.may).map((scope) => ({
        what: `${o.name} with ${scope}`,
        token: only[scope] ?? '',
        call: callOf(o.name, o.fixture, ofSubject(o, things)),
        want: 403,
      })),
    );
    expect(await misses(asks)).toEqual([]);
    expect(await auditRows(owner)).toBe(before);
  });

  test('lets each operation be called with its one scope alone', async () => {
    const { only, owner } = await cast();
    for (const o of scoped) {
      const nothing = Object.entries(ofNothing(o));
      // Oneself is named where a person must be: of others more than the scope may be asked for.
      const named = nothing.map(([name, id]) => [name, name === 'user_id' ? owner.id : id]);
      const ids = o.fixture.unknown === undefined ? {} : Object.fromEntries(named);
      const answer = await say(only[String(o.fixture.may)] ?? '', callOf(o.name, o.fixture, ids));
      const text = await answer.text();
      const want = o.fixture.unknown === undefined ? [200, 201] : [o.fixture.unknown];
      expect(want, `${o.name}: ${text}`).toContain(answer.status);
    }
    for (const o of withToken.filter(({ fixture }) => fixture.may === 'any'))
      for (const scope of SCOPES) {
        // What a body may name is left out: it is for those who hold `admin`.
        const answer = await say(only[scope] ?? '', callOf(o.name, o.fixture, { id: NOBODY }));
        expect([200, 201, 404], `${o.name} with ${scope}`).toContain(answer.status);
      }
  });

  test('refuses each operation to those whose role is too low, and stores nothing', async () => {
    const { things, subject, stranger, admin, owner } = await cast();
    const before = await auditRows(subject, stranger, admin);
    const above = scoped.filter(({ fixture }) => fixture.may === 'admin' || fixture.may === 'metrics');
    const users = above.flatMap((o) =>
      [subject, stranger].map((who) => ({
        what: `${o.name} by a user`,
        token: who.token,
        call: callOf(o.name, o.fixture, ofSubject(o, things)),
        want: 403,
      })),
    );
    const admins = operations.flatMap(({ name, fixture }) => {
      const given = fixture.ownerOnly?.(owner.id);
      if (given === undefined) return [];
      const call = { ...callOf(name, fixture, given.ids ?? {}), body: given.body };
      return [{ what: `${name} by an admin`, token: admin.token, call, want: 403 }];
    });
    expect(admins.length).toBeGreaterThan(0);
    expect(await misses([...users, ...admins])).toEqual([]);
    expect(await auditRows(subject, stranger, admin)).toBe(before);
  });

  test('keeps what is one person’s from another who knows its ids, and stores nothing', async () => {
    const { things, stranger } = await cast();
    const before = await auditRows(stranger);
    const asks = withIds.map((o) => ({
      what: `${o.name} by a stranger`,
      token: stranger.token,
      call: callOf(o.name, o.fixture, ofSubject(o, things)),
      want: o.fixture.stranger ?? 403,
    }));
    expect(await misses(asks)).toEqual([]);
    expect(await auditRows(stranger)).toBe(before);
  });

  test('lists to a stranger nothing of what it lists to the one whose it is', async () => {
    const { things, subject, stranger } = await cast();
    const lists = withToken.filter(({ fixture }) => fixture.stranger === 200);
    for (const o of lists) {
      const call = callOf(o.name, o.fixture, ofSubject(o, things));
      const seen = await (await say(stranger.token, call)).text();
      expect(Array.isArray(JSON.parse(seen).items), o.name).toBe(true);
      for (const id of Object.values(things)) expect(seen, o.name).not.toContain(id);
      const own = await (await say(subject.token, call)).text();
      if (o.fixture.finds !== undefined) expect(own, o.name).toContain(things[o.fixture.finds]);
    }
    expect(lists.filter(({ fixture }) => fixture.finds !== undefined).length).toBeGreaterThan(8);
  });

  test('knows no id of nothing, and takes what has not the form of one for unknown as well', async () => {
    const { owner } = await cast();
    const asks = withIds
      .filter(({ fixture }) => fixture.unknown !== undefined)
      .map((o) => ({
        what: `${o.name} of nothing`,
        token: owner.token,
        call: callOf(o.name, o.fixture, ofNothing(o)),
        want: o.fixture.unknown ?? 404,
      }));
    const inPath = withIds.filter(({ name }) => name.includes('{'));
    const malformed = ['x', NOBODY.toUpperCase(), `${NOBODY}0`, '%00', '%F0%9F%92%A9', 'x'.repeat(500)];
    const others = inPath.flatMap((o) =>
      malformed.map((id) => ({
        what: `${o.name} of ${id.slice(0, 50)}`,
        token: owner.token,
        call: callOf(o.name, o.fixture, ofNothing(o, id)),
        want: 404,
      })),
    );
    expect(await misses([...asks, ...others])).toEqual([]);
  });
}

/** A call from the address of this contract, with a token or none. */
const bare = (call: Call, token: string | undefined): Ask => ({
  method: call.method,
  target: call.target,
  address: ADDRESS,
  headers: {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
  },
  ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
});

/** The one 401, byte for byte; the route stands in it as its pattern. */
const unauthorizedText = (operation: string, requestId: string, serverTime: number): string =>
  JSON.stringify({
    ...{ type: 'urn:countersign:problem:unauthorized', title: 'The caller could not be identified' },
    ...{ status: 401, server_time: serverTime },
    instance: operation.replace(/^\w+ /, '').replace(/\{(\w+)\}/g, ':$1'),
    request_id: requestId,
  });

/** The answer's headers as text, without those that differ by request or by connection. */
function headOf(answer: Response): string {
  const differ = ['x-request-id', 'date', 'content-length', 'connection', 'keep-alive', 'transfer-encoding'];
  return [...answer.headers]
    .filter(([name]) => !differ.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
    .join('\n');
}
