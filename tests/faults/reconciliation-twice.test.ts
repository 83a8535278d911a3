// Two schedulers, two consumers of every message, a process that dies at any of its database calls, and a database that ends
// the connection in the middle of `apply`: the rows at the end are those of one undisturbed run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consume, runTick } from '../../functions/jobs.ts';
import { type Database, lostAnswer } from '../../functions/platform/database.ts';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { TURN_LEASE_MS } from '../../functions/reconciliation/turn-lease-store.ts';
import { type Fleet, makeFleet } from '../support/account-fleet.ts';
import { wireDeal, wirePosition } from '../support/scripted-bridge.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import type { TestDeps } from '../support/test-deps.ts';

const MINUTE_MS = 60_000;
const ACCOUNTS = 3;
/** Of a run with as many ends as it makes calls, on a machine that has other things to do. */
const PATIENCE_MS = 300_000;
/** Facts of the books; what says when or how often we looked, and ids that are ours, differ from run to run. */
const TABLES = ['broker_deals', 'broker_orders', 'trades', 'trade_legs', 'positions', 'divergences'];
const OURS = [
  'id',
  'trade_id',
  'account_id',
  'user_id',
  'recorded_at',
  'updated_at',
  'detected_at',
  'resolved_at',
];
const LOOKED = ['snapshot_at', 'seen_at'];

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

/** What the brokers of all accounts show `minute` minutes after the beginning, all of it since then. */
function shown(minute: number) {
  const atMs = (m: number) => START_MS + m * MINUTE_MS;
  const deal = (ticket: string, order: string, m: number, more: Record<string, unknown> = {}) =>
    wireDeal({ ticket, order, magic: '0', atMs: atMs(m), ...more });
  const out = { type: 'sell', entry: 'out', price: '2040.10' };
  const deals = [
    {
      m: 1,
      deal: deal('0', '0', 0, { type: 'balance', symbol: '', volume: '0', price: '0', profit: '10000' }),
    },
    { m: 1, deal: deal('1', '11', 1) },
    { m: 1, deal: deal('2', '12', 1, { volume: '0.30' }) },
    // A part of one is closed, and another is opened by hand.
    {
      m: 2,
      deal: deal('3', '13', 2, {
        ...out,
        position_id: '12',
        volume: '0.10',
        profit: '50',
        commission: '-0.70',
      }),
    },
    { m: 2, deal: deal('4', '14', 2, { symbol: 'EURUSD', price: '1.10000' }) },
    { m: 3, deal: deal('5', '15', 3, { ...out, position_id: '11', profit: '50' }) },
    { m: 3, deal: deal('6', '16', 3, { ...out, position_id: '12', volume: '0.20', profit: '100' }) },
  ];
  const open = [
    { from: 1, to: 3, identifier: '11', volume: '0.10' },
    { from: 1, to: 2, identifier: '12', volume: '0.30' },
    { from: 2, to: 3, identifier: '12', volume: '0.20' },
    { from: 2, to: 9, identifier: '14', volume: '0.10', symbol: 'EURUSD' },
    // Nobody has a deal that opened it.
    { from: 2, to: 9, identifier: '99', volume: '0.50' },
  ].filter((p) => p.from <= minute && minute < p.to);
  const balance = ['10000', '10000', '10049.3'][minute] ?? '10199.3';
  const equity = String(Number(balance) + 10 * open.length);
  return {
    account: { balance, equity },
    deals: deals.filter((d) => d.m <= minute).map((d) => d.deal),
    positions: open.map(({ from: _, to: __, ...p }) => wirePosition({ ...p, magic: '0', atMs: atMs(1) })),
    history_orders:
      minute < 3
        ? []
        : [
            {
              ...{
                ticket: '17',
                state: 'canceled',
                type: 'buy_limit',
                symbol: 'XAUUSD',
                magic: '0',
                position_id: '0',
              },
              ...{
                volume_initial: '0.10',
                volume_current: '0.10',
                price_open: '2000',
                sl: null,
                tp: null,
                comment: '',
              },
              ...{ time_setup: new Date(atMs(1)).toISOString(), time_done: new Date(atMs(3)).toISOString() },
            },
          ],
  };
}

