/**
 * A desk whose terminal nobody can call: the simulated broker's polling bridge on one side, the whole application with its
 * stores and PostgreSQL on the other, in this process, on one clock. What the wire does to each exchange is the test's.
 */
import { bridgeContent } from '../../infra/local/broker/bridge-content.ts';
import { BridgeJournal } from '../../infra/local/broker/bridge-journal.ts';
import { signRequest } from '../../infra/local/broker/bridge-signature.ts';
import { BrokerPoller, type Send } from '../../infra/local/broker/broker-poller.ts';
import type { PageLimits } from '../../infra/local/broker/history-page.ts';
import { callApp } from './app-call.ts';
import { DeskAtSimulator } from './desk-at-simulator.ts';
import type { TestDatabase } from './test-database.ts';

/** One request of the bridge as it was sent, and what it was answered. */
export type Exchange = {
  headers: Record<string, string>;
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: an envelope as it came.
  sent: any;
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a reply as it came.
  said: any;
};
/** What becomes of a request: `lost` is one that is answered and whose answer never comes. */
export type Wire = 'ok' | 'dropped' | 'lost';

export const TARGET = '/bridge/v1/sync';
const secretText = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString('base64')}`;

export class PolledDesk {
  readonly at: DeskAtSimulator;
  /** The bridge's own process. */
  readonly poller: BrokerPoller;
  readonly exchanges: Exchange[] = [];
  wire: Wire = 'ok';

  private constructor(at: DeskAtSimulator) {
    this.at = at;
    this.poller = this.#poller(() => at.host.bridgeContext());
  }

  static async make(t: TestDatabase, page?: PageLimits): Promise<PolledDesk> {
    const at = await DeskAtSimulator.make(t, page);
    await t.sql('UPDATE bridges SET url = NULL WHERE id = $1', [at.desk.bridge.id]);
    at.deps.outbound = async () => {
      throw new Error('a bridge that polls was called');
    };
    return new PolledDesk(at);
  }

  /** Another process beside another terminal of the same account, which knows nothing of what the first has done. */
  secondProcess(bootId = 'another-process'): BrokerPoller {
    const journal = new BridgeJournal([]);
    let seq = 0;
    return this.#poller(() => ({
      ...this.at.host.bridgeContext(),
      ...{ journal, bootId },
      nextSeq: () => {
        seq += 1;
        return seq;
      },
    }));
  }

  /** One exchange of the bridge. */
  sync(wire: Wire = 'ok', poller: BrokerPoller = this.poller) {
    this.wire = wire;
    return poller.sync();
  }

  /** What the last exchange was answered. */
  get last(): Exchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error('nothing was exchanged');
    return exchange;
  }

  /** Commands handed out so far, in order, and when. */
  handedOut(): { cmd_id: string; attempt: number; expires_at: string; atMs: number }[] {
    return this.exchanges.flatMap(({ status, said }) =>
      status === 200
        ? said.requests
            .filter((r: { kind: string }) => r.kind === 'execute')
            .map((r: { command: object }) => ({ ...r.command, atMs: Date.parse(said.server_time) }))
        : [],
    );
  }

  /** The same bytes once more, signed as they were. */
  repeat({ headers, body }: Exchange): Promise<Response> {
    return callApp(this.at.deps, TARGET, { method: 'POST', headers, body });
  }

  #poller(context: ConstructorParameters<typeof BrokerPoller>[0]): BrokerPoller {
    const { bridge, account } = this.at.desk;
    const secret = secretText(bridge.secret);
    const terms = {
      bridgeId: bridge.id,
      secret,
      login: account.login,
      url: `http://127.0.0.1:8787${TARGET}`,
    };
    return new BrokerPoller(
      () => {
        const nowMs = this.at.deps.clock.nowMs();
        const { engine } = this.at.host;
        if (engine.state.nowMs() !== nowMs) engine.setClock(nowMs);
        return context();
      },
      terms,
      this.#send,
    );
  }

  /** A new request of the bridge with a look at the terminal of this moment and these replies, whatever they are. */
  async bring(replies: readonly unknown[]): Promise<void> {
    const { account } = this.at.desk;
    const context = this.at.host.bridgeContext();
    const { deals_from } = this.exchanges.findLast((e) => e.status === 200)?.said ?? { deals_from: null };
    const sent_at = new Date(this.at.deps.clock.nowMs()).toISOString();
    const head = { v: 1 as const, request_id: crypto.randomUUID(), sent_at, deals_from };
    const shown = bridgeContent(context, context.engine.account(account.login), {
      ...head,
      kind: 'snapshot',
    });
    const snapshot = JSON.parse(shown.body.toString());
    await this.say(this.signed(JSON.stringify({ ...head, kind: 'sync', snapshot, replies })));
  }

  /** These bytes as the bridge signs them now. */
  signed(body: string): { headers: Record<string, string>; body: string } {
    const { bridge } = this.at.desk;
    const timestamp = String(Math.floor(this.at.deps.clock.nowMs() / 1000));
    const nonce = crypto.randomUUID();
    const said = { path: TARGET, timestamp, nonce, bridgeId: bridge.id, body: Buffer.from(body) };
    const headers = {
      'content-type': 'application/json',
      'x-bridge-id': bridge.id,
      'x-timestamp': timestamp,
      'x-nonce': nonce,
      'x-signature': signRequest(secretText(bridge.secret), said),
    };
    return { headers, body };
  }

  /** A request as somebody else has made it; what it is answered is among the exchanges. */
  async say({ headers, body }: { headers: Record<string, string>; body: string }) {
    const answer = await callApp(this.at.deps, TARGET, { method: 'POST', headers, body });
    const text = await answer.text();
    const { status } = answer;
    this.exchanges.push({ headers, body, sent: JSON.parse(body), status, said: JSON.parse(text) });
    return { answer, text };
  }

  readonly #send: Send = async ({ headers, body }) => {
    if (this.wire === 'dropped') throw new Error('dropped');
    const { answer, text } = await this.say({ headers, body: body.toString() });
    if (this.wire === 'lost') throw new Error('lost');
    return { status: answer.status, headers: answer.headers, body: Buffer.from(text) };
  };
}
