// What brokers show that these books do not know: whom it stops, whom it makes wait, and how an owner ends it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readAccount } from '../../functions/execution/account-store.ts';
import {
  dismissSuspicion,
  listSuspicions,
  suspectRestore,
} from '../../functions/execution/epoch-suspicion-store.ts';
import { isPlausible } from '../../functions/execution/restore-epoch.ts';
import { raiseEpoch } from '../../functions/execution/restore-epoch-store.ts';
import { readReadiness } from '../../functions/reconciliation/reconciliation-store.ts';
import { auditOf, makeAccount, makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let namespace: bigint;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  namespace = BigInt(Number((await t.sql('SELECT magic_namespace FROM deployment'))[0]?.['magic_namespace']));
});
afterAll(() => t?.drop());
beforeEach(async () => {
  await t.sql(`UPDATE accounts SET epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_witness = false,
    epoch_dismissed = '{}', epoch_doubts = 0`);
  await t.sql(
    'UPDATE deployment SET magic_epoch = 0, epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_doubts = 0',
  );
  for (const table of ['divergences', 'alert_deliveries', 'alerts']) await t.sql(`DELETE FROM ${table}`);
  await t.sql(`SELECT setval('command_number', 1000)`);
});

const magic = (epoch: bigint, n: bigint): string => String((namespace << 40n) | (epoch << 32n) | (n << 4n));
const PLAUSIBLE = () => magic(0n, 1_007n);
const ABSURD = () => magic(255n, 1n);

async function account(userId?: string): Promise<{ id: string; userId: string }> {
  const user = userId ?? (await makeUser(stage));
  const bridge = await makeBridge(stage, user);
  const made = await makeAccount(stage, { userId: user, bridgeId: bridge.id, producerIds: [] });
  return { id: made.id, userId: user };
}
const ids = () => ({ id: stage.deps.ids.next(), eventId: stage.deps.ids.next() });
/** What a reconciliation does that finds this magic. */
async function shows(accountId: string, shown: string, lastNumber = 1_000n): Promise<number> {
  const found = await readAccount(t.db, accountId);
  const plausible = isPlausible(shown, lastNumber);
  const testifies = plausible && found?.epoch.trusted === true && found.epoch.dismissed.length === 0;
  const seen = { accountId, magic: shown, plausible, testifies, nowMs: stage.deps.clock.nowMs() };
  return (await suspectRestore(t.db, seen, { account: ids(), deployment: ids() })).length;
}
const standing = async (id: string) => (await readAccount(t.db, id))?.epoch;
const row = async () => (await t.sql('SELECT * FROM deployment'))[0];
const frozen = async () => (await readReadiness(t.db)).frozen;
const divergences = (id: string) =>
  t.sql('SELECT broker_key, status FROM divergences WHERE account_id = $1 ORDER BY broker_key', [id]);
const alerts = async () => (await t.sql('SELECT kind FROM alerts ORDER BY kind')).map((r) => r['kind']);
const dismiss = (accountId: string, shown: string) =>
  dismissSuspicion(
    t.db,
    { accountId, magic: shown },
    auditOf(stage.deps, accountId, 'restore-epoch.dismiss'),
  );

describe('what one account’s broker shows', () => {
  it('stops that account, with one divergence and one alert, and makes the others wait to be heard', async () => {
    const [one, other] = [await account(), await account()];
    expect(await shows(one.id, PLAUSIBLE())).toBe(1);
    expect(await shows(one.id, magic(0n, 1_009n)), 'more of the same').toBe(0);
    expect(await standing(one.id)).toMatchObject({ behind: magic(0n, 1_009n), dismissed: [] });
    expect(await standing(other.id)).toEqual({ behind: null, unproven: true, dismissed: [], trusted: true });
    expect(await frozen()).toBe(false);
    expect(await divergences(one.id)).toEqual([{ broker_key: 'epoch 0', status: 'open' }]);
    expect(await alerts()).toEqual(['epoch-suspected']);
    expect(await listSuspicions(t.db)).toEqual([
      {
        ...{ accountId: one.id, userId: one.userId, magic: magic(0n, 1_009n), witness: true },
        sinceMs: stage.deps.clock.nowMs(),
      },
    ]);
  });

  it('is nothing where the number has been given meanwhile', async () => {
    const one = await account();
    await t.sql(`SELECT setval('command_number', 1007)`);
    expect(await shows(one.id, PLAUSIBLE())).toBe(0);
    expect(await standing(one.id)).toMatchObject({ behind: null });
  });

  it('is its own affair where it cannot be true, or nobody has let it trade: nobody else waits', async () => {
    const [absurd, untrusted, other] = [await account(), await account(), await account()];
    await t.sql('UPDATE accounts SET trusted_at = NULL, halted = true WHERE id = $1', [untrusted.id]);
    // Whoever holds the deployment's row is not waited for: such a bridge may come as often as it likes.
    const holder = await t.connect('owner');
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM deployment FOR UPDATE');
    expect(await shows(absurd.id, ABSURD())).toBe(1);
    expect(await shows(untrusted.id, PLAUSIBLE())).toBe(1);
    await holder.query('ROLLBACK');
    for (const { id } of [absurd, untrusted]) {
      expect((await standing(id))?.behind).not.toBeNull();
      expect(await divergences(id)).toEqual([{ broker_key: 'epoch 0', status: 'open' }]);
    }
    expect(await standing(other.id)).toMatchObject({ behind: null, unproven: false });
    expect([await frozen(), (await row())?.['epoch_doubts']]).toEqual([false, 0]);
    expect((await listSuspicions(t.db)).map((s) => s.witness)).toEqual([false, false]);
  });
});

