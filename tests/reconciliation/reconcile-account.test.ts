import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { SILENT, wirePosition, type wireSnapshot } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

type Change = NonNullable<Parameters<typeof wireSnapshot>[1]>;
let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

describe('binding an account', () => {
  it('is done by the first snapshot, with the broker’s own words, and leaves the account halted', async () => {
    const fresh = await at.unbound();
    expect(await at.run(fresh.id)).toEqual({ accountId: fresh.id, outcome: 'applied' });
    expect(await at.account(fresh.id)).toMatchObject({
      server: 'Demo-1',
      login: fresh.login,
      currency: 'USD',
      margin_mode: 'hedging',
      trade_mode: 'demo',
      bound_at: new Date(at.deps.clock.nowMs()),
      halted: true,
      version: 1,
      boot_id: 'boot-1',
      bridge_seq: '1',
      state: {
        balance: '10000',
        equity: '10000',
        credit: '0',
        profit: '0',
        margin: '0',
        margin_free: '10000',
      },
    });
  });

  it('is refused where the login is bound to another account, and nothing is stored but the run', async () => {
    const fresh = await at.unbound(() => ({ deals: [at.opening()] }));
    expect(await at.run(fresh.id)).toMatchObject({ outcome: 'bound-elsewhere' });
    expect(await at.account(fresh.id)).toMatchObject({
      login: null,
      bound_at: null,
      version: 0,
      state: null,
    });
    expect(await t.sql('SELECT 1 FROM broker_deals WHERE account_id = $1', [fresh.id])).toEqual([]);
    expect(await at.outcomes(fresh.id)).toEqual(['bound-elsewhere']);
  });
});

describe('a snapshot that may not change the books', () => {
  const spoiled: [string, (at: number) => Change][] = [
    ['account-mismatch', () => ({ account: { login: '99' } })],
    ['account-mismatch', () => ({ account: { server: 'Real-1' } })],
    ['account-mismatch', () => ({ account: { currency: 'EUR' } })],
    ['account-mismatch', () => ({ account: { margin_mode: 'netting' } })],
    ['account-mismatch', () => ({ account: { trade_mode: 'real' } })],
    ['snapshot-stale', (at) => ({ captured_at: new Date(at - 30_001).toISOString() })],
    ['terminal-disconnected', () => ({ connected: false })],
    [
      'snapshot-incomplete',
      () => ({
        sections: { account: true, positions: false, orders: true, deals: true, history_orders: true },
      }),
    ],
    ['snapshot-torn', () => ({ account: { equity: '9000' } })],
  ];

  it.each(spoiled)(
    'is refused as %s, case %#: no figure moves, and the run says so',
    async (reason, change) => {
      at.answer({
        deals: [at.opening()],
        positions: [wirePosition({ identifier: '7', magic: '0', atMs: at.deps.clock.nowMs() })],
      });
      expect(await at.run()).toMatchObject({ outcome: 'applied' });
      const [before, accountBefore] = [await at.books(), await at.account()];
      at.deps.clock.advance(60_000);
      // It says that everything is gone: had it been believed, the position would be too.
      const told = change(at.deps.clock.nowMs());
      at.answer({
        ...told,
        account: {
          balance: '9000',
          equity: '9000',
          ...told.account,
          ...(reason === 'snapshot-torn' ? { balance: '10000' } : {}),
        },
      });
      expect(await at.run()).toMatchObject({ outcome: reason });
      expect(await at.books()).toEqual(before);
      expect(await at.account()).toEqual(accountBefore);
      expect(await at.outcomes()).toEqual(['applied', reason]);
    },
  );

  it('is refused out of order: an older number of the same boot changes nothing', async () => {
    at.answer({ deals: [at.opening()] });
    await at.run();
    const before = await at.books();
    at.bridge.script.snapshot = () => ({ ...at.snapshot({ deals: [at.opening(), at.closing()] }), seq: 1 });
    expect(await at.run()).toMatchObject({ outcome: 'snapshot-out-of-order' });
    expect(await at.books()).toEqual(before);
    at.bridge.script.snapshot = () => ({
      ...at.snapshot({ deals: [at.opening(), at.closing()] }),
      seq: 0,
      boot_id: 'boot-2',
    });
    expect(await at.run()).toMatchObject({ outcome: 'applied' });
  });

  it.each([
    ['bridge-timeout', () => SILENT],
    ['bridge-malformed', () => ({ ...at.snapshot(), account: null })],
  ])('is none where the bridge says nothing sound: %s', async (reason, reply) => {
    at.bridge.script.snapshot = reply;
    const before = await at.account();
    expect(await at.run()).toMatchObject({ outcome: reason });
    expect(await at.account()).toEqual(before);
    expect(await at.outcomes()).toEqual([reason]);
  });

  it('is not asked for of an account that nobody knows', async () => {
    const id = at.deps.ids.next();
    expect(await at.run(id)).toEqual({ accountId: id, outcome: 'unknown-account' });
    expect(at.bridge.received).toEqual([]);
  });
});

describe('two reconciliations at once', () => {
  it('of one account: one applies, the other plans again from what is stored then, and no row is doubled', async () => {
    at.answer({
      deals: [at.opening()],
      positions: [wirePosition({ identifier: '7', magic: '0', atMs: at.deps.clock.nowMs() })],
    });
    const ends = await Promise.all(Array.from({ length: 10 }, () => at.run()));
    const applied = ends.filter((e) => e.outcome === 'applied').length;
    expect(applied).toBeGreaterThan(0);
    expect(ends.every((e) => ['applied', 'snapshot-out-of-order', 'raced'].includes(e.outcome))).toBe(true);
    expect((await at.account())?.['version']).toBe(applied);
    expect(await at.books()).toMatchObject({ deals: [{}], trades: [{}], positions: [{}] });
    const [{ n } = {}] = await t.sql(
      'SELECT count(*)::int AS n FROM reconciliation_runs WHERE account_id = $1',
      [at.desk.account.id],
    );
    expect(n).toBe(10);
  });

  it('plans again where another writer came between reading and writing, and gives up after three times', async () => {
    const { db } = at.deps;
    let intrusions = 0;
    const intrude = async (limit: number) => {
      if (intrusions >= limit) return;
      intrusions += 1;
      await t.sql('UPDATE accounts SET version = version + 1 WHERE id = $1', [at.desk.account.id]);
    };
    const withIntruder = (limit: number) => {
      intrusions = 0;
      at.deps.db = {
        run: db.run,
        batch: async (statements) => {
          const rows = await db.batch(statements);
          await intrude(limit);
          return rows;
        },
      };
    };
    at.answer({ deals: [at.opening()] });
    withIntruder(1);
    expect(await at.run()).toMatchObject({ outcome: 'applied' });
    expect(intrusions).toBe(1);
    at.answer({ deals: [at.opening(), at.closing()] });
    withIntruder(99);
    expect(await at.run()).toMatchObject({ outcome: 'raced' });
    expect(await at.books()).toMatchObject({ deals: [{}], trades: [{ row: { volume_open: 0.1 } }] });
    at.deps.db = db;
    expect(await at.run()).toMatchObject({ outcome: 'applied' });
    expect(await at.books()).toMatchObject({ deals: [{}, {}], trades: [{ row: { status: 'closed' } }] });
  });

  it('by message is one line of the log each', async () => {
    await consume(at.deps, [{ kind: 'reconcile', account_id: at.desk.account.id }]);
    expect(at.deps.lines).toMatchObject([
      { kind: 'job', name: 'reconcile', outcome: 'applied', request_id: at.desk.account.id },
    ]);
  });
});
