/**
 * Calls a bridge's webhook: signs what we say, believes only a reply that is signed over our own request. A reply that
 * is late, unsigned, badly signed, or not of the protocol counts as none, and then nobody knows whether the other side
 * acted: that is `no-reply`. What only reads is asked again within the policy of `resilient-call.ts`; `execute` goes
 * through the bridge's circuit, and is never sent again.
 */
import type { z } from 'zod';
import { readBridge } from '../identity/bridge-store.ts';
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
  type BridgeCommand,
  type CandlesReply,
  candlesReply,
  type ExecutionResult,
  executeReply,
  type Lookup,
  lookupReply,
  PROTOCOL_VERSION,
  type Snapshot,
  snapshotReply,
} from './bridge-protocol.ts';

const TIMEOUT_MS = 10_000;
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

export type NoReply = {
  kind: 'no-reply';
  /** `none`: surely nothing was done. `unknown`: it may have been. */
  effect: 'none' | 'unknown';
  word:
    | 'unregistered'
    | 'blocked'
    | 'unreachable'
    | 'timeout'
    | 'too-large'
    | 'refused'
    | 'unsigned'
    | 'malformed'
    | 'circuit-open';
};
export type Reply<T> = { kind: 'reply'; value: T } | NoReply;

/** Asks for the account's state and its deals since `dealsFromMs` (null: from the beginning). */
export const askSnapshot = (
  deps: Deps,
  bridgeId: string,
  dealsFromMs: number | null,
): Promise<Reply<Snapshot>> =>
  call(
    deps,
    bridgeId,
    'snapshot',
    { deals_from: dealsFromMs === null ? null : isoTime(dealsFromMs) },
    snapshotReply,
  );

/** Tells the bridge to execute a command. The bridge's journal makes a repeat of the same command id harmless. */
export async function askExecute(
  deps: Deps,
  bridgeId: string,
  command: BridgeCommand,
): Promise<Reply<ExecutionResult>> {
  const reply = await call(deps, bridgeId, 'execute', { command }, executeReply);
  if (reply.kind === 'no-reply') return reply;
  const { result } = reply.value;
  return result.cmd_id === command.cmd_id
    ? { kind: 'reply', value: result }
    : { kind: 'no-reply', effect: 'unknown', word: 'malformed' };
}

/** Asks what became of a command: the bridge's journal and everything at the broker that carries its magic. */
export const askLookup = (
  deps: Deps,
  bridgeId: string,
  command: { cmdId: string; magic: string },
): Promise<Reply<Lookup>> =>
  call(deps, bridgeId, 'lookup', { cmd_id: command.cmdId, magic: command.magic }, lookupReply);

/** Asks for at most `count` closed bars of a symbol: of those that begin in `window` the first, without it the newest. */
export const askCandles = (
  deps: Deps,
  bridgeId: string,
  wanted: {
    symbol: string;
    timeframe: string;
    count: number;
    window?: { fromMs: number; toMs: number };
  },
): Promise<Reply<CandlesReply>> => {
  const { window, ...rest } = wanted;
  const [from, to] = window ? [isoTime(window.fromMs), isoTime(window.toMs)] : [null, null];
  return call(deps, bridgeId, 'candles', { ...rest, from, to }, candlesReply);
};

type Kind = 'snapshot' | 'execute' | 'lookup' | 'candles';

async function call<S extends z.ZodType>(
  deps: Deps,
  bridgeId: string,
  kind: Kind,
  members: Record<string, unknown>,
  schema: S,
): Promise<Reply<z.output<S>>> {
  const reads = kind !== 'execute';
  const made = await resilientCall(
    deps,
    {
      ...{ operation: `bridge-${kind}`, service: 'bridge', circuit: `bridge:${bridgeId}` },
      ...{ repeatable: reads, once: !reads },
    },
    async () => {
      const reply = await ask(deps, bridgeId, kind, members, schema);
      deps.metrics.count(MT5_CONNECT, [reply.kind === 'reply' ? 'ok' : reply.word]);
      return reply;
    },
    judged,
  );
  if (made.kind === 'done') return made.result;
  deps.metrics.count(MT5_CONNECT, ['circuit-open']);
  return { kind: 'no-reply', effect: 'none', word: 'circuit-open' };
}

/** A bridge that refuses is there and has said its word; what it says wrongly it will say again. */
function judged(reply: Reply<unknown>): Judgement {
  if (reply.kind === 'reply') return { health: 'up', transient: false, effect: 'none', retryAfterMs: null };
  const { word, effect } = reply;
  const gone = word === 'unreachable' || word === 'timeout';
  const ours = word === 'unregistered' || word === 'blocked';
  const health = ours ? 'unknown' : word === 'refused' ? 'up' : 'down';
  return { health, transient: gone, effect, retryAfterMs: null };
}

async function ask<S extends z.ZodType>(
  deps: Deps,
  bridgeId: string,
  kind: string,
  members: Record<string, unknown>,
  schema: S,
): Promise<Reply<z.output<S>>> {
  const found = await readBridge(deps.db, bridgeId);
  const place = { table: 'bridge_secrets', row: bridgeId, version: found?.secret.version ?? 0 };
  const secret = found && (await open(need(deps.config, 'BRIDGE_KEYS'), place, found.secret));
  if (!found || !secret) return { kind: 'no-reply', effect: 'none', word: 'unregistered' };
  const nowMs = deps.clock.nowMs();
  const request = {
    v: PROTOCOL_VERSION,
    kind,
    request_id: deps.ids.next(),
    sent_at: isoTime(nowMs),
    ...members,
  };
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
    timeoutMs: TIMEOUT_MS,
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