describe('whether an account’s word counts for others', () => {
  it.each([
    ['nobody trusts it', 'trusted_at = NULL, halted = true'],
    ['it was a false witness', 'epoch_dismissed = ARRAY[1::bigint]'],
  ])('is judged by the statement itself: not where %s, whatever was read before', async (_what, change) => {
    const [one, other] = [await account(), await account()];
    await t.sql(`UPDATE accounts SET ${change} WHERE id = $1`, [one.id]);
    const nowMs = stage.deps.clock.nowMs();
    const seen = { accountId: one.id, magic: PLAUSIBLE(), plausible: true, testifies: true, nowMs };
    await suspectRestore(t.db, seen, { account: ids(), deployment: ids() });
    expect(await standing(one.id)).toMatchObject({ behind: PLAUSIBLE() });
    expect(await standing(other.id)).toMatchObject({ unproven: false });
    expect((await listSuspicions(t.db)).map((s) => s.witness)).toEqual([false]);
  });
});

describe('what two accounts’ brokers show', () => {
  it('stops everybody where they are two users’, and only then', async () => {
    const [one, two] = [await account(), await account()];
    const sibling = await account(one.userId);
    await shows(one.id, PLAUSIBLE());
    await shows(sibling.id, magic(0n, 1_008n));
    expect(await frozen(), 'two accounts of one user').toBe(false);
    expect(await shows(two.id, magic(1n, 1_020n)), 'with an alert of its own').toBe(2);
    expect(await frozen()).toBe(true);
    expect(await alerts()).toEqual(['epoch-behind', ...Array(3).fill('epoch-suspected')]);
    expect((await row())?.['epoch_behind_magic']).toBe(magic(1n, 1_020n));
  });

  it('stops everybody though both come at once', async () => {
    const both = [await account(), await account()];
    const holder = await t.connect('owner');
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM deployment FOR UPDATE');
    const shown = Promise.all(both.map(({ id }) => shows(id, PLAUSIBLE())));
    await untilBlocked(t, 2);
    await holder.query('COMMIT');
    expect((await shown).sort()).toEqual([1, 2]);
    expect([await frozen(), (await row())?.['epoch_doubts']]).toEqual([true, 2]);
  });

  it('stops nobody else where the word of one does not count', async () => {
    const [one, two] = [await account(), await account()];
    await t.sql('UPDATE accounts SET trusted_at = NULL, halted = true WHERE id = $1', [two.id]);
    await shows(one.id, PLAUSIBLE());
    await shows(two.id, PLAUSIBLE());
    await shows((await account()).id, ABSURD());
    expect(await frozen()).toBe(false);
  });
});

