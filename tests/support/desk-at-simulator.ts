/**
 * A desk whose account stands at the simulated broker, in this process: our own stores and PostgreSQL on one side, the
 * bridge's journal and the broker's book on the other, one clock for both. Faults are armed through `control`.
 */

import type { Outbound } from '../../functions/platform/outbound.ts';
import { reconcileAccount } from '../../functions/reconciliation/reconcile-account.ts';
import { answerBridge, type BridgeRequest } from '../../infra/local/broker/bridge-webhook.ts';
import type { BrokerHost } from '../../infra/local/broker/broker-host.ts';
import { answerControl } from '../../infra/local/broker/control-server.ts';
import type { PageLimits } from '../../infra/local/broker/history-page.ts';
import { inMemoryBroker } from '../../infra/local/broker/in-memory-broker.ts';
import { approveSignal, makeDesk, storeSignal } from './organisation.ts';
import { START_MS, testClock } from './test-clock.ts';
import type { TestDatabase } from './test-database.ts';
import { type TestDeps, testDeps } from './test-deps.ts';

type Book = {
  journal: { cmd_id: string; executed: number }[];
  accounts: {
    login: string;
    positions: Record<string, string>[];
    orders: Record<string, string>[];
    deals: Record<string, string>[];
  }[];
};

export class DeskAtSimulator {
  readonly t: TestDatabase;
  readonly deps: TestDeps;
  readonly desk: Awaited<ReturnType<typeof makeDesk>>;
  readonly host: BrokerHost;

  private constructor(
    t: TestDatabase,
    deps: TestDeps,
    desk: Awaited<ReturnType<typeof makeDesk>>,
    host: BrokerHost,
  ) {
    this.t = t;
    this.deps = deps;
    this.desk = desk;
    this.host = host;
    deps.outbound = this.#outbound;
  }

  /** `page`: how much history the bridge puts into one snapshot. */
  static async make(
    t: TestDatabase,
    page?: PageLimits,
    marginMode: 'hedging' | 'netting' | 'exchange' = 'hedging',
  ): Promise<DeskAtSimulator> {
    const clock = testClock();
    const deps = testDeps(t, { clock });
    const desk = await makeDesk({ t, deps });
    const host = inMemoryBroker({
      ...{ seed: 7, nowMs: START_MS, realNowMs: () => clock.nowMs() },
      ...(page && { page }),
    });
    const at = new DeskAtSimulator(t, deps, desk, host);
    const { login } = desk.account;
    at.control('/accounts', {
      login,
      server: 'Demo-1',
      currency: 'USD',
      margin_mode: marginMode,
      balance: '100000',
    });
    const secret = `whsec_${Buffer.from(desk.bridge.secret).toString('base64')}`;
    at.control('/bridges', { bridge_id: desk.bridge.id, secret, login });
    at.control('/tick', { symbol: 'XAUUSD', bid: '2034.90', ask: '2035.10' });
    await t.sql('UPDATE accounts SET margin_mode = $2 WHERE id = $1', [desk.account.id, marginMode]);
    await t.sql('UPDATE bridges SET url = $2 WHERE id = $1', [
      ...[desk.bridge.id, `http://127.0.0.1:9/bridge/${login}`],
    ]);
    return at;
  }

  /** The same broker as seen by a program over another database. */
  async over(t: TestDatabase): Promise<DeskAtSimulator> {
    const deps = testDeps(t, { clock: this.deps.clock });
    return new DeskAtSimulator(t, deps, this.desk, this.host);
  }

  control(path: string, body: object): unknown {
    const { status, body: answer } = answerControl(this.host, `POST ${path}`, body);
    if (status !== 200) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** What the broker's own book says. */
  book(): Book {
    return answerControl(this.host, 'GET /state', {}).body as Book;
  }

  reconcile() {
    return reconcileAccount(this.deps, this.desk.account.id);
  }

  /** A signal, by default one of this moment, approved and worked until nothing is on the queue; the command's row. */
  async approve(given?: string) {
    const signalId = given ?? (await storeSignal(this, this.desk.producer.id)).id;
    const { approval, eventId } = await approveSignal(this, signalId, this.desk.userId);
    this.deps.sent.push({ kind: 'outbox', id: eventId });
    await this.deps.drain();
    const rows = await this.t.sql('SELECT * FROM commands WHERE approval_id = $1', [approval.id]);
    return { signalId, approvalEventId: eventId, command: rows[0] };
  }

  readonly #outbound: Outbound = async (request) => {
    const nowMs = this.deps.clock.nowMs();
    if (this.host.engine.state.nowMs() !== nowMs) this.host.engine.setClock(nowMs);
    const url = new URL(request.url);
    const asked: BridgeRequest = {
      method: 'POST',
      path: url.pathname + url.search,
      headers: request.headers,
      body: Buffer.from(request.body),
    };
    const answer = await answerBridge(this.host.bridgeContext(), asked);
    if (answer.kind !== 'reply') return { kind: 'failed', effect: 'unknown', word: 'unreachable' };
    const { status, headers, body } = answer.reply;
    return { kind: 'reply', status, headers: new Headers(headers), body: new Uint8Array(body) };
  };
}
