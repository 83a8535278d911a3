// Approved closes in the database: opened once, moved by the lease's holder alone, ended once, and told of where they must be.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { refuseEntry } from '../../functions/execution/command-store.ts';
import type { ExitPlan } from '../../functions/execution/exit-plan.ts';
import {
  applyExit,
  openExit,
  readLeaving,
  supersedeApprovals,
} from '../../functions/execution/exit-store.ts';
import { approveSignal, makeDesk, makeProducer, type Stage, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { type Desk, madeCommand, orderOf } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
let lease: Lease;
let close: { approvalId: string; signalId: string; eventId: string };
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  lease = await taken();
  const signal = await storeSignal(stage, desk.producer.id, { intent: 'close', side: 'sell' });
  const { approval, eventId } = await approveSignal(stage, signal.id, desk.userId);
  close = { approvalId: approval.id, signalId: signal.id, eventId };
});
afterAll(() => t?.drop());

const [APPROVED, EXECUTED, CANCELLED, FAILED] = [1, 3, 5, 7];
const nowMs = () => stage.deps.clock.nowMs();
const expiresMs = () => nowMs() + 60_000;
async function taken(): Promise<Lease> {
  const found = await takeLease(t.db, desk.account.id, nowMs());
  if (found === null) throw new Error('the lease is held');
  return found;
}
const open = () =>
  openExit(t.db, { approvalId: close.approvalId, expiresMs: expiresMs() }, close.eventId, nowMs());
const exit = async () =>
  (await t.sql('SELECT state, reason, acted FROM exits WHERE approval_id = $1', [close.approvalId]))[0];
const delivery = async (signalId = close.signalId) =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0];
const legs = () =>
  t.sql('SELECT leg, state, kind FROM commands WHERE approval_id = $1 ORDER BY leg', [close.approvalId]);
const alerts = () =>
  t.sql(`SELECT detail->>'reason' AS reason FROM alerts WHERE subject_id = $1`, [close.approvalId]);
const plan = (over: Partial<ExitPlan> = {}): ExitPlan => ({
  ...{ drop: [], unmade: [], withdraw: [], orders: [], acted: false },
  ...{ reason: 'closing', end: null, nextMs: nowMs() + 1_000, ...over },
});
const apply = (of: ExitPlan, by: Lease = lease) => {
  const { ids } = stage.deps;
  const made = { orderIds: of.orders.map(() => ids.next()), alert: { id: ids.next(), eventId: ids.next() } };
  return applyExit(t.db, by, { approvalId: close.approvalId, expiresMs: expiresMs() }, of, made, nowMs());
};
const leg = (position = '7') => orderOf(desk, { kind: 'close', position });

