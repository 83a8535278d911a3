import { createServer, type RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../functions/platform/clock.ts';
import { createIds } from '../../functions/platform/ids.ts';
import type { CounterFamily, HistogramFamily, Measured } from '../../functions/platform/metric-family.ts';
import { createMetrics, idleMetrics, type Metrics } from '../../functions/platform/metrics.ts';
import { createRedis, redisAnswers } from '../../functions/platform/redis.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startUpstashServer } from '../../infra/local/upstash-server.ts';
import { waitForRedis } from '../support/patient-redis.ts';

const TOKEN = 'local-token';
const servers: LoopbackServer[] = [];
let redis: LoopbackServer;
let ports: { family: CounterFamily; waits: HistogramFamily };
let names = 0;
const redisCalls = waitForRedis();

beforeAll(async () => {
  redis = await startUpstashServer({ port: 0, token: TOKEN });
});
afterAll(() => redis.stop());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

/** Families that no other test has counted. */
function families(): { family: CounterFamily; waits: HistogramFamily } {
  names += 1;
  ports = {
    family: { kind: 'counter', name: `things${names}_total`, help: '', labels: { kind: ['a', 'b'] } },
    waits: { kind: 'histogram', name: `wait${names}_seconds`, help: '', bounds: [1, 2] },
  };
  return ports;
}
type Of = ReturnType<typeof families>;
type Isolate = {
  metrics: Metrics;
  clock: Clock & { ms: number };
  deferred: number;
  settle: () => Promise<unknown>;
};

/** An isolate with its own clock; `settle` does what was put off until after the answers. */
function isolate(url: string, of: Of, lingers = false): Isolate {
  const { job, request, clock, settle, deferred } = isolateOfBoth(url, of);
  return {
    ...{ metrics: lingers ? request : job, clock, settle },
    get deferred() {
      return deferred();
    },
  };
}

/** An isolate that answers requests, behind which work may linger, and does jobs, behind which it may not. */
function isolateOfBoth(url: string, of: Of) {
  const clock = {
    ms: 1_800_000_000_000,
    nowMs: () => clock.ms,
    sleep: async (ms: number) => {
      clock.ms += ms;
    },
  };
  const pending: (() => Promise<unknown>)[] = [];
  const metricsOf = createMetrics({
    redis: createRedis({ url, token: TOKEN }),
    clock,
    ids: createIds(clock),
    families: [of.family, of.waits],
  });
  const after = (work: () => Promise<unknown>) => void pending.push(work);
  return {
    job: metricsOf(after, false),
    request: metricsOf(after, true),
    clock,
    deferred: () => pending.length,
    settle: () => Promise.all(pending.splice(0).map((work) => work())),
  };
}
async function serve(listener: RequestListener): Promise<string> {
  const server = await listenLoopback(createServer(listener), 0);
  servers.push(server);
  return server.url;
}
const read = async (i: Isolate): Promise<Record<string, number>[] | null> =>
  (await i.metrics.read())?.map((m: Measured) => Object.fromEntries(m.values)) ?? null;

describe('what isolates count', () => {
  it('adds up over all of them, whichever is asked, and what is not flushed is not yet there', async () => {
    const of = families();
    const [a, b] = [isolate(redis.url, of), isolate(redis.url, of)];
    for (let n = 0; n < 300; n += 1) a.metrics.count(of.family, ['a']);
    for (let n = 0; n < 200; n += 1) b.metrics.count(of.family, [n % 2 ? 'a' : 'b']);
    for (const seconds of [0.5, 1, 1.5, 9, -1, Number.NaN]) b.metrics.observe(of.waits, seconds);
    expect(await read(a)).toEqual([{}, {}]);
    a.metrics.flush();
    b.metrics.flush();
    await Promise.all([a.settle(), b.settle()]);
    const all = [
      { a: 400, b: 100 },
      { 1: 4, 2: 1, '+Inf': 1, sum: 12 },
    ];
    expect(await read(a)).toEqual(all);
    expect(await read(b)).toEqual(all);
  });

  it('is one call a second at most, none where nothing was counted, and never one that is waited for', async () => {
    let calls = 0;
    const url = await serve((_req, res) => {
      calls += 1;
      res.end('[]');
    });
    const of = families();
    const i = isolate(url, of);
    i.metrics.flush();
    await i.settle();
    expect(calls).toBe(0);
    i.clock.ms += 1_000;
    for (let n = 0; n < 50; n += 1) {
      i.metrics.count(of.family, ['a']);
      i.metrics.flush();
    }
    expect(calls).toBe(0);
    expect(i.deferred).toBe(1);
    await i.settle();
    expect(calls).toBe(1);
    i.clock.ms += 999;
    i.metrics.flush();
    expect(i.deferred).toBe(0);
    i.clock.ms += 1;
    i.metrics.flush();
    expect(i.deferred).toBe(1);
  });

  it('is flushed a second later by itself where work may linger', async () => {
    const of = families();
    const i = isolate(redis.url, of, true);
    i.metrics.count(of.family, ['a']);
    i.metrics.flush();
    await i.settle();
    i.metrics.count(of.family, ['a']);
    i.metrics.flush();
    i.metrics.count(of.family, ['a']);
    i.metrics.flush();
    expect(i.deferred, 'one stands for all').toBe(1);
    await i.settle();
    expect(await read(i)).toEqual([{ a: 3 }, {}]);
  });

  it('waits for the next request or job where it may not linger, of which one that may takes it along', async () => {
    const of = families();
    const { job, request, clock, settle, deferred } = isolateOfBoth(redis.url, of);
    job.count(of.family, ['a']);
    job.flush();
    await settle();
    job.count(of.family, ['a']);
    job.flush();
    expect(deferred()).toBe(0);
    request.flush();
    job.flush();
    expect(deferred()).toBe(1);
    await settle();
    job.count(of.family, ['a']);
    clock.ms += 1_000;
    job.flush();
    await settle();
    expect((await request.read())?.map((m) => Object.fromEntries(m.values))).toEqual([{ a: 3 }, {}]);
  });

  it('makes no field of what is not in the family’s lists', async () => {
    const of = families();
    const i = isolate(redis.url, of);
    for (const hostile of ['x"} 1', 'a|b', '__proto__', '', 'ü', 'A'.repeat(9_999)])
      i.metrics.count(of.family, [hostile]);
    i.metrics.flush();
    await i.settle();
    expect(await read(i)).toEqual([{ other: 6 }, {}]);
  });

  it('is nothing for a duty without Redis', async () => {
    idleMetrics.count(ports.family, ['a']);
    idleMetrics.observe(ports.waits, 1);
    idleMetrics.flush();
    expect(await idleMetrics.read()).toBeNull();
  });
});

const answers = (status: number, body: string) =>
  serve((_req, res) => res.writeHead(status, { 'content-type': 'application/json' }).end(body));
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
  'answers HTML': () => answers(200, '<html>a proxy</html>'),
  'answers nothing': () => answers(200, ''),
  'answers a word': () => answers(200, '{"result":"many"}'),
  'answers a list of words': () => answers(200, '{"result":["many","few"]}'),
  'answers a number': () => answers(200, '3'),
};

