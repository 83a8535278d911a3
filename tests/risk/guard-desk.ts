// An account at the simulated broker with what people may do to its guard: an owner, an admin, its user and a stranger.

import type { Scope } from '../../functions/identity/scope.ts';
import type { Json } from '../../infra/local/api-client.ts';
import { ExitDesk } from '../execution/exit-desk.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { makeUser } from '../support/organisation.ts';
import type { TestDatabase } from '../support/test-database.ts';

const SCOPES: readonly Scope[] = ['trading:read', 'trading:act', 'admin'];

export class GuardDesk {
  readonly exit: ExitDesk;
  readonly ask: Record<'owner' | 'admin' | 'user' | 'stranger', Asking>;
  readonly #t: TestDatabase;
  #bid = 2_034.9;
  readonly accountId: string;
  readonly userId: string;

  private constructor(t: TestDatabase, exit: ExitDesk, ask: GuardDesk['ask']) {
    this.#t = t;
    this.exit = exit;
    this.ask = ask;
    this.accountId = exit.at.desk.account.id;
    this.userId = exit.at.desk.userId;
  }

  static async make(t: TestDatabase): Promise<GuardDesk> {
    const exit = await ExitDesk.make(t);
    const stage = exit.at;
    const [owner, admin] = [await makeUser(stage, 'owner'), await makeUser(stage, 'admin')];
    const stranger = await makeUser(stage);
    await t.sql(`UPDATE users SET role = 'user' WHERE id = $1`, [stage.desk.userId]);
    return new GuardDesk(t, exit, {
      owner: await askingAs(stage, owner, SCOPES),
      admin: await askingAs(stage, admin, SCOPES),
      user: await askingAs(stage, stage.desk.userId, ['trading:read', 'trading:act']),
      stranger: await askingAs(stage, stranger, ['trading:read', 'trading:act']),
    });
  }

  path = (what = '') => `/api/v1/accounts/${this.accountId}${what}`;

  /** The answer of a route below the account's, with its status. */
  async call(
    who: keyof GuardDesk['ask'],
    method: string,
    what: string,
    body?: unknown,
  ): Promise<[number, Json]> {
    const answer = await this.ask[who](method, this.path(what), body);
    return [answer.status, (await answer.json()) as Json];
  }
  guard = async (): Promise<Json> => (await this.call('user', 'GET', '/guard'))[1];

  /** Gold, bought at the terminal by hand; 5 lots lose 500 for each dollar. */
  buy = (volume: string) =>
    this.exit.at.control('/manual-trade', { login: this.exit.login, symbol: 'XAUUSD', side: 'buy', volume });
  tick(bid: number): void {
    this.#bid = bid;
    this.exit.at.control('/tick', { symbol: 'XAUUSD', bid: bid.toFixed(2), ask: (bid + 0.2).toFixed(2) });
  }

  /** The market moves to a price, slowly enough that no sample is taken for a bad tick, and each step is seen. */
  async moveTo(bid: number): Promise<void> {
    for (;;) {
      const now = this.#bid;
      const next = Math.abs(bid - now) <= 10 ? bid : now + 10 * Math.sign(bid - now);
      await this.look(next);
      if (next === bid) return;
    }
  }
  /** Two seconds later, at a price, everything that waits is done and the account looked at. */
  async look(bid?: number): Promise<void> {
    this.exit.at.deps.clock.advance(2_000);
    if (bid !== undefined) this.tick(bid);
    await this.exit.at.reconcile();
    this.exit.at.deps.sent.push(...this.exit.at.deps.delayed.splice(0));
    await this.exit.at.deps.drain();
  }
  async looks(times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) await this.look();
  }

  async row(): Promise<Record<string, unknown>> {
    return (await this.#t.sql('SELECT * FROM accounts WHERE id = $1', [this.accountId]))[0] ?? {};
  }
  count = async (text: string, ...values: unknown[]) =>
    Number(Object.values((await this.#t.sql(text, values))[0] ?? {})[0]);
  audits = (action: string) =>
    this.count(
      'SELECT count(*) FROM audit_log WHERE action = $1 AND subject_id = $2',
      action,
      this.accountId,
    );
  alerts = async (kind: string) =>
    this.#t.sql('SELECT detail FROM alerts WHERE kind = $1 AND user_id = $2', [kind, this.userId]);
}
