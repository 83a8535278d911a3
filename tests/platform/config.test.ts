import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, DUTIES, isLoopback, need, parseConfig } from '../../functions/platform/config.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const pair = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  publicKeyEncoding: { format: 'der', type: 'spki' },
});
const SECRET = 'value-that-must-not-appear';

/** An environment of a cloud deployment that every duty accepts. */
const CLOUD = {
  DATABASE_URL: `postgresql://app:${SECRET}@db.example.com/main`,
  UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
  UPSTASH_REDIS_REST_TOKEN: 'token-of-redis',
  PRODUCER_KEYS: `k2:${key(2)},k1:${key(1)}`,
  BRIDGE_KEYS: `b1:${key(3)}`,
  ALERT_KEYS: `n1:${key(6)}`,
  AUDIT_KEY: `a1:${key(4)}`,
  MEDIA_SIGNING_KEY: `m1:${key(5)}`,
  JWT_KEYS: `j1:${pair.privateKey.toString('base64')}`,
  JWT_PUBLIC_KEYS: `j1:${pair.publicKey.toString('base64')}`,
  PUBLIC_BASE_URL: 'https://api.example.com',
  MEDIA_PUBLIC_BASE_URL: 'https://media.example.com',
  QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/work',
  RECONCILE_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/reconcile',
  SLOW_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/slow',
  PICTURES_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/pictures',
  MEDIA_CDN_PRIVATE_KEY: `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----`,
  MEDIA_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
  MEDIA_BUCKET: 'charts-of-example',
  AWS_REGION: 'eu-central-1',
};
const LOCAL = {
  ...CLOUD,
  DATABASE_URL: 'postgresql://app:pw@127.0.0.1:5432/main',
  DATABASE_HTTP_URL: 'http://127.0.0.1:4444/sql',
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:4445',
  PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
  MEDIA_PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
  QUEUE_URL: 'http://127.0.0.1:4446/1/work',
  RECONCILE_QUEUE_URL: 'http://127.0.0.1:4446/1/reconcile',
  SLOW_QUEUE_URL: 'http://127.0.0.1:4446/1/slow',
  PICTURES_QUEUE_URL: 'http://127.0.0.1:4446/1/pictures',
  QUEUE_ENDPOINT: 'http://127.0.0.1:4446',
  MEDIA_ENDPOINT: 'http://127.0.0.1:4447',
};

/** The keys that an environment is refused for; empty where it is accepted. */
function refusedFor(env: Record<string, unknown>, duty: (typeof DUTIES)[number] = 'api'): string[] {
  try {
    parseConfig(env, duty, NOW);
    return [];
  } catch (e) {
    if (!(e instanceof ConfigError)) throw e;
    expect(e.message, 'a value is shown').not.toContain(SECRET);
    return [...new Set(e.keys)].sort();
  }
}
const without = (...names: (keyof typeof CLOUD)[]): Record<string, string> =>
  Object.fromEntries(Object.entries(CLOUD).filter(([name]) => !names.some((n) => n === name)));

