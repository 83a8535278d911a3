/**
 * Proof of a natively signed request, in the contract's order: headers well formed, timestamp near, signature of a live
 * secret, all in one word out. The causes are for the log alone; the caller sees one 401.
 */
import { sha256Hex } from './digest.ts';
import { isUuid } from './ids.ts';
import {
  requestLines,
  signatureBytes,
  signatureTime,
  TOLERANCE_SECONDS,
  verifyLines,
} from './native-signature.ts';

export type SignedRequest = {
  method: string;
  /** Path with its query, as sent. */
  target: string;
  header: (name: string) => string | undefined;
  body: Uint8Array<ArrayBuffer>;
  nowMs: number;
};
/** Who sends: the header with the id, and whether a nonce must be there. */
export type Sender = { idHeader: 'x-producer-id' | 'x-bridge-id'; nonceRequired: boolean };
export type SenderKeys = (id: string) => Promise<readonly { version: number; key: CryptoKey }[] | null>;
export type NativeProof =
  | {
      ok: true;
      senderId: string;
      secretVersion: number;
      /** Empty where the sender gave none. */
      nonce: string;
      /** The signature's header: what makes this signed request itself known again. */
      mac: string;
      bodySha256: string;
    }
  | { ok: false; cause: 'headers' | 'timestamp' | 'sender' | 'signature' };

const NONCE = /^[A-Za-z0-9_-]{16,64}$/;
/** RFC 3986 unreserved characters, the separators of path and query, and percent-encoding. */
const TARGET = /^\/[A-Za-z0-9._~/?&=%-]*$/;

/** Verifies; `keysOf` gives a sender's live keys, or null where there is no such sender. */
export async function nativeRequest(
  r: SignedRequest,
  { idHeader, nonceRequired }: Sender,
  keysOf: SenderKeys,
): Promise<NativeProof> {
  const senderId = r.header(idHeader) ?? '';
  const timestamp = r.header('x-timestamp') ?? '';
  const nonce = r.header('x-nonce');
  const mac = r.header('x-signature') ?? '';
  const signature = signatureBytes(mac);
  const seconds = signatureTime(timestamp);
  const nonceFits = nonce === undefined ? !nonceRequired : NONCE.test(nonce);
  if (!isUuid(senderId) || signature === null || seconds === null || !nonceFits || !TARGET.test(r.target))
    return { ok: false, cause: 'headers' };
  if (Math.abs(r.nowMs / 1000 - seconds) > TOLERANCE_SECONDS) return { ok: false, cause: 'timestamp' };
  const keys = await keysOf(senderId);
  if (keys === null) return { ok: false, cause: 'sender' };
  const bodySha256 = await sha256Hex(r.body);
  const { method, target } = r;
  const lines = requestLines({ method, target, timestamp, nonce: nonce ?? '', senderId, bodySha256 });
  for (const { version, key } of keys)
    if (await verifyLines(key, signature, lines))
      return { ok: true, senderId, secretVersion: version, nonce: nonce ?? '', mac, bodySha256 };
  return { ok: false, cause: 'signature' };
}
