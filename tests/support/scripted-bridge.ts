/**
 * The other side of the bridge protocol, following a script: it checks our signature as a bridge does, remembers every
 * envelope and signs its replies. What it has executed is counted, because that must never happen twice.
 */
import { isoTime } from '../../functions/platform/clock.ts';
import { sha256Hex } from '../../functions/platform/digest.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import {
  directionKey,
  replyLines,
  requestLines,
  signatureBytes,
  signLines,
  verifyLines,
} from '../../functions/platform/native-signature.ts';
import type { Outbound, OutboundReply, OutboundRequest } from '../../functions/platform/outbound.ts';
import type { TestClock } from './test-clock.ts';

type Failed = Extract<OutboundReply, { kind: 'failed' }>;
export type Envelope = Record<string, unknown> & { kind: string; request_id: string };
export type Answer = Record<string, unknown> | Failed;
export type BridgeScript = {
  snapshot?: (envelope: Envelope) => Answer | Promise<Answer>;
  execute?: (command: Record<string, unknown>) => Answer | Promise<Answer>;
  lookup?: (envelope: Envelope) => Answer | Promise<Answer>;
  candles?: (envelope: Envelope) => Answer | Promise<Answer>;
  guard?: (envelope: Envelope) => Answer | Promise<Answer>;
  /** Spoils a reply on its way: another key, another status, another body. */
  tamper?: (reply: Extract<OutboundReply, { kind: 'reply' }>) => OutboundReply;
};

export type ScriptedBridge = {
  outbound: Outbound;
  /** May be changed in the middle of a test. */
  script: BridgeScript;
  /** Every envelope received, oldest first. */
  received: Envelope[];
  /** Commands that reached the execution. */
  executions: () => string[];
  calls: (kind: string) => number;
};

export const SILENT: Failed = { kind: 'failed', effect: 'unknown', word: 'timeout' };
export const BLOCKED: Failed = { kind: 'failed', effect: 'none', word: 'blocked' };

const isFailure = (a: Answer): a is Failed => a['kind'] === 'failed' && 'effect' in a;

/** A bridge that holds `secret`. Sequence numbers of its replies grow by one; its boot id is `boot-1`. */
export function scriptedBridge(
  secret: Uint8Array<ArrayBuffer>,
  clock: TestClock,
  script: BridgeScript = {},
): ScriptedBridge {
  const received: Envelope[] = [];
  let seq = 0;
  const bridge: ScriptedBridge = {
    script,
    received,
    calls: (kind) => received.filter((e) => e.kind === kind).length,
    executions: () =>
      received
        .filter((e) => e.kind === 'execute')
        .map((e) => String((e['command'] as { cmd_id?: unknown }).cmd_id)),
    outbound: async (request) => {
      if (!(await isSigned(secret, request))) throw new Error('the request to the bridge is badly signed');
      const envelope = JSON.parse(request.body) as Envelope;
      received.push(envelope);
      const answer = await answerTo(bridge.script, envelope);
      if (isFailure(answer)) return answer;
      seq += 1;
      const common = { v: 1, request_id: envelope.request_id, boot_id: 'boot-1', seq };
      const body = JSON.stringify({ ...common, kind: envelope.kind, ...answer });
      const reply = await signedReply(secret, request, body, clock.nowMs());
      return bridge.script.tamper ? bridge.script.tamper(reply) : reply;
    },
  };
  return bridge;
}

async function answerTo(script: BridgeScript, envelope: Envelope): Promise<Answer> {
  const handler = {
    snapshot: () => script.snapshot?.(envelope),
    execute: () => script.execute?.(envelope['command'] as Record<string, unknown>),
    lookup: () => script.lookup?.(envelope),
    candles: () => script.candles?.(envelope),
    guard: () => script.guard?.(envelope),
  }[envelope.kind];
  return (await handler?.()) ?? SILENT;
}

