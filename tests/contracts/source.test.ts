// The contract against functions/lambda.ts as it stands, in this process: the run that coverage sees.
import { afterAll, expect, it } from 'vitest';
import { contractSuite } from './contract-suite.ts';
import { answerOf, eventOf, LAMBDA_CONTEXT } from './lambda-event.ts';
import { pollQueue } from './queue-poller.ts';
import { DEFAULT_ADDRESS } from './runtime.ts';
import { lambdaEnvironment, startStackFixture } from './stack-fixture.ts';

const log: string[] = [];
console.log = (line: unknown) => void log.push(String(line));

const fixture = await startStackFixture();
const environment = await lambdaEnvironment(fixture, 'http://127.0.0.1:9');
Object.assign(process.env, environment);
const lambda = await import('../../functions/lambda.ts');
const pollers = ['QUEUE_URL', 'RECONCILE_QUEUE_URL', 'SLOW_QUEUE_URL'].map((key) =>
  pollQueue(environment['QUEUE_ENDPOINT'] ?? '', environment[key] ?? '', lambda.queue),
);
afterAll(async () => {
  await Promise.all(pollers.map((p) => p.stop()));
  await fixture.stop();
});

contractSuite({
  ...fixture.runtime,
  name: 'source',
  call: async (ask) => {
    const event = eventOf({
      method: ask.method ?? 'GET',
      target: ask.target,
      headers: ask.headers ?? {},
      body: Buffer.from(ask.body ?? ''),
      address: ask.address ?? DEFAULT_ADDRESS,
    });
    const { status, headers, body } = answerOf(await lambda.api(event, LAMBDA_CONTEXT));
    return new Response(status === 204 || status === 304 ? null : Buffer.from(body), { status, headers });
  },
  tick: async () => {
    await fixture.forgetTicks();
    await lambda.scheduled({ time: new Date().toISOString() });
  },
  stop: fixture.stop,
});

it('logs one JSON object a line, and no token, secret, signature or body in any of them', () => {
  expect(log.length).toBeGreaterThan(1000);
  const lines = log.map((line) => JSON.parse(line) as { kind?: string });
  expect(new Set(lines.map((line) => line.kind))).toContain('request');
  expect(new Set(lines.map((line) => line.kind))).toContain('job');
  const { tokens, producer, bridge, redis } = fixture.stack.dev;
  const { DATABASE_URL = '', AUDIT_KEY = '' } = environment;
  const secrets = [...Object.values(tokens), producer.secret, bridge.secret, redis.token, AUDIT_KEY];
  const never = [...secrets, new URL(DATABASE_URL).password, 'cs_pat_', 'whsec_', 'v1=', 'DROP TABLE'];
  for (const word of never) {
    expect(word).not.toBe('');
    expect(log.filter((line) => line.includes(word))).toEqual([]);
  }
});
