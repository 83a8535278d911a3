// A queue takes a batch for worked, and sends the next one, when what was put off has ended as well. Time stands still
// here: what waits for it would never end.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import worker from '../../functions/worker.ts';
import { TEST_KEYS } from '../support/test-deps.ts';

const ENVIRONMENT = {
  ...TEST_KEYS,
  DATABASE_URL: 'postgresql://runtime:secret@127.0.0.1:9/countersign',
  DATABASE_HTTP_URL: 'http://127.0.0.1:9/sql',
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9',
  UPSTASH_REDIS_REST_TOKEN: 'not-a-real-token',
  PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
  MEDIA_PUBLIC_BASE_URL: 'http://127.0.0.1:8787',
};

let deferred: Promise<unknown>[];
const ctx = { waitUntil: (work: Promise<unknown>) => void deferred.push(work) };

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('nobody is there'));
  deferred = [];
});
afterEach(async () => {
  await vi.runAllTimersAsync();
  await Promise.all(deferred);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('never waits for time behind a batch of the queue', async () => {
  for (let n = 0; n < 2; n += 1)
    await worker.queue({ messages: [] } as never, ENVIRONMENT as never, ctx as never);
  expect(deferred.length).toBeGreaterThan(0);
  expect(vi.getTimerCount()).toBe(0);
  await Promise.all(deferred);
  expect(vi.getTimerCount()).toBe(0);
});

it('may behind an answer', async () => {
  type Fetch = (request: Request, env: unknown, at: typeof ctx) => Promise<Response>;
  for (let n = 0; n < 2; n += 1)
    await (worker.fetch as unknown as Fetch)(new Request('http://127.0.0.1:8787/healthz'), ENVIRONMENT, ctx);
  expect(vi.getTimerCount()).toBe(1);
});
