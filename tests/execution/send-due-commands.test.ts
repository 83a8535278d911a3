import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { sendNext } from '../../functions/execution/command-queue-store.ts';
import type { Command } from '../../functions/execution/command-store.ts';
import { applyOutcome, sendDueCommands } from '../../functions/execution/send-due-commands.ts';
import { consume } from '../../functions/jobs.ts';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { approveSignal, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import { executed, type ScriptedBridge, scriptedBridge, wireSnapshot } from '../support/scripted-bridge.ts';
import { testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';
import { madeCommand } from './made-commands.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let bridge: ScriptedBridge;
let signalId: string;
let commandId: string;
let eventId: string;
/** What the queue was told to bring later, and after how many seconds. */
let later: [WorkMessage, number][];
beforeAll(async () => {
  t = await createTestDatabase();
});
/** An approved signal with its command made and not yet sent. */
beforeEach(async () => {
  await t.sql('UPDATE deployment SET halted = false');
  const clock = testClock();
  deps = testDeps(t, { clock, outbound: (request) => bridge.outbound(request) });
  const { queue } = deps;
  later = [];
  deps.queue = {
    send: async (messages, seconds = 0) => {
      if (seconds > 0) later.push(...messages.map((m): [WorkMessage, number] => [m, seconds]));
      else await queue.send(messages);
    },
  };
  stage = { t, deps };
  desk = await makeDesk(stage);
  bridge = scriptedBridge(desk.bridge.secret, clock, {
    snapshot: () => wireSnapshot(clock.nowMs(), { account: { login: desk.account.login } }),
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
const reconcile = (): WorkMessage => ({ kind: 'reconcile', account_id: desk.account.id });
/** What the queue kept back comes when its time is over, and all that follows from it. */
async function wake(): Promise<void> {
  for (const [message, seconds] of later.splice(0)) {
    deps.clock.advance(seconds * 1_000);
    deps.sent.push(message);
    await deps.drain();
  }
}
const pause = (id: string, ms: number) =>
  t.sql(`UPDATE commands SET not_before = $2 WHERE id = $1`, [id, new Date(deps.clock.nowMs() + ms)]);
const command = async () =>
  (
    await t.sql('SELECT state, reason, retcode, order_ticket, position_id FROM commands WHERE id = $1', [
      commandId,
    ])
  )[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [eventId]))[0]?.['done'];

/** The bridge refuses so many times, then executes. */
const refuse = (times: number, result: Record<string, unknown>) => {
  let left = times;
  bridge.script.execute = (c) => {
    left -= 1;
    return executed(c, left >= 0 ? result : { outcome: 'done', retcode: 10009, order: '7' });
  };
};

/** What the bridge was told, in the order of its hearing. */
const heard = () =>
  bridge.received
    .filter((e) => e.kind === 'execute')
    .map((e) => e['command'] as { cmd_id: string; attempt: number; evidence: { magic: string } });

describe('a refusal that passes', () => {
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

  it('is not waited for beyond what a function may take: the queue comes back when the pause is over', async () => {
    refuse(5, { outcome: 'failed', retcode: 10024 });
    const sinceMs = deps.clock.nowMs();
    await deliver();
    expect(deps.clock.nowMs() - sinceMs, 'waited for here').toBe(500 + 1_000 + 2_000 + 4_000);
    expect(await command()).toMatchObject({ state: 'created', reason: 'retcode-10024' });
    expect(await eventDone()).toBe(false);
    expect(later).toEqual([[reconcile(), 8]]);
    expect(deps.sent, 'nothing has happened that the books could learn').toEqual([]);
    await wake();
    expect(await command()).toMatchObject({ state: 'done' });
    expect(deps.clock.nowMs() - sinceMs, 'inside the deadline of a close').toBeLessThan(30_000);
    expect(later).toEqual([]);
  });

  it('lets somebody else have the account while it is waited for', async () => {
    refuse(2, { outcome: 'failed', retcode: 10024 });
    const { sleep } = deps.clock;
    let free = 0;
    deps.clock.sleep = async (ms) => {
      const lease = await takeLease(t.db, desk.account.id, deps.clock.nowMs());
      if (lease !== null) free += 1;
      await t.sql(`UPDATE account_leases SET expires_at = 'epoch' WHERE account_id = $1`, [desk.account.id]);
      await sleep(ms);
    };
    await deliver();
    expect(await command()).toMatchObject({ state: 'done' });
    expect(free).toBe(2);
  });

  it('whose command’s time is over before that is written ends it: nobody has to look', async () => {
    const lease = (await takeLease(t.db, desk.account.id, deps.clock.nowMs())) as Lease;
    const sent = (await sendNext(t.db, lease, deps.clock.nowMs())) as Command;
    const outcome = { reason: 'retcode-10024', retcode: 10024, brokerComment: null };
    const retry = { kind: 'retry' as const, notBeforeMs: deps.clock.nowMs() + 500, ...outcome };
    deps.clock.advance(30_000);
    expect(await applyOutcome(deps, lease, { command: sent, from: ['sent'] }, retry)).toBe(false);
    expect(await command()).toMatchObject({ state: 'failed', reason: 'retcode-10024', retcode: 10024 });
    expect(await eventDone()).toBe(true);
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

describe('a pause that lasts longer than whoever comes by', () => {
  it('has the queue come back for the first that ends, whoever made it and though nothing was sent', async () => {
    const other = await madeCommand(stage, desk, { symbol: 'EURUSD', ttlMs: 300_000 });
    await pause(commandId, 9_001);
    await pause(other.id, 12_000);
    await sendDueCommands(deps, desk.account.id);
    expect(bridge.executions()).toEqual([]);
    expect(later).toEqual([[reconcile(), 10]]);
    await wake();
    expect(heard().map((c) => c.cmd_id)).toEqual([commandId, other.id]);
  });

  it('keeps nobody who came for another command, whose deal is looked for at once', async () => {
    const other = await madeCommand(stage, desk, { symbol: 'EURUSD' });
    await pause(commandId, 8_000);
    await sendDueCommands(deps, desk.account.id);
    expect(heard().map((c) => c.cmd_id)).toEqual([other.id]);
    expect([deps.sent, later]).toEqual([[reconcile()], [[reconcile(), 8]]]);
  });

  it('is no reason to come back for what is not sent any more', async () => {
    await pause(commandId, 8_000);
    await t.sql(`UPDATE commands SET state = 'failed' WHERE id = $1`, [commandId]);
    await sendDueCommands(deps, desk.account.id);
    expect([deps.sent, later]).toEqual([[], []]);
  });
});

describe('a lease that is in the way', () => {
  const held = () => takeLease(t.db, desk.account.id, deps.clock.nowMs());
  const again = (): WorkMessage => ({ kind: 'outbox', id: eventId });

  it('is asked for again after five seconds, and in the moment that it ends', async () => {
    await held();
    await deliver();
    expect(later.splice(0)).toEqual([[again(), 5]]);
    deps.clock.advance(LEASE_MS - 2_500);
    await deliver();
    expect(later.splice(0)).toEqual([[again(), 3]]);
    expect(bridge.executions()).toEqual([]);
  });

  it('whose holder has died keeps a command no longer than its deadline', async () => {
    await held();
    const sinceMs = deps.clock.nowMs();
    await deliver();
    let times = 0;
    for (; later.length > 0 && times < 50; times += 1) await wake();
    expect(await command()).toMatchObject({ state: 'done' });
    expect(deps.clock.nowMs() - sinceMs).toBe(LEASE_MS);
    expect(times).toBe(4);
  });

  it('is asked for by a reconciliation too, for as long as anything waits', async () => {
    await held();
    await sendDueCommands(deps, desk.account.id);
    expect(later.splice(0)).toEqual([[reconcile(), 5]]);
    await t.sql(`UPDATE commands SET state = 'sent' WHERE id = $1`, [commandId]);
    await sendDueCommands(deps, desk.account.id);
    await t.sql(`UPDATE commands SET state = 'created', expires_at = $2 WHERE id = $1`, [
      commandId,
      new Date(deps.clock.nowMs()),
    ]);
    await sendDueCommands(deps, desk.account.id);
    expect(later, 'what is sent, and what is past its time').toEqual([]);
  });

  it('that was let go of between two looks is asked for again all the same', async () => {
    const { db } = deps;
    await held();
    deps.db = {
      batch: db.batch,
      run: async (statement) => {
        const rows = await db.run(statement);
        if (rows.length === 0)
          await t.sql(`UPDATE account_leases SET expires_at = 'epoch' WHERE account_id = $1`, [
            desk.account.id,
          ]);
        return rows;
      },
    };
    await sendDueCommands(deps, desk.account.id);
    expect(later).toEqual([[reconcile(), 5]]);
  });
});

describe('a command whose turn has come', () => {
  it('is not handed to the bridge any more where saying so took longer than it may wait', async () => {
    const { db } = deps;
    deps.db = {
      batch: db.batch,
      run: async (statement) => {
        const rows = await db.run(statement);
        if (rows[0]?.['state'] === 'sent') deps.clock.advance(30_000);
        return rows;
      },
    };
    await deliver();
    expect(bridge.received).toEqual([]);
    expect(await command()).toMatchObject({ state: 'expired', reason: 'command-expired' });
    expect(await eventDone()).toBe(true);
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
