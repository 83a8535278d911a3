/**
 * What our tokens claim beyond the registered names: `tid`, the access token that the token was exchanged for, and
 * `scope`, space-separated (RFC 8693 section 4.2).
 */
import { isUuid } from '../platform/ids.ts';
import { SCOPES, type Scope } from './scope.ts';

export const JWT_AUDIENCE = 'countersign';
export const JWT_LIFETIME_SECONDS = 300;

export type JwtClaims = { userId: string; tokenId: string; scopes: Scope[] };

/** The claims of a verified token; null where one of ours is missing, malformed, or names an unknown scope. */
export function jwtClaims(payload: { sub?: string; tid?: unknown; scope?: unknown }): JwtClaims | null {
  const { sub, tid, scope } = payload;
  if (typeof sub !== 'string' || !isUuid(sub)) return null;
  if (typeof tid !== 'string' || !isUuid(tid)) return null;
  if (typeof scope !== 'string') return null;
  const named = scope === '' ? [] : scope.split(' ');
  const scopes = SCOPES.filter((s) => named.includes(s));
  return scopes.length === named.length ? { userId: sub, tokenId: tid, scopes } : null;
}

/**
 * The scopes that count: those claimed, if the parent token and its holder's role still allow every one; null where one
 * of them is no longer allowed, for then the token promises what nobody granted.
 */
export const countingScopes = (claimed: readonly Scope[], allowed: readonly Scope[]): Scope[] | null =>
  claimed.every((s) => allowed.includes(s)) ? [...claimed] : null;