async function isSigned(secret: Uint8Array<ArrayBuffer>, r: OutboundRequest): Promise<boolean> {
  const url = new URL(r.url);
  const lines = requestLines({
    method: 'POST',
    target: url.pathname + url.search,
    timestamp: r.headers['x-timestamp'] ?? '',
    nonce: r.headers['x-nonce'] ?? '',
    senderId: r.headers['x-bridge-id'] ?? '',
    bodySha256: await sha256Hex(utf8(r.body)),
  });
  const signature = signatureBytes(r.headers['x-signature'] ?? '');
  return signature !== null && verifyLines(await directionKey(secret, 'to-bridge'), signature, lines);
}

async function signedReply(
  secret: Uint8Array<ArrayBuffer>,
  request: OutboundRequest,
  text: string,
  nowMs: number,
): Promise<Extract<OutboundReply, { kind: 'reply' }>> {
  const body = utf8(text);
  const timestamp = String(Math.floor(nowMs / 1000));
  const lines = replyLines({
    status: 200,
    nonce: request.headers['x-nonce'] ?? '',
    requestSha256: await sha256Hex(utf8(request.body)),
    timestamp,
    replySha256: await sha256Hex(body),
  });
  const signature = await signLines(await directionKey(secret, 'from-bridge'), lines);
  return {
    kind: 'reply',
    status: 200,
    headers: new Headers({ 'x-timestamp': timestamp, 'x-signature': signature }),
    body,
  };
}

/** The result of an execution as the protocol says it; what is not given is null. */
export const executed = (
  command: Record<string, unknown>,
  result: Record<string, unknown>,
): Record<string, unknown> => ({
  result: {
    cmd_id: command['cmd_id'],
    retcode: null,
    order: null,
    deal: null,
    price: null,
    volume: null,
    reason: null,
    ...result,
  },
});

/** A look-up that found nothing. */
export const nothingFound = (journal: 'absent' | 'intent' | 'result' = 'absent') => ({
  journal,
  orders: [],
  history_orders: [],
  positions: [],
  deals: [],
});

const MONEY = { commission: '0', swap: '0', profit: '0', fee: '0' };

/** An opening deal as a bridge states it; the position's identifier is its order's ticket. */
export const wireDeal = (
  deal: { ticket: string; order: string; magic: string; atMs: number } & Record<string, unknown>,
): Record<string, unknown> => {
  const { atMs, ...rest } = deal;
  return {
    position_id: deal.order,
    time: isoTime(atMs),
    type: 'buy',
    entry: 'in',
    reason: 'expert',
    volume: '0.10',
    price: '2035.10',
    ...MONEY,
    symbol: 'XAUUSD',
    comment: 'cs',
    external_id: '',
    ...rest,
  };
};

/** An open position as a bridge states it. */
export const wirePosition = (
  position: { identifier: string; magic: string; atMs: number } & Record<string, unknown>,
): Record<string, unknown> => {
  const { atMs, ...rest } = position;
  return {
    ticket: position.identifier,
    time: isoTime(atMs),
    type: 'buy',
    volume: '0.10',
    price_open: '2035.10',
    sl: null,
    tp: null,
    price_current: '2036.10',
    swap: '0',
    profit: '10',
    symbol: 'XAUUSD',
    comment: 'cs',
    ...rest,
  };
};

/** A sound, empty snapshot of the account 1001 at a moment; `change` replaces members, `account` those of the account. */
export function wireSnapshot(
  atMs: number,
  change: Record<string, unknown> & { account?: Record<string, unknown> } = {},
): Record<string, unknown> {
  const { account, ...rest } = change;
  const positions = (rest['positions'] ?? []) as { profit: string; swap: string }[];
  const floating = positions.reduce((total, p) => total + Number(p.profit) + Number(p.swap), 0);
  return {
    captured_at: isoTime(atMs),
    connected: true,
    account: {
      login: '1001',
      server: 'Demo-1',
      currency: 'USD',
      margin_mode: 'hedging',
      trade_mode: 'demo',
      balance: '10000',
      credit: '0',
      profit: String(floating),
      equity: String(10_000 + floating),
      margin: '0',
      margin_free: '10000',
      trade_allowed: true,
      ...account,
    },
    positions: [],
    orders: [],
    deals: [],
    history_orders: [],
    symbols: [],
    sections: { account: true, positions: true, orders: true, deals: true, history_orders: true },
    highest_magic: '0',
    ...rest,
  };
}
