import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertApproval } from '../functions/approvals/approval-store.ts';
import { BULK_CONSUMERS, CONSUMERS, consume, runTick } from '../functions/jobs.ts';
import { isoTime } from '../functions/platform/clock.ts';
import { FIRST_PATIENCE_MS, MAX_ATTEMPTS } from '../functions/platform/outbox-store.ts';
import { readReadiness } from '../functions/reconciliation/reconciliation-store.ts';
import {
  auditOf,
  CLIENT,
  decisionOf,
  freshMarkets,
  makeAccount,
  makeBridge,
  makeDesk,
  makeUser,
  type Stage,
  storeSignal,
} from './support/organisation.ts';
import {
  executed,
  nothingFound,
  type ScriptedBridge,
  SILENT,
  scriptedBridge,
  wireSnapshot,
} from './support/scripted-bridge.ts';
import { START_MS } from './support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from './support/test-database.ts';
import { type TestDeps, testDeps } from './support/test-deps.ts';

const MINUTE_MS = 60_000;
let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let bridge: ScriptedBridge;
beforeEach(async () => {
  t = await createTestDatabase();
  deps = testDeps(t, { outbound: (request) => bridge.outbound(request) });
  stage = { t, deps };
  desk = await makeDesk(stage);
  bridge = scriptedBridge(desk.bridge.secret, deps.clock, {
    snapshot: () => wireSnapshot(deps.clock.nowMs(), { account: { login: desk.account.login } }),
    execute: (c) => executed(c, { outcome: 'done', order: '7' }),
    lookup: () => nothingFound(),
  });
});
afterEach(() => t?.drop());

const ticks = () => t.sql('SELECT minute, finished_at FROM schedule_ticks ORDER BY minute');
const outcomesOf = (name: string) => deps.lines.filter((l) => l.name === name).map((l) => l.outcome);

describe('a tick', () => {
  it('run five times at once works once: each account is put on the queue once, and the minute is finished', async () => {
    await Promise.all(Array.from({ length: 5 }, () => runTick(deps, START_MS + 59_999)));
    await runTick(deps, START_MS);
    expect(deps.sent).toEqual([
      { kind: 'schedule', account_ids: [desk.account.id], due_ms: deps.clock.nowMs() },
    ]);
    expect(outcomesOf('tick').sort()).toEqual(['claimed-before', ...Array(4).fill('claimed-before'), 'done']);
    expect(await ticks()).toEqual([
      { minute: new Date(START_MS), finished_at: new Date(deps.clock.nowMs()) },
    ]);
    expect((await readReadiness(t.db)).lastTickMs).toBe(deps.clock.nowMs());
  });

  it('catches up what a missed one left: lost events are sent again, and past deadlines written', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const late = await storeSignal(stage, desk.producer.id, { instrument: 'EURUSD' });
    await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [late.id, isoTime(START_MS + 1)]);
    deps.clock.advance(10 * MINUTE_MS);
    await runTick(deps, deps.clock.nowMs());
    const ids = deps.sent.filter((m) => m.kind === 'outbox').map((m) => m.id);
    expect(ids.sort()).toEqual([signal.eventId, late.eventId].sort());
    const statuses = await t.sql('SELECT signal_id, status FROM deliveries ORDER BY created_at, signal_id');
    expect(new Map(statuses.map((r) => [r['signal_id'], r['status']]))).toEqual(
      new Map([
        [signal.id, 0],
        [late.id, 6],
      ]),
    );
    expect(await deps.drain()).toEqual([]);
    deps.clock.advance(MINUTE_MS);
    await runTick(deps, deps.clock.nowMs());
    expect(deps.sent.filter((m) => m.kind === 'outbox' && m.picture === undefined)).toEqual([]);
  });

  it('that fails half-way leaves its minute unfinished, and the next one does the work', async () => {
    await storeSignal(stage, desk.producer.id);
    deps.clock.advance(FIRST_PATIENCE_MS);
    const { queue } = deps;
    deps.queue = {
      send: async () => {
        throw new Error('the queue is gone');
      },
    };
    await expect(runTick(deps, deps.clock.nowMs())).rejects.toThrow('the queue is gone');
    deps.queue = queue;
    expect(await ticks()).toMatchObject([{ finished_at: null }]);
    expect((await readReadiness(t.db)).lastTickMs).toBeNull();
    deps.clock.advance(MINUTE_MS);
    await runTick(deps, deps.clock.nowMs());
    expect(deps.sent.map((m) => m.kind).sort()).toEqual(['outbox', 'schedule']);
    expect((await ticks()).map((r) => r['finished_at'] !== null)).toEqual([false, true]);
  });

  it('reconciles and ends whatever becomes of pictures', async () => {
    const wish = { kind: 'signal', id: deps.ids.next(), user_id: desk.userId };
    await t.sql(
      `INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
        VALUES ($1, 'picture.wanted', $2, $3, $3, 0)`,
      [deps.ids.next(), JSON.stringify(wish), isoTime(START_MS)],
    );
    const { queue } = deps;
    const send: typeof queue.send = async (messages, seconds) => {
      if (messages.some((m) => m.kind === 'outbox' && m.picture)) throw new Error('no such queue');
      await queue.send(messages, seconds);
    };
    deps.queue = { send };
    await runTick(deps, deps.clock.nowMs());
    expect(deps.sent.map((m) => m.kind)).toEqual(['schedule']);
    expect((await ticks()).map((r) => r['finished_at'] !== null)).toEqual([true]);
    expect(outcomesOf('sendPictures')).toEqual(['failed']);
  });

  it('passes over accounts whose bridge was revoked, and forgets minutes of more than a week ago', async () => {
    await t.sql('UPDATE bridges SET revoked_at = now()');
    await t.sql('INSERT INTO schedule_ticks VALUES ($1, $1, NULL), ($2, $2, NULL)', [
      isoTime(START_MS - 8 * 86_400_000),
      isoTime(START_MS - 6 * 86_400_000),
    ]);
    await runTick(deps, START_MS);
    expect(deps.sent).toEqual([]);
    expect((await ticks()).map((r) => r['minute'])).toEqual([
      new Date(START_MS - 6 * 86_400_000),
      new Date(START_MS),
    ]);
  });

  it('says in its line how many events wait and how many are dead', async () => {
    await storeSignal(stage, desk.producer.id);
    const dead = await storeSignal(stage, desk.producer.id);
    await t.sql('UPDATE outbox SET attempts = $2, available_at = created_at WHERE id = $1', [
      dead.eventId,
      MAX_ATTEMPTS,
    ]);
    await runTick(deps, START_MS);
    expect(deps.lines.at(-1)).toMatchObject({ name: 'tick', events_waiting: 2, events_dead: 1 });
  });
});

