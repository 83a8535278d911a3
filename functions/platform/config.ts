/**
 * What the environment must say, one schema, parsed once, fail closed. A fault names the key and never its value.
 * Each duty needs only its own keys, so that a function which lacks a secret also lacks the need for it.
 */
import { z } from 'zod';
import { fromBase64 } from './encoding.ts';
import { type JwtKey, parseJwtRing } from './jwt-ring.ts';

/** The duties one bundle serves. On Workers one isolate does them all. */
export const DUTIES = [
  'all',
  'ingest',
  'api',
  'bridge',
  'charts',
  'schedule',
  'queue',
  'reconcile',
  'slow',
  'pictures',
] as const;
export type Duty = (typeof DUTIES)[number];

/** One key of a ring; a key past `notAfterMs` is refused at start, before it surprises anybody. */
export type RingKey = { id: string; bytes: Uint8Array<ArrayBuffer>; notAfterMs: number | null };

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** Whether an address is this machine's own; false for what is no address at all. */
export const isLoopback = (url: string): boolean => {
  try {
    return LOOPBACK.has(new URL(url).hostname);
  } catch {
    return false;
  }
};

const httpUrl = z.string().refine((s) => /^https?:$/.test(protocol(s)), 'must be an http or https address');
const publicUrl = httpUrl.refine(
  (s) => protocol(s) === 'https:' || isLoopback(s),
  'must be https, except on loopback',
);
const loopbackUrl = httpUrl.refine(isLoopback, 'is for the embedded stack and must be a loopback address');
const databaseUrl = z
  .string()
  .refine((s) => /^postgres(ql)?:$/.test(protocol(s)), 'must be a postgresql:// connection string');

function protocol(text: string): string {
  try {
    return new URL(text).protocol;
  } catch {
    return '';
  }
}

/** `id:base64[@YYYY-MM-DD]`, several separated by commas; the first seals, all open. Keys have 32 bytes. */
const keyRing = z.string().transform((text, ctx): RingKey[] => {
  const keys = text.split(',').map((part): RingKey | null => {
    const found = /^([a-z0-9-]{1,32}):([A-Za-z0-9+/]+=*)(?:@(\d{4}-\d{2}-\d{2}))?$/.exec(part.trim());
    const bytes = found ? fromBase64(found[2] ?? '') : null;
    if (!found || bytes?.length !== 32) return null;
    return { id: found[1] ?? '', bytes, notAfterMs: found[3] ? Date.parse(`${found[3]}T23:59:59Z`) : null };
  });
  const good = keys.filter((k) => k !== null);
  if (good.length !== keys.length)
    ctx.addIssue({ code: 'custom', message: 'must be id:base64 of 32 bytes, optionally @YYYY-MM-DD' });
  return good;
});

/** Keys of JWTs: the first signs, all verify, so a new one is put in front and the old one is dropped later. */
const jwtRing = (half: 'private' | 'public') =>
  z.string().transform((text, ctx): JwtKey[] => {
    const keys = parseJwtRing(text, half);
    if (keys !== null) return keys;
    const der = half === 'private' ? 'PKCS#8' : 'SPKI';
    ctx.addIssue({
      code: 'custom',
      message: `must be kid:base64 of the ${der} of an Ed25519 or RSA key, optionally @YYYY-MM-DD, each kid once`,
    });
    return [];
  });

/** Upper bounds of a histogram's buckets in seconds, `0.05,0.1,1`: ascending, so that a bucket never holds less than the one before. */
const bucketBounds = z.string().transform((text, ctx): number[] => {
  const bounds = text.split(',').map((part) => part.trim());
  const plain = bounds.length <= 30 && bounds.every((part) => /^\d{1,4}(\.\d{1,6})?$/.test(part));
  const numbers = bounds.map(Number);
  if (!plain || numbers.some((n, i) => n <= (numbers[i - 1] ?? 0)))
    ctx.addIssue({ code: 'custom', message: 'must be 1 to 30 ascending numbers of seconds above 0' });
  return numbers;
});

const boundedInt = (low: number, high: number) =>
  z.coerce.number().int(`must be a whole number`).min(low).max(high);

