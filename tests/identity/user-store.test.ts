import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  insertUser,
  listUsers,
  readUser,
  type User,
  updateUser,
} from '../../functions/identity/user-store.ts';
import { auditOf, makeUser, type Stage } from '../support/organisation.ts';
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
const newUser = (given: Partial<User> = {}): User => ({
  id: stage.deps.ids.next(),
  email: 'anna@example.test',
  name: 'Anna "A" O’Neil',
  role: 'user',
  createdMs: nowMs(),
  disabled: false,
  maxBridges: null,
  ...given,
});
const insert = (user: User) => insertUser(t.db, user, auditOf(stage.deps, user.id, 'user.create'));
const update = (user: User) => updateUser(t.db, user, auditOf(stage.deps, user.id, 'user.change'));
const audited = async (action: string) =>
  (await t.sql('SELECT count(*)::int AS n FROM audit_log WHERE action = $1', [action]))[0]?.['n'];
const owners = async () =>
  (await t.sql(`SELECT count(*)::int AS n FROM users WHERE role = 'owner' AND disabled_at IS NULL`))[0]?.[
    'n'
  ];

describe('users', () => {
  it('are read back as they were added, with one audit row', async () => {
    const user = newUser();
    expect(await insert(user)).toEqual({ kind: 'created' });
    expect(await readUser(t.db, user.id)).toEqual(user);
    expect((await listUsers(t.db, { page: 1, page_size: 10 })).items).toEqual([user]);
    expect(await readUser(t.db, stage.deps.ids.next())).toBeNull();
    expect(await audited('user.create')).toBe(1);
  });

  it('have an address of their own: of 20 at once one takes it, and the others leave no audit row', async () => {
    const ends = await Promise.all(Array.from({ length: 20 }, () => insert(newUser())));
    expect(ends.filter((e) => e.kind === 'created').length).toBe(1);
    expect(ends.filter((e) => e.kind === 'taken').length).toBe(19);
    expect(await audited('user.create')).toBe(1);
  });

  it('change name, role and state, the moment of disabling kept', async () => {
    await makeUser(stage, 'owner');
    const user = newUser();
    await insert(user);
    expect(await update({ ...user, name: 'Anna', role: 'admin', disabled: true })).toBe(true);
    expect(await readUser(t.db, user.id)).toEqual({ ...user, name: 'Anna', role: 'admin', disabled: true });
    await update({ ...user, disabled: true, maxBridges: 7 });
    expect(await readUser(t.db, user.id)).toEqual({ ...user, disabled: true, maxBridges: 7 });
    const disabledAt = () => t.sql('SELECT disabled_at FROM users WHERE id = $1', [user.id]);
    const first = await disabledAt();
    stage.deps.clock.advance(1_000);
    await update({ ...user, disabled: true });
    expect(await disabledAt()).toEqual(first);
    await update(user);
    expect(await disabledAt()).toEqual([{ disabled_at: null }]);
    expect(await update(newUser({ id: stage.deps.ids.next() }))).toBe(false);
    expect(await audited('user.change')).toBe(4);
  });

  it('never lose their last owner, neither by a change of role nor by disabling', async () => {
    const id = await makeUser(stage, 'owner');
    const owner = newUser({ id, role: 'owner' });
    expect(await update({ ...owner, role: 'admin' })).toBe(false);
    expect(await update({ ...owner, disabled: true })).toBe(false);
    expect(await update({ ...owner, name: 'Still here' })).toBe(true);
    expect(await owners()).toBe(1);
  });

  it('keep one owner though all of them step down at once', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => makeUser(stage, 'owner')));
    const ends = await Promise.all(ids.map((id) => update(newUser({ id, role: 'user' }))));
    expect(ends.filter(Boolean).length).toBe(7);
    expect(await owners()).toBe(1);
  });

  it('keep the one who steps down while another one’s stepping down is being committed', async () => {
    const [leaving, staying] = [await makeUser(stage, 'owner'), await makeUser(stage, 'owner')];
    const rival = await t.connect('owner');
    await rival.query('BEGIN');
    await rival.query(`UPDATE users SET role = 'user' WHERE id = $1`, [leaving]);
    const second = update(newUser({ id: staying, role: 'user' }));
    await Promise.race([second, untilBlocked(t)]);
    await rival.query('COMMIT');
    expect(await second).toBe(false);
    expect(await owners()).toBe(1);
  });
});
