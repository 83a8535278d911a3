import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import { rewrapSecrets } from '../../functions/identity/rewrap-secrets.ts';
import type { Role } from '../../functions/identity/scope.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { callApp } from '../support/app-call.ts';
import { makeUser } from '../support/organisation.ts';
import { AlertStage, expectedSignature } from './alert-stage.ts';

let s: AlertStage;
beforeAll(async () => {
  s = await AlertStage.start();
});
afterAll(() => s?.stop());
beforeEach(() => s.reset());

type Person = { id: string; token: string };
async function person(role: Role): Promise<Person> {
  const id = await makeUser(s, role);
  const token = accessToken(s.deps.ids.randomBytes(32));
  const scopes = role === 'user' ? '{trading:read,trading:act}' : '{trading:read,trading:act,admin}';
  await s.t.sql(
    `INSERT INTO access_tokens (id, user_id, name, token_sha256, scopes, created_by, created_at, expires_at)
     VALUES ($1, $2, 'test', $3, $4, $2, $5, $6)`,
    [
      ...[s.deps.ids.next(), id, await accessTokenHash(token), scopes, isoTime(s.deps.clock.nowMs())],
      isoTime(s.deps.clock.nowMs() + 86_400_000),
    ],
  );
  return { id, token };
}
async function ask(who: Person, method: string, path: string, body?: unknown) {
  const answer = await callApp(s.deps, `/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${who.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
const webhook = () => ({ channel: 'webhook', name: 'Ops', url: s.hookUrl });
const telegram = { channel: 'telegram', name: 'Ops', chat_id: '-1002003004005' };

describe('a destination', () => {
  it('is made by an admin, its secret shown once and stored sealed', async () => {
    const admin = await person('admin');
    const made = await ask(admin, 'POST', '/alerts/destinations', webhook());
    expect(made).toMatchObject({
      status: 201,
      body: { secret: expect.stringMatching(/^whsec_/), channel: 'webhook' },
    });
    const listed = await ask(admin, 'GET', '/alerts/destinations');
    expect(listed.body.items).toMatchObject([{ id: made.body.id, revoked: false, user_id: null }]);
    const { secret } = made.body;
    const stored = JSON.stringify(await s.t.sql('SELECT * FROM alert_destination_secrets'));
    const plain = Buffer.from(secret.slice(6), 'base64');
    for (const form of [secret.slice(6), plain.toString('hex')]) expect(stored).not.toContain(form);
    expect(JSON.stringify(listed.body)).not.toMatch(/whsec_|key=1/);
    expect(await s.t.sql(`SELECT action FROM audit_log WHERE subject_id = $1`, [made.body.id])).toEqual([
      { action: 'alert-destination.create' },
    ]);
  });

  it('is nobody else’s business', async () => {
    const user = await person('user');
    const { id } = await s.destination();
    for (const [method, path, body] of [
      ['POST', '/alerts/destinations', telegram],
      ['GET', '/alerts/destinations', undefined],
      ['POST', `/alerts/destinations/${id}/test`, undefined],
      ['POST', `/alerts/destinations/${id}/revoke`, undefined],
      ['POST', `/alerts/destinations/${id}/rotate`, {}],
    ] as const)
      expect((await ask(user, method, path, body)).status, `${method} ${path}`).toBe(403);
  });

  it.each([
    ['an address of another machine, unencrypted', { url: 'http://example.com/' }, '/url'],
    ['a private address', { url: 'https://10.0.0.1/' }, '/url'],
    ['a metadata address', { url: 'https://metadata.google.internal/' }, '/url'],
    ['a password in the address', { url: 'https://a:b@example.com/' }, '/url'],
    ['a password beside it', { password: 'x' }, '/password'],
    ['a chat for a webhook', { chat_id: '1' }, '/chat_id'],
    ['another channel', { channel: 'email' }, '/channel'],
    ['no such user', { user_id: '018f2d6e-0000-7000-8000-00000000dead' }, '/user_id'],
    ['no name', { name: ' ' }, '/name'],
  ])('with %s is refused', async (_what, over, pointer) => {
    const made = await ask(await person('owner'), 'POST', '/alerts/destinations', { ...webhook(), ...over });
    expect(made).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    expect(await s.t.sql('SELECT * FROM alert_destinations')).toEqual([]);
  });

  it.each(['12a', '@x', '', '-', 'https://t.me/x'])('with the chat %j is refused', async (chat_id) => {
    const made = await ask(await person('owner'), 'POST', '/alerts/destinations', { ...telegram, chat_id });
    expect(made).toMatchObject({ status: 422, body: { errors: [{ pointer: '/chat_id' }] } });
  });

  it('of Telegram needs a bot', async () => {
    const owner = await person('owner');
    const { TELEGRAM_BOT_TOKEN: _, ...config } = s.deps.config;
    s.deps.config = config;
    const made = await ask(owner, 'POST', '/alerts/destinations', telegram);
    expect(made).toMatchObject({ status: 422, body: { errors: [{ pointer: '/channel' }] } });
  });

  it('is tested by a message sent now, and says in one word what came of it', async () => {
    const owner = await person('owner');
    const chat = (await ask(owner, 'POST', '/alerts/destinations', telegram)).body.id;
    const hook = (await ask(owner, 'POST', '/alerts/destinations', webhook())).body.id;
    for (const id of [chat, hook])
      expect(await ask(owner, 'POST', `/alerts/destinations/${id}/test`)).toEqual({
        status: 200,
        body: { outcome: 'sent' },
      });
    expect(await s.messages()).toMatchObject([{ text: expect.stringContaining('A test message') }]);
    expect(JSON.parse(s.received[0]?.body ?? '')).toMatchObject({ type: 'alert.test' });
    s.answer = (r) => r.writeHead(403).end('a secret of the inside');
    expect((await ask(owner, 'POST', `/alerts/destinations/${hook}/test`)).body).toEqual({
      outcome: 'refused',
    });
    expect((await ask(owner, 'POST', '/alerts/destinations/nobody/test')).status).toBe(404);
  });

  it('that is revoked gets nothing, and is not tested', async () => {
    const owner = await person('owner');
    const { id } = await s.destination();
    expect((await ask(owner, 'POST', `/alerts/destinations/${id}/revoke`)).status).toBe(200);
    expect((await ask(owner, 'POST', `/alerts/destinations/${id}/test`)).status).toBe(404);
    expect((await ask(owner, 'GET', '/alerts/destinations')).body.items).toMatchObject([{ revoked: true }]);
  });

  it('whose secret is rotated is signed with both until the overlap ends; one of Telegram has none', async () => {
    const owner = await person('owner');
    const { id, secret } = await s.destination();
    const rotated = await ask(owner, 'POST', `/alerts/destinations/${id}/rotate`, { overlap_seconds: 60 });
    expect(rotated).toMatchObject({ status: 201, body: { version: 2 } });
    const next = Buffer.from(rotated.body.secret.slice(6), 'base64');
    await ask(owner, 'POST', `/alerts/destinations/${id}/test`);
    const [both] = s.received;
    expect(both?.headers['webhook-signature']).toBe(
      both && `${expectedSignature(next, both)} ${expectedSignature(secret, both)}`,
    );
    s.deps.clock.advance(60_001);
    await ask(owner, 'POST', `/alerts/destinations/${id}/test`);
    const alone = s.received[1];
    expect(alone?.headers['webhook-signature']).toBe(alone && expectedSignature(next, alone));
    const chat = await s.destination({ channel: 'telegram' });
    expect((await ask(owner, 'POST', `/alerts/destinations/${chat.id}/rotate`, {})).status).toBe(409);
  });

  it('whose secret is sealed under an older key is sealed again by the schedule, and still signs', async () => {
    const { secret } = await s.destination();
    const [first] = s.deps.config.ALERT_KEYS ?? [];
    if (first === undefined) throw new Error('no ring');
    const newer = { id: 'n2', bytes: s.deps.ids.randomBytes(32), notAfterMs: null };
    s.deps.config = { ...s.deps.config, ALERT_KEYS: [newer, first] };
    await rewrapSecrets(s.deps);
    s.deps.config = { ...s.deps.config, ALERT_KEYS: [newer] };
    await s.deliver((await s.raise()).eventId);
    const [got] = s.received;
    expect(got?.headers['webhook-signature']).toBe(got && expectedSignature(secret, got));
  });
});

describe('the list of alerts', () => {
  it('shows everything to those above, the rest their own, with whom each has reached', async () => {
    const [owner, user, other] = [await person('owner'), await person('user'), await person('user')];
    const chat = await s.destination({ channel: 'telegram' });
    await s.fault('forbidden');
    const own = await s.raise({ userId: user.id });
    await s.deliver(own.eventId);
    // Later, and too soon for the next attempt, whose pause is drawn by lot.
    s.deps.clock.advance(1);
    const general = await s.raise();
    await s.deliver(general.eventId);
    const ids = async (who: Person) =>
      (await ask(who, 'GET', '/alerts')).body.items.map((a: { id: string }) => a.id);
    expect(await ids(owner)).toEqual([general.id, own.id]);
    expect(await ids(user)).toEqual([own.id]);
    expect(await ids(other)).toEqual([]);
    const [sent, waiting] = (await ask(owner, 'GET', '/alerts')).body.items;
    expect(sent.deliveries).toMatchObject([{ destination_id: chat.id, status: 'sent', word: null }]);
    expect(waiting.deliveries).toMatchObject([
      { status: 'waiting', attempts: 1, word: 'refused', sent_at: null },
    ]);
    await s.t.sql('UPDATE outbox SET dead_at = now() WHERE id = $1', [own.eventId]);
    expect((await ask(owner, 'GET', '/alerts')).body.items[1].deliveries).toMatchObject([{ status: 'dead' }]);
  });
});

describe('a password of MT5', () => {
  it.each([
    ['/accounts', { name: 'a', bridge_id: '018f2d6e-0000-7000-8000-000000000001' }],
    ['/bridges', { name: 'a', url: 'http://127.0.0.1:9/' }],
  ])('is an unknown member of %s, and stored nowhere', async (path, body) => {
    const made = await ask(await person('user'), 'POST', path, { ...body, password: 'hunter2' });
    expect(made).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/password', detail: 'is not a known member' }] },
    });
    expect(JSON.stringify([made.body, s.deps.lines])).not.toContain('hunter2');
  });
});
