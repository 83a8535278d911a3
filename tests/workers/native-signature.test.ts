// The vectors of the native signature with workerd's own WebCrypto.
import { expect, it } from 'vitest';
import { hmacKey } from '../../functions/platform/digest.ts';
import {
  directionKey,
  replyLines,
  requestLines,
  signatureBytes,
  signLines,
  verifyLines,
} from '../../functions/platform/native-signature.ts';
import { sha256Hex } from './fixed-pictures.ts';

/** `whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=` */
const SECRET = new Uint8Array(Array.from({ length: 32 }, (_, i) => i));
const BODY = '{"instrument":"EURUSD","side":"buy","price":"1.10000"}';
const PARTS = {
  method: 'POST',
  target: '/api/v1/signals',
  timestamp: '1760000000',
  nonce: 'nonce-0123456789',
  senderId: '0199c7a0-0000-7000-8000-000000000001',
  bodySha256: 'a1f500194edaf360563f1b6662f57a6b344c53ca285134da3e8eb8ba7c6b57b1',
};
const SIGNATURE = 'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=';
const BARE = 'v1=trzDdFtMfQM24x41+6dchGlbCbkMnFO09kfMc6jsFVE=';

const bytesOf = (header: string): Uint8Array<ArrayBuffer> => signatureBytes(header) ?? new Uint8Array(0);

it('signs a request and one without nonce and body as the vectors say', async () => {
  expect(await sha256Hex(new Uint8Array(new TextEncoder().encode(BODY)))).toBe(PARTS.bodySha256);
  const key = await hmacKey(SECRET);
  expect(await signLines(key, requestLines(PARTS))).toBe(SIGNATURE);
  const bodySha256 = await sha256Hex(new Uint8Array());
  const bare = { ...PARTS, timestamp: '2025-10-09T08:53:20Z', nonce: '', bodySha256 };
  expect(await signLines(key, requestLines(bare))).toBe(BARE);
});

it('believes the vector, and nothing of which one line differs', async () => {
  const key = await hmacKey(SECRET);
  const bytes = bytesOf(SIGNATURE);
  expect(await verifyLines(key, bytes, requestLines(PARTS))).toBe(true);
  for (const name of Object.keys(PARTS) as (keyof typeof PARTS)[]) {
    const altered = requestLines({ ...PARTS, [name]: `${PARTS[name]}0` });
    expect(await verifyLines(key, bytes, altered), name).toBe(false);
  }
  const flipped = Uint8Array.from(bytes, (byte, i) => (i === 31 ? byte ^ 1 : byte));
  expect(await verifyLines(key, flipped, requestLines(PARTS))).toBe(false);
});

it('has two keys to a bridge, neither of which speaks for the other', async () => {
  const lines = replyLines({ status: 200, nonce: 'n', requestSha256: 'a', timestamp: '1', replySha256: 'b' });
  const [to, from] = [await directionKey(SECRET, 'to-bridge'), await directionKey(SECRET, 'from-bridge')];
  const signed = bytesOf(await signLines(from, lines));
  expect(await verifyLines(from, signed, lines)).toBe(true);
  expect(await verifyLines(to, signed, lines)).toBe(false);
});
