// Speaks the bridge protocol from the cloud's side, written from API.md and not from the bridge's code.
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';

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
  account: object;
  positions: { identifier: string }[];
  orders: object[];
  deals: object[];
  history_orders: object[];
  symbols: object[];
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

/** Posts an envelope and checks the reply's signature; throws where the connection is cut. */
export async function call(base: string, envelope: object | string, options: CallOptions = {}) {
  const path = options.path ?? `/bridge/${options.login ?? '1001'}`;
  const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
  const nonce = options.nonce ?? randomBytes(16).toString('hex');
  const timestamp = options.timestamp ?? String(Math.floor(Date.now() / 1000));
  const secret = options.secret ?? SECRET;
  const lines = ['v1', 'POST', path, timestamp, nonce, BRIDGE_ID, hash(body)];
  const response = await fetch(base + path, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-bridge-id': BRIDGE_ID,
      'x-timestamp': timestamp,
      'x-nonce': nonce,
      'x-signature': macOf(secret, 'to-bridge', lines),
      ...options.headers,
    },
  });
  const text = await response.text();
  const replyTime = response.headers.get('x-timestamp') ?? '';
  const expected = macOf(secret, 'from-bridge', [
    'v1-reply',
    String(response.status),
    nonce,
    hash(body),
    replyTime,
    hash(text),
  ]);
  const signature = response.headers.get('x-signature');
  let json = null as unknown as Reply;
  try {
    json = JSON.parse(text) as Reply;
  } catch {
    // Garbage is one of the answers a test may ask for.
  }
  return {
    status: response.status,
    text,
    json,
    isSigned: signature !== null,
    isProven: signature === expected,
  };
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
