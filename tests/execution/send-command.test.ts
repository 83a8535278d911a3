import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { releaseLease, sendNext } from '../../functions/execution/command-queue-store.ts';
import { sendCommand } from '../../functions/execution/send-command.ts';
import { consume } from '../../functions/jobs.ts';
import { readOutboxEvents, sweepOutbox } from '../../functions/platform/outbox-store.ts';
import { approveSignal, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import {
  BLOCKED,
  executed,
  type ScriptedBridge,
  SILENT,
  scriptedBridge,
} from '../support/scripted-bridge.ts';
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
/** What the queue's consumer would do with the event, its failure seen. */
async function work(): Promise<void> {
  for (const event of await readOutboxEvents(t.db, [eventId])) await sendCommand(deps, event);
}
const command = async () =>
  (
    await t.sql('SELECT state, reason, retcode, order_ticket, position_id FROM commands WHERE id = $1', [
      commandId,
    ])
  )[0];
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [eventId]))[0]?.['done'];

describe('sending a command', () => {
  it('tells the bridge what was committed, settles it as done, and asks for a reconciliation', async () => {
    await deliver();
    const [stored] = await t.sql('SELECT magic, comment FROM commands WHERE id = $1', [commandId]);
    expect(bridge.received).toMatchObject([
      {
        kind: 'execute',
        command: {
          cmd_id: commandId,
          attempt: 0,
          kind: 'open',
          pre: { login: desk.account.login, server: 'Demo-1', symbol: 'XAUUSD' },
          order: { symbol: 'XAUUSD', type: 'buy', volume: '0.1' },
          evidence: { magic: stored?.['magic'], comment: stored?.['comment'] },
        },
      },
    ]);
    expect(await command()).toEqual({
      state: 'done',
      reason: null,
      retcode: 10009,
      order_ticket: '7',
      position_id: '7',
    });
    expect(await delivery()).toEqual({ status: 3, refusal: null });
    expect(await eventDone()).toBe(true);
    expect(deps.sent).toEqual([{ kind: 'reconcile', account_id: desk.account.id }]);
  });

  it('has committed `sent` before the bridge hears of it', async () => {
    let seen: unknown;
    bridge.script.execute = async (c) => {
      seen = (await command())?.['state'];
      return executed(c, { outcome: 'done', order: '7' });
    };
    await deliver();
    expect(seen).toBe('sent');
  });

  it.each([
    [{ outcome: 'partial', retcode: 10010, order: '7' }, 'partial', null, { status: 3, refusal: null }],
    [
      { outcome: 'failed', retcode: 10019, reason: 'no money left' },
      'failed',
      'retcode-10019',
      { status: 7, refusal: 'retcode-10019' },
    ],
    [
      { outcome: 'failed', retcode: 10018 },
      'failed',
      'retcode-10018',
      { status: 7, refusal: 'retcode-10018' },
    ],
    [
      { outcome: 'refused', reason: 'call +1 555 0100' },
      'failed',
      'bridge-refused',
      { status: 7, refusal: 'bridge-refused' },
    ],
    [{ outcome: 'expired' }, 'expired', 'command-expired', { status: 7, refusal: 'command-expired' }],
    [{ outcome: 'unknown' }, 'unknown', 'unknown', { status: 1, refusal: null }],
    [{ outcome: 'failed' }, 'unknown', 'failed', { status: 1, refusal: null }],
    [{ outcome: 'placed', order: '7' }, 'unknown', 'accepted-not-filled', { status: 1, refusal: null }],
  ])('settles %j as %s', async (result, state, reason, wanted) => {
    bridge.script.execute = (c) => executed(c, result);
    await deliver();
    expect(await command()).toMatchObject({ state, reason });
    expect(await delivery()).toEqual(wanted);
    expect(await eventDone()).toBe(true);
  });

  it('fails for certain where the bridge was surely not reached', async () => {
    bridge.script.execute = () => BLOCKED;
    await deliver();
    expect(await command()).toMatchObject({ state: 'failed', reason: 'bridge-blocked' });
    await deliver();
    expect(bridge.executions()).toEqual([commandId]);
  });

  it('is certain of nothing where the answer is missing, badly signed, refused, or for another command', async () => {
    const cases: [string, () => void][] = [
      ['bridge-timeout', () => Object.assign(bridge.script, { execute: () => SILENT })],
      [
        'bridge-malformed',
        () =>
          Object.assign(bridge.script, {
            execute: () => executed({ cmd_id: 'another' }, { outcome: 'done' }),
          }),
      ],
    ];
    for (const [reason, arrange] of cases) {
      await t.sql(`UPDATE commands SET state = 'created', reason = NULL WHERE id = $1`, [commandId]);
      await t.sql('UPDATE outbox SET done_at = NULL WHERE id = $1', [eventId]);
      arrange();
      await deliver();
      expect(await command(), reason).toMatchObject({ state: 'unknown', reason });
      expect(await delivery()).toEqual({ status: 1, refusal: null });
    }
  });

  it.each([
    ['bridge-unsigned', { 'x-signature': 'v1=AAAA' }, 200],
    ['bridge-unsigned', { 'x-timestamp': '1' }, 200],
    ['bridge-unsigned', {}, 500],
  ])('is unknown, %s, where the reply was changed on its way (%j, %i)', async (reason, headers, status) => {
    bridge.script.tamper = (reply) => {
      for (const [name, value] of Object.entries(headers)) reply.headers.set(name, value);
      return { ...reply, status };
    };
    await deliver();
    expect(await command()).toMatchObject({ state: 'unknown', reason });
    expect(await eventDone()).toBe(true);
  });

  it('fails, and never calls, where the bridge was revoked meanwhile', async () => {
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [desk.bridge.id]);
    await deliver();
    expect(await command()).toMatchObject({ state: 'failed', reason: 'bridge-unregistered' });
    expect(bridge.received).toEqual([]);
  });
});

