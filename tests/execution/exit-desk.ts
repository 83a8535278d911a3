// A desk at the simulated broker as the tests of closes and cancellations use it.
import { runTick } from '../../functions/jobs.ts';
import type { SignalBody } from '../../functions/signals/signal-body.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { makeProducer, storeSignal } from '../support/organisation.ts';
import type { TestDatabase } from '../support/test-database.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const [APPROVED, EXECUTED, CANCELLED, FAILED] = [1, 3, 5, 7];
/** How a close ends that has done what it was for. */
export const DONE = { state: 'done', reason: null };

type Body = Partial<SignalBody>;

export class ExitDesk {
  readonly at: DeskAtSimulator;
  readonly login: string;
  readonly #t: TestDatabase;

  private constructor(t: TestDatabase, at: DeskAtSimulator) {
    this.#t = t;
    this.at = at;
    this.login = at.desk.account.login;
  }

  /** An account that is bound and has been reconciled once. */
  static async make(t: TestDatabase, marginMode?: 'netting'): Promise<ExitDesk> {
    const at = await DeskAtSimulator.make(t, undefined, marginMode);
    await at.reconcile();
    return new ExitDesk(t, at);
  }

  nowMs = () => this.at.deps.clock.nowMs();
  fault = (kind: string, more: object = {}) =>
    this.at.control('/fault', { kind, login: this.login, ...more });
  market = (market: 'open' | 'closed') => this.at.control('/symbols', { symbol: 'XAUUSD', market });

  book() {
    const found = this.at.book().accounts.find((a) => a.login === this.login);
    if (found === undefined) throw new Error('there is no such account');
    return found;
  }
  /** Volumes of the positions at the broker. */
  held = () => this.book().positions.map((p) => p['volume']);

  /** What the queue kept back comes, after so long, and all that follows from it. */
  async pass(ms: number): Promise<void> {
    const { deps } = this.at;
    deps.clock.advance(ms);
    deps.sent.push(...deps.delayed.splice(0));
    await deps.drain();
  }
  /** A tick of the schedule, and what it sends. */
  async tick(): Promise<void> {
    await runTick(this.at.deps, this.nowMs());
    await this.at.deps.drain();
  }

  /** The id of a signal that was approved, and what came of that at once. */
  async open(body: Body = {}, producerId = this.at.desk.producer.id): Promise<string> {
    return (await this.at.approve((await storeSignal(this.at, producerId, body)).id)).signalId;
  }
  close = (body: Body = {}, producerId?: string) =>
    this.open({ intent: 'close', side: 'sell', price: '2034.90', ...body }, producerId);
  limit = () => this.open({ order_type: 'limit', price: '2030.10' });

  /** Another producer that the account follows. */
  async follower(given: { dedupScope?: string } = {}): Promise<string> {
    const { account, userId } = this.at.desk;
    const producer = await makeProducer(this.at, userId, given);
    await this.#t.sql('INSERT INTO account_producers VALUES ($1, $2, now())', [account.id, producer.id]);
    return producer.id;
  }

  async delivery(signalId: string) {
    const text = 'SELECT status, refusal FROM deliveries WHERE signal_id = $1';
    const [row] = await this.#t.sql(text, [signalId]);
    return [row?.['status'], row?.['refusal']];
  }
  legs = (signalId: string) =>
    this.#t.sql(
      `SELECT kind, state, attempt, reason, volume_filled::float AS filled FROM commands WHERE signal_id = $1
       ORDER BY created_at, leg, magic`,
      [signalId],
    );
  /** The commands of a signal by kind and state, in the order of these words. */
  async commands(signalId: string) {
    return (await this.legs(signalId)).map((c) => [c['kind'], c['state']]).sort();
  }
  async exit(signalId: string) {
    const text = `SELECT x.state, x.reason FROM exits x JOIN approvals q ON q.id = x.approval_id WHERE q.signal_id = $1`;
    return (await this.#t.sql(text, [signalId]))[0];
  }
  async maxVolume(signalId: string) {
    const text = `SELECT terms->>'max_volume' AS v FROM approvals WHERE signal_id = $1`;
    return (await this.#t.sql(text, [signalId]))[0]?.['v'];
  }
  alerts = (kind: string) =>
    this.#t.sql(`SELECT detail FROM alerts WHERE kind = $1 AND detail->>'login' = $2`, [kind, this.login]);
}