describe('a message', () => {
  it('of an event that is done or unknown is nothing to do', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const message = { kind: 'outbox' as const, id: signal.eventId };
    await consume(deps, [message]);
    await consume(deps, [message]);
    await consume(deps, [{ kind: 'outbox', id: deps.ids.next() }]);
    expect(deps.lines.map((l) => [l.name, l.outcome])).toEqual([
      ['signal.created', 'done'],
      ['outbox', 'nothing-to-do'],
      ['outbox', 'nothing-to-do'],
    ]);
  });

  it('of a topic that this version does not know stays to be done, and is noted', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    await t.sql(`UPDATE outbox SET topic = 'of.tomorrow' WHERE id = $1`, [signal.eventId]);
    const message = { kind: 'outbox' as const, id: signal.eventId };
    expect(await consume(deps, [message])).toEqual(new Set([message]));
    const [row] = await t.sql('SELECT done_at, last_error FROM outbox WHERE id = $1', [signal.eventId]);
    expect(row).toMatchObject({ done_at: null, last_error: expect.stringMatching(/^Error/) });
  });

  it('that came with others is worked with them, and one that fails is not their failure', async () => {
    const signals = [];
    for (let i = 0; i < 4; i += 1) signals.push(await storeSignal(stage, desk.producer.id));
    const [bad] = signals;
    await t.sql(`UPDATE outbox SET payload = '{"signal_id":"no id"}' WHERE id = $1`, [bad?.eventId]);
    const messages = signals.map((s) => ({ kind: 'outbox' as const, id: s.eventId }));
    expect([...(await consume(deps, messages))].map((m) => 'id' in m && m.id)).toEqual([bad?.eventId]);
    const rows = await t.sql(`SELECT id FROM outbox WHERE done_at IS NULL AND topic <> 'picture.wanted'`);
    expect(rows).toEqual([{ id: bad?.eventId }]);
    expect(deps.lines[0]).toMatchObject({ name: 'signal.created', outcome: 'failed', events: 4 });
    const good = signals.slice(1).map((s) => ({ kind: 'outbox' as const, id: s.eventId }));
    await t.sql('UPDATE outbox SET done_at = NULL');
    deps.lines.length = 0;
    expect((await consume(deps, good)).size).toBe(0);
    expect(deps.lines).toMatchObject([{ name: 'signal.created', outcome: 'done', events: 3 }]);
  });

  it('of a rejection is acknowledged', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const rejection = await decisionOf(stage, signal.id, desk.userId, { decision: 'rejected' });
    const id = deps.ids.next();
    await insertApproval(t.db, rejection, CLIENT, id, auditOf(deps, signal.id));
    await consume(deps, [{ kind: 'outbox', id }]);
    expect(await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [id])).toEqual([
      { done: true },
    ]);
  });

  it('has a consumer for every topic that the stores write', () => {
    expect(Object.keys({ ...CONSUMERS, ...BULK_CONSUMERS })).toEqual(
      expect.arrayContaining(['signal.created', 'approval.approved', 'approval.rejected', 'command.created']),
    );
  });
});

