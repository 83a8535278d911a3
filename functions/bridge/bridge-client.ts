/**
 * The webhook adapter of the bridge port: signs what we say, believes only a reply that is signed over our own request. A
 * reply that is late, unsigned, badly signed, or not of the protocol counts as none, and then nobody knows whether the
 * other side acted: that is `no-reply`. What only reads is asked again within the policy of `resilient-call.ts`; `execute`
 * is never sent again, and goes through the bridge's circuit, which holds back all of it but closes and cancellations, and
 * lets the orders of the guard through: a position is not left open, nor an order working, because other calls have failed.
 */
import type { z } from 'zod';
import { type KnownBridge, readBridge } from '../identity/bridge-store.ts';
import { isoTime } from '../platform/clock.ts';
import { need } from '../platform/config.ts';
import type { Deps } from '../platform/deps.ts';
import { sha256Hex } from '../platform/digest.ts';
import { toBase64Url, utf8 } from '../platform/encoding.ts';
import {
  directionKey,
  replyLines,
  requestLines,
  signatureBytes,
  signatureTime,
  signLines,
  TOLERANCE_SECONDS,
  verifyLines,
} from '../platform/native-signature.ts';
import type { OutboundReply } from '../platform/outbound.ts';
import { type Judgement, resilientCall } from '../platform/resilient-call.ts';
import { open } from '../platform/secret-box.ts';
import { MT5_CONNECT } from './bridge-metrics.ts';
import {
  type Ask,
  type BridgePort,
  candlesAsk,
  type Reply,
  requestOf,
  type WantedCandles,
} from './bridge-port.ts';
import {
  type BridgeCommand,
  type CandlesReply,
  candlesReply,
  type ExecutionResult,
  executeReply,
  type GuardOrder,
  type GuardReport,
  guardReply,
  lookupReply,
  snapshotReply,
} from './bridge-protocol.ts';
import { leaveCandleWish } from './candle-wish-store.ts';

const TIMEOUT_MS = 10_000;
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

export type Acquaintance = {
  /** As it was read a moment ago, so that a snapshot need not read it again. */
  known?: KnownBridge | null;
  /**
   * How long a snapshot is waited for, where that is less than it may take. Who was cut short so is not asked again, nor
   * taken for one that is down: it may only be slow.
   */
  patienceMs?: number;
  /** What a snapshot's request says to the bridge's own guard; one that has none overreads it. */
  guard?: GuardOrder | null;
};

/** A bridge as it is reached from here. One that polls answers nothing: bars are left for it to fetch (`deferred`). */
export const bridgeClient = (deps: Deps, bridgeId: string, of: Acquaintance = {}): BridgePort => ({
  lane: 'called',
  snapshot: (dealsFromMs, dealsToMs = null) => {
    const [from, to] = [dealsFromMs, dealsToMs].map((ms) => (ms === null ? null : isoTime(ms)));
    const wanted = { kind: 'snapshot' as const, deals_from: from ?? null, deals_to: to ?? null };
    const ordered = of.guard ? { guard: of.guard } : {};
    return call(deps, bridgeId, { ...wanted, ...ordered }, snapshotReply, of);
  },
  execute: (command) => execute(deps, bridgeId, command),
  lookup: ({ cmdId, magic }) => call(deps, bridgeId, { kind: 'lookup', cmd_id: cmdId, magic }, lookupReply),
  candles: (wanted) => candles(deps, bridgeId, wanted),
  guard: (order) => guard(deps, bridgeId, order),
});

async function execute(
  deps: Deps,
  bridgeId: string,
  command: BridgeCommand,
): Promise<Reply<ExecutionResult>> {
  const reply = await call(deps, bridgeId, { kind: 'execute', command }, executeReply);
  if (reply.kind === 'no-reply') return reply;
  const { result } = reply.value;
  return result.cmd_id === command.cmd_id
    ? { kind: 'reply', value: result }
    : { kind: 'no-reply', effect: 'unknown', word: 'malformed' };
}

async function guard(deps: Deps, bridgeId: string, order: GuardOrder): Promise<Reply<GuardReport>> {
  const reply = await call(deps, bridgeId, { kind: 'guard', guard: order }, guardReply);
  return reply.kind === 'no-reply' ? reply : { kind: 'reply', value: reply.value.guard };
}

async function candles(deps: Deps, bridgeId: string, wanted: WantedCandles): Promise<Reply<CandlesReply>> {
  const reply = await call(deps, bridgeId, candlesAsk(wanted), candlesReply);
  if (reply.kind === 'reply' || reply.word !== 'polled') return reply;
  await leaveCandleWish(deps.db, { id: deps.ids.next(), bridgeId, wanted, nowMs: deps.clock.nowMs() });
  return { ...reply, word: 'deferred' };
}

async function call<S extends z.ZodType>(
  deps: Deps,
  bridgeId: string,
  wanted: Ask,
  schema: S,
  of: Acquaintance = {},
): Promise<Reply<z.output<S>>> {
  const reads = wanted.kind !== 'execute';
  const made = await resilientCall(
    deps,
    {
      ...{ operation: `bridge-${wanted.kind}`, service: 'bridge', circuit: circuitOf(bridgeId, wanted) },
      ...{ repeatable: reads, once: !reads },
      evenOpen: reducesRisk(wanted),
    },
    async () => {
      const reply = await ask(deps, bridgeId, wanted, schema, of);
      deps.metrics.count(MT5_CONNECT, [reply.kind === 'reply' ? 'ok' : reply.word]);
      return reply;
    },
    (reply) => judged(reply, of),
  );
  if (made.kind === 'done') return made.result;
  deps.metrics.count(MT5_CONNECT, ['circuit-open']);
  return { kind: 'no-reply', effect: 'none', word: 'circuit-open' };
}

