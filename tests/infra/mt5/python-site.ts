// The Python bridge over a fake terminal, as the contract of all bridges reaches its broker: one process for many tests, the
// broker's book made anew for each.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BridgePort, Reply } from '../../../functions/bridge/bridge-port.ts';
import type {
  BridgeCommand,
  ExecutionResult,
  GuardOrder,
} from '../../../functions/bridge/bridge-protocol.ts';
import { type PolledBridge, polledBridge } from '../../../functions/bridge/polled-bridge.ts';
import { syncRequest } from '../../../functions/bridge/sync-protocol.ts';
import { isoTime } from '../../../functions/platform/clock.ts';
import { sha256Hex } from '../../../functions/platform/digest.ts';
import { utf8 } from '../../../functions/platform/encoding.ts';
import { nativeRequest } from '../../../functions/platform/native-request.ts';
import { directionKey, replyLines, signLines } from '../../../functions/platform/native-signature.ts';
import { type BridgeSite, LOGIN, SERVER } from '../../bridge/bridge-site.ts';
import type { BridgeProcess } from './bridge-process.ts';

const MINUTE_S = 60;
/** In which its guard, which looks every two seconds, has surely looked, with room for a slow machine. */
const GUARD_LOOKS_MS = 3_500;
const SERVER_AHEAD_S = 3 * 3600;
/** Exchanges that a question may take: one that fetches it, one that brings the answer, and one that was under way. */
const MAX_EXCHANGES = 4;

