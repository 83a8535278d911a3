import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../../infra/local/listen-loopback.ts';
import { startUpstashServer } from '../../../infra/local/upstash-server.ts';
import { isReachable } from './reachable.ts';
import { type RespValue, respClient } from './resp-client.ts';
import { redisConformance } from './upstash-conformance.ts';

const token = 'local-token';
let server: LoopbackServer;

beforeAll(async () => {
  server = await startUpstashServer({ port: 0, token });
});

afterAll(() => server?.stop());

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function restCall(...args: string[]): Promise<RespValue> {
  const answer = (await (await post('/', args)).json()) as { result?: RespValue; error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.result ?? null;
}

describe('the stand-in', () => {
  redisConformance(async () => restCall, 'countersign-conformance:');
});

const real = new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
const realPort = Number(real.port || 6379);
const realReachable = await isReachable(real.hostname, realPort);
if (!realReachable)
  console.warn(`skipped: Redis conformance on ${real.hostname}:${realPort} (no TCP connection)`);

describe.skipIf(!realReachable)('a real Redis', () => {
  let close: (() => void) | undefined;
  afterAll(() => close?.());

  redisConformance(async () => {
    const client = await respClient(real.hostname, realPort);
    close = client.close;
    if (real.password !== '') await client.call('AUTH', decodeURIComponent(real.password));
    return client.call;
  }, `countersign-conformance:${process.pid}:`);
});

describe('the REST protocol', () => {
  it('refuses every path without the token', async () => {
    for (const path of ['/', '/pipeline', '/multi-exec', '/get/a']) {
      expect((await fetch(server.url + path, { method: 'POST', body: '[]' })).status).toBe(401);
      expect((await post(path, [], { Authorization: 'Bearer other' })).status).toBe(401);
    }
    expect(await (await fetch(`${server.url}/echo/hi?_token=${token}`)).json()).toEqual({ result: 'hi' });
  });

  it('answers errors with 400', async () => {
    const response = await post('/', ['HGET']);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: "ERR wrong number of arguments for 'hget' command" });
    for (const body of ['{', '{}', '[]', '""']) expect((await post('/', body)).status).toBe(400);
  });

  it('takes commands in the path', async () => {
    const get = async (path: string): Promise<unknown> =>
      (await (
        await fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } })
      ).json()) as unknown;
    expect(await get('/set/path%2Fkey/a%20b?EX=100')).toEqual({ result: 'OK' });
    expect(await get('/get/path%2Fkey')).toEqual({ result: 'a b' });
    expect(await get('/ttl/path%2Fkey')).toEqual({ result: 100 });
    expect(await (await post('/set/body?EX=100', '{"json":true}')).json()).toEqual({ result: 'OK' });
    expect(await get('/get/body')).toEqual({ result: '{"json":true}' });
    expect((await fetch(`${server.url}/get/%E0%A4%A?_token=${token}`)).status).toBe(400);
  });

  it('encodes strings in base64, nested ones too, except OK', async () => {
    const headers = { 'Upstash-Encoding': 'base64' };
    const commands = [
      ['SET', 'b64', 'OK'],
      ['GET', 'b64'],
      ['MGET', 'b64', 'none'],
      ['INCR', 'b64n'],
      ['PING'],
    ];
    expect(await (await post('/pipeline', commands, headers)).json()).toEqual([
      { result: 'OK' },
      { result: 'T0s=' },
      { result: ['T0s=', null] },
      { result: 1 },
      { result: 'UE9ORw==' },
    ]);
  });

  it('runs a pipeline to its end and refuses an ill-formed transaction as a whole', async () => {
    const pipeline = await post('/pipeline', [['SET', 'p', 'x'], ['INCR', 'p'], ['NOSUCH'], ['GET', 'p']]);
    expect(pipeline.status).toBe(200);
    expect(await pipeline.json()).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { error: expect.stringMatching(/^ERR unknown command/) },
      { result: 'x' },
    ]);
    const refused = await post('/multi-exec', [['SET', 'p', 'y'], ['NOSUCH']]);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ error: expect.stringMatching(/^EXECABORT/) });
    expect(await restCall('GET', 'p')).toBe('x');
    const failed = await post('/multi-exec', [
      ['SET', 'p', 'y'],
      ['INCR', 'p'],
      ['SET', 'q', '1'],
    ]);
    expect(await failed.json()).toEqual([
      { result: 'OK' },
      { error: expect.stringMatching(/^ERR/) },
      { result: 'OK' },
    ]);
  });

  it('ends a script that does not end', async () => {
    await expect(restCall('EVAL', 'while true do end', '0')).rejects.toThrow(/^ERR Script killed/);
    expect(await restCall('PING')).toBe('PONG');
  });

  it('counts and empties the database', async () => {
    await restCall('SET', 'one', '1');
    expect(await restCall('DBSIZE')).toBeGreaterThan(0);
    expect(await restCall('FLUSHDB')).toBe('OK');
    expect(await restCall('DBSIZE')).toBe(0);
    expect(await restCall('FLUSHALL')).toBe('OK');
    expect(await restCall('SCRIPT', 'FLUSH')).toBe('OK');
  });
});

