// The native signature of Countersign's API, seen from the bridge (API.md "Native signature").
// Invariants: a request is proven before a byte of it is interpreted; comparison is in constant time; the two
// directions use different keys, so nothing sent to us can be played back as ours.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const MAX_SKEW_SECONDS = 300;
const NONCE = /^[A-Za-z0-9_-]{16,64}$/;
const UNIX_SECONDS = /^\d{1,12}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const PREFIX = 'v1=';

export interface ProofHeaders {
  bridgeId: string;
  timestamp: string;
  nonce: string;
  signature: string;
}

type HeaderBag = Record<string, string | string[] | undefined>;

/** The proof headers where all are present once and well formed, else null. */
export function readProofHeaders(headers: HeaderBag): ProofHeaders | null {
  const [bridgeId, timestamp, nonce, signature] = [
    headers['x-bridge-id'],
    headers['x-timestamp'],
    headers['x-nonce'],
    headers['x-signature'],
  ];
  if (typeof bridgeId !== 'string' || typeof timestamp !== 'string') return null;
  if (typeof nonce !== 'string' || typeof signature !== 'string') return null;
  if (!NONCE.test(nonce) || timestampMs(timestamp) === null || macOf(signature) === null) return null;
  return { bridgeId, timestamp, nonce, signature };
}

function timestampMs(text: string): number | null {
  if (UNIX_SECONDS.test(text)) return Number(text) * 1000;
  if (!RFC3339.test(text)) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

/** The signature's bytes; null where it is not `v1=` and canonical padded base64 of 32 bytes. */
function macOf(signature: string): Buffer | null {
  if (!signature.startsWith(PREFIX)) return null;
  const text = signature.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text ? bytes : null;
}

/** Whether the request's timestamp lies within 300 s of real UTC (ms), either way. */
export function isFresh(timestamp: string, realNowMs: number): boolean {
  const sentMs = timestampMs(timestamp);
  return sentMs !== null && Math.abs(realNowMs - sentMs) <= MAX_SKEW_SECONDS * 1000;
}

/** The secret's bytes; null where it is not `whsec_` and canonical base64 of at least 16 bytes. */
export function secretBytes(secret: string): Buffer | null {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : '';
  const bytes = Buffer.from(text, 'base64');
  return bytes.length >= 16 && bytes.toString('base64') === text ? bytes : null;
}

/** Lower-case hex SHA-256. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function mac(secret: string, direction: 'to-bridge' | 'from-bridge', lines: string[]): Buffer {
  const bytes = secretBytes(secret);
  if (!bytes) throw new Error('malformed bridge secret');
  const key = createHmac('sha256', bytes).update(direction).digest();
  return createHmac('sha256', key).update(lines.join('\n')).digest();
}

/** The first of `secrets` under which the request's signature holds, or null. Every secret is tried. */
export function verifyRequest(
  secrets: readonly string[],
  request: { method: string; path: string; body: Uint8Array; proof: ProofHeaders },
): string | null {
  const { method, path, body, proof } = request;
  const given = macOf(proof.signature);
  if (!given) return null;
  const lines = ['v1', method, path, proof.timestamp, proof.nonce, proof.bridgeId, sha256Hex(body)];
  let match: string | null = null;
  for (const secret of secrets) {
    if (timingSafeEqual(mac(secret, 'to-bridge', lines), given)) match = secret;
  }
  return match;
}

interface SaidReply {
  status: number;
  nonce: string;
  requestBody: Uint8Array;
  timestamp: string;
  body: Uint8Array;
}

const replyLines = (reply: SaidReply): string[] => [
  'v1-reply',
  String(reply.status),
  reply.nonce,
  sha256Hex(reply.requestBody),
  reply.timestamp,
  sha256Hex(reply.body),
];

/** `X-Signature` of a reply, over status, the request's nonce and body, the reply's timestamp and body. */
export function signReply(secret: string, reply: SaidReply): string {
  return PREFIX + mac(secret, 'from-bridge', replyLines(reply)).toString('base64');
}

/** `X-Signature` of a request that the bridge itself makes; `path` with its query, as sent. */
export function signRequest(
  secret: string,
  request: { path: string; timestamp: string; nonce: string; bridgeId: string; body: Uint8Array },
): string {
  const { path, timestamp, nonce, bridgeId, body } = request;
  const lines = ['v1', 'POST', path, timestamp, nonce, bridgeId, sha256Hex(body)];
  return PREFIX + mac(secret, 'from-bridge', lines).toString('base64');
}

/** Whether a reply to the bridge's own request was signed by the other side. */
export function verifyReply(secret: string, reply: SaidReply, signature: string): boolean {
  const given = macOf(signature);
  return given !== null && timingSafeEqual(mac(secret, 'to-bridge', replyLines(reply)), given);
}
