import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacKey } from '../../functions/platform/digest.ts';
import {
  directionKey,
  replyLines,
  requestLines,
  signatureBytes,
  signatureTime,
  signLines,
  verifyLines,
} from '../../functions/platform/native-signature.ts';
import { caseCensus, runs } from '../support/property.ts';

/** Vectors of the native signature: the secret is `whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=`. */
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const BODY = '{"instrument":"EURUSD","side":"buy","price":"1.10000"}';
const BODY_SHA256 = 'a1f500194edaf360563f1b6662f57a6b344c53ca285134da3e8eb8ba7c6b57b1';
const REPLY_SHA256 = '4062edaf750fb8074e7e83e0c9028c94e32468a8b6f1614774328ef045150f93';
const NOTHING_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const PRODUCER = '0199c7a0-0000-7000-8000-000000000001';
const BRIDGE = '0199c7a0-0000-7000-8000-00000000000b';
const NONCE = 'nonce-0123456789';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const mac = (key: Uint8Array, lines: readonly string[]): string =>
  `v1=${createHmac('sha256', key).update(lines.join('\n')).digest('base64')}`;

describe('a request', () => {
  const parts = {
    method: 'POST',
    target: '/api/v1/signals',
    timestamp: '1760000000',
    nonce: NONCE,
    senderId: PRODUCER,
    bodySha256: BODY_SHA256,
  };

  it('is signed over seven lines without a final line end (vector)', async () => {
    expect(sha256(BODY)).toBe(BODY_SHA256);
    expect(requestLines(parts)).toBe(
      `v1\nPOST\n/api/v1/signals\n1760000000\nnonce-0123456789\n${PRODUCER}\n${BODY_SHA256}`,
    );
    const expected = 'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=';
    expect(mac(SECRET, requestLines(parts).split('\n'))).toBe(expected);
    expect(await signLines(await hmacKey(SECRET), requestLines(parts))).toBe(expected);
  });

  it('without a nonce has an empty line in its place, and no body is the digest of nothing (vector)', async () => {
    const bare = { ...parts, timestamp: '2025-10-09T08:53:20Z', nonce: '', bodySha256: NOTHING_SHA256 };
    const lines = requestLines(bare);
    expect(lines.split('\n')).toHaveLength(7);
    expect(lines.split('\n')[4]).toBe('');
    expect(await signLines(await hmacKey(SECRET), lines)).toBe(
      'v1=trzDdFtMfQM24x41+6dchGlbCbkMnFO09kfMc6jsFVE=',
    );
  });

  it('to a bridge is signed with the key of that direction (vector)', async () => {
    const lines = requestLines({ ...parts, target: '/bridge?x=1', senderId: BRIDGE });
    const key = createHmac('sha256', SECRET).update('to-bridge').digest();
    expect(key.toString('hex')).toBe('715cd3c53e6080bd37074d075bd15b21444ef2ff7dcd2b4fb84b2239bb27b31e');
    expect(mac(key, lines.split('\n'))).toBe('v1=o/di6KhqVv79FvRDY75KI1WPc2KFyfDuKGnPp5VUz5o=');
    expect(await signLines(await directionKey(SECRET, 'to-bridge'), lines)).toBe(
      'v1=o/di6KhqVv79FvRDY75KI1WPc2KFyfDuKGnPp5VUz5o=',
    );
  });

  it('is verified only over exactly what was signed, with exactly that key', async () => {
    const key = await hmacKey(SECRET);
    const names = ['method', 'target', 'timestamp', 'nonce', 'senderId', 'bodySha256'] as const;
    const census = caseCensus(...names, 'signature', 'key');
    const changes = fc.constantFrom(...names, 'signature' as const, 'key' as const);
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(31), async (what, at) => {
        const signature = signatureBytes(await signLines(key, requestLines(parts))) ?? new Uint8Array();
        expect(await verifyLines(key, signature, requestLines(parts))).toBe(true);
        census.note(what, true);
        const other = SECRET.map((b, i) => (i === at ? b ^ 1 : b));
        const damaged = signature.map((b, i) => (i === at ? b ^ 1 : b));
        const lines = requestLines({ ...parts, ...(what in parts ? { [what]: 'other' } : {}) });
        const usedKey = what === 'key' ? await hmacKey(other) : key;
        expect(await verifyLines(usedKey, what === 'signature' ? damaged : signature, lines)).toBe(false);
      }),
      runs(100),
    );
    census.expectAllMet();
  });
});

