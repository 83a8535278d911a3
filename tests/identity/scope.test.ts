import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveScopes, ROLES, readsEverything, SCOPES, scopesOf } from '../../functions/identity/scope.ts';
import { caseCensus, runs } from '../support/property.ts';

describe('scopes', () => {
  it('are those of the contract', () => {
    expect([...SCOPES]).toEqual([
      'signals:read',
      'signals:cancel',
      'approvals:write',
      'trading:read',
      'trading:act',
      'charts',
      'admin',
      'metrics',
    ]);
    expect([...ROLES]).toEqual(['owner', 'admin', 'user']);
  });

  it('of administration and metrics are not for plain users', () => {
    expect(scopesOf('user')).toEqual(SCOPES.filter((s) => s !== 'admin' && s !== 'metrics'));
    expect(scopesOf('admin')).toEqual(SCOPES);
    expect(scopesOf('owner')).toEqual(SCOPES);
  });

  it('of a token never exceed what was granted, nor what its holder’s role allows today', () => {
    const census = caseCensus('taken away by the role', 'granted in full', 'unknown scope');
    const granted = fc.uniqueArray(fc.constantFrom<string>(...SCOPES, 'everything', 'ADMIN', ''));
    fc.assert(
      fc.property(granted, fc.constantFrom(...ROLES), (scopes, role) => {
        const effective = effectiveScopes(scopes, role);
        const known = scopes.filter((s) => SCOPES.some((k) => k === s));
        expect(new Set(effective).size).toBe(effective.length);
        for (const scope of effective) {
          expect(scopes).toContain(scope);
          expect(scopesOf(role)).toContain(scope);
        }
        for (const scope of scopesOf(role)) expect(effective.includes(scope)).toBe(scopes.includes(scope));
        census.note('taken away by the role', effective.length < known.length);
        census.note('granted in full', effective.length > 0 && effective.length === scopes.length);
        census.note('unknown scope', known.length < scopes.length);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('owner and admin read everything, a user does not', () => {
    expect(ROLES.map(readsEverything)).toEqual([true, true, false]);
  });
});
