/**
 * A desk at the simulated broker whose time passes as it does in a deployment: the schedule ticks each minute, what the queue
 * was to bring later comes when its time has come, and the bridge's own guard looks every two seconds where it has one.
 */
import { consume, runTick } from '../../functions/jobs.ts';
import type { Row } from '../../functions/platform/database.ts';
import { laneOf, type WorkMessage } from '../../functions/platform/work-queue.ts';
import { DeskAtSimulator } from './desk-at-simulator.ts';
import { approveSignal, storeSignal } from './organisation.ts';
import type { TestDatabase } from './test-database.ts';

/** Finer than anything that is to be told apart by it. */
const STEP_MS = 500;
const MINUTE_MS = 60_000;

export type Price = readonly [bid: string, ask: string];
export type GuardDeskTerms = {
  marginMode?: 'hedging' | 'netting';
  /** Whether its bridge guards by itself too. */
  bridgeGuard?: boolean;
};

export class GuardDesk {
  readonly at: DeskAtSimulator;
  readonly login: string;
  /** What is on the queue, and when it may come. */
  readonly waiting: { message: WorkMessage; dueMs: number }[] = [];
  /** False: nobody on our side does anything, as after an outage. */
  cloud = true;
  /** False: no quote comes, as while a market is closed. */
  quoted = true;
  #guards: boolean;

  private constructor(at: DeskAtSimulator, bridgeGuard: boolean) {
    this.at = at;
    this.login = at.desk.account.login;
    this.#guards = bridgeGuard;
    at.deps.queue = {
      send: async (messages, seconds = 0) => {
        const dueMs = at.deps.clock.nowMs() + seconds * 1_000;
        for (const message of messages) this.waiting.push({ message, dueMs });
      },
    };
    at.deps.sendSoon = (messages) => void at.deps.queue.send(messages);
  }

  /** An account of 100,000 whose guard has its first sample. */
  static async make(t: TestDatabase, terms: GuardDeskTerms = {}): Promise<GuardDesk> {
    const { marginMode = 'hedging', bridgeGuard = false } = terms;
    const at = await DeskAtSimulator.make(t, undefined, marginMode);
    const desk = new GuardDesk(at, bridgeGuard);
    // Of the desks of earlier tests nobody is asked any more, and their minutes were others'.
    await t.sql('DELETE FROM schedule_ticks');
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id <> $1', [at.desk.bridge.id]);
    at.control('/guard', { login: desk.login, enabled: bridgeGuard });
    await desk.pass(MINUTE_MS);
    return desk;
  }

  get nowMs(): number {
    return this.at.deps.clock.nowMs();
  }

  /**
   * Lets so much time pass, in steps of half a second or as told; `quote` gives the price at each moment, in ms since the
   * beginning, where it moves.
   */
  async pass(ms: number, quote?: (sinceMs: number) => Price, stepMs = STEP_MS): Promise<void> {
    const { clock } = this.at.deps;
    const beganMs = clock.nowMs();
    for (let since = stepMs; since <= ms; since += stepMs) {
      clock.set(beganMs + since);
      this.at.control('/clock', { now: new Date(clock.nowMs()).toISOString() });
      if (quote !== undefined) this.quote(...quote(since));
      else if (this.quoted) this.requote();
      if (this.#guards && clock.nowMs() % 2_000 === 0)
        this.at.control('/guard', {
          login: this.login,
          steps: 1,
          now: new Date(clock.nowMs()).toISOString(),
        });
      if (this.cloud) await this.#work();
    }
  }

  async #work(): Promise<void> {
    const { clock, lines } = this.at.deps;
    if (clock.nowMs() % MINUTE_MS === 0) await runTick(this.at.deps, clock.nowMs());
    for (;;) {
      const due = this.waiting.findIndex(({ dueMs }) => dueMs <= clock.nowMs());
      const [next] = due < 0 ? [] : this.waiting.splice(due, 1);
      if (next === undefined) return;
      // Nothing is drawn in these tests, and what cannot be drawn comes again.
      if (laneOf(next.message) === 'pictures') continue;
      if ((await consume(this.at.deps, [next.message])).size > 0)
        throw new Error(lines.findLast((l) => l.cause !== undefined)?.cause);
    }
  }

  #last: Price = ['2034.90', '2035.10'];
  quote(bid: string, ask: string): void {
    this.#last = [bid, ask];
    this.requote();
  }

  /** The same price again, as a market that is open gives it. */
  requote(): void {
    const [bid, ask] = this.#last;
    this.at.control('/tick', { symbol: 'XAUUSD', bid, ask });
  }

  /** The account in the broker's own book. */
  book() {
    const own = this.at.book().accounts.find((a) => a.login === this.login);
    if (own === undefined) throw new Error('the broker knows no such account');
    return own;
  }

  /** Traded by hand. */
  manual(body: object): Record<string, string> {
    return this.at.control('/manual-trade', { login: this.login, ...body }) as Record<string, string>;
  }

  async guard(): Promise<{ phase: string; state: Record<string, unknown> }> {
    const [row] = await this.at.t.sql(
      'SELECT a.guard_phase, g.state FROM accounts a LEFT JOIN guards g ON g.account_id = a.id WHERE a.id = $1',
      [this.at.desk.account.id],
    );
    return { phase: String(row?.['guard_phase']), state: (row?.['state'] ?? {}) as Record<string, unknown> };
  }

  /** What became of the last samples. */
  async verdicts(): Promise<string[]> {
    const { state } = await this.guard();
    return (state['recent'] as { verdict: string }[]).map((r) => r.verdict);
  }

  settings(change: object): Promise<unknown> {
    return this.at.t.sql(
      `INSERT INTO guards (account_id, settings, updated_at) VALUES ($1, $2, now())
       ON CONFLICT (account_id) DO UPDATE SET settings = guards.settings || excluded.settings`,
      [this.at.desk.account.id, JSON.stringify(change)],
    );
  }

  trips(): Promise<Row[]> {
    return this.at.t.sql('SELECT * FROM guard_trips WHERE account_id = $1 ORDER BY warned_at', [
      this.at.desk.account.id,
    ]);
  }

  /** Kinds of the alerts about the account's guard, in the order of their raising. */
  async alerts(): Promise<string[]> {
    const rows = await this.at.t.sql(
      `SELECT kind FROM alerts WHERE subject_id = $1 AND (kind LIKE 'guard-%' OR kind LIKE 'liquidation-%') ORDER BY created_at, kind`,
      [this.at.desk.account.id],
    );
    return rows.map((r) => String(r['kind']));
  }

  /** A signal of this moment, approved: the refusal of its order, or null where one was made. */
  async refusalOfEntry(change: Record<string, unknown> = {}): Promise<string | null> {
    const { id } = await storeSignal(this.at, this.at.desk.producer.id, change);
    const { approval, eventId } = await approveSignal(this.at, id, this.at.desk.userId);
    await consume(this.at.deps, [{ kind: 'outbox', id: eventId }]);
    const [row] = await this.at.t.sql(
      'SELECT v.refusal FROM deliveries v WHERE v.signal_id = $1 AND v.user_id = $2',
      [id, this.at.desk.userId],
    );
    const made = await this.at.t.sql('SELECT 1 FROM commands WHERE approval_id = $1', [approval.id]);
    return made.length > 0 ? null : String(row?.['refusal']);
  }
}
