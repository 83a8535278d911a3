import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noteContact } from '../../functions/bridge/contact-store.ts';
import { readAccount } from '../../functions/execution/account-store.ts';
import { presentAccount } from '../../functions/execution/present-account.ts';
import { dueAccounts } from '../../functions/reconciliation/due-account-store.ts';
import { makeAccount, makeBridge, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let accountId: string;
let bridgeId: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  deps = testDeps(t);
  const userId = await makeUser({ t, deps });
  bridgeId = (await makeBridge({ t, deps }, userId)).id;
  accountId = (await makeAccount({ t, deps }, { userId, bridgeId, producerIds: [] })).id;
});

const note = (outcome: string, agoMs = 0) =>
  noteContact(
    t.db,
    { accountId, bridgeId, outcome, nowMs: deps.clock.nowMs() - agoMs },
    { id: deps.ids.next(), eventId: deps.ids.next() },
  );
const connection = async () => {
  const account = await readAccount(t.db, accountId);
  return account && presentAccount(account, deps.clock.nowMs()).connection;
};
const due = async () =>
  (await dueAccounts(t.db, deps.clock.nowMs(), { afterId: null, limit: 100 })).find(
    (a) => a.id === accountId,
  );
const scheduled = async () => (await due()) !== undefined;

describe('the connection of an account', () => {
  it('is never before the first call, and still after calls that nobody answered', async () => {
    expect(await connection()).toEqual({
      ...{ state: 'never', last_contact_at: null, last_outcome: null, failures: 0, next_contact_at: null },
    });
    await note('bridge-timeout');
    expect(await connection()).toMatchObject({ state: 'never', last_outcome: 'bridge-timeout', failures: 1 });
  });

  it.each(['account-mismatch', 'bound-elsewhere', 'terminal-disconnected'])(
    'keeps %s while nobody answers: silence does not mend it, the next answer does',
    async (outcome) => {
      await note(outcome);
      await note('bridge-timeout');
      expect(await connection()).toMatchObject({ last_outcome: outcome, failures: 1 });
      await note('applied');
      await note('bridge-timeout');
      expect(await connection()).toMatchObject({ last_outcome: 'bridge-timeout', state: 'connected' });
    },
  );

  it('goes from connected over delayed to silent while nobody answers, and back with the first answer', async () => {
    await note('applied');
    expect(await connection()).toMatchObject({ state: 'connected', failures: 0 });
    deps.clock.advance(16_000);
    await note('bridge-unreachable');
    expect(await connection()).toMatchObject({ state: 'delayed', failures: 1 });
    deps.clock.advance(45_000);
    expect(await connection()).toMatchObject({
      state: 'silent',
      last_contact_at: '2026-03-02T10:00:00.000Z',
    });
    await note('snapshot-stale');
    expect(await connection()).toMatchObject({
      state: 'connected',
      failures: 0,
      last_outcome: 'snapshot-stale',
    });
  });

  it('is not put back by what comes late', async () => {
    await note('applied');
    await note('bridge-timeout', 5_000);
    expect(await connection()).toMatchObject({ last_outcome: 'applied', failures: 0 });
  });
});

describe('the schedule', () => {
  it('leaves a bridge alone after the third failure in a row, and comes back', async () => {
    expect(await scheduled()).toBe(true);
    for (const failures of [1, 2]) {
      await note('bridge-unreachable');
      deps.clock.advance(1);
      expect(await scheduled(), `${failures} failures`).toBe(true);
    }
    await note('bridge-unreachable');
    deps.clock.advance(89_999);
    expect(await scheduled()).toBe(false);
    deps.clock.advance(1);
    expect(await scheduled()).toBe(true);
    await note('bridge-unreachable');
    deps.clock.advance(149_999);
    expect(await scheduled()).toBe(false);
    await note('applied');
    expect(await scheduled(), 'an answer on another occasion ends it').toBe(true);
  });
});

describe('a terminal in another account', () => {
  const alerts = () => t.sql(`SELECT kind, user_id, detail FROM alerts WHERE subject_id = $1`, [accountId]);

  it('raises an alert to the account’s user, once for each time it turns', async () => {
    await note('applied');
    expect(await note('account-mismatch')).toBe(true);
    expect(await note('account-mismatch')).toBe(false);
    deps.clock.advance(60_000);
    expect(await note('account-mismatch')).toBe(false);
    expect(await connection()).toMatchObject({ state: 'mismatch' });
    expect(await alerts()).toMatchObject([
      { kind: 'account-mismatch', user_id: expect.any(String), detail: { account: 'An account' } },
    ]);
    await note('applied');
    deps.clock.advance(60_000);
    expect(await note('account-mismatch')).toBe(true);
    expect(await alerts()).toHaveLength(2);
  });

  it('is heard of by an event in the same commit', async () => {
    await note('bound-elsewhere');
    expect(
      await t.sql(
        `SELECT o.topic FROM alerts a JOIN outbox o ON o.id = a.event_id AND o.payload->>'alert_id' = a.id::text
         WHERE a.subject_id = $1`,
        [accountId],
      ),
    ).toEqual([{ topic: 'alert.raised' }]);
  });
});
