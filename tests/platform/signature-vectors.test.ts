// The vectors that the README publishes, read from the README itself: computed once more with node:crypto, and held
// against our own signing and verifying.
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hmacKey } from '../../functions/platform/digest.ts';
import {
  directionKey,
  replyLines,
  requestLines,
  signatureBytes,
  signLines,
  verifyLines,
} from '../../functions/platform/native-signature.ts';
import { verifyRequest } from '../../functions/signals/verify-request.ts';

type Vector = {
  what: string;
  key: 'secret' | 'to-bridge' | 'from-bridge';
  body: string;
  sign: string[];
  signature: string;
};

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const SECTION = /\n## Signing\n([\s\S]*?)\n## /.exec(README)?.[1] ?? '';
const VECTORS = JSON.parse(/```json\n([\s\S]*?)```/.exec(SECTION)?.[1] ?? '[]') as Vector[];
const SECRET = Buffer.from(/`whsec_([A-Za-z0-9+/]+=*)`/.exec(SECTION)?.[1] ?? '', 'base64');

const isBad = (v: Vector): boolean => v.what.startsWith('bad:');
const good = VECTORS.filter((v) => !isBad(v));
const bad = VECTORS.filter(isBad);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** The signature by node:crypto alone. */
const computed = ({ key, sign }: Vector): string => {
  const bytes = key === 'secret' ? SECRET : createHmac('sha256', SECRET).update(key).digest();
  return `v1=${createHmac('sha256', bytes).update(sign.join('\n')).digest('base64')}`;
};
const keyOf = ({ key }: Vector): Promise<CryptoKey> => {
  const bytes = Uint8Array.from(SECRET);
  return key === 'secret' ? hmacKey(bytes) : directionKey(bytes, key);
};
/** What our own code signs for the parts of a vector. */
const ownLines = ({ sign }: Vector): string => {
  const [scheme, a = '', b = '', c = '', d = '', e = '', f = ''] = sign;
  return scheme === 'v1-reply'
    ? replyLines({ status: Number(a), nonce: b, requestSha256: c, timestamp: d, replySha256: e })
    : requestLines({ method: a, target: b, timestamp: c, nonce: d, senderId: e, bodySha256: f });
};
/** Whether a receiver takes the signature for the lines that it makes of what it got. */
async function taken(v: Vector): Promise<boolean> {
  const bytes = signatureBytes(v.signature);
  return bytes !== null && verifyLines(await keyOf(v), bytes, ownLines(v));
}

describe('the README’s vectors', () => {
  it('are there: requests of producers and bridges, with and without nonce, with a query, and replies', () => {
    expect(SECRET).toHaveLength(32);
    const requests = good.filter((v) => v.sign[0] === 'v1');
    const replies = good.filter((v) => v.sign[0] === 'v1-reply');
    expect([...new Set(requests.map((v) => v.key))].sort()).toEqual(['from-bridge', 'secret', 'to-bridge']);
    expect([...new Set(replies.map((v) => v.key))].sort()).toEqual(['from-bridge', 'to-bridge']);
    expect(new Set(requests.map((v) => v.sign[4] === ''))).toEqual(new Set([true, false]));
    expect(requests.some((v) => v.sign[2]?.includes('?'))).toBe(true);
    expect(bad.length).toBeGreaterThan(4);
  });

  it.each(VECTORS)('$what: its lines are those of the scheme, over its own body', (v) => {
    expect(v.sign).toHaveLength(v.sign[0] === 'v1' ? 7 : 6);
    expect(v.sign.at(-1)).toBe(sha256(v.body));
    expect(ownLines(v)).toBe(v.sign.join('\n'));
  });

  it.each(good)('$what: node:crypto and we come to the same signature, and we take it', async (v) => {
    expect(computed(v)).toBe(v.signature);
    expect(await signLines(await keyOf(v), ownLines(v))).toBe(v.signature);
    expect(await taken(v)).toBe(true);
  });

  it.each(bad)('$what: is refused, though the right signature of the same would be taken', async (v) => {
    expect(await taken(v)).toBe(false);
    expect(v.signature).not.toBe(computed(v));
    expect(await taken({ ...v, signature: computed(v) })).toBe(true);
  });

  it('of producers prove, good and bad, what they say to the lane that takes signals', async () => {
    const ofProducers = VECTORS.filter((v) => v.key === 'secret');
    expect(new Set(ofProducers.map(isBad))).toEqual(new Set([true, false]));
    for (const v of ofProducers) {
      const [, method = '', target = '', timestamp = '', nonce = '', id = ''] = v.sign;
      const headers: Record<string, string> = {
        ...{ 'x-producer-id': id, 'x-timestamp': timestamp, 'x-signature': v.signature },
        ...(nonce === '' ? {} : { 'x-nonce': nonce }),
      };
      const proof = await verifyRequest(
        {
          ...{ method, target, header: (name: string) => headers[name.toLowerCase()] },
          body: Uint8Array.from(Buffer.from(v.body)),
          nowMs: 1_760_000_000_000,
        },
        async () => [{ version: 1, key: await keyOf(v) }],
      );
      expect(proof.ok, v.what).toBe(!isBad(v));
    }
  });
});
