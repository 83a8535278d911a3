// A simulated broker over HTTP with its bridge, as each adapter of the port reaches it. The poll's site stands where the
// application stands: it takes the bridge's own requests and answers them, and a question waits there until it is answered.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bridgeClient } from '../../functions/bridge/bridge-client.ts';
import type { BridgePort, Reply } from '../../functions/bridge/bridge-port.ts';
import type { BridgeCommand, ExecutionResult, GuardOrder } from '../../functions/bridge/bridge-protocol.ts';
import { type PolledBridge, polledBridge } from '../../functions/bridge/polled-bridge.ts';
import { syncRequest } from '../../functions/bridge/sync-protocol.ts';
import { isoTime, systemClock } from '../../functions/platform/clock.ts';
import { sha256Hex } from '../../functions/platform/digest.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import { nativeRequest } from '../../functions/platform/native-request.ts';
import { directionKey, replyLines, signLines } from '../../functions/platform/native-signature.ts';
import { nodeTransport } from '../../functions/platform/node-transport.ts';
import { createOutbound } from '../../functions/platform/outbound.ts';
import { BrokerHost } from '../../infra/local/broker/broker-host.ts';
import { listen } from '../../infra/local/broker/broker-server.ts';
import { makeBridge, makeUser } from '../support/organisation.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

export const LOGIN = '1001';
export const SERVER = 'Sim-Demo';
/** Exchanges that a question may take: one that carries it, and one that brings the answer. */
const MAX_EXCHANGES = 3;

export type BridgeSite = {
  /** Asks until there is an answer, or none will come. */
  ask<T>(question: (bridge: BridgePort) => Promise<Reply<T>>): Promise<Reply<T>>;
  /** Has a command carried out; null where nothing was told of it. */
  execute(command: BridgeCommand): Promise<ExecutionResult | null>;
  /** Tells the bridge's guard what to judge by. */
  order(order: GuardOrder): Promise<void>;
  loseNextAnswer(): Promise<void>;
  control(path: string, body: object): Promise<Record<string, unknown>>;
  state(): Promise<{ journal: { cmd_id: string; executed: number }[] }>;
  stop(): Promise<void>;
};

type Broker = Pick<BridgeSite, 'control' | 'state' | 'stop'> & { url: string };

async function startBroker(): Promise<Broker> {
  const heldAtMs = Date.parse('2026-11-18T10:00:00Z');
  const host = new BrokerHost({ dir: null, seed: 7, heldAtMs, realNowMs: Date.now });
  const { server, port } = await listen(host, 0);
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string, body?: object) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${url}${path}`, init);
    if (!answer.ok) throw new Error(`the broker answered ${answer.status} on ${path}`);
    return answer.json();
  };
  const terms = { server: SERVER, currency: 'USD', margin_mode: 'hedging', balance: '10000' };
  await ask('/accounts', { login: LOGIN, ...terms });
  return {
    url,
    control: async (path, body) => (await ask(path, body)) as Record<string, unknown>,
    state: async () => (await ask('/state')) as Awaited<ReturnType<BridgeSite['state']>>,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      host.close();
    },
  };
}

const secretText = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString('base64')}`;

/** The webhook: our own client, over real sockets. */
export async function webhookSite(t: TestDatabase): Promise<BridgeSite> {
  const broker = await startBroker();
  const outbound = createOutbound({ local: true, transport: nodeTransport({ local: true }) });
  const deps = { ...testDeps(t, { outbound }), clock: systemClock };
  const stage = { t, deps: testDeps(t) };
  const made = await makeBridge(stage, await makeUser(stage));
  await t.sql('UPDATE bridges SET url = $2 WHERE id = $1', [made.id, `${broker.url}/bridge/${LOGIN}`]);
  await broker.control('/bridges', { bridge_id: made.id, secret: secretText(made.secret), login: LOGIN });
  const port = bridgeClient(deps, made.id);
  return {
    ...broker,
    ask: (question) => question(port),
    execute: async (command) => {
      const reply = await port.execute(command);
      return reply.kind === 'reply' ? reply.value : null;
    },
    order: async (order) => {
      await port.guard(order);
    },
    loseNextAnswer: async () => {
      await broker.control('/fault', { kind: 'timeout_after', login: LOGIN, on: 'execute' });
    },
  };
}

