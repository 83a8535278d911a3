import { Buffer } from 'node:buffer';

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  encoder.encode(text) as Uint8Array<ArrayBuffer>;

/** Base64, standard alphabet with padding. */
export const toBase64 = (bytes: Uint8Array | ArrayBuffer): string => view(bytes).toString('base64');

/** Base64url without padding (RFC 4648 section 5). */
export const toBase64Url = (bytes: Uint8Array | ArrayBuffer): string => view(bytes).toString('base64url');

/** Lower-case hexadecimal. */
export const toHex = (bytes: Uint8Array | ArrayBuffer): string => view(bytes).toString('hex');

/**
 * Bytes of a standard, padded base64 text; null unless encoding them again gives the very same text, so that one
 * signature has one spelling.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return toBase64(bytes) === text ? bytes : null;
}

function view(bytes: Uint8Array | ArrayBuffer): Buffer {
  return bytes instanceof Uint8Array
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
}
