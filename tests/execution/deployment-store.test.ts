// The halt of the whole deployment: whose it is, what it stops from its commit on, and what it never stops.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeLease } from '../../functions/execution/account-lease-store.ts';
import { refuseUnsendable, sendNext } from '../../functions/execution/command-queue-store.ts';
import { liftHalt, readDeployment, storeHalt } from '../../functions/execution/deployment-store.ts';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import {
  approveSignal,
  auditOf,
  makeDesk,
  makeUser,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { type Desk, madeCommand } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  await t.sql(
    'UPDATE deployment SET halted = false, halted_at = NULL, halted_by = NULL, halt_reason = NULL, withdraw_pending = false',
  );
  await t.sql('TRUNCATE alert_deliveries, alerts');
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
});
afterAll(() => t?.drop());

const halt = (userId = desk.userId, reason = 'a flood of bad prices', withdrawPending = false) => {
  const { deps } = stage;
  const alert = { id: deps.ids.next(), eventId: deps.ids.next() };
  return storeHalt(
    t.db,
    { userId, reason, withdrawPending },
    alert,
    auditOf(deps, userId, 'deployment.halt'),
  );
};
const resume = () => liftHalt(t.db, auditOf(stage.deps, desk.userId, 'deployment.resume'));
const auditsOf = async (action: string) =>
  (await t.sql('SELECT 1 FROM audit_log WHERE action = $1 AND subject_id = $2', [action, desk.userId]))
    .length;
const alerts = () =>
  t.sql(`SELECT id, user_id, detail, event_id FROM alerts WHERE kind = 'deployment-halted'`);

describe('the halt', () => {
  it('has working orders taken back where somebody said so, until it is lifted', async () => {
    expect((await halt()).deployment.withdrawPending).toBe(false);
    expect((await halt(desk.userId, 'them too', true)).deployment.withdrawPending).toBe(true);
    expect((await halt()).deployment.withdrawPending, 'nobody takes that back').toBe(true);
    expect((await resume()).withdrawPending).toBe(false);
    expect((await halt()).deployment.withdrawPending).toBe(false);
  });

  it('says since when, by whom and why, and is told as the deployment’s alert, in one commit with its audit row', async () => {
    expect(await readDeployment(t.db)).toMatchObject({ halted: false, halt: null, epochBehindMs: null });
    const { deployment, told } = await halt();
    const facts = { sinceMs: START_MS, userId: desk.userId, reason: 'a flood of bad prices' };
    expect(deployment).toMatchObject({ halted: true, halt: facts });
    expect(await readDeployment(t.db)).toEqual(deployment);
    expect([told, await auditsOf('deployment.halt')]).toEqual([true, 1]);
    const [alert, ...more] = await alerts();
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      user_id: null,
      detail: { by: 'A user', reason: 'a flood of bad prices' },
    });
    const event = await t.sql('SELECT topic, payload FROM outbox WHERE id = $1', [alert?.['event_id']]);
    expect(event).toEqual([{ topic: 'alert.raised', payload: { alert_id: alert?.['id'] } }]);
  });

  it('stays the first one’s however many come, each in the audit, and is told once', async () => {
    const first = await halt();
    stage.deps.clock.advance(60_000);
    const other = await makeUser(stage, 'admin');
    const ends = await Promise.all(Array.from({ length: 12 }, () => halt(other, 'another reason')));
    for (const { deployment, told } of ends) expect([deployment, told]).toEqual([first.deployment, false]);
    const audits = await t.sql(
      `SELECT 1 FROM audit_log WHERE action = 'deployment.halt' AND subject_id = $1`,
      [other],
    );
    expect([audits.length, (await alerts()).length]).toEqual([12, 1]);
  });

  it('of many at once is one’s, whole, and told once', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => makeUser(stage, 'admin')));
    const ends = await Promise.all(people.map((id) => halt(id, `reason of ${id}`)));
    expect(ends.filter(({ told }) => told).length).toBe(1);
    const { halt: facts } = await readDeployment(t.db);
    expect(facts?.reason).toBe(`reason of ${facts?.userId}`);
    expect((await alerts()).map((a) => a['detail'])).toEqual([{ by: 'A user', reason: facts?.reason }]);
  });

  it('is lifted, also twice, and told again when it comes again', async () => {
    await halt();
    const lifted = await resume();
    expect(lifted).toMatchObject({ halted: false, halt: null });
    expect(await resume()).toEqual(lifted);
    expect(await auditsOf('deployment.resume')).toBe(2);
    stage.deps.clock.advance(1);
    expect((await halt()).told).toBe(true);
    expect((await alerts()).length).toBe(2);
  });

  it('that was set by hand has nobody’s name, until somebody halts as well', async () => {
    await t.sql('UPDATE deployment SET halted = true');
    expect(await readDeployment(t.db)).toMatchObject({ halted: true, halt: null });
    const { deployment, told } = await halt();
    expect([deployment.halt?.userId, told]).toEqual([desk.userId, true]);
  });

  it('leaves the restore epoch and its freeze as they are', async () => {
    const at = isoTime(START_MS);
    await t.sql('UPDATE deployment SET epoch_behind_at = $1, epoch_behind_magic = 1, magic_epoch = 7', [at]);
    const frozen = { epoch: 7, epochBehindMs: START_MS };
    expect((await halt()).deployment).toMatchObject(frozen);
    expect(await resume()).toMatchObject(frozen);
    await t.sql('UPDATE deployment SET epoch_behind_at = NULL, epoch_behind_magic = NULL, magic_epoch = 0');
  });
});

