import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from '../../functions/platform/encoding.ts';
import { open, type Sealed, type SecretPlace, seal } from '../../functions/platform/secret-box.ts';
import { caseCensus, runs } from '../support/property.ts';

const ringKey = (id: string, fill: number) => ({
  id,
  bytes: new Uint8Array(32).fill(fill),
  notAfterMs: null,
});
const NEW = ringKey('k2', 2);
const OLD = ringKey('k1', 1);
const place: SecretPlace = {
  table: 'producer_secrets',
  row: '0199c7a0-0000-7000-8000-000000000001',
  version: 3,
};
const iv = Uint8Array.from({ length: 12 }, (_, i) => i);
const secret = utf8('thirty-two bytes of signing key!');

/** The base64 text with one bit of its bytes turned over. */
const flipped = (text: string, bit: number): string => {
  const bytes = fromBase64(text) ?? new Uint8Array();
  const at = bit % (bytes.length * 8);
  return toBase64(bytes.map((b, i) => (i === at >> 3 ? b ^ (1 << (at & 7)) : b)));
};

describe('a sealed secret', () => {
  it('opens again with any key of the ring that sealed it, and is sealed with the first', async () => {
    const sealed = await seal([NEW, OLD], place, secret, iv);
    expect(sealed.keyId).toBe('k2');
    expect(sealed.ciphertext).not.toContain(toBase64(secret).slice(0, 20));
    expect(await open([NEW, OLD], place, sealed)).toEqual(secret);
    const before = await seal([OLD], place, secret, iv);
    expect(await open([NEW, OLD], place, before)).toEqual(secret);
  });

  it('is AES-256-GCM over table, row and version (vector)', async () => {
    const sealed = await seal([OLD], place, secret, iv);
    expect(sealed).toEqual({
      keyId: 'k1',
      iv: 'AAECAwQFBgcICQoL',
      ciphertext: 'z878VFSHKw2JBcemWR2t0I6pDSqG+CJuGKRfoMriRJMKNRmQygEqSoBiNFk0HlRQ',
    });
  });

  it.each([
    ['another table', { ...place, table: 'bridge_secrets' }],
    ['another row', { ...place, row: '0199c7a0-0000-7000-8000-000000000002' }],
    ['another version', { ...place, version: 4 }],
  ])('copied to %s does not open', async (_what, other) => {
    const sealed = await seal([NEW], place, secret, iv);
    expect(await open([NEW], other, sealed)).toBeNull();
  });

  it('does not open with a key that is gone, or with another key of the same name', async () => {
    const sealed = await seal([OLD], place, secret, iv);
    expect(await open([NEW], place, sealed)).toBeNull();
    expect(await open([], place, sealed)).toBeNull();
    expect(await open([ringKey('k1', 9)], place, sealed)).toBeNull();
  });

  it('with any one bit changed does not open', async () => {
    const sealed = await seal([NEW], place, secret, iv);
    const census = caseCensus('iv', 'ciphertext');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('iv' as const, 'ciphertext' as const), fc.nat(), async (part, bit) => {
        census.note(part, true);
        const damaged: Sealed = { ...sealed, [part]: flipped(sealed[part], bit) };
        expect(await open([NEW], place, damaged)).toBeNull();
      }),
      runs(60),
    );
    census.expectAllMet();
  });

  it('in a form that nobody writes does not open', async () => {
    const sealed = await seal([NEW], place, secret, iv);
    for (const text of ['', 'no base64!', sealed.ciphertext.replace(/=*$/, '!')]) {
      expect(await open([NEW], place, { ...sealed, ciphertext: text })).toBeNull();
      expect(await open([NEW], place, { ...sealed, iv: text })).toBeNull();
    }
  });

  it('is never sealed with an empty ring', async () => {
    await expect(seal([], place, secret, iv)).rejects.toThrow('the key ring is empty');
  });
});