describe('a reply', () => {
  const reply = {
    status: 200,
    nonce: NONCE,
    requestSha256: BODY_SHA256,
    timestamp: '1760000001',
    replySha256: REPLY_SHA256,
  };

  it('is signed over six lines with the key of its direction (vector)', async () => {
    expect(sha256('{"ok":true}')).toBe(REPLY_SHA256);
    expect(replyLines(reply)).toBe(`v1-reply\n200\n${NONCE}\n${BODY_SHA256}\n1760000001\n${REPLY_SHA256}`);
    const key = createHmac('sha256', SECRET).update('from-bridge').digest();
    expect(key.toString('hex')).toBe('f48fe43262f2c76e0846100b2a32d9d41730a683fec9b3ea50aa2dd887ceb37d');
    const expected = 'v1=lQJ6nk2X/fs+/16pXEB6INclqqGiqHCsOVs0u9Yt500=';
    expect(mac(key, replyLines(reply).split('\n'))).toBe(expected);
    expect(await signLines(await directionKey(SECRET, 'from-bridge'), replyLines(reply))).toBe(expected);
  });

  it('of one direction is not one of the other, so nothing can be played back', async () => {
    const signature = signatureBytes('v1=gkUUpFsn/EeC/M3u0nMrAlvLDM3E722IbITuBQcYVIw=') ?? new Uint8Array();
    expect(await verifyLines(await directionKey(SECRET, 'to-bridge'), signature, replyLines(reply))).toBe(
      true,
    );
    expect(await verifyLines(await directionKey(SECRET, 'from-bridge'), signature, replyLines(reply))).toBe(
      false,
    );
  });
});

describe('the timestamp header', () => {
  it.each([
    ['0', 0],
    ['1760000000', 1_760_000_000],
    ['999999999999', 999_999_999_999],
    ['2025-10-09T08:53:20Z', 1_760_000_000],
    ['2025-10-09T08:53:20.999999999Z', 1_760_000_000],
  ])('%s is %d', (header, seconds) => {
    expect(signatureTime(header)).toBe(seconds);
  });

  it.each([
    '',
    '-1',
    '+1',
    '1.5',
    '1e9',
    '0x10',
    ' 1760000000',
    '1760000000 ',
    '1760000000\n',
    '1000000000000',
    '١٧٦٠',
    '2025-10-09T08:53:20',
    '2025-10-09T08:53:20+00:00',
    '2025-10-09t08:53:20z',
    '2025-10-09 08:53:20Z',
    '2025-10-09T08:53:20.Z',
    '2025-10-09T08:53:20.1234567890Z',
    '2025-13-09T08:53:20Z',
    '2025-10-09T25:53:20Z',
  ])('%j is malformed', (header) => {
    expect(signatureTime(header)).toBeNull();
  });
});

describe('the signature header', () => {
  const good = 'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=';

  it('gives the 32 bytes of a canonical base64', () => {
    expect(signatureBytes(good)).toHaveLength(32);
  });

  it.each([
    ['empty', ''],
    ['without version', good.slice(3)],
    ['of another version', good.replace('v1', 'v2')],
    ['with a capital version', good.replace('v1', 'V1')],
    ['without padding', good.slice(0, -1)],
    ['with stray bits at the end', good.replace('t8=', 't9=')],
    ['in the URL alphabet', good.replace('+', '-')],
    ['with a space', good.replace('=Ck', '= Ck')],
    ['with two signatures', `${good},${good}`],
    ['of 31 bytes', `v1=${Buffer.alloc(31).toString('base64')}`],
    ['of 33 bytes', `v1=${Buffer.alloc(33).toString('base64')}`],
    ['of no bytes', 'v1='],
    ['in hexadecimal', `v1=${'ab'.repeat(32)}`],
  ])('%s is malformed', (_what, header) => {
    expect(signatureBytes(header)).toBeNull();
  });
});