describe('messages that came together', () => {
  const reconcile = (account_id: string) => ({ kind: 'reconcile' as const, account_id });

  it('are worked events first, which people wait for, and an account once however often it is named', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const books = reconcile(desk.account.id);
    const messages = [books, { ...books }, { kind: 'outbox' as const, id: signal.eventId }, { ...books }];
    expect((await consume(deps, messages)).size).toBe(0);
    expect(deps.lines.map((l) => [l.name, l.outcome])).toEqual([
      ['signal.created', 'done'],
      ['reconcile', 'applied'],
    ]);
    expect(bridge.calls('snapshot')).toBe(1);
  });

  it('of one user whose bridges hang hold up nobody: others come first, and what is left comes later', async () => {
    const other = await makeUser(stage);
    const hanging = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { id: bridgeId } = await makeBridge(stage, other);
        return makeAccount(stage, { userId: other, bridgeId, producerIds: [] });
      }),
    );
    deps.outbound = async (request) => {
      if (request.headers['x-bridge-id'] === desk.bridge.id) return bridge.outbound(request);
      deps.clock.advance(10_000);
      return SILENT;
    };
    const messages = [...hanging, desk.account].map(({ id }) => reconcile(id));
    expect((await consume(deps, messages)).size, 'none of it is a failure').toBe(0);
    const done = deps.lines.map((l) => [l.request_id, l.outcome]);
    expect(done).toContainEqual([desk.account.id, 'applied']);
    expect(done.length).toBe(5);
    expect(deps.delayed).toEqual(hanging.slice(4).map(({ id }) => reconcile(id)));
  });

  it('come again by the queue’s own means where it does not take what was left', async () => {
    const other = await makeUser(stage);
    const accounts = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { id: bridgeId } = await makeBridge(stage, other);
        return makeAccount(stage, { userId: other, bridgeId, producerIds: [] });
      }),
    );
    deps.outbound = async () => {
      deps.clock.advance(10_000);
      return SILENT;
    };
    deps.queue = {
      send: async () => {
        throw new Error('the queue takes nothing');
      },
    };
    const messages = accounts.map(({ id }) => reconcile(id));
    expect(await consume(deps, messages)).toEqual(new Set(messages.slice(5)));
  });

  it('that an unreachable database lets nobody read come again, all of them', async () => {
    deps.db = {
      run: async () => {
        throw new Error('the database is gone');
      },
      batch: async () => {
        throw new Error('the database is gone');
      },
    };
    const messages = [
      ...[reconcile(desk.account.id), reconcile(deps.ids.next())],
      { kind: 'outbox' as const, id: deps.ids.next() },
    ];
    expect(await consume(deps, messages)).toEqual(new Set(messages));
  });
});

describe('the whole way from a signal to the books', () => {
  it('through lost, doubled and reversed messages ends in one command, one execution and nothing waiting', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const decision = await decisionOf(stage, signal.id, desk.userId);
    await insertApproval(t.db, decision, CLIENT, deps.ids.next(), auditOf(deps, signal.id));
    // Nothing was ever put on the queue: the schedule alone drives it, and its messages come twice and backwards.
    for (let minute = 1; minute <= 12; minute += 1) {
      deps.clock.advance(MINUTE_MS);
      // The bridge was heard of a moment ago, or the entry would be refused.
      await freshMarkets(stage);
      await runTick(deps, deps.clock.nowMs());
      await deps.drain({ times: 2, order: (m) => [...m].reverse() });
    }
    expect(await t.sql('SELECT state FROM commands')).toEqual([{ state: 'done' }]);
    expect(bridge.executions().length).toBe(1);
    expect(await t.sql('SELECT status FROM deliveries')).toEqual([{ status: 3 }]);
    expect(await t.sql('SELECT 1 FROM outbox WHERE done_at IS NULL')).toEqual([]);
  });
});
