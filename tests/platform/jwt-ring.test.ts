import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseJwtRing } from '../../functions/platform/jwt-ring.ts';
import { jwtRings } from '../../infra/jwt-keys.ts';

const ed = generateKeyPairSync('ed25519').privateKey;
const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
const der = (key: typeof ed) => key.export({ format: 'der', type: 'pkcs8' }).toString('base64');

describe('a ring of JWT keys', () => {
  it('pins every key to the algorithm of its kind, and shows no private part in a public half', () => {
    const keys = [ed, rsa(2048)] as const;
    const ring = parseJwtRing(`j2:${der(keys[0])}@2026-11-21, j1:${der(keys[1])}`, 'private') ?? [];
    expect(ring.map((k) => [k.id, k.algorithm, k.notAfterMs])).toEqual([
      ['j2', 'EdDSA', Date.UTC(2026, 10, 21, 23, 59, 59)],
      ['j1', 'RS256', null],
    ]);
    expect(ring.map((k) => Object.keys(k.publicJwk).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ]);
    expect(ring[0]?.privateJwk?.d).toEqual(expect.any(String));
  });

  it.each([
    ['nothing', ''],
    ['32 bytes', `j1:${Buffer.alloc(32, 1).toString('base64')}`],
    ['a public key', `j1:${createPublicKey(ed).export({ format: 'der', type: 'spki' }).toString('base64')}`],
    ['one kid twice', `j1:${der(ed)},j1:${der(ed)}`],
    ['a kid in capitals', `J1:${der(ed)}`],
    ['no kid', der(ed)],
    ['a comma too many', `j1:${der(ed)},`],
    ['another curve', `j1:${der(generateKeyPairSync('ed448').privateKey)}`],
    ['a key for agreement', `j1:${der(generateKeyPairSync('x25519').privateKey)}`],
    ['an elliptic curve', `j1:${der(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)}`],
    ['an RSA key of 1024 bits', `j1:${der(rsa(1024))}`],
  ])('is refused with %s', (_what, text) => {
    expect(parseJwtRing(text, 'private')).toBeNull();
  });

  it('of public keys refuses a private one', () => {
    expect(parseJwtRing(`j1:${der(ed)}`, 'public')).toBeNull();
  });
});

describe('npm run jwt:keys', () => {
  it('puts a new key in front, keeps the others and their dates, and derives the public halves', () => {
    const first = jwtRings('', 'j1');
    const second = jwtRings(`${first.private}@2027-01-01`, 'j2');
    const ring = parseJwtRing(second.private, 'private');
    const halves = parseJwtRing(second.public, 'public');
    expect(ring?.map((k) => k.id)).toEqual(['j2', 'j1']);
    expect(halves?.map((k) => [k.publicJwk, k.notAfterMs])).toEqual(
      ring?.map((k) => [k.publicJwk, k.notAfterMs]),
    );
    expect(halves?.every((k) => k.privateJwk === null)).toBe(true);
    expect(jwtRings(second.private, undefined)).toEqual(second);
  });

  it('refuses a kid that is taken and what is no ring, without repeating it', () => {
    const { private: ring } = jwtRings('', 'j1');
    expect(() => jwtRings(ring, 'j1')).toThrow(/kid is taken/);
    expect(() => jwtRings('secret', undefined)).toThrow(/^(?!.*secret)/);
  });
});
