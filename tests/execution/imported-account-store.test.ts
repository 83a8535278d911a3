// An account without a bridge: a history and nothing else. Whatever drives accounts leaves it alone, by name.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dueAccounts } from '../../functions/reconciliation/due-account-store.ts';
import { reconcileAccount } from '../../functions/reconciliation/reconcile-account.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { makeBridge, makeProducer, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let userId: string;
let user: Asking;
let owner: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
  user = await askingAs(stage, userId, ['trading:read', 'trading:act', 'signals:read']);
  owner = await askingAs(stage, await makeUser(stage, 'owner'), ['trading:read', 'trading:act', 'admin']);
});
afterAll(() => t?.drop());

const ACCOUNTS = '/api/v1/accounts';
let names = 0;
const wanted = (over: Record<string, unknown> = {}) => {
  names += 1;
  return { name: `history ${names}`, currency: 'USD', margin_mode: 'hedging', ...over };
};
async function said(asked: Promise<Response>) {
  const answer = await asked;
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
const made = async (over: Record<string, unknown> = {}): Promise<string> =>
  (await said(user('POST', ACCOUNTS, wanted(over)))).body.id;

describe('an account without a bridge', () => {
  it('is added halted, in the currency and margin mode that are stated, and shown to its user', async () => {
    const { status, body } = await said(
      user('POST', ACCOUNTS, wanted({ margin_mode: 'netting', currency: 'EUR' })),
    );
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ user_id: userId, bridge_id: null, login: null, server: null, trade_mode: null, halted: true },
      ...{ currency: 'EUR', margin_mode: 'netting', connection: { state: 'never' } },
      entries: { taken: false, reason: 'account-halted' },
    });
    expect((await said(user('GET', `${ACCOUNTS}/${body.id}`))).body).toEqual(body);
    const { items } = (await said(user('GET', ACCOUNTS))).body;
    expect(items.map((a: { id: string }) => a.id)).toContain(body.id);
    expect(await t.sql('SELECT action FROM audit_log WHERE subject_id = $1', [body.id])).toEqual([
      { action: 'account.create' },
    ]);
    expect(stage.deps.sent).toEqual([]);
  });

  it('has a name of its own among its user’s, and another user may have the same', async () => {
    const body = wanted();
    expect((await said(user('POST', ACCOUNTS, body))).status).toBe(201);
    const again = await said(user('POST', ACCOUNTS, body));
    expect([again.status, again.body.detail]).toEqual([
      409,
      'you have an account without a bridge of this name already',
    ]);
    expect((await said(owner('POST', ACCOUNTS, body))).status).toBe(201);
  });

  it('is refused without what a broker would state, and with what only a trading one has', async () => {
    const pointers = async (body: Record<string, unknown>) => {
      const answer = await said(user('POST', ACCOUNTS, body));
      expect(answer.status).toBe(422);
      return answer.body.errors.map((e: { pointer: string }) => e.pointer);
    };
    expect(await pointers({ name: 'x' })).toEqual(['/currency', '/margin_mode']);
    expect(await pointers(wanted({ currency: 'usd' }))).toEqual(['/currency']);
    const producer = await makeProducer(stage, userId);
    expect(await pointers(wanted({ producer_ids: [producer.id] }))).toEqual(['/producer_ids']);
    const bridge = await makeBridge(stage, userId);
    const both = wanted({ bridge_id: bridge.id });
    expect(await pointers(both)).toEqual(['/currency', '/margin_mode']);
    expect(await pointers({ name: 'x', bridge_id: null })).toEqual(['/bridge_id']);
  });

  it('is never resumed, by anybody, and says why', async () => {
    const id = await made();
    const { status, body } = await said(owner('POST', `${ACCOUNTS}/${id}/resume`));
    expect([status, body.detail]).toEqual([
      409,
      'the account has no bridge: it holds an imported history alone, and never trades',
    ]);
    await expect(t.sql('UPDATE accounts SET halted = false WHERE id = $1', [id])).rejects.toThrow(
      /ck_accounts_imported/,
    );
  });

  it('is given no bridge later, nor a login', async () => {
    const id = await made();
    const bridge = await makeBridge(stage, userId);
    const { status, body } = await said(user('PATCH', `${ACCOUNTS}/${id}`, { bridge_id: bridge.id }));
    expect([status, body.detail]).toEqual([
      409,
      'the account holds an imported history alone: no bridge drives it',
    ]);
    const rows = await t.sql('SELECT bridge_id, next_bridge_id, version FROM accounts WHERE id = $1', [id]);
    expect(rows).toEqual([{ bridge_id: null, next_bridge_id: null, version: 0 }]);
    const other = await said(user('POST', ACCOUNTS, { name: 'driven', bridge_id: bridge.id }));
    expect(other.status).toBe(201);
  });

  it('may be renamed, halted again and asked for its orders; there is nothing to release', async () => {
    const id = await made();
    expect((await said(user('PATCH', `${ACCOUNTS}/${id}`, { name: 'other' }))).body.name).toBe('other');
    const halt = await said(user('POST', `${ACCOUNTS}/${id}/halt`, { withdraw_pending: true }));
    expect([halt.status, halt.body.halted]).toEqual([200, true]);
    expect(await stage.deps.drain()).toEqual([]);
    const release = await said(owner('POST', `${ACCOUNTS}/${id}/release`, { reason: 'x' }));
    expect([release.status, release.body.detail]).toEqual([
      409,
      'the account is bound to nothing that could be released',
    ]);
  });

  it('is left alone by the schedule, and a run that is asked for says so', async () => {
    const id = await made();
    const due = await dueAccounts(t.db, stage.deps.clock.nowMs(), { afterId: null, limit: 1_000 });
    expect(due.map((a) => a.id)).not.toContain(id);
    expect(await reconcileAccount(stage.deps, id)).toEqual({ accountId: id, outcome: 'account-imported' });
    const run = await said(user('POST', '/api/v1/reconciliation/runs', { account_id: id }));
    expect([run.status, run.body.outcome]).toEqual([200, 'account-imported']);
    expect(await t.sql('SELECT * FROM reconciliation_runs WHERE account_id = $1', [id])).toEqual([]);
  });

  it('has the candles that were imported, and asks nobody for others', async () => {
    await makeProducer(stage, userId);
    const id = await made();
    const window = 'instrument=XAUUSD&timeframe=H1&from=2026-03-02T00:00:00Z&to=2026-03-02T03:00:00Z';
    const { status, body } = await said(user('GET', `/api/v1/candles?${window}&account_id=${id}`));
    expect([status, body.detail]).toEqual([503, expect.stringContaining('(no-bridge)')]);
    expect(stage.deps.calls.outbound).toBe(0);
  });
});
