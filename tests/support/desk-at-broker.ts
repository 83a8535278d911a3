/**
 * A desk whose account stands at a scripted broker: what the tests of the reconciliation arrange, ask for and read.
 * Made anew for each test; the database may be the file's.
 */
import type { Row } from '../../functions/platform/database.ts';
import { reconcileAccount } from '../../functions/reconciliation/reconcile-account.ts';
import { makeAccount, makeBridge, makeDesk, type Stage } from './organisation.ts';
import {
  executed,
  nothingFound,
  type ScriptedBridge,
  scriptedBridge,
  wireDeal,
  wireSnapshot,
} from './scripted-bridge.ts';
import { testClock } from './test-clock.ts';
import type { TestDatabase } from './test-database.ts';
import { type TestDeps, testDeps } from './test-deps.ts';

type Change = NonNullable<Parameters<typeof wireSnapshot>[1]>;

export class DeskAtBroker implements Stage {
  readonly t: TestDatabase;
  readonly deps: TestDeps;
  readonly desk: Awaited<ReturnType<typeof makeDesk>>;
  bridge: ScriptedBridge;

  private constructor(t: TestDatabase, deps: TestDeps, desk: Awaited<ReturnType<typeof makeDesk>>) {
    this.t = t;
    this.deps = deps;
    this.desk = desk;
    this.bridge = scriptedBridge(desk.bridge.secret, deps.clock, {
      execute: (c) => executed(c, { outcome: 'done', retcode: 10009, order: '7' }),
      lookup: () => nothingFound(),
      snapshot: () => this.snapshot(),
    });
    deps.outbound = (request) => this.bridge.outbound(request);
  }

  static async make(t: TestDatabase): Promise<DeskAtBroker> {
    const deps = testDeps(t, { clock: testClock() });
    return new DeskAtBroker(t, deps, await makeDesk({ t, deps }));
  }

  /** A sound snapshot of the desk's account at this moment. */
  snapshot(change: Change = {}): Record<string, unknown> {
    const account = { login: this.desk.account.login, ...change.account };
    return wireSnapshot(this.deps.clock.nowMs(), { ...change, account });
  }

  /** From now on the bridge answers with such a snapshot. */
  answer(change: Change): void {
    this.bridge.script.snapshot = () => this.snapshot(change);
  }

  run(id = this.desk.account.id) {
    return reconcileAccount(this.deps, id);
  }

  /** An account that no snapshot has bound yet, at a bridge of its own, which from now on is the one that answers. */
  async unbound(change: (login: string) => Change = (login) => ({ account: { login } })) {
    const own = await makeBridge(this, this.desk.userId);
    const of = { userId: this.desk.userId, bridgeId: own.id, producerIds: [], fresh: true };
    const account = await makeAccount(this, of);
    const snapshot = () => this.snapshot(change(account.login));
    this.bridge = scriptedBridge(own.secret, this.deps.clock, { snapshot });
    return account;
  }

  async account(id = this.desk.account.id): Promise<Row | undefined> {
    return (await this.t.sql('SELECT * FROM accounts WHERE id = $1', [id]))[0];
  }

  async outcomes(id = this.desk.account.id): Promise<unknown[]> {
    const text = 'SELECT outcome FROM reconciliation_runs WHERE account_id = $1 ORDER BY started_at, id';
    return (await this.t.sql(text, [id])).map((r) => r['outcome']);
  }

  /**
   * All that the books hold of the account, without the moments of writing; of the divergences those of trades: money is made
   * up here and adds up to nothing, and what a refused snapshot is called is its run's outcome.
   */
  async books(): Promise<Record<string, Row[]>> {
    const of = (table: string, key: string, which = 'true') =>
      this.t.sql(
        `SELECT to_jsonb(x) - 'updated_at' - 'snapshot_at' - 'seen_at' AS row FROM ${table} x
         WHERE account_id = $1 AND ${which} ORDER BY ${key}`,
        [this.desk.account.id],
      );
    return {
      deals: await of('broker_deals', 'ticket'),
      orders: await of('broker_orders', 'ticket'),
      trades: await of('trades', 'position_id'),
      positions: await of('positions', 'identifier'),
      divergences: await of('divergences', 'code, broker_key', `broker_key NOT IN ('balance', 'snapshot')`),
    };
  }

  /** The deal that opens position 7. */
  opening(more: Record<string, unknown> = {}): Record<string, unknown> {
    return wireDeal({ ticket: '8', order: '7', magic: '0', atMs: this.deps.clock.nowMs(), ...more });
  }

  /** The deal that takes all of position 7 out, at its take profit. */
  closing(): Record<string, unknown> {
    return this.opening({
      ticket: '9',
      order: '10',
      position_id: '7',
      type: 'sell',
      entry: 'out',
      price: '2040.10',
      profit: '50.00',
      commission: '-0.70',
      reason: 'tp',
    });
  }
}