const ENVIRONMENT = z.object({
  DATABASE_URL: databaseUrl,
  DATABASE_HTTP_URL: loopbackUrl.optional(),
  UPSTASH_REDIS_REST_URL: publicUrl,
  UPSTASH_REDIS_REST_TOKEN: z.string().min(8),
  PRODUCER_KEYS: keyRing,
  BRIDGE_KEYS: keyRing,
  AUDIT_KEY: keyRing,
  MEDIA_SIGNING_KEY: keyRing,
  ALERT_KEYS: keyRing,
  TELEGRAM_BOT_TOKEN: z
    .string()
    .regex(/^\d{1,20}:[A-Za-z0-9_-]{20,100}$/, 'must be a token as BotFather gives it'),
  TELEGRAM_API_URL: loopbackUrl.optional(),
  JWT_KEYS: jwtRing('private'),
  JWT_PUBLIC_KEYS: jwtRing('public'),
  PUBLIC_BASE_URL: publicUrl,
  MEDIA_PUBLIC_BASE_URL: publicUrl,
  SIGNALS_MAX_PAYLOAD_BYTES: boundedInt(1024, 1_048_576).default(32_768),
  SIGNALS_DEDUP_WINDOW_SECONDS: boundedInt(10, 3600).default(300),
  SIGNALS_HMAC_ENABLED: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((s) => s === 'true')
    .default(true),
  SIGNALS_HMAC_KEY: z.string().min(32, 'must be at least 32 characters').max(1000),
  SIGNALS_CREATE_BUCKETS: bucketBounds,
  RATE_LIMIT_SCALE: boundedInt(1, 1_000_000).default(1),
  BRIDGES_PER_USER: boundedInt(1, 10_000).default(50),
  QUEUE_URL: publicUrl,
  RECONCILE_QUEUE_URL: publicUrl,
  SLOW_QUEUE_URL: publicUrl,
  PICTURES_QUEUE_URL: publicUrl,
  QUEUE_ENDPOINT: loopbackUrl.optional(),
  MEDIA_BUCKET: z.string().regex(/^[a-z0-9][a-z0-9.-]{2,62}$/),
  MEDIA_ENDPOINT: loopbackUrl.optional(),
  MEDIA_MAX_BYTES: boundedInt(10_000, 25_000_000).default(5_000_000),
  MEDIA_TTL_SECONDS: boundedInt(60, 31_536_000).default(86_400),
  MEDIA_DAILY_COST: boundedInt(100, 1_000_000_000).default(100_000),
  MEDIA_CDN_PRIVATE_KEY: z
    .string()
    .regex(
      /^-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----\s*$/,
      'must be a PKCS#8 PEM',
    ),
  MEDIA_KEY_PAIR_ID: z.string().regex(/^[A-Z0-9]{5,30}$/),
  AWS_REGION: z.string().regex(/^[a-z0-9-]{3,30}$/),
});
export type Environment = z.output<typeof ENVIRONMENT>;
type Key = keyof Environment;

