/** Where adapters are wired, once per isolate; the rest of `functions/` sees only `Deps`. */
import { MT5_CONNECT } from './bridge/bridge-metrics.ts';
import { MEDIA_CACHE_HITS, MEDIA_RENDER } from './charts/chart-metrics.ts';
import { type CircuitBreaker, createCircuitBreaker } from './platform/circuit-breaker.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { type Config, isLoopback, need } from './platform/config.ts';
import { createDatabase } from './platform/database.ts';
import type { Deps } from './platform/deps.ts';
import { DNS_OVER_HTTPS_URL, dnsOverHttps, fetchTransport } from './platform/fetch-transport.ts';
import { HTTP_METRICS } from './platform/http-metrics.ts';
import { createIds } from './platform/ids.ts';
import { causeOf, consoleLog, type Log } from './platform/log.ts';
import type { MetricFamily } from './platform/metric-family.ts';
import { createMetrics, idleMetrics } from './platform/metrics.ts';
import { type ObjectStore, r2Store, s3Store } from './platform/object-store.ts';
import { createOutbound, type Transport } from './platform/outbound.ts';
import { createRateLimiter } from './platform/rate-limit.ts';
import { createRedis, redisAnswers } from './platform/redis.ts';
import { RETRIES } from './platform/resilient-call.ts';
import { countingCalls } from './platform/upstream-calls.ts';
import {
  cloudflareQueue,
  gatheringSender,
  laneQueue,
  sqsQueue,
  type WorkMessage,
  type WorkQueue,
} from './platform/work-queue.ts';
import { SIGNALS_CREATE_SECONDS, SIGNALS_REFUSED } from './signals/ingest-metrics.ts';

/** One round trip to the database; beyond it the caller is told to try again. */
const DATABASE_TIMEOUT_MS = 15_000;
const CLOUD_TIMEOUT_MS = 10_000;
/** How long work put off waits for more of its kind, where waiting holds up no answer. */
const GATHER_MS = 20;
const SETTLE_EVERY_MS = 100;

/**
 * Makes the `Deps` of one request or job from its way of deferring work. `lingers`: what it defers may wait a second and
 * nobody waits with it. Behind a Worker's answer it may; a queue takes a batch for worked, and sends the next one, when
 * what was deferred has ended too; and nothing outlives the answer of a Lambda function.
 */
export type Wiring = (after: Deps['after'], lingers: boolean) => Deps;

type Parts = {
  config: Config;
  queue: WorkQueue;
  media: ObjectStore;
  /** How this runtime makes a call to a given address. */
  transport: Transport;
  loadWasm: Pick<Deps, 'loadRasterizerWasm' | 'loadLayoutWasm'>;
  clock?: Clock;
  log?: Log;
};

/** Wires everything that both clouds share. */
export function wire(parts: Parts): Wiring {
  const { config, queue, media, loadWasm } = parts;
  const clock = parts.clock ?? systemClock;
  const log = parts.log ?? consoleLog;
  const db = createDatabase({
    url: config.DATABASE_URL,
    httpUrl: config.DATABASE_HTTP_URL,
    timeoutMs: DATABASE_TIMEOUT_MS,
  });
  const outbound = createOutbound({ local: isLoopback(config.PUBLIC_BASE_URL), transport: parts.transport });
  const limiterOf = limiterFor(config, clock);
  const sendSoonOf = gatheringSender(queue, clock, GATHER_MS);
  const redis = redisFor(config, clock);
  return (after, lingers) => {
    const guarded: Deps['after'] = (work) =>
      after(() =>
        work().catch((e) => {
          log({ kind: 'fault', name: 'after', outcome: 'failed', request_id: '', cause: causeOf(e) });
        }),
      );
    return {
      config,
      clock,
      ids: createIds(clock),
      ...countingCalls(db, outbound),
      queue,
      sendSoon: sendSoonOf(guarded, lingers),
      media,
      limiter: limiterOf(guarded, lingers),
      breaker: redis.breaker,
      metrics: redis.metricsOf(guarded, lingers),
      redisAnswers: redis.answers,
      log,
      ...loadWasm,
      after: guarded,
    };
  };
}

/** A duty without Redis (the schedule) serves no caller and limits nobody. */
function limiterFor(config: Config, clock: Clock): ReturnType<typeof createRateLimiter> {
  if (config.UPSTASH_REDIS_REST_URL === undefined)
    return () => ({ take: (_key, limit) => ({ allowed: true, limit, remaining: limit, resetSeconds: 60 }) });
  return createRateLimiter({
    url: config.UPSTASH_REDIS_REST_URL,
    token: need(config, 'UPSTASH_REDIS_REST_TOKEN'),
    scale: config.RATE_LIMIT_SCALE,
    clock,
    settleEveryMs: SETTLE_EVERY_MS,
  });
}

