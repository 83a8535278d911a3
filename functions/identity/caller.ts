/**
 * Who is calling, for routes of people and scripts: a bearer token, either an access token or a JWT that one was
 * exchanged for, which lives no longer and may do no more than that one. Every failure of proof is the same 401; only
 * the log knows the cause. Scopes are judged before the body is read, but where a route's order is another.
 */
import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { jwtPublicRing } from '../platform/config.ts';
import type { AppEnv } from '../platform/endpoint.ts';
import { verifyJwt } from '../platform/jwt.ts';
import { type ProblemError, problem } from '../platform/problem.ts';
import { accessTokenHash } from './access-token.ts';
import { countingScopes, JWT_AUDIENCE, JWT_LIFETIME_SECONDS, jwtClaims } from './jwt-claims.ts';
import type { Role, Scope } from './scope.ts';
import { findHolder, findHolderById, type Holder } from './token-store.ts';

export type Caller = {
  userId: string;
  role: Role;
  scopes: readonly Scope[];
  /** The access token; for a JWT the one that it was exchanged for. */
  tokenId: string;
  proof: 'token' | 'jwt';
};
export type CallerEnv = AppEnv & { Variables: { caller: Caller } };

/** Requests a minute of one token before a 429. */
const TOKEN_RATE_PER_MINUTE = 600;
/** Failures of proof a minute of one address before a 429. */
const FAILURES_PER_MINUTE = 60;

/** The one 401: `server_time` lets a sender with a wrong clock mend it. A flood of them from an address is a 429. */
export function unauthorized(c: { readonly var: Readonly<AppEnv['Variables']> }): ProblemError {
  const { clock, limiter } = c.var.deps;
  const allowance = limiter.take(`fail:${c.var.address}`, FAILURES_PER_MINUTE);
  if (!allowance.allowed) return tooMany(allowance);
  return problem(
    'unauthorized',
    { server_time: Math.floor(clock.nowMs() / 1000) },
    { 'www-authenticate': 'Bearer, Countersign-HMAC-SHA256' },
  );
}

/** The 429 for a used-up allowance. */
export const tooMany = (a: { limit: number; remaining: number; resetSeconds: number }): ProblemError =>
  problem(
    'rate-limited',
    { detail: `try again in ${a.resetSeconds} seconds` },
    {
      'retry-after': String(a.resetSeconds),
      'ratelimit-limit': String(a.limit),
      'ratelimit-remaining': String(a.remaining),
      'ratelimit-reset': String(a.resetSeconds),
    },
  );

/** The three parts of a compact JWS. */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

type Proof = { ok: true; caller: Caller } | { ok: false; cause: string };
const unknownToken: Proof = { ok: false, cause: 'token' };

async function proofOf(c: { readonly var: AppEnv['Variables'] }, token: string): Promise<Proof> {
  const { db, clock } = c.var.deps;
  if (COMPACT_JWS.test(token)) return jwtProof(c, token);
  const hash = await accessTokenHash(token);
  const holder = hash === null ? null : await findHolder(db, hash, clock.nowMs());
  return holder === null ? unknownToken : { ok: true, caller: { ...holder, proof: 'token' } };
}

/** A JWT: proven by its signature and claims, then held against its parent token and user as they are now. */
async function jwtProof(c: { readonly var: AppEnv['Variables'] }, token: string): Promise<Proof> {
  const { db, clock, config } = c.var.deps;
  const nowMs = clock.nowMs();
  const parties = { issuer: config.PUBLIC_BASE_URL, audience: JWT_AUDIENCE };
  const verdict = await verifyJwt(jwtPublicRing(config), parties, token, nowMs, JWT_LIFETIME_SECONDS);
  if (!verdict.ok) return verdict;
  const claims = jwtClaims(verdict.claims);
  if (claims === null) return { ok: false, cause: 'jwt-claims' };
  const holder: Holder | null = await findHolderById(db, claims.tokenId, claims.userId, nowMs);
  if (holder === null) return { ok: false, cause: 'jwt-parent' };
  const scopes = countingScopes(claims.scopes, holder.scopes);
  if (scopes === null) return { ok: false, cause: 'jwt-scope' };
  return { ok: true, caller: { ...holder, scopes, proof: 'jwt' } };
}

/** Lets a request through only with a live token; with `scope`, only if the token holds it. */
export const requireCaller = (scope: Scope | null): MiddlewareHandler<CallerEnv> =>
  createMiddleware<CallerEnv>(async (c, next) => {
    const token = /^Bearer ([\x21-\x7e]{1,2000})$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const proof = token === undefined ? unknownToken : await proofOf(c, token);
    if (!proof.ok) {
      c.set('actor', `unproven:${proof.cause}`);
      throw unauthorized(c);
    }
    const { caller } = proof;
    const allowance = c.var.deps.limiter.take(`token:${caller.tokenId}`, TOKEN_RATE_PER_MINUTE);
    if (!allowance.allowed) throw tooMany(allowance);
    c.set('actor', `user:${caller.userId}`);
    if (scope !== null) requireScope(caller, scope);
    c.set('caller', caller);
    await next();
  });

/** Throws 403 where the token does not hold the scope. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw problem('forbidden', { detail: `this needs the scope ${scope}` });
}

/** Throws 403 where a JWT asks for what only an access token may do: whatever outlives the JWT. */
export function requireAccessToken(caller: Caller): void {
  if (caller.proof !== 'token')
    throw problem('forbidden', { detail: 'this needs an access token; a JWT makes no other token' });
}
