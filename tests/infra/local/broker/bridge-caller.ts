// Speaks the bridge protocol from the cloud's side, written from API.md and not from the bridge's code.
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { answerBridge } from '../../../../infra/local/broker/bridge-webhook.ts';
import type { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';

export const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
export const BRIDGE_ID = 'bridge-1';
export const MAGIC = '4398046511121';

const hash = (bytes: string) => createHash('sha256').update(bytes).digest('hex');

export function macOf(secret: string, direction: string, lines: string[]): string {
  const raw = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const key = createHmac('sha256', raw).update(direction).digest();
  return `v1=${createHmac('sha256', key).update(lines.join('\n')).digest('base64')}`;
}

export interface CallOptions {
  login?: string;
  bridgeId?: string;
  nonce?: string;
  timestamp?: string;
  secret?: string;
  headers?: Record<string, string>;
  path?: string;
}

/** Any field a reply of the bridge or of control may have; which of them are there is what the tests judge. */
export interface Reply {
  boot_id: string;
  seq: number;
  captured_at: string;
  connected: boolean;
  result: { outcome: string; order: string };
  account: { login: string; balance: string; equity: string };
  positions: { identifier: string }[];
  orders: object[];
  deals: object[];
  history_orders: object[];
  symbols: object[];
  sections: Record<string, boolean>;
  padding: string;
  fault_uses: Record<string, number>;
  retcodes: Record<string, number>;
  candles: { time: string; close: string }[];
  accounts: { login: string; positions: object[]; orders: object[]; deals: object[] }[];
  journal: { cmd_id: string; executed: number }[];
  faults: object[];
  bridges: object[];
  order: string;
  created: boolean;
  warning: string;
  error: string;
}

/** A request as the cloud signs it. */
export function signedRequest(envelope: object | string, options: CallOptions = {}) {
  const path = options.path ?? `/bridge/${options.login ?? '1001'}`;
  const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
  const nonce = options.nonce ?? randomBytes(16).toString('hex');
  const timestamp = options.timestamp ?? String(Math.floor(Date.now() / 1000));
  const secret = options.secret ?? SECRET;
  const bridgeId = options.bridgeId ?? BRIDGE_ID;
  const lines = ['v1', 'POST', path, timestamp, nonce, bridgeId, hash(body)];
  const headers = {
    'content-type': 'application/json',
    'x-bridge-id': bridgeId,
    'x-timestamp': timestamp,
    'x-nonce': nonce,
    'x-signature': macOf(secret, 'to-bridge', lines),
    ...options.headers,
  };
  return { path, body, nonce, secret, headers };
}

/** What a reply says, and whether its signature holds for the request. */
export function readReply(
  request: ReturnType<typeof signedRequest>,
  reply: { status: number; text: string; timestamp: string; signature: string | null },
) {
  const { status, text, timestamp, signature } = reply;
  const lines = ['v1-reply', String(status), request.nonce, hash(request.body), timestamp, hash(text)];
  let json = null as unknown as Reply;
  try {
    json = JSON.parse(text) as Reply;
  } catch {
    // Garbage is one of the answers a test may ask for.
  }
  const isProven = signature === macOf(request.secret, 'from-bridge', lines);
  return { status, text, json, isSigned: signature !== null, isProven, timestamp };
}

/** Posts an envelope and checks the reply's signature; throws where the connection is cut. */
export async function call(base: string, envelope: object | string, options: CallOptions = {}) {
  const request = signedRequest(envelope, options);
  const { body, headers, path } = request;
  const response = await fetch(base + path, { method: 'POST', body, headers });
  return readReply(request, {
    status: response.status,
    text: await response.text(),
    timestamp: response.headers.get('x-timestamp') ?? '',
    signature: response.headers.get('x-signature'),
  });
}

/** The same to a broker in this process; throws where the connection would be cut. */
export async function callInProcess(host: BrokerHost, envelope: object | string, options: CallOptions = {}) {
  const timestamp = String(Math.floor(host.realNowMs() / 1000));
  const request = signedRequest(envelope, { timestamp, ...options });
  const { path, headers } = request;
  const answer = await answerBridge(host.bridgeContext(), {
    method: 'POST',
    path,
    headers,
    body: Buffer.from(request.body),
  });
  if (answer.kind !== 'reply') throw new Error(`connection ${answer.kind}`);
  return readReply(request, {
    status: answer.reply.status,
    text: answer.reply.body.toString('utf8'),
    timestamp: answer.reply.headers['x-timestamp'] ?? '',
    signature: answer.reply.headers['x-signature'] ?? null,
  });
}

export function envelope(kind: string, more: object = {}) {
  return { v: 1, kind, request_id: randomUUID(), sent_at: new Date().toISOString(), ...more };
}

export function openCommand(more: object = {}, order: object = {}) {
  return {
    cmd_id: randomUUID(),
    attempt: 1,
    kind: 'open',
    expires_at: new Date(Date.now() + 30_000).toISOString(),
    pre: { login: '1001', server: 'Sim-Demo', symbol: 'XAUUSD' },
    order: { symbol: 'XAUUSD', type: 'buy', volume: '0.10', ...order },
    evidence: { magic: MAGIC, comment: 'CS0000000001' },
    ...more,
  };
}

export async function control(base: string, path: string, body?: object) {
  const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  const response = await fetch(base + path, init);
  return { status: response.status, json: (await response.json()) as Reply };
}

/** Opens the account 1001 and registers its bridge. */
export async function prepare(base: string): Promise<void> {
  const terms = { server: 'Sim-Demo', currency: 'USD', margin_mode: 'hedging', balance: '10000' };
  await control(base, '/accounts', { login: '1001', ...terms });
  await control(base, '/bridges', { bridge_id: BRIDGE_ID, secret: SECRET, login: '1001' });
}
