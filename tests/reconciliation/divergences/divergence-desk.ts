/**
 * A desk at the simulated broker whose history goes back to its deposit: what each divergence's test arranges there, has the
 * real function look at, and reads.
 */
import type { Row } from '../../../functions/platform/database.ts';
import type { TradeRequest } from '../../../infra/local/broker/trade-request.ts';
import { DeskAtSimulator } from '../../support/desk-at-simulator.ts';
import { storeSignal } from '../../support/organisation.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Position = Record<string, string>;

export class DivergenceDesk {
  readonly at: DeskAtSimulator;
  readonly login: string;

  private constructor(at: DeskAtSimulator) {
    this.at = at;
    this.login = at.desk.account.login;
  }

  /** Its books and the broker's agree, and every later fact is news. */
  static async make(t: TestDatabase, marginMode: 'hedging' | 'netting' = 'hedging'): Promise<DivergenceDesk> {
    const desk = new DivergenceDesk(await DeskAtSimulator.make(t, undefined, marginMode));
    await desk.look();
    return desk;
  }

  /** A minute later: what the real function makes of what stands, and of what that put on the queue. The first outcome. */
  async look(): Promise<string> {
    const { clock } = this.at.deps;
    clock.advance(60_000);
    this.at.control('/clock', { now: new Date(clock.nowMs()).toISOString() });
    const { outcome } = await this.at.reconcile();
    const failures = await this.at.deps.drain();
    if (failures[0] !== undefined) throw failures[0];
    return outcome;
  }

  /** As `look`, and the names of the events of all runs since. */
  async events(): Promise<string[]> {
    const before = await this.#runs();
    await this.look();
    const after = await this.#runs();
    return after.slice(before.length).flat();
  }

  async #runs(): Promise<string[][]> {
    const rows = await this.at.t.sql(
      'SELECT events FROM reconciliation_runs WHERE account_id = $1 ORDER BY started_at, id',
      [this.at.desk.account.id],
    );
    return rows.map((r) =>
      (r['events'] as { code: string; broker_key: string }[]).map((e) => `${e.code} ${e.broker_key}`),
    );
  }

  /** The rows of a code. */
  rows(code: string): Promise<Row[]> {
    return this.at.t.sql(
      `SELECT id, code, broker_key, policy, status, resolution, evidence, signal_id FROM divergences
       WHERE account_id = $1 AND code = $2 ORDER BY detected_at, broker_key`,
      [this.at.desk.account.id, code],
    );
  }

  /** Codes of alerts that were raised about divergences of this account. */
  async alarms(): Promise<string[]> {
    const rows = await this.at.t.sql(
      `SELECT l.detail->>'code' AS code FROM alerts l JOIN divergences v ON v.id::text = l.subject_id
       WHERE l.kind = 'divergence' AND v.account_id = $1 ORDER BY 1`,
      [this.at.desk.account.id],
    );
    return rows.map((r) => String(r['code']));
  }

  commands(kind: string): Promise<Row[]> {
    return this.at.t.sql('SELECT * FROM commands WHERE account_id = $1 AND kind = $2 ORDER BY created_at', [
      this.at.desk.account.id,
      kind,
    ]);
  }

  async account(): Promise<Row> {
    const [row] = await this.at.t.sql('SELECT * FROM accounts WHERE id = $1', [this.at.desk.account.id]);
    if (row === undefined) throw new Error('no account');
    return row;
  }

  trades(): Promise<Row[]> {
    return this.at.t.sql(
      'SELECT * FROM trades WHERE account_id = $1 ORDER BY opened_at, position_id, episode',
      [this.at.desk.account.id],
    );
  }

  /** The account in the broker's own book. */
  book() {
    const own = this.at.book().accounts.find((a) => a.login === this.login);
    if (own === undefined) throw new Error('the broker knows no such account');
    return own;
  }

  position(): Position {
    const [first] = this.book().positions;
    if (first === undefined) throw new Error('no position');
    return first;
  }

  /** Traded by hand. */
  manual(body: object): Record<string, string> {
    return this.at.control('/manual-trade', { login: this.login, ...body }) as Record<string, string>;
  }

  /** Asked of the trade server directly, as any program could. */
  send(request: Omit<TradeRequest, 'login'> & object): Record<string, unknown> {
    const answer = this.at.host.engine.send({ ...request, login: this.login } as TradeRequest);
    if (answer.retcode !== 10009 && answer.retcode !== 10008) throw new Error(JSON.stringify(answer));
    return answer as unknown as Record<string, unknown>;
  }

  /** A row of the broker's own tables, changed as no trade would. */
  tamper(table: 'position' | 'deal' | 'account' | 'order', key: string, change: object | null): void {
    const { engine } = this.at.host;
    const row = engine.state.tables[table].get(key);
    if (row === undefined) throw new Error(`no ${table} ${key}`);
    engine.transact(() =>
      engine.state.put(table, key, change === null ? null : ({ ...row, ...change } as never)),
    );
  }

  fault(kind: string, times = 1): void {
    this.at.control('/fault', { kind, login: this.login, on: 'snapshot', times });
  }

  tick(bid: string, ask: string): void {
    this.at.control('/tick', { symbol: 'XAUUSD', bid, ask });
  }

  /** A signal of this moment, approved and executed; its command. */
  async entry(change: Record<string, unknown> = {}): Promise<Row> {
    const { id } = await storeSignal(this.at, this.at.desk.producer.id, change);
    const { command } = await this.at.approve(id);
    if (command === undefined) throw new Error('no command was made');
    return command;
  }
}
