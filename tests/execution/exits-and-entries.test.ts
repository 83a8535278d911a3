// What a close, a cancelled signal and a halt do to entries that have not filled: waited for, taken back or cancelled.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setHalted } from '../../functions/execution/account-store.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import { auditOf, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { APPROVED, CANCELLED, DONE, EXECUTED, ExitDesk, HOUR, MINUTE, SECOND } from './exit-desk.ts';

let t: TestDatabase;
let d: ExitDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  d = await ExitDesk.make(t);
});
afterAll(() => t?.drop());

/** Looks fail until `blind` is taken away. */
let blind = false;
const pausing = (outbound: typeof d.at.deps.outbound): typeof d.at.deps.outbound => {
  blind = true;
  return async (request) =>
    blind && !request.body.includes('"execute"')
      ? { kind: 'failed', effect: 'none', word: 'unreachable' }
      : outbound(request);
};

describe('a close and entries on their way', () => {
  it('waits for one whose end is open, and closes what it opened', async () => {
    d.fault('timeout_after', { on: 'execute' });
    const entry = await storeSignal(d.at, d.at.desk.producer.id);
    const [closing] = [
      await storeSignal(d.at, d.at.desk.producer.id, { intent: 'close', side: 'sell', price: '2034.90' }),
    ];
    // Both are approved before anybody looks.
    d.at.deps.outbound = pausing(d.at.deps.outbound);
    await d.at.approve(entry.id);
    expect((await d.legs(entry.id)).map((l) => l['state'])).toEqual(['unknown']);
    await d.at.approve(closing.id);
    expect(await d.maxVolume(closing.id)).toBe('0.1');
    expect(await d.exit(closing.id)).toMatchObject({ state: 'open', reason: 'entry-under-way' });
    blind = false;
    await d.pass(SECOND);
    expect([d.held(), await d.exit(closing.id), await d.delivery(closing.id)]).toEqual([
      [],
      DONE,
      [EXECUTED, null],
    ]);
    expect(d.at.book().journal.map((j) => j.executed)).toEqual([1, 1]);
  });

  it('takes back one that was not sent, and is done with that', async () => {
    const { queue } = d.at.deps;
    d.at.deps.queue = { send: async () => {} };
    const entry = await d.open();
    expect((await d.legs(entry)).map((l) => l['state'])).toEqual(['created']);
    d.at.deps.queue = queue;
    const id = await d.close();
    expect(await d.legs(entry)).toMatchObject([{ state: 'failed', reason: 'superseded-by-close' }]);
    expect([await d.delivery(entry), await d.delivery(id)]).toEqual([
      [CANCELLED, 'superseded-by-close'],
      [EXECUTED, null],
    ]);
    await d.tick();
    expect([d.held(), d.at.book().journal]).toEqual([[], []]);
  });

  it('takes back one that is approved and has no command yet', async () => {
    const { sent } = d.at.deps;
    const entry = await storeSignal(d.at, d.at.desk.producer.id);
    const { drain } = d.at.deps;
    d.at.deps.drain = async () => [];
    await d.at.approve(entry.id);
    const kept = sent.splice(0);
    d.at.deps.drain = drain;
    const id = await d.close();
    expect(await d.maxVolume(id)).toBe('0.1');
    expect([await d.delivery(entry.id), await d.delivery(id)]).toEqual([
      [CANCELLED, 'superseded-by-close'],
      [EXECUTED, null],
    ]);
    sent.push(...kept);
    await d.at.deps.drain();
    expect([await d.legs(entry.id), d.held()]).toEqual([[], []]);
  });

  it('leaves alone what is approved after it', async () => {
    await d.open();
    d.market('closed');
    const id = await d.close();
    d.market('open');
    await t.sql(`UPDATE commands SET not_before = $2 WHERE signal_id = $1`, [id, new Date(d.nowMs() + HOUR)]);
    d.at.deps.clock.advance(SECOND);
    const later = await d.open();
    expect(await d.legs(later), 'exits go first').toMatchObject([{ state: 'created' }]);
    await t.sql(`UPDATE commands SET not_before = NULL WHERE signal_id = $1`, [id]);
    d.at.deps.sent.push({ kind: 'reconcile', account_id: d.at.desk.account.id });
    await d.at.deps.drain();
    expect([await d.exit(id), d.held(), await d.delivery(later)]).toEqual([DONE, ['0.1'], [EXECUTED, null]]);
  });

  it('cancels a working order of its scope, and closes what of it has filled', async () => {
    const pending = await d.limit();
    expect(d.book().orders).toHaveLength(1);
    const id = await d.close();
    await d.pass(SECOND);
    expect(d.book().orders).toEqual([]);
    expect([await d.delivery(pending), await d.delivery(id), await d.exit(id)]).toEqual([
      [CANCELLED, 'order-canceled'],
      [EXECUTED, null],
      DONE,
    ]);
    const partly = await d.limit();
    d.fault('partial_fill');
    d.at.control('/tick', { symbol: 'XAUUSD', bid: '2029.90', ask: '2030.10' });
    expect([d.held(), d.book().orders.length]).toEqual([['0.05'], 1]);
    await d.at.reconcile();
    expect(await d.delivery(partly)).toEqual([EXECUTED, null]);
    const both = await d.close({ price: '2029.90' });
    for (let n = 0; n < 4; n += 1) await d.pass(SECOND);
    expect([d.held(), d.book().orders]).toEqual([[], []]);
    expect([await d.delivery(both), await d.exit(both)]).toEqual([[EXECUTED, null], DONE]);
  });
});

