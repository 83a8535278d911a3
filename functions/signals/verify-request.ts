/**
 * Proof of a producer's request, in the contract's order: headers well formed, timestamp near, signature of a live
 * secret, all in one word out. The causes are for the log alone; the caller sees one 401.
 */
import { sha256Hex } from '../platform/digest.ts';
import { isUuid } from '../platform/ids.ts';
import {
  requestLines,
  signatureBytes,
  signatureTime,
  TOLERANCE_SECONDS,
  verifyLines,
} from '../platform/native-signature.ts';

export type SignedRequest = {
  method: string;
  target: string;
  header: (name: string) => string | undefined;
  body: Uint8Array<ArrayBuffer>;
  nowMs: number;
};
export type KeyOf = (producerId: string) => Promise<readonly { version: number; key: CryptoKey }[] | null>;
export type Proof =
  | {
      ok: true;
      producerId: string;
      secretVersion: number;
      /** What makes this signed request itself known again. */
      mac: string;
      /** Present in the Standard Webhooks lane alone. */
      webhookId?: string;
    }
  | { ok: false; cause: 'headers' | 'timestamp' | 'producer' | 'signature' };

const NONCE = /^[A-Za-z0-9_-]{16,64}$/;
/** RFC 3986 unreserved characters, the separators of path and query, and percent-encoding. */
const TARGET = /^\/[A-Za-z0-9._~/?&=%-]*$/;

/** Verifies; `keysOf` gives a producer's live keys, or null where there is no such producer. */
export async function verifyRequest(r: SignedRequest, keysOf: KeyOf): Promise<Proof> {
  const producerId = r.header('x-producer-id') ?? '';
  const timestamp = r.header('x-timestamp') ?? '';
  const nonce = r.header('x-nonce');
  const signatureHeader = r.header('x-signature') ?? '';
  const signature = signatureBytes(signatureHeader);
  const seconds = signatureTime(timestamp);
  const nonceFits = nonce === undefined || NONCE.test(nonce);
  if (!isUuid(producerId) || signature === null || seconds === null || !nonceFits || !TARGET.test(r.target))
    return { ok: false, cause: 'headers' };
  if (Math.abs(r.nowMs / 1000 - seconds) > TOLERANCE_SECONDS) return { ok: false, cause: 'timestamp' };
  const keys = await keysOf(producerId);
  if (keys === null) return { ok: false, cause: 'producer' };
  const lines = requestLines({
    method: r.method,
    target: r.target,
    timestamp,
    nonce: nonce ?? '',
    senderId: producerId,
    bodySha256: await sha256Hex(r.body),
  });
  for (const { version, key } of keys)
    if (await verifyLines(key, signature, lines))
      return { ok: true, producerId, secretVersion: version, mac: signatureHeader };
  return { ok: false, cause: 'signature' };
}
