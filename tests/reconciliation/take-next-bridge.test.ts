// An account whose terminal moves to another machine, or whose login somebody else has claimed first: through the real
// reconciliation, with a bridge of a script on each side.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readAccount } from '../../functions/execution/account-store.ts';
import { promiseBridge } from '../../functions/execution/binding-store.ts';
import type { Outbound } from '../../functions/platform/outbound.ts';
import { dueAccounts } from '../../functions/reconciliation/due-account-store.ts';
import { reconcileAccount } from '../../functions/reconciliation/reconcile-account.ts';
import {
  auditOf,
  type MadeBridge,
  makeAccount,
  makeBridge,
  makeUser,
  type Stage,
} from '../support/organisation.ts';
import { type ScriptedBridge, SILENT, scriptedBridge, wireSnapshot } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
const bridges = new Map<string, ScriptedBridge>();
beforeAll(async () => {
  t = await createTestDatabase();
  const outbound: Outbound = (request) => {
    const bridge = bridges.get(request.headers['x-bridge-id'] ?? '');
    if (bridge === undefined) throw new Error('a bridge that nobody runs was called');
    return bridge.outbound(request);
  };
  stage = { t, deps: testDeps(t, { outbound }) };
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
/** A bridge that shows this account. */
async function running(ownerId: string, shown: { login: string; server?: string }): Promise<MadeBridge> {
  const made = await makeBridge(stage, ownerId);
  const snapshot = () => wireSnapshot(nowMs(), { account: shown });
  bridges.set(made.id, scriptedBridge(made.secret, stage.deps.clock, { snapshot }));
  return made;
}
const calls = (bridge: MadeBridge) => bridges.get(bridge.id)?.calls('snapshot') ?? 0;
const due = async () => (await dueAccounts(t.db, nowMs(), { afterId: null, limit: 1_000 })).map((a) => a.id);
const run = async (id: string) => (await reconcileAccount(stage.deps, id)).outcome;
const runs = async (id: string) =>
  (await t.sql('SELECT outcome FROM reconciliation_runs WHERE account_id = $1 ORDER BY id', [id])).map(
    (r) => r['outcome'],
  );

describe('an account that is promised another bridge', () => {
  let [userId, id, login] = ['', '', ''];
  let before: MadeBridge;
  beforeEach(async () => {
    userId = await makeUser(stage);
    const made = await makeBridge(stage, userId);
    ({ id, login } = await makeAccount(stage, { userId, bridgeId: made.id, producerIds: [] }));
    before = made;
    const snapshot = () => wireSnapshot(nowMs(), { account: { login } });
    bridges.set(made.id, scriptedBridge(made.secret, stage.deps.clock, { snapshot }));
    expect(await run(id)).toBe('applied');
  });
  const promise = (bridge: MadeBridge) =>
    promiseBridge(t.db, { id, userId, bridgeId: bridge.id }, auditOf(stage.deps, id));

  it('is driven by it from its first snapshot of the same account on, at once and by nobody else', async () => {
    const next = await running(userId, { login });
    await promise(next);
    expect(await run(id)).toBe('applied');
    expect([calls(before), calls(next)], 'one call, and its snapshot is applied').toEqual([1, 1]);
    expect(await readAccount(t.db, id)).toMatchObject({
      bridgeId: next.id,
      nextBridgeId: null,
      bootId: 'boot-1',
    });
    expect(await run(id)).toBe('applied');
    expect([calls(before), calls(next)]).toEqual([1, 2]);
    const [audit] = await t.sql(
      `SELECT actor_kind, actor_id, detail FROM audit_log WHERE action = 'account.bridge-adopted'
      AND subject_id = $1`,
      [id],
    );
    expect(audit).toEqual({ actor_kind: 'bridge', actor_id: next.id, detail: { before: before.id } });
  });

  it.each([
    ['another login', { login: '1' }, 'next-bridge-account-mismatch'],
    ['another server', { server: 'Elsewhere' }, 'next-bridge-account-mismatch'],
  ])('stays with the present one where the new one shows %s', async (_what, shown, outcome) => {
    const next = await running(userId, { login, ...shown });
    await promise(next);
    expect(await run(id)).toBe('applied');
    expect(await readAccount(t.db, id)).toMatchObject({ bridgeId: before.id, nextBridgeId: next.id });
    expect((await runs(id)).sort()).toEqual(['applied', 'applied', outcome]);
  });

  it('stays with it too where the new one is silent, and goes over when it speaks', async () => {
    const next = await running(userId, { login });
    const script = bridges.get(next.id)?.script ?? {};
    const { snapshot } = script;
    script.snapshot = () => SILENT;
    await promise(next);
    expect(await run(id)).toBe('applied');
    expect(await runs(id)).toContain('next-bridge-timeout');
    if (snapshot) script.snapshot = snapshot;
    expect(await run(id)).toBe('applied');
    expect(await readAccount(t.db, id)).toMatchObject({ bridgeId: next.id });
  });

  it('is looked at by every tick, however long the present one is to be left alone, or though it is revoked', async () => {
    await t.sql(`UPDATE bridge_contacts SET next_at = $1 WHERE bridge_id = $2`, [
      new Date(nowMs() + 1e9),
      before.id,
    ]);
    expect(await due()).not.toContain(id);
    await promise(await running(userId, { login }));
    expect(await due()).toContain(id);
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [before.id]);
    expect(await due()).toContain(id);
    expect(await run(id)).toBe('applied');
  });

  it('takes no snapshot of the bridge before that one any more, though it was asked for earlier', async () => {
    const next = await running(userId, { login });
    const script = bridges.get(before.id)?.script ?? {};
    script.snapshot = async () => {
      await promise(next);
      expect(await run(id)).toBe('applied');
      return wireSnapshot(nowMs(), { account: { login, balance: '1', equity: '1' } });
    };
    expect(await run(id)).toBe('replaced-bridge');
    expect((await readAccount(t.db, id))?.state).toMatchObject({ balance: '10000' });
  });

  it('is left alone once it was released', async () => {
    await t.sql('UPDATE accounts SET released_at = now(), halted = true WHERE id = $1', [id]);
    expect(await run(id)).toBe('account-released');
    expect(calls(before)).toBe(1);
    expect(await due()).not.toContain(id);
  });
});

describe('a login that somebody has claimed first', () => {
  it('is bound to who stands there once the claim’s bridge is revoked, as long as nothing came of it', async () => {
    const login = '700700';
    const claimed = async () => {
      const userId = await makeUser(stage);
      const bridge = await running(userId, { login });
      const { id } = await makeAccount(stage, { userId, bridgeId: bridge.id, producerIds: [], fresh: true });
      return { id, bridge };
    };
    const [squatter, holder] = [await claimed(), await claimed()];
    expect(await run(squatter.id)).toBe('applied');
    expect(await run(holder.id)).toBe('bound-elsewhere');
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [squatter.bridge.id]);
    expect(await run(holder.id)).toBe('applied');
    expect(await readAccount(t.db, holder.id)).toMatchObject({ binding: { login }, released: false });
    expect(await readAccount(t.db, squatter.id)).toMatchObject({ released: true });
    const [audit] = await t.sql(
      `SELECT subject_id, actor_kind, detail FROM audit_log WHERE action = 'account.release'`,
    );
    expect(audit).toEqual({
      ...{ subject_id: squatter.id, actor_kind: 'system' },
      detail: { reason: 'abandoned', taken_over_by: holder.id },
    });
  });
});