type World = { fleet: Fleet; scheduler: TestDeps };
const turnsSent = (deps: TestDeps): WorkMessage[] =>
  [...deps.sent.splice(0), ...deps.delayed.splice(0).filter((m) => isDue(m, deps))].filter(
    (m) => m.kind !== 'outbox',
  );
/** What comes half a minute later, because something stands at risk, is not for now. */
const isDue = (m: WorkMessage, { clock }: TestDeps): boolean =>
  m.kind === 'schedule' && m.due_ms <= clock.nowMs();

async function begin(): Promise<World> {
  // Of earlier worlds nothing is due.
  await t.sql('UPDATE bridges SET revoked_at = now()');
  await t.sql('DELETE FROM schedule_ticks');
  const fleet = await makeFleet(t, ACCOUNTS);
  return { fleet, scheduler: fleet.another() };
}

function toMinute({ fleet }: World, minute: number): void {
  fleet.deps.clock.set(START_MS + minute * MINUTE_MS);
  for (const account of fleet.accounts) account.shows(shown(minute));
}

/** A minute as it should be: one tick, one consumer of what it sent and of what that leaves to be done. */
async function calmMinute(world: World, minute: number): Promise<void> {
  toMinute(world, minute);
  await runTick(world.scheduler, world.fleet.deps.clock.nowMs());
  for (let messages = turnsSent(world.scheduler); messages.length > 0; messages = turnsSent(world.fleet.deps))
    expect((await consume(world.fleet.deps, messages)).size).toBe(0);
  const { lines } = world.fleet.deps;
  const outcomes = lines.splice(0).flatMap((l) => (l.name === 'reconcile' ? [l.outcome] : []));
  expect(new Set(outcomes), 'what the brokers show is sound').toEqual(new Set(['applied']));
}

/** The rows of all accounts, in an order of their own; each account's should be the same. */
async function rowsOf({ fleet }: World): Promise<Record<string, unknown[]>[]> {
  return Promise.all(
    fleet.accounts.map(async ({ id }) => {
      const tables: [string, unknown[]][] = [];
      for (const table of TABLES) {
        const rows = await t.sql(
          `SELECT to_jsonb(x) - $2::text[] AS row FROM ${table} x WHERE account_id = $1 ORDER BY (to_jsonb(x) - $2::text[])::text`,
          [id, [...OURS, ...LOOKED]],
        );
        tables.push([table, rows.map((r) => r['row'])]);
      }
      return Object.fromEntries(tables);
    }),
  );
}

let undisturbed: Record<string, unknown[]>[];
beforeAll(async () => {
  const world = await begin();
  for (const minute of [1, 2, 3, 4]) await calmMinute(world, minute);
  undisturbed = await rowsOf(world);
});

it('an undisturbed run leaves rows of every kind, the same for every account', () => {
  const [first] = undisturbed;
  expect(undisturbed).toEqual(Array(ACCOUNTS).fill(first));
  for (const table of TABLES) expect(first?.[table]?.length, table).toBeGreaterThan(0);
  expect(first?.['broker_deals']?.length).toBe(7);
  expect(first?.['trades']?.length).toBe(3);
  expect(first?.['positions']?.length).toBe(2);
});