describe('an owner’s word', () => {
  it('sets the account free, by the magic that was judged, once and with its audit row', async () => {
    const one = await account();
    expect(await dismiss(one.id, PLAUSIBLE())).toEqual({ kind: 'no-suspicion' });
    await shows(one.id, PLAUSIBLE());
    expect(await dismiss(one.id, ABSURD())).toEqual({ kind: 'other-magic', magic: PLAUSIBLE() });
    expect(await dismiss(one.id, PLAUSIBLE())).toEqual({ kind: 'dismissed' });
    expect(await dismiss(one.id, PLAUSIBLE())).toEqual({ kind: 'no-suspicion' });
    expect(await standing(one.id)).toMatchObject({ behind: null, dismissed: [PLAUSIBLE()] });
    expect(await divergences(one.id)).toEqual([{ broker_key: 'epoch 0', status: 'resolved' }]);
    const audit = await t.sql(
      `SELECT 1 FROM audit_log WHERE subject_id = $1 AND action LIKE 'restore-epoch%'`,
      [one.id],
    );
    expect(audit.length).toBe(1);
  });

  it('takes the account’s word for others away: it may be a false witness once', async () => {
    const [one, two, other] = [await account(), await account(), await account()];
    await shows(one.id, PLAUSIBLE());
    await dismiss(one.id, PLAUSIBLE());
    await t.sql('UPDATE accounts SET epoch_doubts = 1');
    expect(await shows(one.id, magic(0n, 1_050n))).toBe(1);
    expect(await divergences(one.id)).toEqual([
      { broker_key: 'epoch 0', status: 'resolved' },
      { broker_key: 'epoch 0, after 1 dismissed', status: 'open' },
    ]);
    expect(await standing(other.id), 'nobody waits again').toMatchObject({ unproven: false });
    await shows(two.id, PLAUSIBLE());
    expect(await frozen(), 'nor does it prove anything together with another').toBe(false);
  });

  it('lets all go where no two users’ accounts prove a restore any more', async () => {
    const [one, two, three] = [await account(), await account(), await account()];
    for (const { id } of [one, two, three]) await shows(id, PLAUSIBLE());
    await dismiss(one.id, PLAUSIBLE());
    expect(await frozen()).toBe(true);
    await dismiss(two.id, PLAUSIBLE());
    expect(await frozen()).toBe(false);
    expect(await standing(three.id), 'who shows one himself is not let go with them').toMatchObject({
      behind: PLAUSIBLE(),
    });
  });

  it('waits for a witness that is just being written, and then lets nobody go', async () => {
    const [one, two, three] = [await account(), await account(), await account()];
    for (const { id } of [one, two]) await shows(id, PLAUSIBLE());
    const holder = await t.connect('owner');
    await holder.query('BEGIN');
    await holder.query(
      'UPDATE accounts SET epoch_behind_at = now(), epoch_behind_magic = $2, epoch_witness = true WHERE id = $1',
      [three.id, PLAUSIBLE()],
    );
    await holder.query('UPDATE deployment SET epoch_doubts = epoch_doubts + 1');
    const dismissed = dismiss(one.id, PLAUSIBLE());
    await untilBlocked(t);
    await holder.query('COMMIT');
    expect(await dismissed).toEqual({ kind: 'dismissed' });
    expect(await frozen()).toBe(true);
  });

  it('lifts nothing that was not of its making', async () => {
    const one = await account();
    await t.sql('UPDATE deployment SET epoch_behind_at = now(), epoch_behind_magic = 1');
    await dismiss(one.id, PLAUSIBLE());
    expect(await frozen()).toBe(true);
  });
});

describe('a new epoch', () => {
  const raise = (expected: number) => raiseEpoch(t.db, expected, auditOf(stage.deps, 'raised'));

  it('begins beyond all that may have been given, and ends every suspicion that it leaves behind', async () => {
    const [one, two, absurd] = [await account(), await account(), await account()];
    await shows(one.id, PLAUSIBLE());
    await shows(two.id, magic(1n, 1_020n));
    await shows(absurd.id, ABSURD());
    expect(await raise(0)).toEqual({ kind: 'raised', epoch: 2 });
    expect(await frozen()).toBe(false);
    for (const { id } of [one, two]) {
      expect(await standing(id)).toMatchObject({ behind: null });
      expect(await divergences(id)).toEqual([{ broker_key: 'epoch 0', status: 'resolved' }]);
    }
    expect(await standing(absurd.id), 'what lies beyond even that is to be dismissed').toMatchObject({
      behind: ABSURD(),
    });
    expect(await divergences(absurd.id)).toEqual([{ broker_key: 'epoch 0', status: 'open' }]);
  });

  it('gives a false witness his word back, but not for what he still shows', async () => {
    const [one, absurd] = [await account(), await account()];
    await shows(one.id, PLAUSIBLE());
    await shows(absurd.id, ABSURD());
    await dismiss(one.id, PLAUSIBLE());
    await dismiss(absurd.id, ABSURD());
    await raise(0);
    expect((await standing(one.id))?.dismissed).toEqual([]);
    expect((await standing(absurd.id))?.dismissed).toEqual([ABSURD()]);
  });
});
