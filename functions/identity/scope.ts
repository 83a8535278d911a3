/** What a token may do, and what each role may give to a token. */
export const SCOPES = [
  'signals:read',
  'signals:cancel',
  'approvals:write',
  'trading:read',
  'trading:act',
  'charts',
  'admin',
  'metrics',
] as const;
export type Scope = (typeof SCOPES)[number];

export const ROLES = ['owner', 'admin', 'user'] as const;
export type Role = (typeof ROLES)[number];

const OF_USER: readonly Scope[] = SCOPES.filter((s) => s !== 'admin' && s !== 'metrics');

/** The scopes that a person of this role may hold at most. */
export const scopesOf = (role: Role): readonly Scope[] => (role === 'user' ? OF_USER : SCOPES);

/** A token's scopes as they count today: what was granted, less what its holder's role no longer allows. */
export const effectiveScopes = (granted: readonly string[], role: Role): Scope[] =>
  scopesOf(role).filter((s) => granted.includes(s));

/** Whether the role stands above plain users: owners and admins read everything, and decide nothing for others. */
export const readsEverything = (role: Role): boolean => role !== 'user';
