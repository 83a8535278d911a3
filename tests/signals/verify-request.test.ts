import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hmacKey } from '../../functions/platform/digest.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import { type Proof, verifyRequest } from '../../functions/signals/verify-request.ts';

const NOW_S = 1_760_000_000;
const PRODUCER = '0199c7a0-0000-7000-8000-000000000001';
const NONCE = 'nonce-0123456789';
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const OLD_SECRET = new Uint8Array(32).fill(7);
const BODY = '{"instrument":"EURUSD","side":"buy","price":"1.10000"}';

type Sent = {
  method?: string;
  target?: string;
  body?: string;
  secret?: Uint8Array;
  timestamp?: string;
  nonce?: string | null;
  producerId?: string;
};

/** The headers of a request signed as the contract says, by node:crypto alone. */
function signed(r: Sent = {}): Record<string, string> {
  const { method = 'POST', target = '/api/v1/signals', body = BODY, producerId = PRODUCER } = r;
  const timestamp = r.timestamp ?? String(NOW_S);
  const nonce = r.nonce === undefined ? NONCE : r.nonce;
  const digest = createHash('sha256').update(body).digest('hex');
  const lines = ['v1', method, target, timestamp, nonce ?? '', producerId, digest].join('\n');
  const mac = createHmac('sha256', r.secret ?? SECRET)
    .update(lines)
    .digest('base64');
  return {
    'x-producer-id': producerId,
    'x-timestamp': timestamp,
    ...(nonce === null ? {} : { 'x-nonce': nonce }),
    'x-signature': `v1=${mac}`,
  };
}

/** Verifies what arrives; the producer has the secrets of versions 2 and 1, nobody else has any. */
async function verify(headers: Record<string, string>, r: Sent & { nowMs?: number } = {}) {
  const asked: string[] = [];
  const proof: Proof = await verifyRequest(
    {
      method: r.method ?? 'POST',
      target: r.target ?? '/api/v1/signals',
      header: (name) => headers[name],
      body: utf8(r.body ?? BODY),
      nowMs: r.nowMs ?? NOW_S * 1000,
    },
    async (id) => {
      asked.push(id);
      if (id !== PRODUCER) return null;
      return [
        { version: 2, key: await hmacKey(SECRET) },
        { version: 1, key: await hmacKey(OLD_SECRET) },
      ];
    },
  );
  return { proof, asked };
}
const causeOf = async (headers: Record<string, string>, r: Sent & { nowMs?: number } = {}) => {
  const { proof } = await verify(headers, r);
  return proof.ok ? 'none' : proof.cause;
};

describe('a signed request', () => {
  it('is proven, and its MAC names it (vector)', async () => {
    const headers = {
      'x-producer-id': PRODUCER,
      'x-timestamp': '1760000000',
      'x-nonce': NONCE,
      'x-signature': 'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=',
    };
    expect(signed()).toEqual(headers);
    expect((await verify(headers)).proof).toEqual({
      ok: true,
      producerId: PRODUCER,
      secretVersion: 2,
      mac: headers['x-signature'],
    });
  });

  it('is proven under either of two live secrets, and says under which', async () => {
    expect((await verify(signed({ secret: OLD_SECRET }))).proof).toMatchObject({
      ok: true,
      secretVersion: 1,
    });
    expect(await causeOf(signed({ secret: new Uint8Array(32).fill(9) }))).toBe('signature');
  });

  it('needs no nonce, and covers the one it has', async () => {
    expect((await verify(signed({ nonce: null }))).proof.ok).toBe(true);
    expect(await causeOf({ ...signed({ nonce: null }), 'x-nonce': NONCE })).toBe('signature');
    const { 'x-nonce': _taken, ...bare } = signed();
    expect(await causeOf(bare)).toBe('signature');
  });

  it('covers method, target, body, time and producer', async () => {
    expect(await causeOf(signed(), { method: 'PUT' })).toBe('signature');
    expect(await causeOf(signed(), { target: '/api/v1/signals/batch' })).toBe('signature');
    expect(await causeOf(signed(), { target: '/api/v1/signals?x=1' })).toBe('signature');
    expect(await causeOf(signed(), { body: `${BODY} ` })).toBe('signature');
    expect(await causeOf({ ...signed(), 'x-timestamp': String(NOW_S + 1) })).toBe('signature');
    const other = '0199c7a0-0000-7000-8000-000000000002';
    expect(await causeOf({ ...signed(), 'x-producer-id': other })).toBe('producer');
  });

  it('with a query is proven over path and query as sent', async () => {
    const target = '/api/v1/signals?a=1&b=%20x~y';
    expect((await verify(signed({ target }), { target })).proof.ok).toBe(true);
  });
});