describe('a command whose message comes again', () => {
  it('is executed once: twice in turn, 20 at once, and after everything is over', async () => {
    const ends = await Promise.allSettled(Array.from({ length: 20 }, deliver));
    await deliver();
    expect(bridge.executions()).toEqual([commandId]);
    expect(ends.some((e) => e.status === 'fulfilled')).toBe(true);
    expect(await command()).toMatchObject({ state: 'done' });
  });

  it('is executed once from the approval on, every message delivered twice and in reverse', async () => {
    const other = await storeSignal(stage, desk.producer.id);
    const made = await approveSignal(stage, other.id, desk.userId);
    deps.sent.push({ kind: 'outbox', id: made.eventId }, { kind: 'outbox', id: eventId });
    bridge.script.snapshot = () => SILENT;
    await deps.drain({ times: 2, order: (m) => [...m].reverse() });
    const rows = await t.sql('SELECT id, state FROM commands WHERE account_id = $1', [desk.account.id]);
    expect(rows.map((r) => r['state'])).toEqual(['done', 'done']);
    expect(bridge.executions().sort()).toEqual(rows.map((r) => r['id']).sort());
  });

  it('is never sent again where the sender died after marking it: in flight first, unknown once nobody can wait', async () => {
    // The bridge has it, and the isolate ends before it hears: nothing of it reaches the database any more.
    const { db } = deps;
    const dying = { ...db };
    deps.db = dying;
    bridge.script.execute = () => {
      dying.run = async () => Promise.reject(new Error('the isolate ended'));
      throw new Error('the isolate ended');
    };
    await expect(work()).rejects.toThrow('the isolate ended');
    deps.db = db;
    expect(await command()).toMatchObject({ state: 'sent' });
    bridge.script.execute = (c) => executed(c, { outcome: 'done', order: '7' });
    deps.clock.advance(LEASE_MS - 1);
    await work();
    expect(await command()).toMatchObject({ state: 'sent' });
    expect(await eventDone()).toBe(false);
    deps.clock.advance(1);
    await deliver();
    expect(await command()).toMatchObject({ state: 'unknown', reason: 'interrupted' });
    expect(await eventDone()).toBe(true);
    expect(bridge.executions()).toEqual([commandId]);
  });

  it('that fails under the lease lets it go: the next one looks at once, and sends nothing again', async () => {
    bridge.script.execute = () => {
      throw new Error('something broke');
    };
    await expect(work()).rejects.toThrow('something broke');
    await deliver();
    expect(await command()).toMatchObject({ state: 'unknown', reason: 'interrupted' });
    expect(bridge.executions()).toEqual([commandId]);
  });

  it('is never sent again where settling failed after the bridge had answered', async () => {
    const { db } = deps;
    deps.db = {
      batch: db.batch,
      run: async (statement) => {
        if (bridge.executions().length > 0) throw new Error('the database is gone');
        return db.run(statement);
      },
    };
    await expect(work()).rejects.toThrow('the database is gone');
    deps.db = db;
    deps.clock.advance(60_000);
    expect(await sweepOutbox(t.db, deps.clock.nowMs(), 10_000)).toContain(eventId);
    await deliver();
    expect(await command()).toMatchObject({ state: 'unknown', reason: 'interrupted' });
    expect(bridge.executions()).toEqual([commandId]);
  });

  it('is done without a call where the books have settled it meanwhile', async () => {
    await t.sql(`UPDATE commands SET state = 'done', position_id = '7' WHERE id = $1`, [commandId]);
    await deliver();
    expect(bridge.received).toEqual([]);
    expect(await command()).toMatchObject({ state: 'done', position_id: '7' });
    expect(await eventDone()).toBe(true);
  });

  it('stays with the consumer that holds the account: another one sends nothing and settles nothing', async () => {
    const holder = await takeLease(t.db, desk.account.id, deps.clock.nowMs());
    await work();
    expect(await command()).toMatchObject({ state: 'created' });
    await sendNext(t.db, holder as Lease, deps.clock.nowMs());
    await work();
    expect(await command()).toMatchObject({ state: 'sent' });
    expect(bridge.executions()).toEqual([]);
    expect(await eventDone()).toBe(false);
    expect((await releaseLease(t.db, holder as Lease, deps.clock.nowMs())).due).toBe(false);
  });
});

describe('a command that may not be sent', () => {
  it('expires without a call', async () => {
    deps.clock.advance(30_000);
    await deliver();
    expect(await command()).toMatchObject({ state: 'expired', reason: 'command-expired' });
    expect(await delivery()).toEqual({ status: 7, refusal: 'command-expired' });
    expect(bridge.received).toEqual([]);
    expect(await eventDone()).toBe(true);
  });

  it.each([
    ['account', () => t.sql('UPDATE accounts SET halted = true WHERE id = $1', [desk.account.id])],
    ['deployment', () => t.sql('UPDATE deployment SET halted = true')],
  ])('fails without a call where a halt of the %s came after it was made', async (what, halt) => {
    await halt();
    await deliver();
    expect(await command()).toMatchObject({ state: 'failed', reason: `${what}-halted` });
    expect(await delivery()).toEqual({ status: 7, refusal: `${what}-halted` });
    expect(bridge.received).toEqual([]);
  });

  it('is an event that stays where there is no such command: somebody must look at it', async () => {
    await t.sql(
      `UPDATE outbox SET payload = '{"command_id":"00000000-0000-7000-8000-00000000dead"}' WHERE id = $1`,
      [eventId],
    );
    await expect(work()).rejects.toThrow('does not exist');
    expect(await eventDone()).toBe(false);
  });
});
