/**
 * `Deps` over a test database: the real stores, a clock that stands still, and a queue that only remembers, so that a
 * test decides what is delivered, how often and in which order.
 */
import { consume } from '../../functions/jobs.ts';
import { type Config, parseConfig } from '../../functions/platform/config.ts';
import type { Deps } from '../../functions/platform/deps.ts';
import { createIds } from '../../functions/platform/ids.ts';
import type { LogLine } from '../../functions/platform/log.ts';
import { idleMetrics } from '../../functions/platform/metrics.ts';
import type { ObjectStore } from '../../functions/platform/object-store.ts';
import type { Outbound } from '../../functions/platform/outbound.ts';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { START_MS, type TestClock, testClock } from './test-clock.ts';
import type { TestDatabase } from './test-database.ts';

/** PKCS#8 of the Ed25519 key whose seed is 32 times this byte. */
const edKey = (id: string, byte: number) =>
  `${id}:${Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]).toString('base64')}`;
const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;

export const TEST_KEYS = {
  PRODUCER_KEYS: key('p1', 1),
  BRIDGE_KEYS: key('b1', 2),
  ALERT_KEYS: key('n1', 6),
  AUDIT_KEY: key('a1', 3),
  MEDIA_SIGNING_KEY: key('m1', 4),
  JWT_KEYS: edKey('j1', 5),
};

/** The configuration of an isolate that does every duty, with keys that are no secret. */
export const testConfig = (t: Pick<TestDatabase, 'runtimeUrl' | 'httpUrl'>): Config =>
  parseConfig(
    {
      ...TEST_KEYS,
      DATABASE_URL: t.runtimeUrl,
      DATABASE_HTTP_URL: t.httpUrl,
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9',
      UPSTASH_REDIS_REST_TOKEN: 'not-a-real-token',
      TELEGRAM_BOT_TOKEN: '1234:not-a-real-token-of-a-bot',
      TELEGRAM_API_URL: 'http://127.0.0.1:9',
      PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
      MEDIA_PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
    },
    'all',
    START_MS,
  );

export type TestDeps = Deps & {
  clock: TestClock;
  /** Messages sent and not yet taken by `drain`. */
  sent: WorkMessage[];
  /** Messages sent to come later, which `drain` leaves alone. */
  delayed: WorkMessage[];
  lines: LogLine[];
  /** Waits for everything that was deferred. */
  settle(): Promise<void>;
  /** Delivers what is on the queue and what that puts there, until it is empty. Returns the failures. */
  drain(how?: { times?: number; order?: (messages: WorkMessage[]) => WorkMessage[] }): Promise<Error[]>;
};

/** Wires `Deps`; `outbound` plays the other side and by default nobody answers. */
export function testDeps(
  t: Pick<TestDatabase, 'db' | 'runtimeUrl' | 'httpUrl'>,
  parts: { outbound?: Outbound; clock?: TestClock; media?: ObjectStore } = {},
): TestDeps {
  const clock = parts.clock ?? testClock();
  const sent: WorkMessage[] = [];
  const delayed: WorkMessage[] = [];
  const lines: LogLine[] = [];
  const deferred: Promise<unknown>[] = [];
  const deps: TestDeps = {
    config: testConfig(t),
    clock,
    ids: createIds(clock),
    db: t.db,
    queue: {
      send: async (messages, seconds = 0) => void (seconds > 0 ? delayed : sent).push(...messages),
    },
    sendSoon: (messages) => void sent.push(...messages),
    media: parts.media ?? memoryStore(),
    limiter: { take: (_key, limit) => ({ allowed: true, limit, remaining: limit, resetSeconds: 60 }) },
    outbound: parts.outbound ?? (async () => ({ kind: 'failed', effect: 'unknown', word: 'unreachable' })),
    // A circuit would make what one call says depend on those before it.
    breaker: { admit: async () => ({ admitted: true, settle: async () => {} }) },
    log: (line) => void lines.push(line),
    metrics: idleMetrics,
    calls: { database: 0, outbound: 0 },
    redisAnswers: async () => true,
    loadRasterizerWasm: async () => {
      throw new Error('these tests draw nothing');
    },
    loadLayoutWasm: async () => {
      throw new Error('these tests draw nothing');
    },
    after: (work) => void deferred.push(work()),
    sent,
    delayed,
    lines,
    settle: async () => {
      while (deferred.length > 0) await deferred.shift();
    },
    drain: async ({ times = 1, order = (m: WorkMessage[]) => m } = {}) => {
      const failures: Error[] = [];
      while (sent.length > 0) {
        const once = sent.splice(0);
        const delivered = order(Array.from({ length: times }, () => once).flat());
        for (const message of delivered)
          if ((await consume(deps, [message])).size > 0)
            failures.push(new Error(lines.findLast((l) => l.cause !== undefined)?.cause));
      }
      return failures;
    },
  };
  return deps;
}

/** Object storage in memory. */
export function memoryStore(): ObjectStore {
  const objects = new Map<string, { body: Uint8Array<ArrayBuffer>; alt: string }>();
  return {
    get: async (name) => {
      const found = objects.get(name);
      return found === undefined ? null : { ...found, etag: `"${name}"` };
    },
    put: async (name, body, { alt }) => void objects.set(name, { body, alt }),
    delete: async (names) => {
      for (const name of names) objects.delete(name);
    },
  };
}
