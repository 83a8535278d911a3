/**
 * Who is calling, for routes of people and scripts: a bearer token. Every failure of proof is the same 401; only
 * the log knows the cause. Scopes are judged before the body is read.
 */
import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../platform/endpoint.ts';
import { type ProblemError, problem } from '../platform/problem.ts';
import { accessTokenHash } from './access-token.ts';
import type { Role, Scope } from './scope.ts';
import { findHolder } from './token-store.ts';

export type Caller = { userId: string; role: Role; scopes: readonly Scope[]; tokenId: string };
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

/** Lets a request through only with a live token; with `scope`, only if the token holds it. */
export const requireCaller = (scope: Scope | null): MiddlewareHandler<CallerEnv> =>
  createMiddleware<CallerEnv>(async (c, next) => {
    const { db, clock, limiter } = c.var.deps;
    const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const hash = token === undefined ? null : await accessTokenHash(token);
    const holder = hash === null ? null : await findHolder(db, hash, clock.nowMs());
    if (holder === null) throw unauthorized(c);
    const allowance = limiter.take(`token:${holder.tokenId}`, TOKEN_RATE_PER_MINUTE);
    if (!allowance.allowed) throw tooMany(allowance);
    c.set('actor', `user:${holder.userId}`);
    if (scope !== null && !holder.scopes.includes(scope))
      throw problem('forbidden', { detail: `this needs the scope ${scope}` });
    c.set('caller', holder);
    await next();
  });
