/**
 * CloudFront's signed address with a canned policy (CloudFront developer guide, "Create a signed URL using a canned
 * policy"): RSA-SHA1 over the policy's exact text, in base64 with `+`, `=` and `/` written as `-`, `_` and `~`. The key
 * pair's id names the public half that the distribution trusts. Pure but for WebCrypto.
 */
import { fromBase64, toBase64, utf8 } from '../platform/encoding.ts';

/** CloudFront lets an address in for this much longer than our own check, so that a late reader gets our 410. */
const GRACE_SECONDS = 300;

export type CdnKey = { keyPairId: string; key: CryptoKey };

/** The signing key from a PKCS#8 PEM (RSA 2048). Throws where the text is not one. */
export async function cdnKey(pem: string, keyPairId: string): Promise<CdnKey> {
  const der = fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ''));
  if (der === null) throw new Error('the CDN key is not a PEM');
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' };
  return { keyPairId, key: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) };
}

/** The address with CloudFront's own parameters behind ours, good until a little after `expSeconds`. */
export async function signForCdn(address: string, expSeconds: number, by: CdnKey): Promise<string> {
  const expires = expSeconds + GRACE_SECONDS;
  const policy = `{"Statement":[{"Resource":"${address}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  const signature = toBase64(
    new Uint8Array(await crypto.subtle.sign(by.key.algorithm.name, by.key, utf8(policy))),
  )
    .replaceAll('+', '-')
    .replaceAll('=', '_')
    .replaceAll('/', '~');
  const sign = address.includes('?') ? '&' : '?';
  return `${address}${sign}Expires=${expires}&Signature=${signature}&Key-Pair-Id=${by.keyPairId}`;
}
