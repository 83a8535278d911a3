/** The secrets of a deployment. Each is one SSM SecureString; no function can read all of them. */
export type SecretKey =
  | 'DATABASE_URL'
  | 'UPSTASH_REDIS_REST_URL'
  | 'UPSTASH_REDIS_REST_TOKEN'
  | 'PRODUCER_KEYS'
  | 'BRIDGE_KEYS'
  | 'ALERT_KEYS'
  | 'TELEGRAM_BOT_TOKEN'
  | 'AUDIT_KEY'
  | 'MEDIA_SIGNING_KEY'
  | 'MEDIA_CDN_PRIVATE_KEY'
  | 'JWT_KEYS'
  | 'JWT_PUBLIC_KEYS'
  | 'SIGNALS_HMAC_KEY';

/** What a function is there for. One bundle, one function per duty, so that a role can be narrow. */
export type Duty =
  | 'ingest'
  | 'api'
  | 'bridge'
  | 'charts'
  | 'schedule'
  | 'queue'
  | 'reconcile'
  | 'slow'
  | 'pictures';

/** How the function of one duty is built and what it may read. */
export interface DutySpec {
  /** Export of `functions/lambda.ts`. */
  readonly handler: 'lambda.api' | 'lambda.scheduled' | 'lambda.queue';
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly secrets: readonly SecretKey[];
  /** Reads and writes chart files, deletes those whose time is over, or has nothing to do with them. */
  readonly chartFiles: 'draws' | 'prunes' | false;
}

const REDIS: readonly SecretKey[] = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'];
/** To say that the schedule is dead, by whoever notices it. The token may be missing: then nothing goes to Telegram. */
const ALERTS: readonly SecretKey[] = ['ALERT_KEYS', 'TELEGRAM_BOT_TOKEN'];

/**
 * The whole table of duties. An HTTP API waits 30 s at most, so an answering function ends by then; a render that
 * its caller no longer waits for may still use the last second to store its file.
 */
export const DUTIES: Readonly<Record<Duty, DutySpec>> = {
  ingest: {
    handler: 'lambda.api',
    memoryMb: 512,
    timeoutSeconds: 10,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'PRODUCER_KEYS'],
    chartFiles: false,
  },
  api: {
    handler: 'lambda.api',
    memoryMb: 512,
    // A bridge may take 10 s, and a call that only reads is made again; the last second is for the answer.
    timeoutSeconds: 29,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'AUDIT_KEY', 'JWT_KEYS'],
    chartFiles: false,
  },
  bridge: {
    handler: 'lambda.api',
    memoryMb: 512,
    timeoutSeconds: 10,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
    chartFiles: false,
  },
  charts: {
    handler: 'lambda.api',
    memoryMb: 1024,
    timeoutSeconds: 30,
    // It verifies the tokens of people and signs none: the public half is all it gets.
    secrets: [
      'DATABASE_URL',
      ...REDIS,
      'BRIDGE_KEYS',
      'MEDIA_SIGNING_KEY',
      'MEDIA_CDN_PRIVATE_KEY',
      'JWT_PUBLIC_KEYS',
    ],
    chartFiles: 'draws',
  },
  schedule: {
    handler: 'lambda.scheduled',
    memoryMb: 512,
    timeoutSeconds: 60,
    // The rings are for re-wrapping; nobody outside reaches this function. SIGNALS_HMAC_KEY may be missing.
    secrets: ['DATABASE_URL', 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'ALERT_KEYS', 'SIGNALS_HMAC_KEY'],
    chartFiles: 'prunes',
  },
  queue: {
    handler: 'lambda.queue',
    memoryMb: 512,
    timeoutSeconds: 120,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
    chartFiles: false,
  },
  // The same work from the other queue: a function of its own, whose concurrency the other's events need not wait for.
  reconcile: {
    handler: 'lambda.queue',
    memoryMb: 512,
    timeoutSeconds: 120,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
    chartFiles: false,
  },
  // And once more, for accounts whose bridges take long: what it waits for, it waits for alone.
  slow: {
    handler: 'lambda.queue',
    memoryMb: 512,
    timeoutSeconds: 120,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
    chartFiles: false,
  },
  // Draws what nobody waits for; addresses are signed by those who give them out.
  pictures: {
    handler: 'lambda.queue',
    memoryMb: 1024,
    timeoutSeconds: 120,
    secrets: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS', 'MEDIA_SIGNING_KEY'],
    chartFiles: 'draws',
  },
};

/** Duties that have accounts reconciled, and so may send to the queue of that. */
export const RECONCILING: readonly Duty[] = ['api', 'bridge', 'schedule', 'queue', 'reconcile', 'slow'];
/** Of those, the ones that tell slow bridges from others, and so may send to the queue of the slow. */
export const SORTING: readonly Duty[] = ['schedule', 'reconcile', 'slow'];

/** Duties that have pictures drawn later, and so may send to the queue of that. */
export const PICTURING: readonly Duty[] = ['schedule', 'pictures'];

/** Every duty, in the order of the table. */
export const DUTY_NAMES: readonly Duty[] = [
  ...(['ingest', 'api', 'bridge', 'charts', 'schedule', 'queue', 'reconcile', 'slow', 'pictures'] as const),
];