describe('an environment', () => {
  it.each(DUTIES)(
    'that is complete is accepted for the duty %s, with the defaults of the contract',
    (duty) => {
      expect(parseConfig(CLOUD, duty, NOW)).toMatchObject({
        duty,
        SIGNALS_MAX_PAYLOAD_BYTES: 32_768,
        SIGNALS_DEDUP_WINDOW_SECONDS: 300,
        RATE_LIMIT_SCALE: 1,
        BRIDGES_PER_USER: 50,
        MEDIA_MAX_BYTES: 5_000_000,
        MEDIA_TTL_SECONDS: 86_400,
        MEDIA_DAILY_COST: 100_000,
      });
      expect(refusedFor(LOCAL, duty)).toEqual([]);
    },
  );

  it.each([
    ['all', ['ALERT_KEYS', 'AUDIT_KEY', 'BRIDGE_KEYS', 'JWT_KEYS', 'MEDIA_SIGNING_KEY', 'PRODUCER_KEYS']],
    ['ingest', ['ALERT_KEYS', 'AWS_REGION', 'PRODUCER_KEYS', 'QUEUE_URL']],
    [
      'api',
      [
        ...['ALERT_KEYS', 'AUDIT_KEY', 'AWS_REGION', 'BRIDGE_KEYS', 'JWT_KEYS', 'PRODUCER_KEYS'],
        ...['QUEUE_URL', 'RECONCILE_QUEUE_URL'],
      ],
    ],
    ['bridge', ['ALERT_KEYS', 'AWS_REGION', 'BRIDGE_KEYS', 'QUEUE_URL', 'RECONCILE_QUEUE_URL']],
    [
      'charts',
      [
        'AWS_REGION',
        'BRIDGE_KEYS',
        'JWT_PUBLIC_KEYS',
        'MEDIA_BUCKET',
        'MEDIA_CDN_PRIVATE_KEY',
        'MEDIA_KEY_PAIR_ID',
        'MEDIA_SIGNING_KEY',
        'QUEUE_URL',
      ],
    ],
    ['queue', ['ALERT_KEYS', 'AWS_REGION', 'BRIDGE_KEYS', 'QUEUE_URL', 'RECONCILE_QUEUE_URL']],
    ...(['reconcile', 'slow'] as const).map(
      (duty) =>
        [
          duty,
          ['ALERT_KEYS', 'AWS_REGION', 'BRIDGE_KEYS', 'QUEUE_URL', 'RECONCILE_QUEUE_URL', 'SLOW_QUEUE_URL'],
        ] as const,
    ),
    [
      'pictures',
      [
        ...['ALERT_KEYS', 'AWS_REGION', 'BRIDGE_KEYS', 'MEDIA_BUCKET', 'MEDIA_SIGNING_KEY'],
        ...['PICTURES_QUEUE_URL', 'QUEUE_URL'],
      ],
    ],
  ] as const)('that is empty names every key of the duty %s', (duty, own) => {
    const common = ['DATABASE_URL', 'MEDIA_PUBLIC_BASE_URL', 'PUBLIC_BASE_URL'];
    const redis = ['UPSTASH_REDIS_REST_TOKEN', 'UPSTASH_REDIS_REST_URL'];
    expect(refusedFor({}, duty)).toEqual([...common, ...redis, ...own].sort());
  });

  it('of the schedule has only what it re-wraps and sends: what a duty has not, it cannot lose', () => {
    const bare = without(
      'UPSTASH_REDIS_REST_URL',
      'UPSTASH_REDIS_REST_TOKEN',
      'AUDIT_KEY',
      'MEDIA_SIGNING_KEY',
      'MEDIA_CDN_PRIVATE_KEY',
      'MEDIA_KEY_PAIR_ID',
      'JWT_KEYS',
      'JWT_PUBLIC_KEYS',
    );
    expect(refusedFor(bare, 'schedule')).toEqual([]);
    const config = parseConfig(bare, 'schedule', NOW);
    expect(() => need(config, 'JWT_KEYS')).toThrow(/JWT_KEYS is not given to the duty schedule/);
    expect(need(config, 'QUEUE_URL')).toBe(CLOUD.QUEUE_URL);
  });

  it('with an empty value is one without it', () => {
    expect(refusedFor({ ...CLOUD, BRIDGE_KEYS: '' })).toEqual(['BRIDGE_KEYS']);
    expect(parseConfig({ ...CLOUD, RATE_LIMIT_SCALE: '' }, 'api', NOW).RATE_LIMIT_SCALE).toBe(1);
  });

  it.each([
    ['DATABASE_URL', `mysql://${SECRET}`],
    ['DATABASE_URL', SECRET],
    ['UPSTASH_REDIS_REST_URL', `http://${SECRET}.example.com`],
    ['UPSTASH_REDIS_REST_TOKEN', 'short'],
    ['PUBLIC_BASE_URL', 'http://api.example.com'],
    ['PUBLIC_BASE_URL', 'ftp://api.example.com'],
    ['MEDIA_PUBLIC_BASE_URL', `javascript:${SECRET}`],
    ['SIGNALS_MAX_PAYLOAD_BYTES', '1023'],
    ['SIGNALS_MAX_PAYLOAD_BYTES', '1048577'],
    ['SIGNALS_MAX_PAYLOAD_BYTES', SECRET],
    ['SIGNALS_DEDUP_WINDOW_SECONDS', '9'],
    ['SIGNALS_DEDUP_WINDOW_SECONDS', '3601'],
    ['SIGNALS_DEDUP_WINDOW_SECONDS', '10.5'],
    ['RATE_LIMIT_SCALE', '0'],
    ['SIGNALS_HMAC_ENABLED', 'no'],
    ['SIGNALS_HMAC_KEY', 'x'.repeat(31)],
    ['JWT_KEYS', SECRET],
    ['JWT_PUBLIC_KEYS', `j1:${pair.privateKey.toString('base64')}`],
    ['PRODUCER_KEYS', SECRET],
    ['PRODUCER_KEYS', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['PRODUCER_KEYS', `k1:${key(1)},`],
    ['PRODUCER_KEYS', `K1:${key(1)}`],
    ['PRODUCER_KEYS', `k1:${key(1).replace(/=$/, '')}`],
    ['MEDIA_BUCKET', 'UPPER'],
    ['AWS_REGION', 'no region'],
    ['TELEGRAM_BOT_TOKEN', SECRET],
    ['TELEGRAM_API_URL', `https://${SECRET}.example.com`],
    ['TELEGRAM_API_URL', 'http://127.0.0.1:4448'],
  ])('with a wrong %s is refused by its name and never by its value', (name, value) => {
    expect(refusedFor({ ...CLOUD, [name]: value })).toEqual([name]);
  });

  it('names all its faults at once', () => {
    expect(
      refusedFor({ ...CLOUD, AWS_REGION: 'no region', MEDIA_BUCKET: 'UPPER', RATE_LIMIT_SCALE: 'x' }),
    ).toEqual(['AWS_REGION', 'MEDIA_BUCKET', 'RATE_LIMIT_SCALE']);
  });
});

describe('a ring of keys', () => {
  it('keeps its order, its ids and its dates: the first seals, all open', () => {
    const ring = parseConfig(
      { ...CLOUD, PRODUCER_KEYS: `k2:${key(2)}@2026-11-21, k1:${key(1)}` },
      'api',
      NOW,
    );
    expect(need(ring, 'PRODUCER_KEYS')).toEqual([
      { id: 'k2', bytes: new Uint8Array(32).fill(2), notAfterMs: Date.UTC(2026, 10, 21, 23, 59, 59) },
      { id: 'k1', bytes: new Uint8Array(32).fill(1), notAfterMs: null },
    ]);
  });

  it.each(['PRODUCER_KEYS', 'BRIDGE_KEYS', 'AUDIT_KEY', 'MEDIA_SIGNING_KEY'])(
    'in %s with a key past its date is refused at start',
    (name) => {
      expect(refusedFor({ ...CLOUD, [name]: `k1:${key(1)},k0:${key(0)}@2026-11-20` })).toEqual([name]);
    },
  );
});

describe('the switches of the embedded stack', () => {
  it.each(['DATABASE_HTTP_URL', 'QUEUE_ENDPOINT', 'MEDIA_ENDPOINT'] as const)(
    '%s is refused in a cloud deployment, and must itself be loopback',
    (name) => {
      expect(refusedFor({ ...CLOUD, [name]: LOCAL[name] })).toEqual([name]);
      expect(refusedFor({ ...LOCAL, [name]: 'http://evil.example.com/' })).toEqual([name]);
    },
  );

  it('raised limits and missing signatures are taken only where every configured address is loopback', () => {
    expect(refusedFor({ ...CLOUD, RATE_LIMIT_SCALE: '1' })).toEqual([]);
    expect(refusedFor({ ...CLOUD, RATE_LIMIT_SCALE: '2' })).toEqual(['RATE_LIMIT_SCALE']);
    expect(parseConfig({ ...LOCAL, RATE_LIMIT_SCALE: '1000' }, 'api', NOW).RATE_LIMIT_SCALE).toBe(1000);
    expect(parseConfig({ ...LOCAL, SIGNALS_HMAC_ENABLED: 'false' }, 'api', NOW).SIGNALS_HMAC_ENABLED).toBe(
      false,
    );
    const addresses = [
      'PUBLIC_BASE_URL',
      'MEDIA_PUBLIC_BASE_URL',
      'DATABASE_URL',
      'UPSTASH_REDIS_REST_URL',
      'QUEUE_URL',
      'RECONCILE_QUEUE_URL',
      'SLOW_QUEUE_URL',
      'PICTURES_QUEUE_URL',
    ] as const;
    for (const name of addresses)
      for (const change of [{ RATE_LIMIT_SCALE: '2' }, { SIGNALS_HMAC_ENABLED: 'false' }])
        expect(refusedFor({ ...LOCAL, ...change, [name]: CLOUD[name] }), name).toEqual(
          expect.arrayContaining(Object.keys(change)),
        );
  });
});

describe('the bounds of a histogram', () => {
  it('are ascending seconds', () => {
    const bounds = (text: string) =>
      parseConfig({ ...LOCAL, SIGNALS_CREATE_BUCKETS: text }, 'api', NOW).SIGNALS_CREATE_BUCKETS;
    expect(bounds('0.005, 0.1,1,10')).toEqual([0.005, 0.1, 1, 10]);
    expect(parseConfig(LOCAL, 'api', NOW).SIGNALS_CREATE_BUCKETS).toBeUndefined();
  });

  it.each([
    '0',
    '1,1',
    '2,1',
    '1,,2',
    '-1',
    '1e3',
    'x',
    '1,',
    '99999',
    Array.from({ length: 31 }, (_, i) => i + 1).join(),
  ])('%j are none', (text) => {
    expect(refusedFor({ ...LOCAL, SIGNALS_CREATE_BUCKETS: text })).toEqual(['SIGNALS_CREATE_BUCKETS']);
  });
});

describe('loopback', () => {
  it.each([
    'http://127.0.0.1',
    'http://localhost:1/x',
    'http://[::1]:80',
    'postgresql://u:p@127.0.0.1:5432/db',
  ])('%s is', (url) => {
    expect(isLoopback(url)).toBe(true);
  });

  it.each([
    '',
    'localhost',
    'http://localhost.evil.com',
    'http://127.0.0.1.evil.com',
    'http://evil.com#127.0.0.1',
    'http://127.0.0.1@evil.com',
    'http://10.0.0.1',
  ])('%j is not', (url) => {
    expect(isLoopback(url)).toBe(false);
  });
});
