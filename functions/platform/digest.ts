import { toBase64Url, toHex, utf8 } from './encoding.ts';

/** SHA-256 in lower-case hexadecimal. */
export async function sha256Hex(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-256', typeof data === 'string' ? utf8(data) : data));
}

/** An HMAC-SHA256 key that can sign and verify; never extractable. */
export const hmacKey = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);

/** HMAC-SHA256 of a text. */
export const hmac = async (key: CryptoKey, text: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));

/** A keyed hash of something private (an address), for logs and audit rows: base64url of HMAC-SHA256. */
export const keyedHash = async (key: CryptoKey, text: string): Promise<string> =>
  toBase64Url(await hmac(key, text));
