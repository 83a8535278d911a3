// Short-lived JWTs: what they carry, what ends them, and that nothing forged is taken. Tokens are made and read here with
// node:crypto alone.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';

const EXCHANGE = '/api/v1/tokens/exchange';
const JWKS = '/.well-known/jwks.json';
const ME = '/api/v1/me';
/** An address of its own, so that refusals here count against nobody else. */
const ADDRESS = '203.0.113.77';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const partOf = (token: string, at: 0 | 1): Json =>
  JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString());
const compact = (header: unknown, payload: unknown, by: (data: Buffer) => Buffer): string => {
  const data = `${encode(header)}.${encode(payload)}`;
  return `${data}.${by(Buffer.from(data)).toString('base64url')}`;
};

export function jwtContract({ test, ...w }: Contract): void {
  const { tokens } = w.dev;
  const exchange = (token: string, body: unknown = {}) => w.as(token, 'POST', EXCHANGE, body);
  const jwtOf = async (token: string, body: unknown = {}): Promise<string> =>
    (await w.json(exchange(token, body), 201)).token;
  const der = Buffer.from(w.rt.jwtKeys.split(':')[1] ?? '', 'base64');
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const ours = (data: Buffer) => sign(null, data, privateKey);
  /** The good token with other claims and headers, signed with the deployment's own key. */
  const resigned = (good: string, claims: Json = {}, header: Json = {}): string =>
    compact({ ...partOf(good, 0), ...header }, { ...partOf(good, 1), ...claims }, ours);
  /** What a refusal of this token says, less what is in every one of them. */
  const refused = async (token: string): Promise<string> => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await w.plain(ME, { headers, address: ADDRESS });
    const challenge = answer.headers.get('www-authenticate');
    const { request_id, server_time, ...rest } = await w.refusal(answer, 401, 'unauthorized');
    return JSON.stringify({ ...rest, challenge });
  };

  test('gives a JWT of five minutes for an access token, which says who and what, and works like it', async () => {
    const { token, ...rest } = await w.json(exchange(tokens.admin), 201);
    const me = await w.json(w.as(tokens.admin, 'GET', ME));
    expect(rest).toMatchObject({ token_type: 'Bearer', expires_in: 300, scopes: me.scopes });
    expect(partOf(token, 0)).toEqual({ alg: 'EdDSA', kid: expect.any(String), typ: 'JWT' });
    const claims = partOf(token, 1);
    expect(claims).toEqual({
      ...{ iss: expect.stringMatching(/^http:\/\/127\.0\.0\.1/), aud: 'countersign', sub: me.id },
      ...{ scope: me.scopes.join(' '), jti: expect.any(String), tid: expect.any(String) },
      ...{ iat: expect.any(Number), exp: claims.iat + 300 },
    });
    expect(Date.parse(rest.expires_at)).toBe(claims.exp * 1000);
    expect(await w.json(w.as(token, 'GET', ME))).toEqual(me);
    await w.json(w.as(token, 'GET', '/api/v1/users'));
    expect(partOf(await jwtOf(tokens.admin), 1).jti).not.toBe(claims.jti);
  });

  test('publishes the public keys, cacheable for five minutes, and no private part of them', async () => {
    const token = await jwtOf(tokens.user);
    const answer = await w.plain(JWKS);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    const { keys } = await w.json(answer);
    const jwk = keys.find((k: Json) => k.kid === partOf(token, 0).kid);
    expect(jwk).toEqual({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: jwk.kid, x: jwk.x });
    const [header, payload, signature = ''] = token.split('.');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const good = verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
    expect(good).toBe(true);
  });

  test('narrows a JWT to the scopes asked for, and never gives more than the token has', async () => {
    const token = await jwtOf(tokens.user, { scopes: ['charts', 'trading:read'] });
    expect((await w.json(w.as(token, 'GET', ME))).scopes).toEqual(['trading:read', 'charts']);
    await w.json(w.as(token, 'GET', '/api/v1/trades'));
    await w.refusal(w.as(token, 'GET', '/api/v1/signals'), 403, 'forbidden');
    await w.refusal(exchange(tokens.user, { scopes: ['admin'] }), 403, 'forbidden');
    for (const body of [{ scopes: [] }, { scopes: ['x'] }, { scope: 'charts' }])
      await w.refusal(exchange(tokens.user, body), 422, 'invalid-body');
    await w.refusal(w.plain(EXCHANGE, { method: 'POST', address: ADDRESS }), 401, 'unauthorized');
  });

  test('lets a JWT make nothing that outlives it: no other JWT and no access token', async () => {
    const token = await jwtOf(tokens.owner);
    await w.refusal(exchange(token), 403, 'forbidden');
    await w.refusal(w.as(token, 'POST', '/api/v1/tokens', { name: 'x' }), 403, 'forbidden');
  });

  test('ends a JWT with its parent token and with its user, at once', async () => {
    const person = await w.person('admin');
    const parent = await w.json(w.as(person.token, 'POST', '/api/v1/tokens', { name: 'parent' }), 201);
    const child = await jwtOf(parent.token);
    const sibling = await jwtOf(person.token);
    await w.json(w.as(child, 'GET', ME));
    expect((await w.as(person.token, 'DELETE', `/api/v1/tokens/${parent.id}`)).status).toBe(204);
    const seen = new Set([await refused(child)]);
    await w.json(w.as(sibling, 'GET', ME));
    await w.json(w.owner('PATCH', `/api/v1/users/${person.id}`, { role: 'user' }));
    seen.add(await refused(sibling));
    const after = await jwtOf(person.token);
    expect((await w.json(w.as(after, 'GET', ME))).scopes).not.toContain('admin');
    await w.json(w.owner('PATCH', `/api/v1/users/${person.id}`, { disabled: true }));
    seen.add(await refused(after));
    expect([...seen]).toEqual([await refused('cs_pat_x')]);
  });

  test('answers every token that is not what it claims with the one 401', async () => {
    const good = await jwtOf(tokens.user);
    expect((await w.as(resigned(good), 'GET', ME)).status, 'the tests’ own signature').toBe(200);
    const now = Math.floor(Date.now() / 1000);
    const [header = '', , signature = ''] = good.split('.');
    const publicKey = createPublicKey(privateKey);
    const pem = String(publicKey.export({ format: 'pem', type: 'spki' }));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const other = partOf(await jwtOf(tokens.other), 1);
    const claims = partOf(good, 1);
    const { kid } = partOf(good, 0);
    const hmac = (key: string) => (data: Buffer) => createHmac('sha256', key).update(data).digest();
    const forged: Record<string, string> = {
      'alg none': compact({ alg: 'none', kid, typ: 'JWT' }, claims, () => Buffer.alloc(0)),
      'alg none with a signature': resigned(good, {}, { alg: 'none' }),
      'HS256 with the public key': compact({ alg: 'HS256', kid, typ: 'JWT' }, claims, hmac(pem)),
      'RS256 for an Ed25519 kid': compact({ alg: 'RS256', kid, typ: 'JWT' }, claims, (d) =>
        sign('sha256', d, rsa),
      ),
      'a stranger’s key': compact({ alg: 'EdDSA', kid, typ: 'JWT' }, claims, (d) => sign(null, d, stranger)),
      'an unknown kid': resigned(good, {}, { kid: 'nobody' }),
      'no kid': resigned(good, {}, { kid: undefined }),
      'another type': resigned(good, {}, { typ: 'secevent+jwt' }),
      'another issuer': resigned(good, { iss: 'https://evil.example' }),
      'another audience': resigned(good, { aud: 'another' }),
      expired: resigned(good, { iat: now - 310, exp: now - 10 }),
      'a life too long': resigned(good, { iat: now - 400, exp: now + 86_400 }),
      'from the future': resigned(good, { iat: now + 60, exp: now + 360 }),
      'not valid yet': resigned(good, { nbf: now + 60 }),
      'without end': resigned(good, { exp: undefined }),
      'a tampered payload': `${header}.${encode({ ...claims, scope: 'admin' })}.${signature}`,
      'another user’s token as parent': resigned(good, { tid: other.tid }),
      'no parent': resigned(good, { tid: undefined }),
      'an unknown parent': resigned(good, { tid: randomUUID() }),
      'a parent that is no id': resigned(good, { tid: "'" }),
      'over-scoped': resigned(good, { scope: `${claims.scope} admin` }),
      'an unknown scope': resigned(good, { scope: `${claims.scope} everything` }),
      'no signature': good.slice(0, good.lastIndexOf('.') + 1),
      'a part too few': good.slice(0, good.lastIndexOf('.')),
      'a part too many': `${good}.x`,
      'another spelling': good.toUpperCase(),
      'very long': `${good}${'A'.repeat(3000)}`,
      'no JSON': 'YQ.YQ.YQ',
    };
    const said = new Map<string, string>();
    for (const [name, token] of Object.entries(forged)) said.set(name, await refused(token));
    const one = await refused('cs_pat_x');
    expect([...said].filter(([, text]) => text !== one)).toEqual([]);
  });

  test('names neither a JWT nor its parts in its own refusal', async () => {
    const good = await jwtOf(tokens.user);
    const text = await refused(resigned(good, { aud: 'x' }));
    for (const part of good.split('.').slice(0, 2)) expect(text).not.toContain(part);
  });
}
