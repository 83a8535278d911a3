/**
 * The native signature, version 1, as the contract fixes it: HMAC-SHA256 over seven lines for a request, over six
 * for a reply. Pure but for WebCrypto, which compares in constant time.
 */
import { hmac, hmacKey } from './digest.ts';
import { fromBase64, toBase64, utf8 } from './encoding.ts';

/** Seconds that a timestamp may be off, either way. */
export const TOLERANCE_SECONDS = 300;

export type SignedParts = {
  method: string;
  /** Path with its query, as sent. */
  target: string;
  timestamp: string;
  /** Empty where the sender gave none. */
  nonce: string;
  senderId: string;
  bodySha256: string;
};

/** The seven lines, joined by LF with no final LF. */
export const requestLines = (p: SignedParts): string =>
  ['v1', p.method, p.target, p.timestamp, p.nonce, p.senderId, p.bodySha256].join('\n');

/** The six lines of a reply. */
export const replyLines = (p: {
  status: number;
  nonce: string;
  requestSha256: string;
  timestamp: string;
  replySha256: string;
}): string => ['v1-reply', String(p.status), p.nonce, p.requestSha256, p.timestamp, p.replySha256].join('\n');

/** Seconds since the epoch of a timestamp header (`^\d{1,12}$` or RFC 3339 with Z); null where it is neither. */
export function signatureTime(header: string): number | null {
  if (/^\d{1,12}$/.test(header)) return Number(header);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(header)) return null;
  const ms = Date.parse(header);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

/** The bytes of a `v1=<base64>` header; null where it is malformed or spelled other than canonically. */
export function signatureBytes(header: string): Uint8Array<ArrayBuffer> | null {
  if (!header.startsWith('v1=')) return null;
  const bytes = fromBase64(header.slice(3));
  return bytes?.byteLength === 32 ? bytes : null;
}

/** The header's value for these lines. */
export const signLines = async (key: CryptoKey, lines: string): Promise<string> =>
  `v1=${toBase64(await hmac(key, lines))}`;

/** Whether the signature is that of the lines; constant-time. */
export const verifyLines = (
  key: CryptoKey,
  signature: Uint8Array<ArrayBuffer>,
  lines: string,
): Promise<boolean> => crypto.subtle.verify('HMAC', key, signature, utf8(lines));

/** One of the two keys of a bridge: HMAC-SHA256 of the direction's name under its secret. */
export async function directionKey(
  secret: Uint8Array<ArrayBuffer>,
  direction: 'to-bridge' | 'from-bridge',
): Promise<CryptoKey> {
  return hmacKey(await hmac(await hmacKey(secret), direction));
}
