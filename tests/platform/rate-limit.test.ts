import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRateLimiter, type RateLimiter } from '../../functions/platform/rate-limit.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startUpstashServer } from '../../infra/local/upstash-server.ts';

const TOKEN = 'local-token';
/** The library reads the runtime's clock for its windows; the isolate's stands still, so that no window ends in a test. */
const servers: LoopbackServer[] = [];
let redis: LoopbackServer;
let names = 0;

beforeAll(async () => {
  redis = await startUpstashServer({ port: 0, token: TOKEN });
});
afterAll(() => redis.stop());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

/** An isolate's limiter with its own clock; `settle` does what was put off until after the answers. */
function isolate(
  url: string,
  options: { scale?: number; token?: string; settleEveryMs?: number; lingers?: boolean } = {},
) {
  const clock = {
    ms: Date.now(),
    nowMs: () => clock.ms,
    sleep: async (ms: number) => {
      clock.ms += ms;
    },
  };
  const pending: (() => Promise<unknown>)[] = [];
  const limiter: RateLimiter = createRateLimiter({
    url,
    token: options.token ?? TOKEN,
    scale: options.scale ?? 1,
    clock,
    settleEveryMs: options.settleEveryMs ?? 0,
  })((work) => {
    pending.push(work);
  }, options.lingers ?? false);
  const settle = () => Promise.all(pending.splice(0).map((work) => work()));
  const takeMany = (key: string, limit: number, count: number): number =>
    Array.from({ length: count }, () => limiter.take(key, limit)).filter((a) => a.allowed).length;
  return { clock, limiter, pending, settle, takeMany };
}
/** Waits where a window of the machine's own clock is about to end: what a test moves its clock by must lie inside one. */
async function awayFromWindowEnd(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 4_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
}
const freshKey = (): string => {
  names += 1;
  return `key-${names}`;
};
async function serve(listener: RequestListener): Promise<string> {
  const server = await listenLoopback(createServer(listener), 0);
  servers.push(server);
  return server.url;
}

/** Answers as Upstash does: the client puts its commands into a pipeline, so every answer is one of a list. */
const say = (res: ServerResponse, answer: unknown, status = 200): void => {
  const body = JSON.stringify(res.req.url === '/pipeline' ? [answer] : answer);
  res.writeHead(status, { 'content-type': 'application/json' }).end(body);
};

describe('an allowance', () => {
  it('is what the limit says, counted down, and then a refusal with the time to wait', () => {
    const { limiter } = isolate(redis.url);
    const key = freshKey();
    expect([1, 2, 3, 4].map(() => limiter.take(key, 3))).toEqual([
      { allowed: true, limit: 3, remaining: 2, resetSeconds: 60 },
      { allowed: true, limit: 3, remaining: 1, resetSeconds: 60 },
      { allowed: true, limit: 3, remaining: 0, resetSeconds: 60 },
      { allowed: false, limit: 3, remaining: 0, resetSeconds: 60 },
    ]);
  });

  it('is each key’s own, and a changed limit starts anew', () => {
    const { takeMany } = isolate(redis.url);
    const [one, two] = [freshKey(), freshKey()];
    expect(takeMany(one, 3, 9)).toBe(3);
    expect(takeMany(two, 3, 9)).toBe(3);
    expect(takeMany(one, 5, 9)).toBe(5);
  });

  it('is whole again when its minute is over', () => {
    const { clock, limiter, takeMany } = isolate(redis.url);
    const key = freshKey();
    expect(takeMany(key, 3, 4)).toBe(3);
    clock.ms += 59_001;
    expect(limiter.take(key, 3)).toMatchObject({ allowed: false, resetSeconds: 1 });
    clock.ms += 999;
    expect(takeMany(key, 3, 4)).toBe(3);
  });

  it('is multiplied by the scale', () => {
    expect(isolate(redis.url, { scale: 10 }).takeMany(freshKey(), 3, 99)).toBe(30);
  });

  it('never waits for Redis, and one settlement stands for many requests', async () => {
    let calls = 0;
    const held: ServerResponse[] = [];
    const url = await serve((_req, res) => {
      calls += 1;
      held.push(res);
    });
    const { pending, settle, takeMany } = isolate(url);
    expect(takeMany(freshKey(), 600, 600)).toBe(600);
    expect(calls, 'asked before the answer was out').toBe(0);
    expect(pending.length).toBeGreaterThan(0);
    await settle();
    expect(calls, 'the first settlement takes all that is unsettled').toBe(1);
  });

  it('where nothing may linger settles at once, and then what comes within its time with the next', async () => {
    await awayFromWindowEnd();
    const key = freshKey();
    const { clock, pending, settle, takeMany } = isolate(redis.url, { settleEveryMs: 100 });
    const other = isolate(redis.url);
    takeMany(key, 50, 1);
    await settle();
    takeMany(key, 50, 20);
    expect(pending.length).toBe(0);
    clock.ms += 100;
    takeMany(key, 50, 1);
    await settle();
    other.takeMany(key, 50, 1);
    await other.settle();
    expect(other.takeMany(key, 50, 50)).toBe(27);
  });

  it('settles a key once in its time, and again where the request that was to do it has ended', async () => {
    await awayFromWindowEnd();
    const key = freshKey();
    const { clock, pending, settle, takeMany } = isolate(redis.url, { settleEveryMs: 100, lingers: true });
    const other = isolate(redis.url);
    takeMany(key, 50, 20);
    expect(pending.length).toBe(1);
    await settle();
    takeMany(key, 50, 10);
    pending.splice(0);
    takeMany(key, 50, 1);
    expect(pending.length, 'it is on its way').toBe(0);
    clock.ms += 1_100;
    takeMany(key, 50, 1);
    await settle();
    other.takeMany(key, 50, 1);
    await other.settle();
    expect(other.takeMany(key, 50, 50), 'what both have taken is known to both').toBe(17);
  });
});

