/**
 * No proof at all: with SIGNALS_HMAC_ENABLED=false, which only a deployment on loopback may say, `X-Producer-Id` alone
 * names the sender. The producer must still be live, and the statement that stores the signal checks it again.
 */
import { isUuid } from '../platform/ids.ts';
import type { SignedRequest } from '../platform/native-request.ts';
import type { KeyOf, Proof } from './verify-request.ts';

/**
 * Takes a request without a signature. `mark` must be unlike every other request's: nothing tells such a request from
 * its repetition, so repeats are judged by `external_id` and window alone.
 */
export const takeUnsigned =
  (mark: string) =>
  async (r: SignedRequest, keysOf: KeyOf): Promise<Proof> => {
    const producerId = r.header('x-producer-id') ?? '';
    if (!isUuid(producerId)) return { ok: false, cause: 'headers' };
    const newest = (await keysOf(producerId))?.[0];
    if (newest === undefined) return { ok: false, cause: 'producer' };
    return { ok: true, producerId, secretVersion: newest.version, mac: `unsigned:${mark}` };
  };