/** What isolates count themselves, every room's in one visible list; what rows tell is in the metric store. */
const countedFamilies = (config: Config): MetricFamily[] => [
  SIGNALS_REFUSED,
  { ...SIGNALS_CREATE_SECONDS, bounds: config.SIGNALS_CREATE_BUCKETS ?? SIGNALS_CREATE_SECONDS.bounds },
  MT5_CONNECT,
  RETRIES,
  MEDIA_RENDER,
  MEDIA_CACHE_HITS,
  ...HTTP_METRICS,
];

type RedisParts = {
  metricsOf: ReturnType<typeof createMetrics>;
  answers: Deps['redisAnswers'];
  breaker: CircuitBreaker;
};

/** A duty without Redis counts nothing of its own, misses nobody, and keeps its circuits to itself. */
function redisFor(config: Config, clock: Clock): RedisParts {
  if (config.UPSTASH_REDIS_REST_URL === undefined)
    return {
      metricsOf: () => idleMetrics,
      answers: async () => true,
      breaker: createCircuitBreaker({ redis: null, clock }),
    };
  const token = need(config, 'UPSTASH_REDIS_REST_TOKEN');
  const redis = createRedis({ url: config.UPSTASH_REDIS_REST_URL, token });
  const families = countedFamilies(config);
  const metricsOf = createMetrics({ redis, clock, ids: createIds(clock), families });
  const breaker = createCircuitBreaker({ redis, clock });
  return { metricsOf, answers: () => redisAnswers(redis), breaker };
}

/** Bindings of the Worker that are not text. */
export type WorkerBindings = {
  WORK: Queue<WorkMessage>;
  RECONCILE: Queue<WorkMessage>;
  SLOW: Queue<WorkMessage>;
  PICTURES: Queue<WorkMessage>;
  MEDIA: R2Bucket;
};

/** Wires the Worker. */
export const wireWorker = (config: Config, bindings: WorkerBindings, loadWasm: Parts['loadWasm']): Wiring =>
  wire({
    config,
    queue: laneQueue({
      events: cloudflareQueue(bindings.WORK),
      reconciles: cloudflareQueue(bindings.RECONCILE),
      slow: cloudflareQueue(bindings.SLOW),
      pictures: cloudflareQueue(bindings.PICTURES),
    }),
    media: r2Store(bindings.MEDIA),
    transport: fetchTransport(isLoopback(config.PUBLIC_BASE_URL) ? null : dnsOverHttps(DNS_OVER_HTTPS_URL)),
    loadWasm,
  });

export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** Wires a Lambda function with the credentials of its role and its way to given addresses. */
export function wireLambda(
  config: Config,
  credentials: AwsCredentials,
  transport: Transport,
  loadWasm: Parts['loadWasm'],
): Wiring {
  const region = need(config, 'AWS_REGION');
  const timeoutMs = CLOUD_TIMEOUT_MS;
  const queueAt = (
    key: 'QUEUE_URL' | 'RECONCILE_QUEUE_URL' | 'SLOW_QUEUE_URL' | 'PICTURES_QUEUE_URL',
  ): WorkQueue => {
    const queueUrl = need(config, key);
    return sqsQueue({ queueUrl, endpoint: config.QUEUE_ENDPOINT, region, credentials, timeoutMs });
  };
  const lane = (key: Parameters<typeof queueAt>[0]): WorkQueue => ({
    send: (messages, delay) => queueAt(key).send(messages, delay),
  });
  const queue = laneQueue({
    events: lane('QUEUE_URL'),
    // A duty that has no account reconciled, or none that is slow, is not given where that is asked for.
    reconciles: lane('RECONCILE_QUEUE_URL'),
    slow: lane('SLOW_QUEUE_URL'),
    pictures: lane('PICTURES_QUEUE_URL'),
  });
  const media = mediaFor(config, { region, credentials, timeoutMs });
  return wire({ config, queue, media, transport, loadWasm });
}

/** Duties without a bucket have no chart route; one that lands there all the same is `misconfigured`. */
function mediaFor(
  config: Config,
  options: { region: string; credentials: AwsCredentials; timeoutMs: number },
): ObjectStore {
  const bucket = config.MEDIA_BUCKET;
  if (bucket !== undefined) return s3Store({ ...options, bucket, endpoint: config.MEDIA_ENDPOINT });
  const refuse = async () => {
    need(config, 'MEDIA_BUCKET');
    return null;
  };
  return { get: refuse, put: async () => void (await refuse()), delete: async () => void (await refuse()) };
}