describe('while the deployment is halted', () => {
  const approved = async () => {
    const { id } = await storeSignal(stage, desk.producer.id);
    return { signalId: id, ...(await approveSignal(stage, id, desk.userId)) };
  };
  const commandsOf = async ({ approval }: Awaited<ReturnType<typeof approved>>) =>
    (await t.sql('SELECT 1 FROM commands WHERE approval_id = $1', [approval.id])).length;

  it('no approval becomes an entry: it is refused by name', async () => {
    const a = await approved();
    await halt();
    await consume(stage.deps, [{ kind: 'outbox', id: a.eventId }]);
    expect(await commandsOf(a)).toBe(0);
    expect(await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [a.signalId])).toEqual([
      { status: 7, refusal: 'deployment-halted' },
    ]);
  });

  it('no entry is sent that was made before, and closes are; afterwards entries are again', async () => {
    const [entry, close] = [
      await madeCommand(stage, desk),
      await madeCommand(stage, desk, { kind: 'close', symbol: 'EURUSD' }),
    ];
    const nowMs = stage.deps.clock.nowMs();
    const lease = await takeLease(t.db, desk.account.id, nowMs);
    if (lease === null) throw new Error('the lease is held');
    const next = async () => (await sendNext(t.db, lease, nowMs))?.id;
    await halt();
    expect([await next(), await next()]).toEqual([close.id, undefined]);
    expect(await refuseUnsendable(t.db, lease, nowMs)).toBe(1);
    expect(await t.sql('SELECT state, reason FROM commands WHERE id = $1', [entry.id])).toEqual([
      { state: 'failed', reason: 'deployment-halted' },
    ]);
    await resume();
    const later = await madeCommand(stage, desk);
    expect(await next()).toBe(later.id);
  });

  it('nothing is made after the halt has been committed, whatever was under way', async () => {
    for (let round = 0; round < 5; round += 1) {
      const all = await Promise.all(Array.from({ length: 6 }, approved));
      const under = Promise.all(all.map((a) => consume(stage.deps, [{ kind: 'outbox', id: a.eventId }])));
      await halt();
      const made = async () => (await Promise.all(all.map(commandsOf))).reduce((sum, n) => sum + n, 0);
      const before = await made();
      await under;
      expect(await made()).toBe(before);
      await resume();
      stage.deps.clock.advance(1);
    }
  });
});
