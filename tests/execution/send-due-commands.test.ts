import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { approveSignal, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import { executed, type ScriptedBridge, SILENT, scriptedBridge } from '../support/scripted-bridge.ts';
import { testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let bridge: ScriptedBridge;
let signalId: string;
let commandId: string;
let eventId: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
/** An approved signal with its command made and not yet sent. */
beforeEach(async () => {
  await t.sql('UPDATE deployment SET halted = false');
  const clock = testClock();
  deps = testDeps(t, { clock, outbound: (request) => bridge.outbound(request) });
  stage = { t, deps };
  desk = await makeDesk(stage);
  bridge = scriptedBridge(desk.bridge.secret, clock, {
    execute: (command) => executed(command, { outcome: 'done', retcode: 10009, order: '7', deal: '8' }),
  });
  signalId = (await storeSignal(stage, desk.producer.id)).id;
  const { approval, eventId: approvalEvent } = await approveSignal(stage, signalId, desk.userId);
  await consume(deps, [{ kind: 'outbox', id: approvalEvent }]);
  const message = deps.sent.splice(0)[0];
  if (message?.kind !== 'outbox') throw new Error('no command was made');
  eventId = message.id;
  const [row] = await t.sql('SELECT id FROM commands WHERE approval_id = $1', [approval.id]);
  commandId = String(row?.['id']);
});
afterAll(() => t?.drop());

const deliver = () => consume(deps, [{ kind: 'outbox', id: eventId }]);
const command = async () =>
  (
    await t.sql('SELECT state, reason, retcode, order_ticket, position_id FROM commands WHERE id = $1', [
      commandId,
    ])
  )[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [eventId]))[0]?.['done'];

/** What the bridge was told, in the order of its hearing. */
const heard = () =>
  bridge.received
    .filter((e) => e.kind === 'execute')
    .map((e) => e['command'] as { cmd_id: string; attempt: number; evidence: { magic: string } });

describe('a refusal that passes', () => {
  /** The bridge refuses so many times, then executes. */
  const refuse = (times: number, result: Record<string, unknown>) => {
    let left = times;
    bridge.script.execute = (c) => {
      left -= 1;
      return executed(c, left >= 0 ? result : { outcome: 'done', retcode: 10009, order: '7' });
    };
  };

  it('of a price is tried again at once, under the same id and the next magic', async () => {
    refuse(2, { outcome: 'failed', retcode: 10004 });
    const sinceMs = deps.clock.nowMs();
    await deliver();
    expect(await command()).toMatchObject({ state: 'done', retcode: 10009 });
    const [first] = heard();
    expect(heard().map((c) => [c.cmd_id, c.attempt])).toEqual([0, 1, 2].map((n) => [commandId, n]));
    expect(heard().map((c) => BigInt(c.evidence.magic) - BigInt(first?.evidence.magic ?? 0))).toEqual([
      ...[0n, 1n, 2n],
    ]);
    expect(deps.clock.nowMs()).toBe(sinceMs);
    expect(await eventDone()).toBe(true);
  });

  it('of a price ends with the third', async () => {
    refuse(9, { outcome: 'failed', retcode: 10020 });
    await deliver();
    expect(await command()).toMatchObject({ state: 'failed', reason: 'retcode-10020' });
    expect(heard().length).toBe(3);
  });

  it('of a busy server is waited for, half a second and then twice as long each time', async () => {
    refuse(3, { outcome: 'failed', retcode: 10024 });
    const sinceMs = deps.clock.nowMs();
    await deliver();
    expect(await command()).toMatchObject({ state: 'done' });
    expect(deps.clock.nowMs() - sinceMs).toBe(500 + 1_000 + 2_000);
  });

  it('is not waited for beyond what a function may take: the reconciliation goes on with it', async () => {
    refuse(4, { outcome: 'failed', retcode: 10024 });
    bridge.script.snapshot = () => SILENT;
    await t.sql(`UPDATE commands SET expires_at = expires_at + interval '1 hour' WHERE id = $1`, [commandId]);
    await deliver();
    // 0.5, 1, 2 and 4 s were waited for.
    expect(await command()).toMatchObject({ state: 'done' });
    await t.sql(`UPDATE commands SET state = 'created', attempt = 5 WHERE id = $1`, [commandId]);
    await t.sql('UPDATE outbox SET done_at = NULL WHERE id = $1', [eventId]);
    refuse(1, { outcome: 'failed', retcode: 10024 });
    await deliver();
    expect(await command()).toMatchObject({ state: 'created', reason: 'retcode-10024' });
    expect(await eventDone()).toBe(false);
    deps.clock.advance(16_000);
    await deps.drain();
    expect(await command()).toMatchObject({ state: 'done' });
  });

  it('is never tried past the deadline', async () => {
    refuse(99, { outcome: 'failed', retcode: 10028 });
    const untilMs = deps.clock.nowMs() + 30_000;
    await deliver();
    for (let n = 0; n < 5; n += 1) {
      deps.clock.advance(10_000);
      await deliver();
    }
    expect((await command())?.['state']).toBe('failed');
    const sent = bridge.received
      .filter((e) => e.kind === 'execute')
      .map((e) => Date.parse(String(e['sent_at'])));
    expect(sent.every((at) => at < untilMs)).toBe(true);
  });

  it('by a bridge that was surely not reached is tried again too', async () => {
    let calls = 0;
    bridge.script.execute = (c) => {
      calls += 1;
      return calls === 1
        ? { kind: 'failed', effect: 'none', word: 'unreachable' }
        : executed(c, { outcome: 'done', retcode: 10009, order: '7' });
    };
    await deliver();
    expect(await command()).toMatchObject({ state: 'done' });
  });
});

describe('an account that the broker lets not trade', () => {
  it('is halted at once, and a person hears of it', async () => {
    bridge.script.execute = (c) =>
      executed(c, { outcome: 'failed', retcode: 10027, broker_comment: 'AutoTrading off' });
    await deliver();
    expect(await command()).toMatchObject({ state: 'failed', reason: 'retcode-10027' });
    const [account] = await t.sql('SELECT halted FROM accounts WHERE id = $1', [desk.account.id]);
    expect(account).toEqual({ halted: true });
    const [alert] = await t.sql(`SELECT event_id FROM alerts WHERE subject_id = $1`, [desk.account.id]);
    expect(deps.sent).toContainEqual({ kind: 'outbox', id: alert?.['event_id'] });
  });
});

describe('commands that wait for one account', () => {
  it('are all sent by whoever holds it, those that came meanwhile included, and one at a time', async () => {
    let during = 0;
    bridge.script.execute = async (c) => {
      if (during === 0) {
        during += 1;
        // Another approval is executed while this one waits for the bridge: its consumer finds the account held.
        const other = await storeSignal(stage, desk.producer.id);
        const made = await approveSignal(stage, other.id, desk.userId);
        await consume(deps, [{ kind: 'outbox', id: made.eventId }]);
        const [message] = deps.sent.splice(0);
        if (message === undefined) throw new Error('no command was made');
        await consume(deps, [message]);
        expect(heard().length).toBe(1);
      }
      return executed(c, { outcome: 'done', retcode: 10009, order: '7' });
    };
    await deliver();
    expect(heard().length).toBe(2);
    const rows = await t.sql('SELECT state FROM commands WHERE account_id = $1', [desk.account.id]);
    expect(rows.map((r) => r['state'])).toEqual(['done', 'done']);
    expect(deps.sent).toEqual([{ kind: 'reconcile', account_id: desk.account.id }]);
  });
});