const REDIS: Key[] = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'];
const AWS_ONLY: Key[] = ['QUEUE_URL', 'MEDIA_BUCKET', 'AWS_REGION'];
/** Of a duty that has accounts reconciled. */
const BOTH_QUEUES: Key[] = ['QUEUE_URL', 'RECONCILE_QUEUE_URL', 'AWS_REGION'];
/** Of one that tells slow bridges from others. */
const ALL_QUEUES: Key[] = [...BOTH_QUEUES, 'SLOW_QUEUE_URL'];
/** Of one that stores pictures or deletes them. */
const MEDIA: Key[] = ['MEDIA_BUCKET', 'AWS_REGION'];
const OF_DUTY: Record<Duty, Key[]> = {
  all: [...REDIS, 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'ALERT_KEYS', 'AUDIT_KEY', 'MEDIA_SIGNING_KEY', 'JWT_KEYS'],
  ingest: [...REDIS, 'PRODUCER_KEYS', 'ALERT_KEYS', 'QUEUE_URL', 'AWS_REGION'],
  api: [...REDIS, 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'ALERT_KEYS', 'AUDIT_KEY', 'JWT_KEYS', ...BOTH_QUEUES],
  bridge: [...REDIS, 'BRIDGE_KEYS', 'ALERT_KEYS', ...BOTH_QUEUES],
  charts: [
    ...REDIS,
    'BRIDGE_KEYS',
    'JWT_PUBLIC_KEYS',
    'MEDIA_SIGNING_KEY',
    'MEDIA_CDN_PRIVATE_KEY',
    'MEDIA_KEY_PAIR_ID',
    ...AWS_ONLY,
  ],
  schedule: [
    'PRODUCER_KEYS',
    'BRIDGE_KEYS',
    'ALERT_KEYS',
    ...ALL_QUEUES,
    'PICTURES_QUEUE_URL',
    'MEDIA_BUCKET',
  ],
  queue: [...REDIS, 'BRIDGE_KEYS', 'ALERT_KEYS', ...BOTH_QUEUES],
  reconcile: [...REDIS, 'BRIDGE_KEYS', 'ALERT_KEYS', ...ALL_QUEUES],
  slow: [...REDIS, 'BRIDGE_KEYS', 'ALERT_KEYS', ...ALL_QUEUES],
  pictures: [
    ...REDIS,
    'BRIDGE_KEYS',
    'ALERT_KEYS',
    'MEDIA_SIGNING_KEY',
    'QUEUE_URL',
    'PICTURES_QUEUE_URL',
    ...MEDIA,
  ],
};

/** Everything that is not of this duty is optional and, if absent, unusable: see `need`. */
export type Config = { duty: Duty } & Partial<Environment> &
  Pick<
    Environment,
    | 'DATABASE_URL'
    | 'PUBLIC_BASE_URL'
    | 'MEDIA_PUBLIC_BASE_URL'
    | 'SIGNALS_MAX_PAYLOAD_BYTES'
    | 'SIGNALS_DEDUP_WINDOW_SECONDS'
    | 'SIGNALS_HMAC_ENABLED'
    | 'RATE_LIMIT_SCALE'
    | 'BRIDGES_PER_USER'
    | 'MEDIA_MAX_BYTES'
    | 'MEDIA_TTL_SECONDS'
    | 'MEDIA_DAILY_COST'
  >;

/** The environment is wrong. `keys` are the names to mend; values never appear. */
export class ConfigError extends Error {
  readonly keys: string[];

  constructor(faults: readonly { key: string; detail: string }[]) {
    super(`wrong environment: ${faults.map((f) => `${f.key} ${f.detail}`).join('; ')}`);
    this.keys = faults.map((f) => f.key);
  }
}

/** Parses the environment for a duty. Throws `ConfigError` naming every key that is missing, wrong or expired. */
export function parseConfig(env: Record<string, unknown>, duty: Duty, nowMs: number): Config {
  const given = Object.fromEntries(
    Object.keys(ENVIRONMENT.shape)
      .map((key) => [key, env[key]] as const)
      .filter(([, value]) => typeof value === 'string' && value !== ''),
  );
  const parsed = ENVIRONMENT.partial().safeParse(given);
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map((i) => ({ key: String(i.path[0]), detail: i.message.toLowerCase() })),
    );
  const config = parsed.data;
  const required: Key[] = ['DATABASE_URL', 'PUBLIC_BASE_URL', 'MEDIA_PUBLIC_BASE_URL', ...OF_DUTY[duty]];
  const faults = [
    ...required.filter((k) => config[k] === undefined).map((key) => ({ key, detail: 'is missing' })),
    ...expiredRings(config, nowMs),
    ...cloudFaults(config),
  ];
  const { DATABASE_URL, PUBLIC_BASE_URL, MEDIA_PUBLIC_BASE_URL } = config;
  if (faults.length > 0 || !DATABASE_URL || !PUBLIC_BASE_URL || !MEDIA_PUBLIC_BASE_URL)
    throw new ConfigError(faults);
  return {
    ...config,
    duty,
    DATABASE_URL,
    PUBLIC_BASE_URL,
    MEDIA_PUBLIC_BASE_URL,
    SIGNALS_MAX_PAYLOAD_BYTES: config.SIGNALS_MAX_PAYLOAD_BYTES ?? 32_768,
    SIGNALS_DEDUP_WINDOW_SECONDS: config.SIGNALS_DEDUP_WINDOW_SECONDS ?? 300,
    SIGNALS_HMAC_ENABLED: config.SIGNALS_HMAC_ENABLED ?? true,
    RATE_LIMIT_SCALE: config.RATE_LIMIT_SCALE ?? 1,
    BRIDGES_PER_USER: config.BRIDGES_PER_USER ?? 50,
    MEDIA_MAX_BYTES: config.MEDIA_MAX_BYTES ?? 5_000_000,
    MEDIA_TTL_SECONDS: config.MEDIA_TTL_SECONDS ?? 86_400,
    MEDIA_DAILY_COST: config.MEDIA_DAILY_COST ?? 100_000,
  };
}

