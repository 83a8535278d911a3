/**
 * The ring of keys that sign JSON Web Tokens, and its public half. A key is good for the one algorithm that its own kind
 * says (Ed25519: EdDSA, RSA: RS256): no header of a token can choose another.
 */
import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import { fromBase64 } from './encoding.ts';

export type JwtAlgorithm = 'EdDSA' | 'RS256';
/** A public key as a JWK (RFC 7517, RFC 8037). */
export type PublicJwk = {
  kty: string;
  kid: string;
  alg: JwtAlgorithm;
  use: 'sig';
  crv?: string;
  x?: string;
  n?: string;
  e?: string;
};
/** One key; `privateJwk` is null in a public ring. A key past `notAfterMs` is refused at start. */
export type JwtKey = {
  id: string;
  algorithm: JwtAlgorithm;
  publicJwk: PublicJwk;
  privateJwk: JWK | null;
  notAfterMs: number | null;
};

const PART = /^([a-z0-9-]{1,32}):([A-Za-z0-9+/]+=*)(?:@(\d{4}-\d{2}-\d{2}))?$/;
/** base64url digits of a modulus of 2048 bits. */
const MIN_MODULUS_DIGITS = 342;

/**
 * Reads `kid:base64(DER)[@YYYY-MM-DD]`, several separated by commas: PKCS#8 where `half` is private, SPKI where it is
 * public. Null where a part has another form, a key is neither Ed25519 nor RSA of 2048 bits or more, or a kid comes twice.
 */
export function parseJwtRing(text: string, half: 'private' | 'public'): JwtKey[] | null {
  const keys = text.split(',').map((part) => parsePart(part.trim(), half));
  const good = keys.filter((k) => k !== null);
  const kids = new Set(good.map((k) => k.id));
  return good.length === keys.length && kids.size === keys.length ? good : null;
}

function parsePart(part: string, half: 'private' | 'public'): JwtKey | null {
  const [, id = '', base64 = '', date] = PART.exec(part) ?? [];
  const der = fromBase64(base64);
  const jwk = id === '' || der === null ? null : readDer(der, half);
  if (jwk === null) return null;
  const pinned = pinnedTo(jwk, id);
  if (pinned === null) return null;
  return {
    id,
    algorithm: pinned.alg,
    publicJwk: pinned,
    privateJwk: half === 'private' ? { ...jwk, alg: pinned.alg } : null,
    notAfterMs: date === undefined ? null : Date.parse(`${date}T23:59:59Z`),
  };
}

function readDer(der: Uint8Array<ArrayBuffer>, half: 'private' | 'public'): JWK | null {
  try {
    const key = Buffer.from(der);
    return half === 'private'
      ? withoutAbsent(createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }))
      : withoutAbsent(createPublicKey({ key, format: 'der', type: 'spki' }).export({ format: 'jwk' }));
  } catch {
    return null;
  }
}

function pinnedTo(jwk: JWK, kid: string): PublicJwk | null {
  const { kty, crv, x, n, e } = jwk;
  if (kty === 'OKP' && crv === 'Ed25519' && x) return { kty, kid, alg: 'EdDSA', use: 'sig', crv, x };
  if (kty === 'RSA' && e && n && n.length >= MIN_MODULUS_DIGITS)
    return { kty, kid, alg: 'RS256', use: 'sig', n, e };
  return null;
}

/** workerd names every member that a JWK could have; those without a value are dropped. */
const withoutAbsent = ({ kty, ...rest }: { kty?: string }): JWK => ({
  kty: kty ?? '',
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value === 'string')),
});