describe('the clock', () => {
  it.each([0, 1, 299, 300])('may be %d s off, either way', async (seconds) => {
    for (const offset of [seconds, -seconds])
      expect(await causeOf(signed({ timestamp: String(NOW_S + offset) })), `${offset}`).toBe('none');
  });

  it.each([301, 302, 86_400])('may not be %d s off, either way', async (seconds) => {
    for (const offset of [seconds, -seconds])
      expect(await causeOf(signed({ timestamp: String(NOW_S + offset) })), `${offset}`).toBe('timestamp');
  });

  it('is compared to the millisecond: 300 s and a half is too much', async () => {
    expect(await causeOf(signed({ timestamp: String(NOW_S - 300) }), { nowMs: NOW_S * 1000 + 500 })).toBe(
      'timestamp',
    );
  });

  it('may be written as RFC 3339 too, and the text as sent is what is signed', async () => {
    const timestamp = '2025-10-09T08:53:20Z';
    expect(await causeOf(signed({ timestamp }))).toBe('none');
    expect(await causeOf({ ...signed({ timestamp }), 'x-timestamp': '2025-10-09T08:53:20.0Z' })).toBe(
      'signature',
    );
  });
});

describe('a header', () => {
  it.each([
    ['x-producer-id', ['', 'nobody', PRODUCER.toUpperCase(), ` ${PRODUCER}`, `${PRODUCER}, ${PRODUCER}`]],
    [
      'x-timestamp',
      ['', 'now', '1e9', '-1', '1760000000.0', '1760000000,1760000000', '2025-10-09T08:53:20+00:00'],
    ],
    [
      'x-nonce',
      [
        '',
        'short-nonce-015',
        'n'.repeat(65),
        'nonce 0123456789',
        'nonce+0123456789',
        'nonce=0123456789',
        'nöncé-0123456789',
        `${NONCE}\n`,
      ],
    ],
    [
      'x-signature',
      [
        '',
        'v1=',
        'v2=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=',
        'Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8=',
        'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt8',
        'v1=Ck91BymKE1nJ4+Iibc02SJY7fthlRD4lcKQynXj6dt9=',
        'v1=Ck91BymKE1nJ4-Iibc02SJY7fthlRD4lcKQynXj6dt8=',
      ],
    ],
  ])('%s in a wrong form is refused before any look-up', async (name, values) => {
    for (const value of values) {
      const { proof, asked } = await verify({ ...signed(), [name]: value });
      expect(proof, value).toEqual({ ok: false, cause: 'headers' });
      expect(asked).toEqual([]);
    }
  });

  it.each(['x-producer-id', 'x-timestamp', 'x-signature'])('%s may not be missing', async (name) => {
    const headers = Object.fromEntries(Object.entries(signed()).filter(([key]) => key !== name));
    expect(await causeOf(headers)).toBe('headers');
  });

  it.each(['n'.repeat(16), 'n'.repeat(64), 'AZaz09_-AZaz09_-'])(
    'x-nonce %s is well formed',
    async (nonce) => {
      expect(await causeOf(signed({ nonce }))).toBe('none');
    },
  );

  it('a late request costs no look-up either', async () => {
    const { proof, asked } = await verify(signed({ timestamp: '1' }));
    expect(proof).toEqual({ ok: false, cause: 'timestamp' });
    expect(asked).toEqual([]);
  });
});

describe('the target', () => {
  it.each([
    'api/v1/signals',
    '/a b',
    '/a#b',
    '/é',
    '/a"b',
    '/a\\b',
    "/a'b",
    '/a\nb',
    '/a+b',
    '/a:b',
    '/a@b',
    '/a,b',
    '',
  ])('%j holds more than unreserved characters and is refused', async (target) => {
    expect(await causeOf(signed({ target }), { target })).toBe('headers');
  });
});