function expiredRings(config: Partial<Environment>, nowMs: number): { key: string; detail: string }[] {
  const rings = [
    'PRODUCER_KEYS',
    'BRIDGE_KEYS',
    'ALERT_KEYS',
    'AUDIT_KEY',
    'MEDIA_SIGNING_KEY',
    'JWT_KEYS',
    'JWT_PUBLIC_KEYS',
  ] as const;
  return rings
    .filter((name) => config[name]?.some((k) => k.notAfterMs !== null && k.notAfterMs < nowMs))
    .map((key) => ({ key, detail: 'holds a key past its date' }));
}

/** The switches of the embedded stack must not reach a deployment that others can reach. */
function cloudFaults(config: Partial<Environment>): { key: string; detail: string }[] {
  return [...localAddressFaults(config), ...switchFaults(config)];
}

/** Limits may be raised, and signatures left out, only where nothing that is configured stands outside this machine. */
function switchFaults(config: Partial<Environment>): { key: string; detail: string }[] {
  const addresses = [
    config.PUBLIC_BASE_URL,
    config.MEDIA_PUBLIC_BASE_URL,
    config.DATABASE_URL,
    config.UPSTASH_REDIS_REST_URL,
    config.QUEUE_URL,
    config.RECONCILE_QUEUE_URL,
    config.SLOW_QUEUE_URL,
    config.PICTURES_QUEUE_URL,
  ].filter((a) => a !== undefined);
  if (addresses.every(isLoopback)) return [];
  return [
    ...((config.RATE_LIMIT_SCALE ?? 1) === 1 ? [] : ['RATE_LIMIT_SCALE']),
    ...((config.SIGNALS_HMAC_ENABLED ?? true) ? [] : ['SIGNALS_HMAC_ENABLED']),
  ].map((key) => ({
    key,
    detail: `${key === 'RATE_LIMIT_SCALE' ? 'above 1' : 'false'} is allowed only where every address is loopback`,
  }));
}

function localAddressFaults(config: Partial<Environment>): { key: string; detail: string }[] {
  if (isLoopback(config.PUBLIC_BASE_URL ?? '')) return [];
  const localOnly = ['DATABASE_HTTP_URL', 'QUEUE_ENDPOINT', 'MEDIA_ENDPOINT', 'TELEGRAM_API_URL'] as const;
  const set = localOnly.filter((k) => config[k] !== undefined);
  return set.map((key) => ({ key, detail: 'is allowed on loopback only' }));
}

/** A key that this duty was promised. Throws `ConfigError` where a route of another duty landed here. */
export function need<K extends Key>(config: Config, key: K): Environment[K] {
  const value = (config as Partial<Environment>)[key];
  if (value === undefined)
    throw new ConfigError([{ key, detail: `is not given to the duty ${config.duty}` }]);
  return value;
}

/**
 * The keys that a JWT is verified with: public halves alone, of the signing ring where the duty has it. Throws
 * `ConfigError` where the duty was given neither.
 */
export const jwtPublicRing = (config: Config): readonly JwtKey[] =>
  config.JWT_KEYS ?? need(config, 'JWT_PUBLIC_KEYS');