describe('the same rows are left', () => {
  it('by two schedulers at once, ticks that come late and twice, and two consumers of every message', async () => {
    const world = await begin();
    const { fleet } = world;
    for (const minute of [1, 2, 3, 4]) {
      toMinute(world, minute);
      const schedulers = [fleet.another(), fleet.another()];
      const nowMs = fleet.deps.clock.nowMs();
      // The minute before comes once more, now and late, so that both have something to send.
      await t.sql('DELETE FROM schedule_ticks');
      await Promise.all([
        ...schedulers.map((s) => runTick(s, nowMs)),
        ...schedulers.map((s) => runTick(s, nowMs - MINUTE_MS)),
      ]);
      const messages = schedulers.flatMap(turnsSent);
      expect(messages.length).toBeGreaterThanOrEqual(2);
      const consumers = [fleet.another(), fleet.another()];
      await Promise.all([...consumers, ...consumers].map((c) => consume(c, messages)));
      for (const left of consumers.map(turnsSent)) await consume(fleet.deps, left);
    }
    expect(await rowsOf(world)).toEqual(undisturbed);
    expect(
      fleet.accounts.map((a) => a.calls()),
      'and no bridge was called twice for one turn',
    ).toEqual([4, 4, 4]);
  });

  /** Everything after its `last`-th call to the database fails, and that one's answer is lost, or it never got there. */
  function dying(db: Database, last: number, effect: boolean): { db: Database; calls: () => number } {
    let calls = 0;
    const work = async <R>(make: () => Promise<R>): Promise<R> => {
      calls += 1;
      if (calls < last) return make();
      if (calls === last && effect) await make();
      throw lostAnswer('the process');
    };
    return {
      calls: () => calls,
      db: { run: (s) => work(() => db.run(s)), batch: (s) => work(() => db.batch(s)) },
    };
  }

  it(
    'by a process that dies at any of its calls to the database, before it or before its answer',
    async () => {
      let deaths = 0;
      for (let last = 1; ; last += 1) {
        let reached = 0;
        for (const effect of [true, false]) {
          const world = await begin();
          await calmMinute(world, 1);
          toMinute(world, 2);
          await runTick(world.scheduler, world.fleet.deps.clock.nowMs());
          const messages = turnsSent(world.scheduler);
          const process = world.fleet.another();
          const { db, calls } = dying(t.db, last, effect);
          // Whoever is dead says nothing to the queue either, and what he had comes again, at once and for nothing.
          await consume({ ...process, db }, messages).catch(() => {});
          reached = Math.max(reached, calls());
          const next = world.fleet.another();
          await consume(next, messages);
          world.fleet.deps.clock.advance(TURN_LEASE_MS);
          expect((await consume(next, turnsSent(next))).size).toBe(0);
          for (const minute of [3, 4]) await calmMinute(world, minute);
          expect(await rowsOf(world), `call ${last}, ${effect ? 'done' : 'not done'}`).toEqual(undisturbed);
          deaths += 1;
        }
        if (reached < last) break;
      }
      // The leases, and of each account what is known and what is stored.
      expect(deaths / 2).toBeGreaterThan(2 * ACCOUNTS + 1);
    },
    PATIENCE_MS,
  );

  it('by a database that ends the connection while a plan is being applied', async () => {
    const world = await begin();
    const { fleet } = world;
    await calmMinute(world, 1);
    toMinute(world, 2);
    await runTick(world.scheduler, fleet.deps.clock.nowMs());
    const messages = turnsSent(world.scheduler);
    // The account's own row is written by then; the statement waits for the last of its rows.
    const blocker = await t.connect('owner');
    await blocker.query('BEGIN');
    const bridges = fleet.accounts.map((a) => a.bridgeId);
    await blocker.query('SELECT 1 FROM bridge_contacts WHERE bridge_id = ANY($1) FOR UPDATE', [bridges]);
    const working = fleet.another();
    const ended = consume(working, messages);
    await untilBlocked(t, ACCOUNTS);
    const superuser = await t.connect('superuser');
    const { rows } = await superuser.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
         AND wait_event_type = 'Lock' AND query LIKE '%UPDATE accounts SET version%'`,
    );
    expect(rows.length).toBe(ACCOUNTS);
    await blocker.query('ROLLBACK');
    await ended;
    expect(working.lines.filter((l) => l.name === 'reconcile').map((l) => l.outcome)).toEqual(
      Array(ACCOUNTS).fill('failed'),
    );
    const half = await t.sql(
      'SELECT ticket FROM broker_deals WHERE account_id = ANY($1) AND ticket IN ($2, $3)',
      [fleet.accounts.map((a) => a.id), ...['3', '4']],
    );
    expect(half, 'of what was being applied nothing is there').toEqual([]);
    const left = turnsSent(working);
    expect(left.flatMap((m) => (m.kind === 'schedule' ? m.account_ids : [])).sort()).toEqual(
      fleet.accounts.map((a) => a.id).sort(),
    );
    expect((await consume(fleet.another(), left)).size).toBe(0);
    expect(
      fleet.accounts.map((a) => a.calls()),
      'at once, and not at the next tick',
    ).toEqual([3, 3, 3]);
    for (const minute of [3, 4]) await calmMinute(world, minute);
    expect(await rowsOf(world)).toEqual(undisturbed);
  });
});