describe('the injected clock', () => {
  it('decides what has expired, and stands still within a transaction', async () => {
    let now = 1_000_000;
    const clocked = await startUpstashServer({ port: 0, token, now: () => now++ });
    const redis = new Redis({ url: clocked.url, token });
    await redis.set('k', 'v', { px: 5_000 });
    const [first, second] = await redis.multi().pttl('k').pttl('k').exec<[number, number]>();
    expect(first).toBe(second);
    now += 5_000;
    expect(await redis.get('k')).toBeNull();
    expect(await redis.dbsize()).toBe(0);
    await clocked.stop();
  });
});

describe('@upstash/redis', () => {
  const client = (): Redis => new Redis({ url: server.url, token });

  it('works through auto-pipelining, multi and scripts', async () => {
    const redis = client();
    const [set, got] = await Promise.all([redis.set('js', { a: [1, 'ü'] }), redis.get('js')]);
    expect([set, got]).toEqual(['OK', { a: [1, 'ü'] }]);
    expect(await redis.set('js', 1, { nx: true, ex: 10 })).toBeNull();
    expect(await redis.hset('jh', { a: 1, b: 'x' })).toBe(2);
    expect(await redis.hgetall('jh')).toEqual({ a: 1, b: 'x' });
    expect(await redis.multi().incr('jn').expire('jn', 5).ttl('jn').exec()).toEqual([1, 1, 5]);
    expect(await redis.zadd('jz', { score: 1, member: 'm' })).toBe(1);
    expect(await redis.zrange('jz', 0, -1, { withScores: true })).toEqual(['m', 1]);
    expect(await redis.eval('return {KEYS[1], ARGV[1]}', ['k'], ['v'])).toEqual(['k', 'v']);
    expect(await redis.ping()).toBe('PONG');
    await expect(redis.lpush('js', 1)).rejects.toThrow(/WRONGTYPE/);
    const [cursor, keys] = await redis.scan(0, { match: 'j*', count: 100 });
    expect([cursor, keys.toSorted()]).toEqual(['0', ['jh', 'jn', 'js', 'jz']]);
  });
});

describe('@upstash/ratelimit', () => {
  const limiters: [string, ReturnType<typeof Ratelimit.fixedWindow>][] = [
    ['fixedWindow', Ratelimit.fixedWindow(5, '1 h')],
    ['slidingWindow', Ratelimit.slidingWindow(5, '1 h')],
    ['tokenBucket', Ratelimit.tokenBucket(5, '1 h', 5)],
  ];

  it.each(limiters)('%s lets exactly five of twenty concurrent requests through', async (name, limiter) => {
    const redis = new Redis({ url: server.url, token });
    const limit = new Ratelimit({
      redis,
      limiter,
      prefix: `rl:${name}`,
      ephemeralCache: false,
      analytics: false,
    });
    const results = await Promise.all(Array.from({ length: 20 }, () => limit.limit('caller')));
    await Promise.all(results.map(({ pending }) => pending));
    expect(results.filter(({ success }) => success)).toHaveLength(5);
    expect(results.every(({ reason }) => reason !== 'timeout')).toBe(true);
    expect((await limit.limit('another')).remaining).toBe(4);
    expect((await limit.getRemaining('caller')).remaining).toBe(0);
    await limit.resetUsedTokens('caller');
    expect((await limit.limit('caller')).success).toBe(true);
    expect((await limit.limit('bulk', { rate: 4 })).remaining).toBe(1);
    expect((await limit.limit('bulk', { rate: 4 })).success).toBe(false);
  });

  it('fixedWindow opens again with the next window', async () => {
    const redis = new Redis({ url: server.url, token });
    const limit = new Ratelimit({
      redis,
      limiter: Ratelimit.fixedWindow(1, '300 ms'),
      prefix: 'rl:short',
      ephemeralCache: false,
    });
    await expect
      .poll(async () => (await limit.limit('x')).success, { timeout: 3_000, interval: 20 })
      .toBe(false);
    await expect
      .poll(async () => (await limit.limit('x')).success, { timeout: 3_000, interval: 20 })
      .toBe(true);
  });
});
