// The contract against the bundle that is deployed to AWS, in a process of its own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bundleLambda } from '../../infra/aws/bundle-lambda.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { contractSuite } from './contract-suite.ts';
import { httpCaller } from './http-call.ts';
import { lambdaEnvironment, startStackFixture } from './stack-fixture.ts';

const fixture = await startStackFixture();
afterAll(() => fixture.stop());

const [port = 0, controlPort = 0] = await freePorts(2);
const url = `http://127.0.0.1:${port}`;
const environment = await lambdaEnvironment(fixture, url);
const file = join(fixture.folder, 'environment.json');
await writeFile(file, JSON.stringify(environment));
await bundleLambda(join(fixture.folder, 'bundle'));
const log: string[] = [];
const args = [
  ...['--bundle', join(fixture.folder, 'bundle', 'lambda.mjs'), '--environment', file],
  ...['--port', String(port), '--control-port', String(controlPort)],
];
await fixture.child('lambda', join(import.meta.dirname, 'lambda-host.ts'), args, (line) => log.push(line));

contractSuite({
  ...fixture.runtime,
  name: 'Lambda',
  call: httpCaller(url, 'x-contract-address'),
  tick: async () => {
    await fixture.forgetTicks();
    const answer = await fetch(`http://127.0.0.1:${controlPort}/`, { method: 'POST' });
    expect(answer.status).toBe(200);
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
