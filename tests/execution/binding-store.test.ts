import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertAccount, readAccount, setHalted } from '../../functions/execution/account-store.ts';
import {
  abandonedHolder,
  accountPromised,
  adoptBridge,
  promiseBridge,
  releaseAbandoned,
  releaseBinding,
} from '../../functions/execution/binding-store.ts';
import { auditOf, makeAccount, makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());

const audit = (id: string) => auditOf(stage.deps, id);
const audits = async (id: string) =>
  (await t.sql('SELECT 1 FROM audit_log WHERE subject_id = $1', [id])).length;
const account = async (id: string) => {
  const found = await readAccount(t.db, id);
  if (found === null) throw new Error('the account is gone');
  return found;
};
/** A user's account with its bridge, bound unless `fresh`. */
async function held(given: { userId?: string; fresh?: boolean } = {}) {
  const userId = given.userId ?? (await makeUser(stage));
  const bridge = await makeBridge(stage, userId);
  const of = { userId, bridgeId: bridge.id, producerIds: [], fresh: given.fresh ?? false };
  const { id, login } = await makeAccount(stage, of);
  const before = await audits(id);
  return { id, login, userId, bridgeId: bridge.id, changes: async () => (await audits(id)) - before };
}
const promise = (of: { id: string; userId: string }, bridgeId: string) =>
  promiseBridge(t.db, { id: of.id, userId: of.userId, bridgeId }, audit(of.id));
const bindingOf = async (id: string) => {
  const { binding } = await account(id);
  if (binding === null) throw new Error('the account is not bound');
  return binding;
};
const revoke = (bridgeId: string) => t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [bridgeId]);

describe('a promise', () => {
  it('names the bridge that is to drive a bound account, and changes nothing else yet', async () => {
    const one = await held();
    const next = await makeBridge(stage, one.userId);
    expect(await promise(one, next.id)).toBe('promised');
    expect(await account(one.id)).toMatchObject({ bridgeId: one.bridgeId, nextBridgeId: next.id });
    expect(await accountPromised(t.db, next.id)).toBe(one.id);
    expect(await promise(one, one.bridgeId), 'the present one takes it back').toBe('set');
    expect(await account(one.id)).toMatchObject({ bridgeId: one.bridgeId, nextBridgeId: null });
    expect(await accountPromised(t.db, next.id)).toBeNull();
    expect(await one.changes()).toBe(2);
  });

  it('is kept at once where the account is not bound: there is nothing to prove', async () => {
    const one = await held({ fresh: true });
    const next = await makeBridge(stage, one.userId);
    expect(await promise(one, next.id)).toBe('set');
    expect(await account(one.id)).toMatchObject({ bridgeId: next.id, nextBridgeId: null });
  });

  it('is of one’s own live bridge, for one’s own account, and of a bridge that drives no other', async () => {
    const [one, other] = [await held(), await held()];
    const [foreign, revoked, next] = [
      await makeBridge(stage, other.userId),
      await makeBridge(stage, one.userId),
      await makeBridge(stage, one.userId),
    ];
    await revoke(revoked.id);
    const second = await held({ userId: one.userId });
    expect(await promise(one, foreign.id)).toBe('bridge');
    expect(await promise(one, revoked.id)).toBe('bridge');
    expect(await promise(one, stage.deps.ids.next())).toBe('bridge');
    expect(await promise({ id: one.id, userId: other.userId }, foreign.id)).toBe('not-theirs');
    expect(await promise(one, second.bridgeId)).toBe('bridge-taken');
    expect(await promise(second, next.id)).toBe('promised');
    expect(await promise(one, next.id)).toBe('bridge-taken');
    expect(await one.changes()).toBe(0);
    const fresh = { id: stage.deps.ids.next(), userId: one.userId, bridgeId: next.id, name: 'x' };
    const made = await insertAccount(
      t.db,
      { ...fresh, orderVolume: '0.1', producerIds: [] },
      stage.deps.clock.nowMs(),
      audit(fresh.id),
    );
    expect(made, 'nor does it drive a new one').toEqual({ kind: 'bridge-taken' });
  });

  it('is given once though two accounts ask at a time', async () => {
    const one = await held();
    const two = await held({ userId: one.userId });
    for (let round = 0; round < 5; round += 1) {
      const next = await makeBridge(stage, one.userId);
      const ends = await Promise.all([one, two, one, two].map((a) => promise(a, next.id)));
      expect(new Set(ends)).toEqual(new Set(['promised', 'bridge-taken']));
      const rows = await t.sql('SELECT 1 FROM accounts WHERE next_bridge_id = $1', [next.id]);
      expect(rows.length).toBe(1);
    }
  });
});

