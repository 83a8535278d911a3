import { createHmac, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signJwt, verifyJwt } from '../../functions/platform/jwt.ts';
import { type JwtKey, parseJwtRing } from '../../functions/platform/jwt-ring.ts';

const NOW = Date.UTC(2026, 2, 2, 10);
const SECONDS = NOW / 1000;
const parties = { issuer: 'https://api.example.com', audience: 'countersign' };
const ed = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const der = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');

function ringOf(text: string, half: 'private' | 'public' = 'private'): JwtKey[] {
  const ring = parseJwtRing(text, half);
  if (ring === null) throw new Error('no ring');
  return ring;
}
const ring = ringOf(`ed:${der(ed.privateKey)},rs:${der(rsa.privateKey)}`);
const publicRing = ringOf(`ed:${spki(ed.publicKey)},rs:${spki(rsa.publicKey)}`, 'public');
const claims = {
  iss: parties.issuer,
  aud: parties.audience,
  sub: 'someone',
  jti: 'one',
  iat: SECONDS,
  exp: SECONDS + 300,
};
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = (header: object, payload: object, by: (data: string) => Buffer): string => {
  const data = `${base64url(header)}.${base64url(payload)}`;
  return `${data}.${by(data).toString('base64url')}`;
};
const byEd = (data: string) => sign(null, Buffer.from(data), ed.privateKey);
const byRsa = (data: string) => createSign('SHA256').update(data).sign(rsa.privateKey);
const byHmac = (key: Buffer | string) => (data: string) => createHmac('sha256', key).update(data).digest();
const EDDSA = { alg: 'EdDSA', kid: 'ed', typ: 'JWT' };
const token = (over: object = {}) => signed(EDDSA, { ...claims, ...over }, byEd);
const verify = (text: string, nowMs = NOW, keys: readonly JwtKey[] = ring) =>
  verifyJwt(keys, parties, text, nowMs, 300);
const isOk = async (text: string, nowMs = NOW) => (await verify(text, nowMs)).ok;

describe('a token that was signed here', () => {
  it.each([
    ['EdDSA', ring],
    ['RS256', [...ring].reverse()],
  ] as const)('with %s opens with the public half alone', async (alg, keys) => {
    const what = { subject: 'someone', id: 'one', claims: { scope: 'a' } };
    const text = await signJwt(keys, parties, what, NOW + 999, 300);
    expect(JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ alg });
    expect(await verify(text, NOW, publicRing)).toEqual({ ok: true, claims: { ...claims, scope: 'a' } });
    expect(
      await verify(text, NOW, publicRing.slice(alg === 'EdDSA' ? 1 : 0, alg === 'EdDSA' ? 2 : 1)),
    ).toEqual({ ok: false, cause: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('cannot be made with a public ring, or with none', async () => {
    const what = { subject: 's', id: 'i', claims: {} };
    for (const keys of [publicRing, []])
      await expect(signJwt(keys, parties, what, NOW, 300)).rejects.toThrow('no key that signs');
  });
});

describe('times', () => {
  it('give way by five seconds and no more', async () => {
    expect(await isOk(token(), NOW + 304_999)).toBe(true);
    expect(await isOk(token(), NOW + 305_000)).toBe(false);
    expect(await isOk(token({ nbf: SECONDS + 5 }))).toBe(true);
    expect(await isOk(token({ nbf: SECONDS + 6 }))).toBe(false);
    expect(await isOk(token(), NOW - 5000)).toBe(true);
    expect(await isOk(token(), NOW - 6000)).toBe(false);
  });

  it('bound a token’s life whatever its exp says', async () => {
    const long = token({ exp: SECONDS + 86_400 });
    expect(await isOk(long, NOW + 305_000)).toBe(true);
    expect(await isOk(long, NOW + 306_000)).toBe(false);
  });
});

describe('a forged or foreign token', () => {
  const pem = ed.publicKey.export({ format: 'pem', type: 'spki' });
  it.each<[string, string]>([
    ['alg none', signed({ alg: 'none', kid: 'ed', typ: 'JWT' }, claims, () => Buffer.alloc(0))],
    ['HS256 keyed with the public PEM', signed({ ...EDDSA, alg: 'HS256' }, claims, byHmac(String(pem)))],
    [
      'HS256 keyed with the public DER',
      signed(
        { ...EDDSA, alg: 'HS256' },
        claims,
        byHmac(ed.publicKey.export({ format: 'der', type: 'spki' })),
      ),
    ],
    [
      'HS256 keyed with the JWK’s x',
      signed(
        { ...EDDSA, alg: 'HS256' },
        claims,
        byHmac(Buffer.from(ring[0]?.publicJwk.x ?? '', 'base64url')),
      ),
    ],
    ['RS256 for the kid of an Ed25519 key', signed({ ...EDDSA, alg: 'RS256' }, claims, byRsa)],
    ['EdDSA for the kid of an RSA key', signed({ ...EDDSA, kid: 'rs' }, claims, byEd)],
    ['RS512 for the kid of an RSA key', signed({ alg: 'RS512', kid: 'rs', typ: 'JWT' }, claims, byRsa)],
    ['an unknown kid', signed({ ...EDDSA, kid: 'nobody' }, claims, byEd)],
    ['no kid', signed({ alg: 'EdDSA', typ: 'JWT' }, claims, byEd)],
    ['another type', signed({ ...EDDSA, typ: 'at+jwt' }, claims, byEd)],
    ['its key in the header', signed({ ...EDDSA, kid: 'x', jwk: ring[0]?.publicJwk }, claims, byEd)],
    ['an extension that must be understood', signed({ ...EDDSA, crit: ['x'], x: 1 }, claims, byEd)],
    [
      'the signature of another key',
      signed(EDDSA, claims, (d) => sign(null, Buffer.from(d), other.privateKey)),
    ],
    ['another issuer', token({ iss: 'https://evil.example.com' })],
    ['another audience', token({ aud: 'someone-else' })],
    ['no audience', token({ aud: undefined })],
    ['no issuer', token({ iss: undefined })],
    ['no end', token({ exp: undefined })],
    ['no beginning', token({ iat: undefined })],
    ['no subject', token({ sub: undefined })],
    ['no id', token({ jti: undefined })],
    ['an end that is a text', token({ exp: String(SECONDS + 300) })],
    ['claims that are a list', signed(EDDSA, [claims], byEd)],
    ['a header that is no JSON', `e30x.${base64url(claims)}.AA`],
    ['nothing', '..'],
    ['junk', 'a.b.c'],
  ])('with %s is refused, and nothing is thrown', async (_what, text) => {
    const verdict = await verify(text);
    expect(verdict).toEqual({ ok: false, cause: expect.stringMatching(/^ERR_/) });
  });

  it('with any one character of its payload or signature changed is refused', async () => {
    const good = token();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const turn = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    expect(await isOk(good)).toBe(true);
    for (let at = 0; at < payload.length; at += 7)
      expect(await isOk([header, turn(payload, at), signature].join('.'))).toBe(false);
    // The last character of 64 bytes in base64url carries four bits that mean nothing.
    for (let at = 0; at < signature.length - 1; at += 7)
      expect(await isOk([header, payload, turn(signature, at)].join('.'))).toBe(false);
  });
});