describe('an approved close', () => {
  it('is opened once, under 20 at once, and ends its event', async () => {
    const ends = await Promise.all(Array.from({ length: 20 }, open));
    expect(ends.filter(Boolean)).toHaveLength(1);
    expect(await exit()).toEqual({ state: 'open', reason: null, acted: false });
    expect(
      await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [close.eventId]),
    ).toEqual([{ done: true }]);
  });

  it('is not opened where it was refused, or its signal cancelled', async () => {
    await refuseEntry(t.db, close.approvalId, 'account-unbound', close.eventId, nowMs());
    expect(await open()).toBe(false);
    await t.sql('UPDATE deliveries SET status = 1, refusal = NULL');
    await t.sql('UPDATE signals SET status = 5 WHERE id = $1', [close.signalId]);
    expect(await open()).toBe(false);
    expect(await exit()).toBeUndefined();
  });

  it('is moved by the holder of the lease alone', async () => {
    await open();
    stage.deps.clock.advance(LEASE_MS);
    await taken();
    expect(await apply(plan({ orders: [leg()], end: 'failed', reason: 'close-expired' }))).toBe(false);
    expect([await exit(), await legs(), await alerts()]).toMatchObject([{ state: 'open' }, [], []]);
  });

  it('has its orders numbered on, with magics of their own', async () => {
    await open();
    await apply(plan({ orders: [leg('7'), leg('8')] }));
    await apply(plan({ orders: [leg('9')] }));
    expect(await legs()).toEqual([0, 1, 2].map((n) => ({ leg: n, state: 'created', kind: 'close' })));
    const magics = await t.sql('SELECT DISTINCT magic >> 4 AS n FROM commands WHERE approval_id = $1', [
      close.approvalId,
    ]);
    expect(magics).toHaveLength(3);
  });

  it('has no order once its signal is cancelled, whoever is first', async () => {
    await open();
    const canceller = await t.connect('owner');
    await canceller.query('BEGIN');
    await canceller.query('UPDATE signals SET status = 5 WHERE id = $1', [close.signalId]);
    const waiting = apply(plan({ orders: [leg()] }));
    await untilBlocked(t);
    await canceller.query('COMMIT');
    await waiting;
    expect(await legs()).toEqual([]);
    expect((await readLeaving(t.db, desk.account.id, nowMs())).exits).toMatchObject([
      { signalCancelled: true },
    ]);
  });

  it('ends once, with its delivery, and an alert where anything was left standing', async () => {
    await open();
    expect(await apply(plan({ end: 'failed', reason: 'retcode-10018' }))).toBe(true);
    expect(await apply(plan({ end: 'failed', reason: 'close-expired' }))).toBe(false);
    expect(await apply(plan({ end: 'done', reason: null, orders: [leg()] }))).toBe(false);
    expect([await exit(), await legs()]).toMatchObject([{ state: 'failed', reason: 'retcode-10018' }, []]);
    expect([await delivery(), await alerts()]).toEqual([
      { status: FAILED, refusal: 'retcode-10018' },
      [{ reason: 'retcode-10018' }],
    ]);
  });

  it.each([
    ['done', null, EXECUTED],
    ['failed', 'nothing-to-close', FAILED],
  ] as const)('that is %s (%s) needs no alert', async (end, reason, status) => {
    await open();
    expect(await apply(plan({ end, reason }))).toBe(false);
    expect([await delivery(), await alerts()]).toEqual([{ status, refusal: reason }, []]);
  });

  it('that closed a part stays executed, with what kept it from the rest beside that', async () => {
    await open();
    await t.sql('UPDATE deliveries SET status = $2 WHERE signal_id = $1', [close.signalId, EXECUTED]);
    await apply(plan({ end: 'failed', reason: 'retcode-10013' }));
    expect(await delivery()).toEqual({ status: EXECUTED, refusal: 'retcode-10013' });
  });
});

describe('what a close takes back', () => {
  const entry = () => madeCommand(stage, desk);
  const stateOf = async (id: string) =>
    (await t.sql('SELECT state, reason FROM commands WHERE id = $1', [id]))[0];

  it('is what was not sent, of its own account; what was sent goes on', async () => {
    await open();
    const [waiting, sent] = [await entry(), await entry()];
    const other = await madeCommand(stage, await makeDesk(stage));
    await t.sql(`UPDATE commands SET state = 'sent' WHERE id = $1`, [sent.id]);
    await apply(plan({ drop: [waiting.id, sent.id, other.id], acted: true }));
    expect([await stateOf(waiting.id), await stateOf(sent.id), await stateOf(other.id)]).toMatchObject([
      { state: 'failed', reason: 'superseded-by-close' },
      { state: 'sent' },
      { state: 'created' },
    ]);
    expect([await delivery(waiting.signalId), await delivery(sent.signalId)]).toEqual([
      { status: CANCELLED, refusal: 'superseded-by-close' },
      { status: APPROVED, refusal: null },
    ]);
    expect(await exit()).toMatchObject({ acted: true });
  });

  it('is an approval that has no command, by the lease’s holder', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const { approval } = await approveSignal(stage, signal.id, desk.userId);
    await supersedeApprovals(t.db, { ...lease, epoch: lease.epoch + 1n }, [approval.id], nowMs());
    expect(await delivery(signal.id)).toEqual({ status: APPROVED, refusal: null });
    const made = await entry();
    await supersedeApprovals(t.db, lease, [approval.id, made.approvalId], nowMs());
    expect([await delivery(signal.id), await delivery(made.signalId)]).toEqual([
      { status: CANCELLED, refusal: 'superseded-by-close' },
      { status: APPROVED, refusal: null },
    ]);
  });
});

