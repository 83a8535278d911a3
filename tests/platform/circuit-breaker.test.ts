import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CircuitBreaker, createCircuitBreaker } from '../../functions/platform/circuit-breaker.ts';
import { createRedis } from '../../functions/platform/redis.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startUpstashServer } from '../../infra/local/upstash-server.ts';
import { waitForRedis } from '../support/patient-redis.ts';
import { testClock } from '../support/test-clock.ts';

const TOKEN = 'local-token';
const POLICY = { failuresToOpen: 3, openMs: 30_000, mostOpenMs: 120_000, trialMs: 10_000 };
const servers: LoopbackServer[] = [];
let upstash: LoopbackServer;
let names = 0;
waitForRedis();

beforeAll(async () => {
  upstash = await startUpstashServer({ port: 0, token: TOKEN });
});
afterAll(() => upstash.stop());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

/** Isolates over one clock and one Redis, by default a working one; `name` is a circuit of their own. */
function isolates(url = upstash.url) {
  names += 1;
  const clock = testClock();
  const make = () => createCircuitBreaker({ redis: createRedis({ url, token: TOKEN }), clock });
  return { clock, name: `test:${names}`, a: make(), b: make() };
}
async function call(breaker: CircuitBreaker, name: string, health: 'up' | 'down' | 'unknown') {
  const admission = await breaker.admit(name, POLICY);
  if (admission.admitted) await admission.settle(health);
  return admission.admitted;
}
const failTimes = async (breaker: CircuitBreaker, name: string, times: number) => {
  for (let i = 0; i < times; i += 1) expect(await call(breaker, name, 'down')).toBe(true);
};

describe('isolates share a circuit', () => {
  it('whose failures in a row, wherever they were, open it for all', async () => {
    const { name, a, b } = isolates();
    await failTimes(a, name, 2);
    await failTimes(b, name, 1);
    expect(await call(a, name, 'up')).toBe(false);
    expect(await call(b, name, 'up')).toBe(false);
  });

  it('that one success closes again, so that only failures in a row count', async () => {
    const { name, a, b } = isolates();
    await failTimes(a, name, 2);
    await call(b, name, 'up');
    await failTimes(a, name, 2);
    expect(await call(b, name, 'up')).toBe(true);
  });

  it('that what says nothing of the other side leaves as it was', async () => {
    const { name, a } = isolates();
    for (let i = 0; i < 10; i += 1) expect(await call(a, name, 'unknown')).toBe(true);
    await failTimes(a, name, 2);
    await call(a, name, 'unknown');
    await failTimes(a, name, 1);
    expect(await call(a, name, 'up')).toBe(false);
  });

  it('that is tried by one of them when its rest is over, while the others still fail fast', async () => {
    const { name, a, b, clock } = isolates();
    await failTimes(a, name, 3);
    clock.advance(POLICY.openMs);
    const trial = await a.admit(name, POLICY);
    expect(trial.admitted).toBe(true);
    expect(await call(b, name, 'up')).toBe(false);
    expect(await call(a, name, 'up')).toBe(false);
    if (trial.admitted) await trial.settle('up');
    expect(await call(a, name, 'up')).toBe(true);
    expect(await call(b, name, 'up')).toBe(true);
  });

  it('whose trial told nothing is tried by the next caller at once, wherever that is', async () => {
    const { name, a, b, clock } = isolates();
    await failTimes(a, name, 3);
    clock.advance(POLICY.openMs);
    expect(await call(a, name, 'unknown')).toBe(true);
    expect(await call(a, name, 'unknown')).toBe(true);
    expect(await call(b, name, 'unknown')).toBe(true);
    const trial = await b.admit(name, POLICY);
    expect(trial.admitted).toBe(true);
    expect(await call(a, name, 'up'), 'one at a time nevertheless').toBe(false);
    await trial.settle('up');
    expect(await call(a, name, 'up')).toBe(true);
  });

  it('whose failed trial opens it for twice as long', async () => {
    const { name, a, b, clock } = isolates();
    await failTimes(a, name, 3);
    clock.advance(POLICY.openMs);
    expect(await call(b, name, 'down')).toBe(true);
    clock.advance(2 * POLICY.openMs - 1);
    expect(await call(a, name, 'up')).toBe(false);
  });

  it('and one circuit’s failures are not another’s', async () => {
    const { name, a } = isolates();
    await failTimes(a, name, 3);
    expect(await call(a, `${name}:other`, 'up')).toBe(true);
  });

  it('reads it with one call and writes nothing while all goes well', async () => {
    const asked: string[] = [];
    const server = await listenLoopback(
      createServer(async (req, res) => {
        const parts: Buffer[] = [];
        for await (const part of req) parts.push(part as Buffer);
        asked.push(Buffer.concat(parts).toString());
        res.end(JSON.stringify({ result: [] }));
      }),
      0,
    );
    servers.push(server);
    const { name, a } = isolates(server.url);
    await call(a, name, 'up');
    await call(a, name, 'up');
    expect(asked).toEqual(Array.from({ length: 2 }, () => JSON.stringify(['hgetall', `circuit:${name}`])));
  });
});

describe('without Redis', () => {
  it('each isolate goes by what it has seen itself', async () => {
    const { name, a, b, clock } = isolates('http://127.0.0.1:9');
    await failTimes(a, name, 3);
    expect(await call(a, name, 'up')).toBe(false);
    expect(await call(b, name, 'up'), 'another isolate calls').toBe(true);
    clock.advance(POLICY.openMs);
    const trial = await a.admit(name, POLICY);
    expect(trial.admitted).toBe(true);
    expect(await call(a, name, 'up'), 'one trial at a time').toBe(false);
    if (trial.admitted) await trial.settle('up');
    expect(await call(a, name, 'up')).toBe(true);
  });

  it('a trial that nobody settled blocks the next one only for its time', async () => {
    const { name, a, clock } = isolates('http://127.0.0.1:9');
    await failTimes(a, name, 3);
    clock.advance(POLICY.openMs);
    expect((await a.admit(name, POLICY)).admitted).toBe(true);
    expect((await a.admit(name, POLICY)).admitted).toBe(false);
    clock.advance(POLICY.trialMs);
    expect((await a.admit(name, POLICY)).admitted).toBe(true);
  });

  it('that was there before, the isolate remembers what it was told', async () => {
    const { name, a, clock } = isolates();
    const gone = await startUpstashServer({ port: 0, token: TOKEN });
    const later = createCircuitBreaker({ redis: createRedis({ url: gone.url, token: TOKEN }), clock });
    await failTimes(later, name, 3);
    await gone.stop();
    expect(await call(later, name, 'up')).toBe(false);
    expect(await call(a, name, 'up')).toBe(true);
  });

  it('garbage for an answer means calling, and Redis is left alone for five seconds', async () => {
    let asked = 0;
    const server = await listenLoopback(
      createServer((_req, res) => {
        asked += 1;
        res.end(JSON.stringify({ result: ['openUntilMs', 'soon', 'failures', '-1'] }));
      }),
      0,
    );
    servers.push(server);
    const { name, a, clock } = isolates(server.url);
    for (let i = 0; i < 5; i += 1) expect(await call(a, name, 'up')).toBe(true);
    expect(asked).toBe(1);
    clock.advance(5_000);
    expect(await call(a, name, 'up')).toBe(true);
    expect(asked).toBe(2);
  });

  it('a duty that has none keeps its circuits to itself', async () => {
    const alone = createCircuitBreaker({ redis: null, clock: testClock() });
    await failTimes(alone, 'x', 3);
    expect(await call(alone, 'x', 'up')).toBe(false);
  });
});
