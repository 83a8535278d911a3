/**
 * JSON Web Tokens by `jose` (RFC 7519, RFC 8725). Invariants: the kid must name a key of the ring, and the header's
 * algorithm must be that key's own; issuer and audience are exact; a token without `iat`, `exp`, `sub` or `jti`, or older
 * than its longest life, is none, whatever its `exp` says.
 */
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { JwtKey } from './jwt-ring.ts';

/** Seconds that clocks may differ by. */
export const JWT_LEEWAY_SECONDS = 5;

export type JwtParties = { issuer: string; audience: string };
export type JwtVerdict = { ok: true; claims: JWTPayload } | { ok: false; cause: string };

/** Signs with the ring's first key. `lifetimeSeconds` from `nowMs`, both ends in whole seconds. */
export async function signJwt(
  ring: readonly JwtKey[],
  parties: JwtParties,
  token: { subject: string; id: string; claims: Record<string, unknown> },
  nowMs: number,
  lifetimeSeconds: number,
): Promise<string> {
  const key = ring[0];
  if (!key?.privateJwk) throw new Error('the ring has no key that signs');
  const issuedAt = Math.floor(nowMs / 1000);
  return new SignJWT(token.claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.id, typ: 'JWT' })
    .setIssuer(parties.issuer)
    .setAudience(parties.audience)
    .setSubject(token.subject)
    .setJti(token.id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(key.privateJwk);
}

/** Verifies a compact token at `nowMs`; `cause` is a code of `jose` and for the log alone. */
export async function verifyJwt(
  ring: readonly JwtKey[],
  parties: JwtParties,
  token: string,
  nowMs: number,
  maxLifetimeSeconds: number,
): Promise<JwtVerdict> {
  try {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = ring.find((k) => k.id === header.kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        if (header.alg !== key.algorithm) throw new errors.JOSEAlgNotAllowed();
        return key.publicJwk;
      },
      {
        ...parties,
        algorithms: ['EdDSA', 'RS256'],
        typ: 'JWT',
        clockTolerance: JWT_LEEWAY_SECONDS,
        currentDate: new Date(nowMs),
        maxTokenAge: maxLifetimeSeconds,
        requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      },
    );
    return { ok: true, claims: payload };
  } catch (e) {
    if (e instanceof errors.JOSEError) return { ok: false, cause: e.code };
    // What WebCrypto or a decoder makes of junk is junk: no text from outside may give a 5xx.
    return { ok: false, cause: 'ERR_JWT_UNREADABLE' };
  }
}