describe('what a close is planned by', () => {
  const stake = async () => {
    const [found] = (await readLeaving(t.db, desk.account.id, nowMs())).exits;
    if (found === undefined) throw new Error('no close is open');
    return found.stake;
  };
  const position = (identifier: string, magic: string) =>
    t.sql(
      `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap,
         profit, magic, comment, opened_at, snapshot_at)
       VALUES ($1, $2, $2, 'XAUUSD', 'buy', 0.2, 1, 1, 0, 0, $3, '', now(), now())`,
      [desk.account.id, identifier, magic],
    );

  it('is read with any magic that a broker may say, and knows whose a position is by it', async () => {
    await open();
    const made = await madeCommand(stage, desk);
    await position('1', '18446744073709551615');
    await position('2', '0');
    await position('3', String(made.magic + 3n));
    const { positions, commands } = await stake();
    expect(positions.map((p) => [p.identifier, p.number, p.volume])).toEqual([
      ['1', null, '0.20000000'],
      ['2', '0', '0.20000000'],
      ['3', String(made.magic >> 4n), '0.20000000'],
    ]);
    expect(commands).toMatchObject([{ number: String(made.magic >> 4n), own: true, state: 'created' }]);
  });

  it('is its own scope’s by producer and instrument, a standby’s included', async () => {
    await open();
    const own = await madeCommand(stage, desk);
    const asStandby = await madeCommand(stage, desk);
    const foreign = await madeCommand(stage, desk);
    const standby = await makeProducer(stage, desk.userId, { dedupScope: desk.producer.id });
    const other = await makeProducer(stage, desk.userId);
    const owner = `UPDATE signals s SET producer_id = p.id, dedup_scope = p.dedup_scope FROM producers p
      WHERE s.id = $1 AND p.id = $2`;
    await t.sql(owner, [asStandby.signalId, standby.id]);
    await t.sql(owner, [foreign.signalId, other.id]);
    const instrument = await madeCommand(stage, desk);
    await t.sql(`UPDATE signals SET instrument = 'EURUSD' WHERE id = $1`, [instrument.signalId]);
    const owns = new Map((await stake()).commands.map((c) => [c.id, c.own]));
    expect([own, asStandby, foreign, instrument].map((c) => owns.get(c.id))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('counts no command whose magic was another’s, nor a cancellation', async () => {
    await open();
    const [taken, works] = [
      await madeCommand(stage, desk),
      await madeCommand(stage, desk, { kind: 'place' }),
    ];
    await t.sql(`UPDATE commands SET reason = 'magic_in_use' WHERE id = $1`, [taken.id]);
    await t.sql(`UPDATE commands SET target_id = $2, kind = 'cancel' WHERE id = $1`, [
      (await madeCommand(stage, desk)).id,
      works.id,
    ]);
    expect((await stake()).commands.map((c) => c.id)).toEqual([works.id]);
  });

  it('names approved entries that have no command yet, of its scope alone', async () => {
    await open();
    const mine = await storeSignal(stage, desk.producer.id);
    const { approval } = await approveSignal(stage, mine.id, desk.userId);
    await madeCommand(stage, desk);
    expect((await stake()).unmade).toMatchObject([{ approval_id: approval.id, side: 'buy', volume: '0.1' }]);
    await t.sql('UPDATE deliveries SET status = 5 WHERE signal_id = $1', [mine.id]);
    expect((await stake()).unmade).toEqual([]);
  });
});