/** A position is not left open because other calls have failed. */
const reducesRisk = (wanted: Ask): boolean =>
  wanted.kind === 'guard' || (wanted.kind === 'execute' && !['open', 'place'].includes(wanted.command.kind));

/** Bars are asked for by whoever looks at a chart, and are no reason to hold back an order. */
const circuitOf = (bridgeId: string, { kind }: Ask): string =>
  kind === 'candles' ? `bridge:${bridgeId}:candles` : `bridge:${bridgeId}`;

/**
 * Words that say nothing of how a bridge is: of one that is not there to be asked, and of an answer too long to be read to the
 * signature. Whoever gave that, it is no failure to answer either: a history is asked for by halves because of it.
 */
const TELLS_NOTHING = new Set(['unregistered', 'blocked', 'polled', 'too-large']);
/** Words of one that has proved itself and answered badly: what it says wrongly it will say again. */
const ANSWERED = new Set(['refused', 'malformed']);

function judged(reply: Reply<unknown>, { patienceMs }: Acquaintance): Judgement {
  if (reply.kind === 'reply') return { health: 'up', transient: false, effect: 'none', retryAfterMs: null };
  const { word, effect } = reply;
  if (word === 'timeout' && patienceMs !== undefined)
    return { health: 'unknown', transient: false, effect, retryAfterMs: null };
  const gone = word === 'unreachable' || word === 'timeout';
  const health = TELLS_NOTHING.has(word) ? 'unknown' : ANSWERED.has(word) ? 'up' : 'down';
  return { health, transient: gone, effect, retryAfterMs: null };
}

async function ask<S extends z.ZodType>(
  deps: Deps,
  bridgeId: string,
  wanted: Ask,
  schema: S,
  of: Acquaintance,
): Promise<Reply<z.output<S>>> {
  const found = of.known === undefined ? await readBridge(deps.db, bridgeId) : of.known;
  const place = { table: 'bridge_secrets', row: bridgeId, version: found?.secret.version ?? 0 };
  const secret = found && (await open(need(deps.config, 'BRIDGE_KEYS'), place, found.secret));
  if (!found || !secret) return { kind: 'no-reply', effect: 'none', word: 'unregistered' };
  if (found.bridge.url === null) return { kind: 'no-reply', effect: 'none', word: 'polled' };
  const nowMs = deps.clock.nowMs();
  const request = requestOf(wanted, deps.ids.next(), nowMs);
  const body = JSON.stringify(request);
  const nonce = toBase64Url(deps.ids.randomBytes(16));
  const timestamp = String(Math.floor(nowMs / 1000));
  const url = new URL(found.bridge.url);
  const requestSha256 = await sha256Hex(utf8(body));
  const lines = requestLines({
    method: 'POST',
    target: url.pathname + url.search,
    timestamp,
    nonce,
    senderId: bridgeId,
    bodySha256: requestSha256,
  });
  const reply = await deps.outbound({
    url: found.bridge.url,
    headers: {
      'content-type': 'application/json',
      'x-bridge-id': bridgeId,
      'x-timestamp': timestamp,
      'x-nonce': nonce,
      'x-signature': await signLines(await directionKey(secret, 'to-bridge'), lines),
    },
    body,
    timeoutMs: of.patienceMs ?? TIMEOUT_MS,
    maxBytes: MAX_REPLY_BYTES,
  });
  return believe(
    reply,
    { secret, nonce, requestSha256, nowMs: deps.clock.nowMs() },
    request.request_id,
    schema,
  );
}

async function believe<S extends z.ZodType>(
  reply: OutboundReply,
  proof: { secret: Uint8Array<ArrayBuffer>; nonce: string; requestSha256: string; nowMs: number },
  requestId: string,
  schema: S,
): Promise<Reply<z.output<S>>> {
  if (reply.kind === 'failed') return { kind: 'no-reply', effect: reply.effect, word: reply.word };
  const timestamp = reply.headers.get('x-timestamp') ?? '';
  const seconds = signatureTime(timestamp);
  const signature = signatureBytes(reply.headers.get('x-signature') ?? '');
  const fresh = seconds !== null && Math.abs(proof.nowMs / 1000 - seconds) <= TOLERANCE_SECONDS;
  if (signature === null || !fresh) return { kind: 'no-reply', effect: 'unknown', word: 'unsigned' };
  const lines = replyLines({
    status: reply.status,
    nonce: proof.nonce,
    requestSha256: proof.requestSha256,
    timestamp,
    replySha256: await sha256Hex(reply.body),
  });
  if (!(await verifyLines(await directionKey(proof.secret, 'from-bridge'), signature, lines)))
    return { kind: 'no-reply', effect: 'unknown', word: 'unsigned' };
  if (reply.status !== 200) return { kind: 'no-reply', effect: 'unknown', word: 'refused' };
  const parsed = schema.safeParse(parseJson(reply.body));
  const value = parsed.success ? parsed.data : null;
  const named = value !== null && (value as { request_id?: unknown }).request_id === requestId;
  return named && parsed.success
    ? { kind: 'reply', value: parsed.data }
    : { kind: 'no-reply', effect: 'unknown', word: 'malformed' };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
