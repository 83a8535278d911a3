// A Worker whose environment is wrong answers, says no more than that, and tells its log which keys to mend.
import { expect, it, vi } from 'vitest';
import worker from '../../functions/worker.ts';

const SECRET = 'hunter2-hunter2-hunter2';
const ENVIRONMENT = {
  DATABASE_URL: `mysql://user:${SECRET}@db.example/countersign`,
  UPSTASH_REDIS_REST_URL: 'http://redis.example',
  UPSTASH_REDIS_REST_TOKEN: SECRET,
  PRODUCER_KEYS: `p1:${SECRET}`,
  PUBLIC_BASE_URL: 'https://api.countersign.example',
  RATE_LIMIT_SCALE: '7',
};
/** What the environment lacks or says wrongly, and what must be named in the log. */
const WRONG = ['DATABASE_URL', 'UPSTASH_REDIS_REST_URL', 'PRODUCER_KEYS'];
const ROUTES = [
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/openapi.json'],
  ['POST', '/api/v1/signals'],
  ['GET', '/api/v1/me'],
  ['GET', '/charts/x.png'],
  ['GET', '/nope'],
] as const;

type Fetch = (request: Request, env: unknown, ctx: Pick<ExecutionContext, 'waitUntil'>) => Promise<Response>;
const answer = (method: string, path: string): Promise<Response> =>
  (worker.fetch as unknown as Fetch)(
    new Request(`https://api.countersign.example${path}`, { method }),
    ENVIRONMENT,
    { waitUntil: () => {} },
  );

it('answers 503 misconfigured on every route, without a word of the environment', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
  const ids = new Set<string>();
  for (const [method, path] of ROUTES) {
    const response = await answer(method, path);
    const text = await response.text();
    expect(response.status, path).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(JSON.parse(text)).toMatchObject({ type: 'urn:countersign:problem:misconfigured', status: 503 });
    for (const [key, value] of Object.entries(ENVIRONMENT)) {
      expect(text).not.toContain(key);
      if (value.length > 1) expect(text).not.toContain(value);
    }
    expect(text).not.toContain(SECRET);
    ids.add(response.headers.get('x-request-id') ?? '');
  }
  expect(ids.size).toBe(ROUTES.length);
  const log = lines.join('\n');
  for (const key of WRONG) expect(log).toContain(key);
  expect(log).not.toContain(SECRET);
});

it('fails its schedule and its queue as well, so that nothing is taken for done', async () => {
  const ctx = { waitUntil: () => {} };
  const acked: string[] = [];
  const message = { body: { kind: 'outbox', id: 'x' }, ack: () => acked.push('x'), retry: () => {} };
  await expect(
    worker.scheduled({ scheduledTime: 0 } as never, ENVIRONMENT as never, ctx as never),
  ).rejects.toThrow(/wrong environment/);
  await expect(
    worker.queue({ messages: [message] } as never, ENVIRONMENT as never, ctx as never),
  ).rejects.toThrow(/wrong environment/);
  expect(acked).toEqual([]);
});