describe('Redis in trouble costs nothing', () => {
  it.each(Object.keys(troubles))('%s: nothing is thrown, and all is kept until it is back', async (name) => {
    const bad = (await troubles[name]?.()) ?? '';
    let target = bad;
    const url = await serve(async (req, res) => {
      const parts: Buffer[] = [];
      for await (const part of req as AsyncIterable<Buffer>) parts.push(part);
      try {
        const answer = await fetch(target + (req.url ?? ''), {
          method: 'POST',
          headers: { authorization: req.headers.authorization ?? '', 'upstash-encoding': 'base64' },
          body: Buffer.concat(parts),
          signal: AbortSignal.timeout(2_000),
        });
        res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      } catch {
        res.socket?.destroy();
      }
    });
    const of = families();
    const i = isolate(url, of);
    redisCalls.isPatient = false;
    expect(await redisAnswers(createRedis({ url, token: TOKEN }))).toBe(false);
    expect(await read(i), 'no zeros that nobody has counted').toBeNull();
    for (let n = 0; n < 5; n += 1) {
      i.metrics.count(of.family, ['a']);
      i.metrics.observe(of.waits, 2);
      i.metrics.flush();
      await i.settle();
      i.clock.ms += 1_000;
    }
    target = redis.url;
    redisCalls.isPatient = true;
    i.metrics.flush();
    await i.settle();
    expect(await read(i)).toEqual([{ a: 5 }, { 2: 5, sum: 10 }]);
    expect(await redisAnswers(createRedis({ url, token: TOKEN }))).toBe(true);
  });

  it('takes a flush for done whose answer was lost, and does not count it twice', async () => {
    let lost = 0;
    const url = await serve(async (req, res) => {
      const parts: Buffer[] = [];
      for await (const part of req as AsyncIterable<Buffer>) parts.push(part);
      const answer = await fetch(redis.url + (req.url ?? ''), {
        method: 'POST',
        headers: { authorization: req.headers.authorization ?? '', 'upstash-encoding': 'base64' },
        body: Buffer.concat(parts),
      });
      const text = await answer.text();
      if (req.url === '/pipeline' && lost < 3) {
        lost += 1;
        res.socket?.destroy();
      } else res.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    });
    const of = families();
    const i = isolate(url, of);
    for (let n = 1; n <= 6; n += 1) {
      i.metrics.count(of.family, ['b']);
      i.metrics.flush();
      await i.settle();
      i.clock.ms += 1_000;
    }
    expect(lost).toBe(3);
    i.metrics.flush();
    await i.settle();
    expect(await read(i)).toEqual([{ b: 6 }, {}]);
  });

  it('asks what became of a flush that never came back, and goes on', async () => {
    const of = families();
    let hold = true;
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const url = await serve(async (req, res) => {
      const parts: Buffer[] = [];
      for await (const part of req as AsyncIterable<Buffer>) parts.push(part);
      if (hold) return arrive();
      const answer = await fetch(redis.url + (req.url ?? ''), {
        method: 'POST',
        headers: { authorization: req.headers.authorization ?? '', 'upstash-encoding': 'base64' },
        body: Buffer.concat(parts),
      });
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    const i = isolate(url, of);
    i.metrics.count(of.family, ['a']);
    i.metrics.flush();
    redisCalls.isPatient = false;
    const abandoned = i.settle();
    await arrived;
    redisCalls.isPatient = true;
    hold = false;
    i.clock.ms += 1_000;
    i.metrics.flush();
    await i.settle();
    expect(await read(i), 'one in the air is not sent again').toEqual([{}, {}]);
    i.clock.ms += 5_000;
    i.metrics.count(of.family, ['a']);
    i.metrics.flush();
    await i.settle();
    expect(await read(i)).toEqual([{ a: 2 }, {}]);
    await abandoned;
    i.clock.ms += 1_000;
    i.metrics.flush();
    await i.settle();
    expect(await read(i), 'its late end changes nothing').toEqual([{ a: 2 }, {}]);
  });
});
