// An older database under a live broker: what a restore from a backup leaves behind, and how it is noticed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listSuspicions } from '../../functions/execution/epoch-suspicion-store.ts';
import { GIVEN_IN_DOUBT } from '../../functions/execution/restore-epoch.ts';
import { raiseEpoch } from '../../functions/execution/restore-epoch-store.ts';
import { withClient } from '../support/database-server.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { auditOf, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';

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

const executions = () => after.book().journal.reduce((n, row) => n + row.executed, 0);
const magicsAtBroker = () => after.book().accounts.flatMap((a) => a.deals.map((p) => p['magic']));
const held = () => after.book().accounts.flatMap((a) => a.positions.map((p) => p['identifier']));
const divergences = () =>
  older.sql(`SELECT broker_key, status FROM divergences WHERE code = 'EPOCH_BEHIND' ORDER BY detected_at`);
const suspected = async () => (await listSuspicions(older.db)).map((s) => s.magic);

describe('a database that is older than what happened at the broker', () => {
  it('takes no entries on the account from its first snapshot on, with one divergence and one alert', async () => {
    expect(await suspected()).toEqual([]);
    const { command } = await after.approve();
    // Nobody can know yet: the account has just been reconciled, as far as this database says.
    const early = command;
    await after.reconcile();
    await after.reconcile();
    expect(await suspected()).toEqual([lost.at(-1)]);
    expect(await divergences()).toEqual([{ broker_key: 'epoch 0', status: 'open' }]);
    const alerts = await older.sql(`SELECT detail FROM alerts WHERE kind = 'epoch-suspected'`);
    expect(alerts).toMatchObject([{ detail: { magic: lost.at(-1), suspicion: 'epoch 0' } }]);
    // The bridge refuses a number that it knows from another command, and that one's position is not taken for ours.
    expect(early).toMatchObject({ state: 'failed', reason: 'magic_in_use' });
    expect(executions()).toBe(3);
  });

  it('makes no entry then: it is refused by name, and nothing reaches the broker', async () => {
    const { command, signalId } = await after.approve();
    expect(command).toBeUndefined();
    expect(
      await older.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]),
    ).toEqual([{ status: 7, refusal: 'epoch-behind' }]);
    expect(executions()).toBe(3);
  });

  it('closes all the same, under a number that no broker can know of', async () => {
    const before = held();
    after.deps.clock.advance(1_000);
    const close = await storeSignal(after, after.desk.producer.id, { intent: 'close', side: 'sell' });
    const { command } = await after.approve(close.id);
    expect(command).toMatchObject({ kind: 'close', state: 'done' });
    const number = BigInt(String(command?.['magic'])) >> 4n;
    expect(number & GIVEN_IN_DOUBT).toBe(GIVEN_IN_DOUBT);
    // What was opened before the backup is closed; what these books do not know of is left alone.
    expect(held()).toEqual(before.slice(1));
    await after.reconcile();
    expect(await suspected(), 'and is no new suspicion').toEqual([lost.at(-1)]);
    const magics = magicsAtBroker();
    expect(new Set(magics).size).toBe(magics.length);
  });

  it('goes on after a person has raised the epoch, with magics that no broker has seen', async () => {
    const audit = auditOf(after.deps, 'restore-epoch', 'restore-epoch.raise');
    expect(await raiseEpoch(older.db, 0, audit)).toEqual({ kind: 'raised', epoch: 1 });
    expect(await suspected()).toEqual([]);
    expect(await divergences()).toEqual([{ broker_key: 'epoch 0', status: 'resolved' }]);
    expect(await older.sql('SELECT action FROM audit_log WHERE id = $1', [audit.id])).toEqual([
      { action: 'restore-epoch.raise' },
    ]);
    await after.reconcile();
    expect(await suspected(), 'what the broker knows is behind us now').toEqual([]);
    const before = executions();
    const { command } = await after.approve();
    expect(command).toMatchObject({ state: 'done' });
    expect(BigInt(String(command?.['magic'])) > BigInt(lost.at(-1) ?? 0)).toBe(true);
    const magics = magicsAtBroker();
    expect(new Set(magics).size).toBe(magics.length);
    expect(executions()).toBe(before + 1);
  });
});

describe('a raise', () => {
  const row = async () => (await older.sql('SELECT * FROM deployment'))[0];
  const raise = (expected: number, subject = 'x') =>
    raiseEpoch(older.db, expected, auditOf(after.deps, subject));

  it('ends the epoch that was named, once, however many raise it at a time, and is in the audit as often', async () => {
    await older.sql('UPDATE deployment SET magic_epoch = 20');
    const audits = () => older.sql(`SELECT 1 FROM audit_log WHERE subject_id = 'raced'`);
    const holder = await older.connect('owner');
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM deployment FOR UPDATE');
    const clicks = Promise.all(Array.from({ length: 12 }, () => raise(20, 'raced')));
    await untilBlocked(older, 12);
    await holder.query('COMMIT');
    const ends = await clicks;
    expect(ends.filter((e) => e.kind === 'raised')).toEqual([{ kind: 'raised', epoch: 21 }]);
    expect(ends.filter((e) => e.kind === 'other-epoch')).toEqual(
      Array(11).fill({ kind: 'other-epoch', epoch: 21 }),
    );
    for (const other of [20, 22])
      expect(await raise(other, 'raced')).toEqual({ kind: 'other-epoch', epoch: 21 });
    expect((await audits()).length).toBe(1);
  });

  it('has no epoch after the last, and says so', async () => {
    await older.sql('UPDATE deployment SET magic_epoch = 255');
    expect(await raise(255)).toEqual({ kind: 'exhausted' });
    expect(await raise(254)).toEqual({ kind: 'other-epoch', epoch: 255 });
    expect((await row())?.['magic_epoch']).toBe(255);
  });
});
