// An older database under a live broker: what a restore from a backup leaves behind, and how it is noticed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freezeCommands, raiseEpoch } from '../../functions/execution/restore-epoch-store.ts';
import { readReadiness } from '../../functions/reconciliation/reconciliation-store.ts';
import { withClient } from '../support/database-server.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { auditOf } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let live: TestDatabase;
let older: TestDatabase;
let before: DeskAtSimulator;
let after: DeskAtSimulator;
let lost: string[];

/** Trades once, is backed up, trades twice more, and is then replaced by the backup. */
beforeAll(async () => {
  live = await createTestDatabase();
  before = await DeskAtSimulator.make(live);
  await before.reconcile();
  expect((await before.approve()).command).toMatchObject({ state: 'done' });
  await withClient(live.superuserUrl.replace(live.name, 'postgres'), (c) =>
    c.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [live.name]),
  );
  older = await createTestDatabase({ template: live.name });
  lost = [];
  for (let n = 0; n < 2; n += 1) {
    const { command } = await before.approve();
    expect(command).toMatchObject({ state: 'done' });
    lost.push(String(command?.['magic']));
  }
  after = await before.over(older);
});
afterAll(async () => {
  await older?.drop();
  await live?.drop();
});

const nowMs = () => after.deps.clock.nowMs();
const frozen = async () => (await readReadiness(older.db)).frozen;
const executions = () => after.book().journal.reduce((n, row) => n + row.executed, 0);
const magicsAtBroker = () => after.book().accounts.flatMap((a) => a.positions.map((p) => p['magic']));
const divergences = () =>
  older.sql(`SELECT broker_key, status FROM divergences WHERE code = 'EPOCH_BEHIND' ORDER BY detected_at`);

describe('a database that is older than what happened at the broker', () => {
  it('freezes every command from its first snapshot on, with one divergence and one alert', async () => {
    expect(await frozen()).toBe(false);
    const { command } = await after.approve();
    // Nobody can know yet: the account has just been reconciled, as far as this database says.
    const early = command;
    await after.reconcile();
    await after.reconcile();
    expect(await frozen()).toBe(true);
    expect(await divergences()).toEqual([{ broker_key: 'epoch 0', status: 'open' }]);
    const alerts = await older.sql(`SELECT detail FROM alerts WHERE kind = 'epoch-behind'`);
    expect(alerts).toEqual([{ detail: { account: after.desk.account.id, magic: lost.at(-1) } }]);
    // The bridge refuses a number that it knows from another command, and that one's position is not taken for ours.
    expect(early).toMatchObject({ state: 'failed', reason: 'magic_in_use' });
    expect(executions()).toBe(3);
  });

  it('makes no command while frozen: an entry is refused by name, and nothing reaches the broker', async () => {
    const { command, signalId } = await after.approve();
    expect(command).toBeUndefined();
    expect(
      await older.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]),
    ).toEqual([{ status: 7, refusal: 'epoch-behind' }]);
    expect(executions()).toBe(3);
  });

  it('goes on after a person has raised the epoch, with magics that no broker has seen', async () => {
    const audit = auditOf(after.deps, 'restore-epoch', 'restore-epoch.raise');
    expect(await raiseEpoch(older.db, audit)).toBe(1);
    expect(await frozen()).toBe(false);
    expect(await divergences()).toEqual([{ broker_key: 'epoch 0', status: 'resolved' }]);
    expect(await older.sql('SELECT action FROM audit_log WHERE id = $1', [audit.id])).toEqual([
      { action: 'restore-epoch.raise' },
    ]);
    await after.reconcile();
    expect(await frozen(), 'what the broker knows is behind us now').toBe(false);
    const { command } = await after.approve();
    expect(command).toMatchObject({ state: 'done' });
    expect(BigInt(String(command?.['magic'])) > BigInt(lost.at(-1) ?? 0)).toBe(true);
    const magics = magicsAtBroker();
    expect(new Set(magics).size).toBe(magics.length);
    expect(executions()).toBe(4);
  });
});

describe('the freeze', () => {
  const freeze = (magic: bigint) => {
    const ids = { id: after.deps.ids.next(), eventId: after.deps.ids.next() };
    return freezeCommands(
      older.db,
      { accountId: after.desk.account.id, magic: String(magic), nowMs: nowMs() },
      ids,
    );
  };
  const [row] = [async () => (await older.sql('SELECT * FROM deployment'))[0]];

  it('does not come of a magic that we have given, and raising goes beyond the highest seen', async () => {
    const namespace = BigInt(String((await row())?.['magic_namespace']));
    const magic = (epoch: bigint, n: bigint) => (namespace << 40n) | (epoch << 32n) | (n << 4n);
    const [given] = await older.sql(`SELECT nextval('command_number') AS n`);
    await freeze(magic(1n, BigInt(String(given?.['n']))));
    expect(await frozen()).toBe(false);
    expect(await freeze(magic(9n, 1n))).toBe(true);
    expect(await freeze(magic(5n, 1n)), 'once for each epoch').toBe(false);
    expect(await raiseEpoch(older.db, auditOf(after.deps, 'x'))).toBe(10);
    expect(await freeze(magic(11n, 1n))).toBe(true);
    const givenUp = async (intent: string) => {
      const id = after.deps.ids.next();
      await older.sql(
        `WITH q AS (SELECT id FROM approvals LIMIT 1), u AS (UPDATE approvals SET terms = terms || $2 FROM q WHERE approvals.id = q.id)
         INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts, dead_at)
         SELECT $1, 'approval.approved', jsonb_build_object('approval_id', q.id), now(), now(), 12, now() FROM q`,
        [id, JSON.stringify({ intent })],
      );
      return id;
    };
    const standing = async (id: string) =>
      (await older.sql('SELECT attempts, dead_at IS NOT NULL AS dead FROM outbox WHERE id = $1', [id]))[0];
    const entry = await givenUp('open');
    expect(await raiseEpoch(older.db, auditOf(after.deps, 'x'))).toBe(12);
    expect(await standing(entry), 'an entry given up on stays so').toEqual({ attempts: 12, dead: true });
    const close = await givenUp('close');
    expect(await raiseEpoch(older.db, auditOf(after.deps, 'x'))).toBe(13);
    expect(await standing(close), 'a close that waited too long is worked again').toEqual({
      attempts: 0,
      dead: false,
    });
    await older.sql('UPDATE deployment SET magic_epoch = 255');
    expect(await raiseEpoch(older.db, auditOf(after.deps, 'x'))).toBeNull();
  });
});