/** The poll: the broker's bridge comes to a server of the test's, which answers by the adapter alone. */
export async function polledSite(): Promise<BridgeSite> {
  const broker = await startBroker();
  const bridgeId = '0199c7a0-0000-7000-8000-00000000000b';
  const secret = crypto.getRandomValues(new Uint8Array(32));
  let talk: (bridge: PolledBridge) => Promise<void> = async () => {};
  let fromMs: number | null = null;
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request);
    const proof = await nativeRequest(
      {
        ...{ method: 'POST', target: request.url ?? '', body, nowMs: Date.now() },
        header: (name) => request.headers[name]?.toString(),
      },
      { idHeader: 'x-bridge-id', nonceRequired: true },
      async () => [{ version: 1, key: await directionKey(secret, 'from-bridge') }],
    );
    if (!proof.ok) return void response.writeHead(401).end();
    const brought = syncRequest.parse(JSON.parse(Buffer.from(body).toString()));
    const bridge = polledBridge(brought, Date.now());
    await talk(bridge);
    const text = JSON.stringify({
      ...{ v: 1, kind: 'sync', request_id: brought.request_id, server_time: isoTime(Date.now()) },
      ...{ next_sync_ms: 600_000, outcome: null, requests: bridge.requests },
      ...(bridge.guardOrder === null ? {} : { guard: bridge.guardOrder }),
      deals_from: fromMs === null ? null : isoTime(fromMs),
    });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const { nonce, bodySha256: requestSha256 } = proof;
    const replySha256 = await sha256Hex(utf8(text));
    const lines = replyLines({ status: 200, nonce, requestSha256, timestamp, replySha256 });
    const signature = await signLines(await directionKey(secret, 'to-bridge'), lines);
    response.writeHead(200, { 'x-timestamp': timestamp, 'x-signature': signature }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sync_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bridge/v1/sync`;
  await broker.control('/bridges', {
    ...{ bridge_id: bridgeId, secret: secretText(secret), login: LOGIN, sync_url },
  });
  /** Exchanges until `done`, a few at most: an answer comes with the request behind the one that fetched the question. */
  const exchange = async (done: () => boolean) => {
    for (let i = 0; i < MAX_EXCHANGES && !done(); i += 1)
      await broker.control('/sync', { bridge_id: bridgeId });
    talk = async () => {};
  };
  // It learns since when deals are wanted.
  await exchange(() => false);
  return {
    ...broker,
    ask: async (question) => {
      const since = (from: number | null): void => {
        fromMs = from;
      };
      let reply = await question(wishful(since));
      talk = async (bridge) => {
        if (reply.kind === 'no-reply') reply = await question(bridge);
      };
      await exchange(() => reply.kind === 'reply');
      return reply;
    },
    execute: async (command) => {
      let handedOut = false;
      let result: ExecutionResult | null = null;
      talk = async (bridge) => {
        if (handedOut) result ??= bridge.results.find((r) => r.cmd_id === command.cmd_id) ?? null;
        else await bridge.execute(command);
        handedOut = true;
      };
      await exchange(() => result !== null);
      return result;
    },
    order: async (order) => {
      let isTold = false;
      talk = async (bridge) => {
        await bridge.guard(order);
        isTold = true;
      };
      await exchange(() => isTold);
    },
    loseNextAnswer: async () => {
      await broker.control('/fault', { kind: 'timeout_after', login: LOGIN, on: 'sync' });
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await broker.stop();
    },
  };
}

/** Nobody has come yet: what is asked first says since when the next snapshot must tell deals. */
function wishful(sinceDeals: (fromMs: number | null) => void): BridgePort {
  const none = async () => ({ kind: 'no-reply', effect: 'unknown', word: 'deferred' }) as const;
  return {
    ...{ lane: 'polled', execute: none, lookup: none, candles: none, guard: none },
    snapshot: (fromMs) => {
      sinceDeals(fromMs);
      return none();
    },
  };
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Uint8Array.from(Buffer.concat(parts));
}
