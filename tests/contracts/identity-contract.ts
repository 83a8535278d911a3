// People, tokens, producers, subscriptions, bridges, accounts: who may make what, and that it takes effect at once.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { unique, until } from './world.ts';

const ME = '/api/v1/me';
const TOKENS = '/api/v1/tokens';
const NOBODY = '018f0000-0000-7000-8000-000000000000';
const OF_USER = [
  'signals:read',
  'signals:cancel',
  'approvals:write',
  'trading:read',
  'trading:act',
  'charts',
];

export function identityContract({ test, ...w }: Contract): void {
  const { tokens } = w.dev;
  const post = (token: string, path: string, body: unknown) => w.as(token, 'POST', `/api/v1/${path}`, body);

  test('says who a token belongs to and what it may do', async () => {
    const user = await w.json(w.as(tokens.user, 'GET', ME));
    expect(user).toMatchObject({ role: 'user', scopes: OF_USER });
    expect(await w.json(w.as(tokens.admin, 'GET', ME))).toMatchObject({ role: 'admin' });
    const owner = await w.json(w.as(tokens.owner, 'GET', ME));
    expect(owner).toMatchObject({ role: 'owner', scopes: [...OF_USER, 'admin', 'metrics'] });
  });

  test('answers every failure to prove oneself with one and the same 401', async () => {
    const token = tokens.user;
    expect(token).toMatch(/^cs_pat_/);
    const wrong = [
      undefined,
      'Bearer',
      `Basic ${token}`,
      token,
      'Bearer cs_pat_x',
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${'x'.repeat(5000)}`,
      'Bearer eyJhbGciOiJub25lIn0.e30.',
    ];
    const seen = new Set<string>();
    for (const authorization of wrong) {
      const answer = await w.plain(ME, { headers: authorization === undefined ? {} : { authorization } });
      expect(answer.headers.get('www-authenticate')).toBeTruthy();
      const { request_id, server_time, ...rest } = await w.refusal(answer, 401, 'unauthorized');
      expect(server_time).toEqual(expect.any(Number));
      seen.add(JSON.stringify(rest));
    }
    expect(seen.size).toBe(1);
  });

  test('shows a token once, and stores nothing from which it could be read', async () => {
    const name = unique();
    const made = await w.json(post(tokens.user, 'tokens', { name }), 201);
    expect(made.token).toMatch(/^cs_pat_[A-Za-z0-9_-]{43}/);
    const [row] = await w.rt.query('SELECT * FROM access_tokens WHERE id = $1', [made.id]);
    expect(JSON.stringify(row)).not.toContain(made.token.slice(7));
    const listed = (await w.json(w.as(tokens.user, 'GET', `${TOKENS}?page_size=100`))).items;
    expect(listed.find((t: Json) => t.id === made.id)).toMatchObject({ name, revoked: false });
    expect(JSON.stringify(listed)).not.toContain(made.token.slice(7));
  });

  test('limits a token to the scopes it was given', async () => {
    const { token } = await w.json(
      post(tokens.admin, 'tokens', { name: 'x', scopes: ['trading:read'] }),
      201,
    );
    expect((await w.json(w.as(token, 'GET', ME))).scopes).toEqual(['trading:read']);
    await w.json(w.as(token, 'GET', '/api/v1/trades'));
    for (const path of ['signals', 'users', 'consents/current', 'instruments'])
      await w.refusal(w.as(token, 'GET', `/api/v1/${path}`), 403, 'forbidden');
    await w.refusal(w.as(token, 'POST', '/api/v1/charts', {}), 403, 'forbidden');
  });

  test('never lets a token do more than its maker may', async () => {
    const make = (token: string, body: Record<string, unknown>) =>
      post(token, 'tokens', { name: 'x', ...body });
    const narrow = await w.json(make(tokens.user, { scopes: ['signals:read', 'charts'] }), 201);
    await w.refusal(make(tokens.user, { scopes: ['admin'] }), 403, 'forbidden');
    await w.refusal(make(narrow.token, { scopes: ['approvals:write'] }), 403, 'forbidden');
    expect((await w.json(make(narrow.token, {}), 201)).scopes).toEqual(['signals:read', 'charts']);
    const person = await w.person();
    await w.refusal(make(tokens.user, { user_id: person.id }), 403, 'forbidden');
    const admin = await w.person('admin');
    await w.refusal(make(tokens.admin, { user_id: admin.id }), 403, 'forbidden');
    await w.refusal(make(tokens.owner, { user_id: person.id, scopes: ['admin'] }), 403, 'forbidden');
    await w.refusal(make(tokens.owner, { user_id: NOBODY }), 404, 'not-found');
  });

  test('revokes a token at once and for ever, one’s own alone unless one is admin', async () => {
    const person = await w.person();
    const made = await w.json(post(person.token, 'tokens', { name: 'x' }), 201);
    await w.json(w.as(made.token, 'GET', ME));
    await w.refusal(w.as(tokens.other, 'DELETE', `${TOKENS}/${made.id}`), 404, 'not-found');
    await w.json(w.as(made.token, 'GET', ME));
    expect((await w.as(person.token, 'DELETE', `${TOKENS}/${made.id}`)).status).toBe(204);
    await w.refusal(w.as(made.token, 'GET', ME), 401, 'unauthorized');
    await w.refusal(w.as(person.token, 'DELETE', `${TOKENS}/${made.id}`), 404, 'not-found');
    const second = await w.json(post(person.token, 'tokens', { name: 'y' }), 201);
    expect((await w.as(tokens.admin, 'DELETE', `${TOKENS}/${second.id}`)).status).toBe(204);
    await w.refusal(w.as(second.token, 'GET', ME), 401, 'unauthorized');
    for (const id of ['x', NOBODY])
      await w.refusal(w.as(person.token, 'DELETE', `${TOKENS}/${id}`), 404, 'not-found');
  });

  test('gives a token an end, 90 days unless another is asked for, 400 at most', async () => {
    const days = async (body: Record<string, unknown>): Promise<number> => {
      const { expires_at } = await w.json(post(tokens.user, 'tokens', { name: 'x', ...body }), 201);
      return Math.round((Date.parse(expires_at) - Date.now()) / 86_400_000);
    };
    expect([await days({}), await days({ expires_in_days: 1 })]).toEqual([90, 1]);
    for (const expires_in_days of [0, 401, 1.5, '1'])
      await w.refusal(post(tokens.user, 'tokens', { name: 'x', expires_in_days }), 422, 'invalid-body');
  });

  test('shuts out a disabled person and narrows one who lost a role, at once', async () => {
    const person = await w.person('admin');
    await w.json(w.as(person.token, 'GET', '/api/v1/users'));
    await w.rt.query("UPDATE users SET role = 'user' WHERE id = $1", [person.id]);
    await w.refusal(w.as(person.token, 'GET', '/api/v1/users'), 403, 'forbidden');
    await w.rt.query('UPDATE users SET disabled_at = now() WHERE id = $1', [person.id]);
    await w.refusal(w.as(person.token, 'GET', ME), 401, 'unauthorized');
  });

  test('lets admins make users, and only an owner make admins and owners', async () => {
    const body = (role: string) => ({ email: `${unique()}@Contract.example`, name: 'N', role });
    const made = await w.json(post(tokens.admin, 'users', body('user')), 201);
    expect(made).toMatchObject({ role: 'user', name: 'N' });
    expect(made.email).toBe(made.email.toLowerCase());
    for (const role of ['admin', 'owner'])
      await w.refusal(post(tokens.admin, 'users', body(role)), 403, 'forbidden');
    await w.refusal(post(tokens.user, 'users', body('user')), 403, 'forbidden');
    const twice = { ...body('user'), email: made.email.toUpperCase() };
    await w.refusal(post(tokens.admin, 'users', twice), 409, 'conflict');
    await w.refusal(post(tokens.owner, 'users', { ...body('user'), email: 'no' }), 422, 'invalid-body');
    await w.refusal(post(tokens.owner, 'users', { ...body('king') }), 422, 'invalid-body');
  });

  test('shows a producer’s secret once, and stores it only sealed', async () => {
    const producer = await w.producer();
    expect(producer.secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    const [row] = await w.rt.query('SELECT * FROM producer_secrets WHERE producer_id = $1', [producer.id]);
    expect(JSON.stringify(row)).not.toContain(producer.secret.slice(6));
    const listed = await w.json(w.as(producer.owner.token, 'GET', '/api/v1/producers'));
    expect(listed.items).toHaveLength(1);
    expect(JSON.stringify(listed)).not.toContain(producer.secret.slice(6));
    await w.refusal(post(tokens.user, 'producers', { name: 'x', instruments: ['EURUSD'] }), 403, 'forbidden');
    const unknown = post(tokens.admin, 'producers', { name: 'x', instruments: ['EURUSD', 'NOSUCH'] });
    expect((await w.refusal(unknown, 422, 'invalid-body')).errors[0].pointer).toBe('/instruments/1');
  });

  test('refuses a producer for an owner who does not exist', async () => {
    const body = { name: 'x', instruments: ['EURUSD'], owner_id: NOBODY };
    const answer = await post(tokens.admin, 'producers', body);
    expect([404, 422]).toContain(answer.status);
  });

  test('fans a signal out to subscribers, and gives each member a status of his own', async () => {
    const producer = await w.producer();
    const member = await w.person();
    const before = await w.sent(producer);
    await until('the first signal was fanned out', () =>
      w.count(
        "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND payload->>'signal_id' = $1",
        before.id,
      ),
    );
    await w.subscribe(producer, member);
    const repeat = { producer_id: producer.id, user_id: member.id };
    await w.refusal(post(tokens.admin, 'subscriptions', repeat), 409, 'conflict');
    const { id } = await w.sent(producer);
    const seen = await until('the subscriber sees the signal', async () => {
      const answer = await w.as(member.token, 'GET', `/api/v1/signals/${id}`);
      return answer.status === 200 ? ((await answer.json()) as Json) : null;
    });
    expect(seen.status).toBe('new');
    await w.json(w.approve(producer.owner, id, { decision: 'rejected' }), 201);
    expect((await w.statusOf(member, id)).status).toBe('new');
    expect((await w.statusOf(producer.owner, id)).status).toBe('rejected');
    await w.refusal(w.as(member.token, 'GET', `/api/v1/signals/${before.id}`), 403, 'forbidden');
    const subscribed = await w.json(w.as(member.token, 'GET', '/api/v1/subscriptions'));
    expect(subscribed.items).toEqual([
      expect.objectContaining({ producer_id: producer.id, user_id: member.id }),
    ]);
  });

  test('lets only admins subscribe people, to producers and people who exist', async () => {
    const producer = await w.producer();
    const body = { producer_id: producer.id, user_id: producer.owner.id };
    await w.refusal(post(tokens.user, 'subscriptions', body), 403, 'forbidden');
    await w.refusal(post(tokens.admin, 'subscriptions', { ...body, user_id: NOBODY }), 404, 'not-found');
    await w.refusal(post(tokens.admin, 'subscriptions', { ...body, producer_id: NOBODY }), 404, 'not-found');
  });

  test('shows a bridge’s secret once, to its owner, and refuses what is no address of a bridge', async () => {
    const person = await w.person();
    const url = `${w.dev.broker.url}/bridge/1`;
    const bridge = await w.json(post(person.token, 'bridges', { name: 'B', url }), 201);
    expect(bridge.secret).toMatch(/^whsec_/);
    const listed = await w.json(w.as(person.token, 'GET', '/api/v1/bridges'));
    expect(listed.items).toHaveLength(1);
    expect(JSON.stringify(listed)).not.toContain(bridge.secret.slice(6));
    expect((await w.json(w.as(tokens.other, 'GET', '/api/v1/bridges'))).items).toEqual([]);
    for (const wrong of ['x', 'ftp://a.example/', 'http://a:b@127.0.0.1/', 'file:///x', ''])
      await w.refusal(post(person.token, 'bridges', { name: 'B', url: wrong }), 422, 'invalid-body');
  });

  test('gives a person as many bridges as allowed, an admin more or fewer, and a revoked one’s place back', async () => {
    const person = await w.person();
    const url = `${w.dev.broker.url}/bridge/1`;
    const add = () => post(person.token, 'bridges', { name: 'B', url });
    const limit = (token: string, max_bridges: unknown) =>
      w.as(token, 'PATCH', `/api/v1/users/${person.id}`, { max_bridges });
    await w.refusal(limit(person.token, 100), 403, 'forbidden');
    for (const wrong of [-1, 1.5, '2', 10_001])
      await w.refusal(limit(tokens.admin, wrong), 422, 'invalid-body');
    expect((await w.json(limit(tokens.admin, 2))).max_bridges).toBe(2);
    const first = await w.json(add(), 201);
    const asked = await Promise.all(Array.from({ length: 4 }, add));
    expect(asked.map((a) => a.status).sort()).toEqual([201, 409, 409, 409]);
    await w.refusal(add(), 409, 'conflict');
    await w.json(post(person.token, `bridges/${first.id}/revoke`, {}));
    await w.json(add(), 201);
    await w.refusal(add(), 409, 'conflict');
    expect((await w.json(limit(tokens.admin, null))).max_bridges).toBeNull();
    await w.json(add(), 201);
  });

  test('writes an audit row with every change of who may do what', async () => {
    const producer = await w.producer();
    const actions = async (id: string) =>
      (await w.rt.query('SELECT action FROM audit_log WHERE subject_id = $1 ORDER BY at', [id])).map(
        (r) => r['action'],
      );
    expect(await actions(producer.owner.id)).toEqual(['user.create']);
    expect(await actions(producer.id)).toEqual(['producer.create']);
    const made = await w.json(post(producer.owner.token, 'tokens', { name: 'x' }), 201);
    await w.as(producer.owner.token, 'DELETE', `${TOKENS}/${made.id}`);
    expect(await actions(made.id)).toEqual(['token.create', 'token.revoke']);
  });
}