export const secretText = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString('base64')}`;

/** What control of the simulated broker is asked for, done to the fake one. */
async function control(bridge: BridgeProcess, path: string, body: object): Promise<Record<string, unknown>> {
  const { kind } = body as { kind?: string };
  if (path === '/fault' && kind?.startsWith('reject:'))
    await bridge.change({ on_send: Number(kind.slice(7)) });
  else if (path === '/fault' && kind?.startsWith('acted:')) await bridge.change({ on_send: kind });
  else if (path === '/fault' && kind === 'crash_after_intent')
    await bridge.change({ on_send: 'crash_before' });
  else if (path === '/fault' && kind === 'crash_after_send') await bridge.change({ on_send: 'crash_after' });
  // Its guard has a timer of its own.
  else if (path === '/guard') await new Promise((resolve) => setTimeout(resolve, GUARD_LOOKS_MS));
  else if (path === '/tick') await bridge.change({ bars: { 'XAUUSD/1': minuteBars(20) } });
  else if (path !== '/clock') throw new Error(`the fake broker knows no ${path} ${JSON.stringify(body)}`);
  return {};
}

/** The last minutes, the one that has not ended included, in the server's time. */
function minuteBars(count: number): object[] {
  const now = Math.floor(Date.now() / 1000 / MINUTE_S) * MINUTE_S + SERVER_AHEAD_S;
  const figures = { open: 2034.9, high: 2035.5, low: 2034.1, close: 2035, tick_volume: 60 };
  return Array.from({ length: count }, (_, i) => ({ time: now - (count - 1 - i) * MINUTE_S, ...figures }));
}

/** Whose number was executed how often, by the magics that the broker saw. */
async function journalOf(bridge: BridgeProcess, commands: ReadonlyMap<bigint, string>) {
  const { executed } = await bridge.book();
  const seen = executed.map((magic) => commands.get(BigInt(magic ?? 0) >> 4n) ?? '');
  return {
    journal: [...new Set(seen)].map((id) => ({ cmd_id: id, executed: seen.filter((s) => s === id).length })),
  };
}

function siteOf(
  bridge: BridgeProcess,
  lane: Pick<BridgeSite, 'ask' | 'execute' | 'order' | 'loseNextAnswer'>,
): BridgeSite {
  const commands = new Map<bigint, string>();
  let dies = false;
  return {
    ...lane,
    execute: async (command) => {
      commands.set(BigInt(command.evidence.magic) >> 4n, command.cmd_id);
      const { lives } = bridge;
      const result = await lane.execute(command);
      if (dies) await bridge.upAgain(lives);
      dies = false;
      return result;
    },
    control: (path, body) => {
      dies ||= path === '/fault' && 'kind' in body && String(body.kind).startsWith('crash');
      return control(bridge, path, body);
    },
    state: () => journalOf(bridge, commands),
    stop: async () => {},
  };
}

const freshBook = { reset: true, account: { login: Number(LOGIN), server: SERVER } };

/** Called at its webhook. `loseNext` makes the next reply one that never came. */
export async function calledSite(
  bridge: BridgeProcess,
  port: BridgePort,
  loseNext: () => void,
): Promise<BridgeSite> {
  await bridge.change(freshBook);
  // A history that is another than before counts once it has been seen twice.
  await port.snapshot(null);
  await port.snapshot(null);
  return siteOf(bridge, {
    ask: (question) => question(port),
    execute: async (command) => {
      const reply = await port.execute(command);
      return reply.kind === 'reply' ? reply.value : null;
    },
    order: async (order) => {
      await port.guard(order);
    },
    loseNextAnswer: async () => loseNext(),
  });
}

/** The cloud's end of the poll: it proves who comes, and answers by the adapter alone. */
export class PolledCloud {
  readonly bridgeId = '0199c7a0-0000-7000-8000-00000000000b';
  readonly secret = crypto.getRandomValues(new Uint8Array(32));
  #server: Server | null = null;
  #talk: (bridge: PolledBridge) => Promise<void> = async () => {};
  #exchanged = () => {};
  #losesNext = false;
  fromMs: number | null = null;

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      this.#answer(request)
        .then((reply) =>
          reply === null ? response.destroy() : response.writeHead(200, reply.headers).end(reply.text),
        )
        .catch(() => response.writeHead(401).end());
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  loseNext(): void {
    this.#losesNext = true;
  }

  /** Lets the bridge come with `talk` until that is done, a few times at most. */
  async exchange(talk: (bridge: PolledBridge) => Promise<void>, done: () => boolean): Promise<void> {
    this.#talk = talk;
    for (let i = 0; i < MAX_EXCHANGES && !done(); i += 1)
      await new Promise<void>((resolve) => {
        this.#exchanged = resolve;
      });
    this.#talk = async () => {};
  }

  async #answer(request: IncomingMessage): Promise<{ headers: Record<string, string>; text: string } | null> {
    const body = await bytesOf(request);
    const proof = await nativeRequest(
      {
        ...{ method: 'POST', target: request.url ?? '', body, nowMs: Date.now() },
        header: (name) => request.headers[name]?.toString(),
      },
      { idHeader: 'x-bridge-id', nonceRequired: true },
      async () => [{ version: 1, key: await directionKey(this.secret, 'from-bridge') }],
    );
    if (!proof.ok) throw new Error(proof.cause);
    const brought = syncRequest.parse(JSON.parse(Buffer.from(body).toString()));
    const bridge = polledBridge(brought, Date.now());
    if (brought.snapshot !== null) await this.#talk(bridge);
    const text = JSON.stringify({
      ...{ v: 1, kind: 'sync', request_id: brought.request_id, server_time: isoTime(Date.now()) },
      ...{ next_sync_ms: 50, outcome: null, requests: bridge.requests },
      ...(bridge.guardOrder === null ? {} : { guard: bridge.guardOrder }),
      deals_from: this.fromMs === null ? null : isoTime(this.fromMs),
    });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const { nonce, bodySha256: requestSha256 } = proof;
    const replySha256 = await sha256Hex(utf8(text));
    const lines = replyLines({ status: 200, nonce, requestSha256, timestamp, replySha256 });
    const key = await directionKey(this.secret, 'to-bridge');
    const lost = this.#losesNext;
    this.#losesNext = false;
    this.#exchanged();
    return lost
      ? null
      : { headers: { 'x-timestamp': timestamp, 'x-signature': await signLines(key, lines) }, text };
  }
}

/** Polling `cloud`. */
export async function pollingSite(bridge: BridgeProcess, cloud: PolledCloud): Promise<BridgeSite> {
  await bridge.change(freshBook);
  let isFresh = false;
  const look = async (b: PolledBridge) => {
    const seen = await b.snapshot(null);
    isFresh = seen.kind === 'reply' && seen.value.sections.deals && seen.value.account.login === LOGIN;
  };
  cloud.fromMs = null;
  await cloud.exchange(look, () => isFresh);
  const ask = async <T>(question: (b: BridgePort) => Promise<Reply<T>>): Promise<Reply<T>> => {
    const since = (fromMs: number | null) => {
      cloud.fromMs = fromMs;
    };
    let reply = await question(wishful(since));
    const talk = async (b: PolledBridge) => {
      if (reply.kind === 'no-reply') reply = await question(b);
    };
    await cloud.exchange(talk, () => reply.kind === 'reply');
    return reply;
  };
  const execute = async (command: BridgeCommand): Promise<ExecutionResult | null> => {
    let handedOut = false;
    let result: ExecutionResult | null = null;
    const talk = async (b: PolledBridge) => {
      if (handedOut) result ??= b.results.find((r) => r.cmd_id === command.cmd_id) ?? null;
      else await b.execute(command);
      handedOut = true;
    };
    await cloud.exchange(talk, () => result !== null);
    return result;
  };
  const order = async (wanted: GuardOrder): Promise<void> => {
    let isTold = false;
    const tell = async (b: PolledBridge) => {
      await b.guard(wanted);
      isTold = true;
    };
    await cloud.exchange(tell, () => isTold);
  };
  return siteOf(bridge, { ask, execute, order, loseNextAnswer: async () => cloud.loseNext() });
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
