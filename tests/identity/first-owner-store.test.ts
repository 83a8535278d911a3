import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertFirstOwner } from '../../functions/identity/first-owner-store.ts';
import { SCOPES } from '../../functions/identity/scope.ts';
import { findHolder } from '../../functions/identity/token-store.ts';
import { insertUser } from '../../functions/identity/user-store.ts';
import { auditOf, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeEach(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterEach(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
const audited = async (action: string) =>
  (await t.sql('SELECT count(*)::int AS n FROM audit_log WHERE action = $1', [action]))[0]?.['n'];
const owners = async () =>
  (await t.sql(`SELECT count(*)::int AS n FROM users WHERE role = 'owner' AND disabled_at IS NULL`))[0]?.[
    'n'
  ];

describe('the first owner', () => {
  const make = (email: string, tokenSha256 = `hash of ${email}`) =>
    insertFirstOwner(
      t.db,
      { id: stage.deps.ids.next(), email, tokenId: stage.deps.ids.next(), tokenSha256, scopes: SCOPES },
      stage.deps.ids.next(),
      nowMs(),
      400,
    );

  it('is made once, with one token of every scope that ends after its days', async () => {
    expect(await make('first@example.test')).toBe(true);
    expect(await make('second@example.test')).toBe(false);
    const holder = () => findHolder(t.db, 'hash of first@example.test', nowMs());
    expect(await holder()).toMatchObject({ role: 'owner', scopes: [...SCOPES] });
    stage.deps.clock.advance(400 * 86_400_000 - 1);
    expect(await holder()).not.toBeNull();
    stage.deps.clock.advance(1);
    expect(await holder()).toBeNull();
    expect(await audited('owner.first')).toBe(1);
    expect(await t.sql('SELECT count(*)::int AS n FROM access_tokens')).toEqual([{ n: 1 }]);
  });

  it('is not made of an address that somebody has', async () => {
    const taken = {
      id: stage.deps.ids.next(),
      email: 'first@example.test',
      name: 'A',
      role: 'user' as const,
    };
    await insertUser(
      t.db,
      { ...taken, createdMs: nowMs(), disabled: false, maxBridges: null },
      auditOf(stage.deps, taken.id),
    );
    expect(await make('first@example.test')).toBe(false);
    expect(await owners()).toBe(0);
  });

  it('is one, though several people ask for it at once', async () => {
    const ends = await Promise.all(Array.from({ length: 20 }, (_, i) => make(`p${i}@example.test`)));
    expect(ends.filter(Boolean).length).toBe(1);
    expect(await owners()).toBe(1);
    expect(await audited('owner.first')).toBe(1);
  });

  it('is not made beside one that is being committed', async () => {
    const rival = await t.connect('owner');
    await rival.query('BEGIN');
    // As another run of the command does: the lock first, then the owner.
    await rival.query('SELECT id FROM deployment FOR UPDATE');
    await rival.query(
      `INSERT INTO users (id, email, name, role, created_at) VALUES ($1, 'rival@example.test', 'R', 'owner', now())`,
      [stage.deps.ids.next()],
    );
    const second = make('second@example.test');
    await Promise.race([second, untilBlocked(t)]);
    await rival.query('COMMIT');
    expect(await second).toBe(false);
    expect(await owners()).toBe(1);
  });
});
