import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume, runTick } from '../../functions/jobs.ts';
import type { Database } from '../../functions/platform/database.ts';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { TURN_LEASE_MS } from '../../functions/reconciliation/turn-lease-store.ts';
import { type Fleet, type FleetAccount, makeFleet } from '../support/account-fleet.ts';
import { SILENT, wireDeal, wirePosition, wireSnapshot } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import type { TestDeps } from '../support/test-deps.ts';

const MINUTE_MS = 60_000;
let t: TestDatabase;
let fleet: Fleet;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

const idsOf = (accounts: readonly FleetAccount[]) => accounts.map((a) => a.id);
const turn = (account_ids: readonly string[], slow?: true): WorkMessage => ({
  ...{ kind: 'schedule', account_ids, due_ms: fleet.deps.clock.nowMs() },
  ...(slow && { slow }),
});
const outcomes = (deps: TestDeps) =>
  deps.lines.filter((l) => l.name === 'reconcile').map((l) => [l.request_id, l.outcome]);
const runs = async (id: string) =>
  (await t.sql('SELECT outcome FROM reconciliation_runs WHERE account_id = $1 ORDER BY id', [id])).map(
    (r) => r['outcome'],
  );
const snapshotOf = ({ login }: FleetAccount) =>
  wireSnapshot(fleet.deps.clock.nowMs(), { account: { login } });
const calls = () => fleet.accounts.map((a) => a.calls());

describe('an account whose turn it is', () => {
  beforeEach(async () => {
    fleet = await makeFleet(t, 3);
  });

  it('is called once however many consumers have its message at once, and once more in the next turn', async () => {
    const message = turn(idsOf(fleet.accounts));
    const consumers = [fleet.deps, fleet.another(), fleet.another()];
    const failed = await Promise.all(consumers.map((deps) => consume(deps, [message])));
    expect(failed.every((f) => f.size === 0)).toBe(true);
    expect(calls()).toEqual([1, 1, 1]);
    for (const { id } of fleet.accounts) expect(await runs(id)).toEqual(['applied']);
    const leases = () => t.sql('SELECT account_id, epoch FROM reconcile_leases ORDER BY account_id');
    const before = await leases();
    await consume(fleet.another(), [message]);
    expect(calls(), 'the message comes again when all is done').toEqual([1, 1, 1]);
    expect(await leases(), 'and no turn is taken for it').toEqual(before);
    fleet.deps.clock.advance(MINUTE_MS);
    await consume(fleet.deps, [turn(idsOf(fleet.accounts))]);
    expect(calls()).toEqual([2, 2, 2]);
  });

  it('is called in any case where something happened that it is to learn of', async () => {
    const [account] = fleet.accounts as [FleetAccount];
    const message = turn([account.id]);
    account.answers(async () => {
      account.shows({});
      await consume(fleet.another(), [{ kind: 'reconcile', account_id: account.id }]);
      throw new Error('whoever had the turn died here');
    });
    await consume(fleet.deps, [message]);
    expect(account.calls()).toBe(2);
    expect(await runs(account.id)).toEqual(['applied']);
  });

  it('stays with whoever died with it until the lease ends, and then comes to the next', async () => {
    const [account] = fleet.accounts as [FleetAccount];
    const { deps } = fleet;
    await t.sql('INSERT INTO reconcile_leases VALUES ($1, 7, $2)', [
      account.id,
      new Date(deps.clock.nowMs() + TURN_LEASE_MS).toISOString(),
    ]);
    const message = turn([account.id]);
    await consume(deps, [message]);
    expect(account.calls()).toBe(0);
    expect(deps.delayed).toEqual([message]);
    deps.clock.advance(TURN_LEASE_MS);
    await consume(deps, deps.delayed.splice(0));
    expect(account.calls()).toBe(1);
    const rows = await t.sql(
      'SELECT epoch, expires_at <= $2 AS free FROM reconcile_leases WHERE account_id = $1',
      [account.id, new Date(0).toISOString()],
    );
    expect(rows).toEqual([{ epoch: '8', free: true }]);
  });

  it('is stored by nobody who was overtaken, though his version of the account is the newest', async () => {
    const [account] = fleet.accounts as [FleetAccount];
    account.answers(async () => {
      await t.sql('UPDATE reconcile_leases SET epoch = epoch + 1 WHERE account_id = $1', [account.id]);
      return snapshotOf(account);
    });
    await consume(fleet.deps, [turn([account.id])]);
    expect(await runs(account.id)).toEqual(['raced']);
    expect(await t.sql('SELECT version FROM accounts WHERE id = $1', [account.id])).toEqual([{ version: 0 }]);
  });

  it('gives its turn back where it fails, and comes again alone; the others are not its failure', async () => {
    const [bad, ...good] = fleet.accounts as [FleetAccount, ...FleetAccount[]];
    bad.answers(() => {
      throw new Error('a fault of ours');
    });
    const message = turn(idsOf(fleet.accounts));
    expect((await consume(fleet.deps, [message])).size).toBe(0);
    expect(outcomes(fleet.deps)).toEqual(
      expect.arrayContaining([[bad.id, 'failed'], ...good.map((a) => [a.id, 'applied'])]),
    );
    expect(fleet.deps.delayed).toEqual([{ ...message, account_ids: [bad.id] }]);
    const alone = fleet.deps.delayed.splice(0);
    expect(await consume(fleet.deps, alone), 'and alone it is the queue’s to repeat').toEqual(new Set(alone));
    bad.shows({});
    expect((await consume(fleet.deps, alone)).size).toBe(0);
    expect(await runs(bad.id)).toEqual(['applied']);
    expect(calls()).toEqual([3, 1, 1]);
  });

  it('gives its turn back where the round has no time for it, and what was left comes again together', async () => {
    for (const account of fleet.accounts)
      account.answers(() => {
        fleet.deps.clock.advance(10_000);
        return SILENT;
      });
    const many = await makeFleetMore(9);
    const message = turn(idsOf([...fleet.accounts, ...many]));
    await consume(fleet.deps, [message]);
    const begun = new Set(outcomes(fleet.deps).map(([id]) => id));
    expect(begun.size).toBe(5);
    const left = message.kind === 'schedule' ? message.account_ids.filter((id) => !begun.has(id)) : [];
    const [again, ...others] = fleet.deps.delayed;
    expect(others).toEqual([]);
    expect(again).toMatchObject({ kind: 'schedule', due_ms: (message as { due_ms: number }).due_ms });
    expect(again?.kind === 'schedule' && [...again.account_ids].sort()).toEqual([...left].sort());
    const held = await t.sql(
      'SELECT 1 FROM reconcile_leases WHERE account_id = ANY($1) AND expires_at > $2',
      [left, new Date(1).toISOString()],
    );
    expect(held).toEqual([]);
  });

  async function makeFleetMore(count: number): Promise<FleetAccount[]> {
    const more = await makeFleet(t, count);
    const [mine, theirs] = [fleet.deps.outbound, more.deps.outbound];
    const own = new Set(fleet.accounts.map((a) => a.bridgeId));
    fleet.deps.outbound = async (request) => {
      if (own.has(request.headers['x-bridge-id'] ?? '')) return mine(request);
      fleet.deps.clock.advance(10_000);
      return theirs(request);
    };
    return more.accounts;
  }
});

