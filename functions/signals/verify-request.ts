/** Proof of a producer's request by the native signature (`native-request.ts`); a nonce is its own to give. */
import { nativeRequest, type SenderKeys, type SignedRequest } from '../platform/native-request.ts';

export type KeyOf = SenderKeys;
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

const PRODUCER = { idHeader: 'x-producer-id', nonceRequired: false } as const;

/** Verifies; `keysOf` gives a producer's live keys, or null where there is no such producer. */
export async function verifyRequest(r: SignedRequest, keysOf: KeyOf): Promise<Proof> {
  const proof = await nativeRequest(r, PRODUCER, keysOf);
  if (!proof.ok) return { ok: false, cause: proof.cause === 'sender' ? 'producer' : proof.cause };
  return { ok: true, producerId: proof.senderId, secretVersion: proof.secretVersion, mac: proof.mac };
}
