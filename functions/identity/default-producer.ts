/**
 * The default producer of a single-user deployment: its id is the same in every deployment, its secret follows from
 * SIGNALS_HMAC_KEY, so that a sender can be set up without a call to the API.
 */
import { hmac, hmacKey } from '../platform/digest.ts';
import { utf8 } from '../platform/encoding.ts';
import { derivedId } from '../platform/ids.ts';

const NAMESPACE = '6f1c6c1e-5d0a-4b53-9d3e-2f6a5f0f7c11';
const LABEL = 'countersign default producer v1';

/** Its id, a UUIDv5: `f36d0233-772c-507e-bc50-74a8a7444da5` everywhere. */
export const DEFAULT_PRODUCER_ID = derivedId(NAMESPACE, LABEL);

/** Its first secret, 32 bytes: HMAC-SHA256 of the label under the UTF-8 bytes of SIGNALS_HMAC_KEY. */
export const defaultProducerSecret = async (key: string): Promise<Uint8Array<ArrayBuffer>> =>
  hmac(await hmacKey(utf8(key)), LABEL);