describe('a bridge that takes long', () => {
  beforeEach(async () => {
    fleet = await makeFleet(t, 2);
  });
  const slowFor = async ({ bridgeId }: FleetAccount) =>
    (await t.sql('SELECT slow_for FROM bridge_contacts WHERE bridge_id = $1', [bridgeId]))[0]?.['slow_for'];
  const hanging = (account: FleetAccount, ms: number) =>
    account.answers(() => {
      fleet.deps.clock.advance(ms);
      return SILENT;
    });
  const late = (account: FleetAccount, ms: number) =>
    account.answers(() => {
      fleet.deps.clock.advance(ms);
      return snapshotOf(account);
    });

  it('is given three seconds among the others, called once, and then called again in the lane of the slow', async () => {
    const [slow, quick] = fleet.accounts as [FleetAccount, FleetAccount];
    hanging(slow, 3_000);
    await consume(fleet.deps, [turn(idsOf(fleet.accounts))]);
    expect(fleet.given).toEqual([3_000, 3_000]);
    expect(calls()).toEqual([1, 1]);
    expect(new Map(outcomes(fleet.deps) as [string, string][])).toEqual(
      new Map([
        [quick.id, 'applied'],
        [slow.id, 'bridge-timeout'],
      ]),
    );
    expect(fleet.deps.sent).toEqual([
      { kind: 'schedule', account_ids: [slow.id], due_ms: fleet.deps.clock.nowMs() + 1, slow: true },
    ]);
    fleet.deps.clock.advance(1_000);
    late(slow, 9_000);
    await consume(fleet.deps, fleet.deps.sent.splice(0));
    expect(fleet.given.at(-1)).toBe(10_000);
    expect(await runs(slow.id)).toEqual(['bridge-timeout', 'applied']);
    expect(fleet.deps.sent).toEqual([]);
  });

  it('is in the lane of the slow from the next tick on, and comes back after three prompt answers', async () => {
    const [slow, quick] = fleet.accounts as [FleetAccount, FleetAccount];
    late(slow, 3_001);
    await consume(fleet.deps, [turn([slow.id], true), turn([quick.id])]);
    expect([await slowFor(slow), await slowFor(quick)]).toEqual([3, 0]);
    slow.shows({});
    for (const left of [2, 1, 0]) {
      fleet.deps.clock.advance(MINUTE_MS);
      await runTick(fleet.deps, fleet.deps.clock.nowMs());
      const mine = fleet.deps.sent.filter((m) => m.kind === 'schedule');
      fleet.deps.sent.length = 0;
      expect(mine.find((m) => m.account_ids.includes(slow.id))?.slow).toBe(true);
      expect(mine.find((m) => m.account_ids.includes(quick.id))?.slow).toBeUndefined();
      await consume(fleet.deps, mine);
      expect(await slowFor(slow)).toBe(left);
    }
    fleet.deps.clock.advance(MINUTE_MS);
    await runTick(fleet.deps, fleet.deps.clock.nowMs());
    const both = fleet.deps.sent.filter((m) => m.kind === 'schedule');
    expect(both.find((m) => m.account_ids.includes(slow.id))?.slow).toBeUndefined();
  });

  it('is not taken for one that is back by an answer that does not come', async () => {
    const [slow] = fleet.accounts as [FleetAccount];
    hanging(slow, 10_000);
    await consume(fleet.deps, [turn([slow.id], true)]);
    slow.answers(() => ({ kind: 'failed', effect: 'none', word: 'unreachable' }));
    fleet.deps.clock.advance(MINUTE_MS);
    await consume(fleet.deps, [turn([slow.id], true)]);
    expect(await slowFor(slow)).toBe(3);
  });
});