describe('several isolates', () => {
  it('learn of each other when they settle', async () => {
    const key = freshKey();
    const [a, b] = [isolate(redis.url), isolate(redis.url)];
    expect(a.takeMany(key, 5, 5)).toBe(5);
    await a.settle();
    expect(b.takeMany(key, 5, 1), 'it cannot know yet').toBe(1);
    await b.settle();
    expect(b.takeMany(key, 5, 1)).toBe(0);
  });

  it('that stay below the limit together are never refused', async () => {
    const key = freshKey();
    const [a, b] = [isolate(redis.url), isolate(redis.url)];
    for (let round = 0; round < 4; round += 1) {
      expect(a.takeMany(key, 20, 2) + b.takeMany(key, 20, 2)).toBe(4);
      await Promise.all([a.settle(), b.settle()]);
    }
  });

  it('keep what they took while Redis was being asked', async () => {
    const held: ServerResponse[] = [];
    let asked: () => void = () => {};
    const hasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const url = await serve((_req, res) => {
      held.push(res);
      asked();
    });
    const { settle, takeMany } = isolate(url);
    const key = freshKey();
    expect(takeMany(key, 10, 2)).toBe(2);
    const settled = settle();
    await hasAsked;
    expect(takeMany(key, 10, 5)).toBe(5);
    for (const res of held) say(res, { result: [8, 10] });
    await settled;
    expect(takeMany(key, 10, 9), 'two were settled, five are not yet').toBe(3);
  });
});

describe('Redis in trouble means allowed, and nothing is thrown', () => {
  const answers = (status: number, body: string) =>
    serve((_req, res) => res.writeHead(status, { 'content-type': 'application/json' }).end(body));
  const says = (answer: unknown) => serve((_req, res) => say(res, answer));
  const troubles: Record<string, () => Promise<string>> = {
    'refuses the connection': async () => {
      const url = await serve(() => {});
      await servers.pop()?.stop();
      return url;
    },
    'cuts the connection': () => serve((req) => req.socket.destroy()),
    'never answers': () => serve(() => {}),
    'answers 500': () => answers(500, '{"error":"ERR internal"}'),
    'answers 401': () => answers(401, '{"error":"Unauthorized"}'),
    'answers 429 of its own': () => answers(429, '{"error":"ERR max daily request limit exceeded"}'),
    'answers HTML': () => answers(200, '<html>a proxy</html>'),
    'answers nothing': () => answers(200, ''),
    'answers an error': () => says({ error: 'ERR max daily request limit exceeded' }),
    'answers null': () => says({ result: null }),
    'answers an empty list': () => says({ result: [] }),
    'answers words': () => says({ result: ['many', 'few'] }),
    'answers a list of lists': () => says({ result: [[], []] }),
    'answers a refusal that is not of this limit': () => says({ result: [-1] }),
  };

  it.each(Object.keys(troubles))('%s', async (name) => {
    const url = (await troubles[name]?.()) ?? '';
    const { clock, settle, takeMany } = isolate(url);
    const key = freshKey();
    expect(takeMany(key, 10, 4)).toBe(4);
    await settle();
    expect(takeMany(key, 10, 3), 'still allowed').toBe(3);
    await settle();
    expect(takeMany(key, 10, 9), 'the isolate’s own count goes on alone').toBe(3);
    clock.ms += 60_000;
    expect(takeMany(key, 10, 1), 'and begins again with the next minute').toBe(1);
    await settle();
  });

  it('a call that is not answered is ended from our side', async () => {
    let closed: () => void = () => {};
    const wasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await serve((req) => req.socket.on('close', () => closed()));
    const { settle, takeMany } = isolate(url);
    expect(takeMany(freshKey(), 10, 1)).toBe(1);
    await settle();
    await expect(wasClosed, 'the connection is let go').resolves.toBeUndefined();
  });
});

describe('what an isolate remembers', () => {
  it('is bounded: the oldest key is forgotten first, which only ever allows more', () => {
    const { limiter } = isolate(redis.url);
    const first = freshKey();
    expect(limiter.take(first, 1).allowed).toBe(true);
    expect(limiter.take(first, 1).allowed).toBe(false);
    for (let i = 0; i < 10_000; i += 1) limiter.take(`filler-${i}`, 1);
    expect(limiter.take(first, 1).allowed).toBe(true);
    expect(limiter.take('filler-9999', 1).allowed).toBe(false);
  });
});
