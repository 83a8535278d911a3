/**
 * Proof by Standard Webhooks (standardwebhooks.com, specification 1.0.0): HMAC-SHA256 over `id.timestamp.body`, several
 * space-separated signatures of which one must be a `v1` of a live secret; unknown versions are passed over. Pure but
 * for WebCrypto, which compares in constant time.
 */
import { fromBase64, toBase64, utf8 } from '../platform/encoding.ts';
import { isUuid } from '../platform/ids.ts';
import type { SignedRequest } from '../platform/native-request.ts';
import { TOLERANCE_SECONDS } from '../platform/native-signature.ts';
import { joinBytes } from '../platform/read-body.ts';
import type { KeyOf, Proof } from './verify-request.ts';

const ID = /^[\x21-\x2d\x2f-\x7e]{1,100}$/;
const MAX_SIGNATURES = 10;

/** The bytes that are signed. */
export const webhookContent = (id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> =>
  joinBytes([utf8(`${id}.${timestamp}.`), body]);

/** The signature of the content as the header carries it, without its version. */
export async function webhookSignature(key: CryptoKey, content: Uint8Array<ArrayBuffer>): Promise<string> {
  return toBase64(await crypto.subtle.sign('HMAC', key, content));
}

/** Verifies; `keysOf` gives a producer's live keys, or null where there is no such producer. */
export async function verifyStandardWebhook(r: SignedRequest, keysOf: KeyOf): Promise<Proof> {
  const producerId = r.header('x-producer-id') ?? '';
  const id = r.header('webhook-id') ?? '';
  const timestamp = r.header('webhook-timestamp') ?? '';
  const signatures = candidates(r.header('webhook-signature') ?? '');
  if (!isUuid(producerId) || !ID.test(id) || !/^\d{1,12}$/.test(timestamp) || signatures.length === 0)
    return { ok: false, cause: 'headers' };
  if (Math.abs(r.nowMs / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return { ok: false, cause: 'timestamp' };
  const keys = await keysOf(producerId);
  if (keys === null) return { ok: false, cause: 'producer' };
  const content = webhookContent(id, timestamp, r.body);
  for (const { version, key } of keys)
    for (const signature of signatures)
      if (await crypto.subtle.verify('HMAC', key, signature, content))
        return {
          ok: true,
          producerId,
          secretVersion: version,
          mac: `webhook:${await webhookSignature(key, content)}`,
          webhookId: id,
        };
  return { ok: false, cause: 'signature' };
}

function candidates(header: string): Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .filter((part) => part.startsWith('v1,'))
    .map((part) => fromBase64(part.slice(3)))
    .filter((bytes) => bytes?.byteLength === 32)
    .filter((bytes) => bytes !== null && bytes !== undefined);
}