describe('round trips to the database', () => {
  type Counted = { db: Database; trips: () => number };
  const counting = (db: Database): Counted => {
    let trips = 0;
    const count = <A extends unknown[], R>(work: (...args: A) => R) => {
      return (...args: A): R => {
        trips += 1;
        return work(...args);
      };
    };
    return { db: { run: count(db.run), batch: count(db.batch) }, trips: () => trips };
  };
  const tripsOf = async (messages: readonly WorkMessage[]): Promise<number> => {
    const { db, trips } = counting(t.db);
    // Whose keys for alerts are missing does not look after the schedule, every ten seconds and for no account.
    const { ALERT_KEYS: _, ...config } = fleet.deps.config;
    expect((await consume({ ...fleet.deps, db, config }, messages)).size).toBe(0);
    return trips();
  };

  it('are two for each account of a message and one for all of them, whatever is new', async () => {
    const COUNT = 10;
    fleet = await makeFleet(t, COUNT);
    const ids = idsOf(fleet.accounts);
    const once = 2 * COUNT + 1;
    expect(await tripsOf([turn(ids)]), 'the first time').toBe(once);
    fleet.deps.clock.advance(MINUTE_MS);
    expect(await tripsOf([turn(ids)]), 'nothing new').toBe(once);
    const atMs = fleet.deps.clock.nowMs();
    for (const { shows } of fleet.accounts)
      shows({
        deals: Array.from({ length: 20 }, (_, i) =>
          wireDeal({ ticket: String(100 + i), order: String(200 + i), magic: '0', atMs, price: '2035.10' }),
        ),
        positions: Array.from({ length: 20 }, (_, i) =>
          wirePosition({ identifier: String(200 + i), magic: '0', atMs }),
        ),
      });
    fleet.deps.clock.advance(MINUTE_MS);
    expect(await tripsOf([turn(ids)]), 'twenty new positions each').toBe(once);
    expect(
      await t.sql('SELECT count(*)::int AS n FROM broker_deals WHERE account_id = ANY($1)', [ids]),
    ).toEqual([{ n: 20 * COUNT }]);
    fleet.deps.clock.advance(MINUTE_MS);
    expect(await tripsOf([turn(ids)]), 'twenty positions, and nothing new').toBe(once);
    for (const { answers } of fleet.accounts) answers(() => SILENT);
    fleet.deps.clock.advance(MINUTE_MS);
    expect(await tripsOf([turn(ids)]), 'nobody answers').toBe(COUNT + 1);
  });

  it('are three for an account that is asked for by itself', async () => {
    fleet = await makeFleet(t, 1);
    const [{ id }] = fleet.accounts as [FleetAccount];
    expect(await tripsOf([{ kind: 'reconcile', account_id: id }])).toBe(3);
  });
});
