import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countingScopes, jwtClaims } from '../../functions/identity/jwt-claims.ts';
import { SCOPES } from '../../functions/identity/scope.ts';
import { caseCensus, runs } from '../support/property.ts';

const USER = '0199c7a0-0000-7000-8000-000000000001';
const TOKEN = '0199c7a0-0000-7000-8000-000000000002';
const claims = { sub: USER, tid: TOKEN, scope: 'signals:read charts' };

describe('the claims of a token', () => {
  it('name the user, the parent token and known scopes', () => {
    expect(jwtClaims(claims)).toEqual({
      userId: USER,
      tokenId: TOKEN,
      scopes: ['signals:read', 'charts'],
    });
    expect(jwtClaims({ ...claims, scope: '' })?.scopes).toEqual([]);
  });

  it.each([
    ['no user', { sub: undefined }],
    ['a user that is no id', { sub: "x' OR 1=1" }],
    ['no parent token', { tid: undefined }],
    ['a parent token in capitals', { tid: TOKEN.toUpperCase().replace('1', 'A') }],
    ['a parent token that is a list', { tid: [TOKEN] }],
    ['no scope', { scope: undefined }],
    ['scopes as a list', { scope: ['charts'] }],
    ['an unknown scope', { scope: 'charts everything' }],
    ['a scope twice', { scope: 'charts charts' }],
    ['two spaces', { scope: 'charts  admin' }],
  ])('with %s are none', (_what, over) => {
    expect(jwtClaims({ ...claims, ...over })).toBeNull();
  });
});

describe('the scopes that count', () => {
  it('are those claimed, and none at all where one is no longer allowed', () => {
    const census = caseCensus('all allowed', 'over-scoped');
    fc.assert(
      fc.property(fc.subarray([...SCOPES]), fc.subarray([...SCOPES]), (claimed, allowed) => {
        const over = census.note('over-scoped', !claimed.every((s) => allowed.includes(s)));
        census.note('all allowed', !over);
        expect(countingScopes(claimed, allowed)).toEqual(over ? null : claimed);
      }),
      runs(),
    );
    census.expectAllMet();
  });
});