describe('a bridge that was promised an account', () => {
  const adopt = async (of: { id: string }, bridgeId: string, change: object = {}) => {
    const binding = { ...(await bindingOf(of.id)), ...change };
    return adoptBridge(t.db, { accountId: of.id, bridgeId, binding }, audit(of.id));
  };

  it('drives it from its proof on, with a new count of its own', async () => {
    const one = await held();
    const next = await makeBridge(stage, one.userId);
    await t.sql(`UPDATE accounts SET boot_id = 'old', bridge_seq = 9 WHERE id = $1`, [one.id]);
    await promise(one, next.id);
    const { version } = await account(one.id);
    expect(await adopt(one, next.id)).toBe(true);
    expect(await account(one.id)).toMatchObject({
      ...{ bridgeId: next.id, nextBridgeId: null, bootId: null, bridgeSeq: null, version: version + 1 },
      bridgeSinceMs: stage.deps.clock.nowMs(),
    });
    expect(await adopt(one, next.id), 'once').toBe(false);
  });

  it.each([
    ['server', { server: 'Elsewhere' }],
    ['login', { login: '1' }],
    ['currency', { currency: 'EUR' }],
    ['margin mode', { marginMode: 'netting' }],
    ['kind', { tradeMode: 'real' }],
  ])('does not where it stands at another account, by its %s', async (_what, change) => {
    const one = await held();
    const next = await makeBridge(stage, one.userId);
    await promise(one, next.id);
    expect(await adopt(one, next.id, change)).toBe(false);
    expect(await account(one.id)).toMatchObject({ bridgeId: one.bridgeId, nextBridgeId: next.id });
  });

  it('does not once it was revoked, the promise was taken back, or the account released', async () => {
    const [one, two, three] = [await held(), await held(), await held()];
    const nexts = await Promise.all(
      [one, two, three].map(async (a) => (await makeBridge(stage, a.userId)).id),
    );
    const [a = '', b = '', c = ''] = nexts;
    await promise(one, a);
    await revoke(a);
    expect(await adopt(one, a)).toBe(false);
    await promise(two, b);
    await promise(two, two.bridgeId);
    expect(await adopt(two, b)).toBe(false);
    await promise(three, c);
    await releaseBinding(t.db, three.id, audit(three.id));
    expect(await adopt(three, c)).toBe(false);
    expect(await promise(three, c)).toBe('released');
  });
});

describe('a release', () => {
  it('takes the login from the account for ever, keeps what it holds, and another may be bound to it', async () => {
    const one = await held();
    expect(await releaseBinding(t.db, one.id, audit(one.id))).toBe(true);
    expect(await releaseBinding(t.db, one.id, audit(one.id)), 'once').toBe(false);
    expect(await account(one.id)).toMatchObject({
      released: true,
      halted: true,
      binding: { login: one.login },
    });
    expect(await one.changes()).toBe(1);
    const resumed = await setHalted(t.db, one.id, false, stage.deps.clock.nowMs(), audit(one.id));
    expect([resumed, (await account(one.id)).halted], 'it never trades again').toEqual([false, true]);
    const two = await held({ fresh: true });
    await t.sql(`UPDATE accounts SET server = 'Demo-1', login = $2, bound_at = now() WHERE id = $1`, [
      two.id,
      one.login,
    ]);
  });

  it('is nothing where there is no binding', async () => {
    const one = await held({ fresh: true });
    expect(await releaseBinding(t.db, one.id, audit(one.id))).toBe(false);
    expect(await one.changes()).toBe(0);
  });

  it('needs nobody where the bridge is revoked and nothing was ever traded', async () => {
    const one = await held();
    const login = { server: 'Demo-1', login: one.login };
    const nobody = async (why: string) => {
      expect(await abandonedHolder(t.db, login), why).toBeNull();
      expect(await releaseAbandoned(t.db, one.id, audit(one.id)), why).toBe(false);
    };
    await nobody('its bridge lives');
    await revoke(one.bridgeId);
    const traded = (table: string, columns: string) =>
      t.sql(`INSERT INTO ${table} ${columns}`, [stage.deps.ids.next(), one.id]);
    await traded(
      'commands',
      `(id, account_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at, negative_lookups, created_at,
        updated_at) VALUES ($1, $2, 'open', 'XAUUSD', '{}', 1, 'cs', 0, 'failed', now(), 0, now(), now())`,
    );
    await nobody('it has sent something');
    await t.sql('DELETE FROM commands');
    await traded(
      'trades',
      `(id, account_id, user_id, position_id, source, instrument, symbol, side, status, volume, volume_open, entry_price, profit,
        swap, commission, fee, net, opened_at, updated_at) SELECT $1, id, user_id, '1', 'manual', 'X', 'X', 'buy', 'open', 1, 1, 1,
        0, 0, 0, 0, 0, now(), now() FROM accounts WHERE id = $2`,
    );
    await nobody('it has a history');
    await t.sql('DELETE FROM trades');
    expect(await abandonedHolder(t.db, { ...login, server: 'Elsewhere' })).toBeNull();
    expect(await abandonedHolder(t.db, login)).toBe(one.id);
    expect(await releaseAbandoned(t.db, one.id, audit(one.id))).toBe(true);
    expect(await abandonedHolder(t.db, login)).toBeNull();
  });
});