describe('an order that works', () => {
  const halt = (withdraw: boolean) =>
    setHalted(t.db, d.at.desk.account.id, true, d.nowMs(), auditOf(d.at.deps, d.login), withdraw);

  it('is taken back where its signal is cancelled, and the delivery ends with it', async () => {
    const id = await d.limit();
    expect(await cancelSignal(t.db, id, auditOf(d.at.deps, id))).toBe('cancelled');
    expect(await d.delivery(id)).toEqual([APPROVED, null]);
    await d.at.reconcile();
    await d.at.reconcile();
    expect([d.book().orders, await d.delivery(id)]).toEqual([[], [CANCELLED, 'order-canceled']]);
    expect(await d.commands(id)).toEqual([
      ['cancel', 'done'],
      ['place', 'ended'],
    ]);
  });

  it('goes on under a halt that does not take it back, and ends under one that does', async () => {
    const id = await d.limit();
    await halt(false);
    await d.at.reconcile();
    expect(d.book().orders).toHaveLength(1);
    await halt(true);
    await d.at.reconcile();
    expect(d.book().orders).toEqual([]);
    await d.at.reconcile();
    expect(await d.delivery(id)).toEqual([CANCELLED, 'order-canceled']);
  });

  it('is taken back too where it was not known to work when the account was halted', async () => {
    d.fault('timeout_after', { on: 'execute' });
    const { outbound } = d.at.deps;
    d.at.deps.outbound = pausing(outbound);
    const id = await d.limit();
    await halt(true);
    expect(await d.legs(id)).toMatchObject([{ state: 'unknown' }]);
    blind = false;
    for (let n = 0; n < 3; n += 1) await d.at.reconcile();
    expect([d.book().orders, await d.delivery(id)]).toEqual([[], [CANCELLED, 'order-canceled']]);
  });

  it('that fills before its cancellation comes is executed, and the cancellation is done', async () => {
    const id = await d.limit();
    await halt(true);
    d.fault('disconnected', { on: 'execute', times: 5 });
    await d.at.reconcile();
    d.at.control('/tick', { symbol: 'XAUUSD', bid: '2029.90', ask: '2030.10' });
    await d.pass(10 * SECOND);
    await d.pass(10 * SECOND);
    expect([d.held(), await d.delivery(id)]).toEqual([['0.1'], [EXECUTED, null]]);
    expect(await d.commands(id)).toEqual([
      ['cancel', 'done'],
      ['place', 'done'],
    ]);
  });

  it('is cancelled once at a time, and once more where it works all the same', async () => {
    const id = await d.limit();
    await halt(true);
    d.fault('reject:10006', { times: 2 });
    const cancels = async () =>
      (await d.legs(id)).filter((c) => c['kind'] === 'cancel').map((c) => c['state']);
    await Promise.all([d.at.reconcile(), d.at.reconcile(), d.at.reconcile()]);
    expect(await cancels()).toEqual(['failed']);
    await d.pass(MINUTE);
    await d.at.reconcile();
    expect(await cancels()).toEqual(['failed']);
    await d.pass(MINUTE);
    await d.at.reconcile();
    expect(await cancels()).toEqual(['failed', 'failed']);
    await d.pass(2 * MINUTE);
    await d.at.reconcile();
    await d.at.reconcile();
    expect([await cancels(), d.book().orders]).toEqual([['failed', 'failed', 'done'], []]);
  });
});
