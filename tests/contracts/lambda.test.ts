// The contract against the bundle that is deployed to AWS, in a process of its own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { bundleLambda } from '../../infra/aws/bundle-lambda.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { contractSuite } from './contract-suite.ts';
import { httpCaller } from './http-call.ts';
import { lambdaEnvironment, startStackFixture } from './stack-fixture.ts';

const fixture = await startStackFixture();
afterAll(() => fixture.stop());

const [port = 0, controlPort = 0] = await freePorts(2);
const url = `http://127.0.0.1:${port}`;
const environment = join(fixture.folder, 'environment.json');
await writeFile(environment, JSON.stringify(await lambdaEnvironment(fixture, url)));
await bundleLambda(join(fixture.folder, 'bundle'));
await fixture.child('lambda', join(import.meta.dirname, 'lambda-host.ts'), [
  ...['--bundle', join(fixture.folder, 'bundle', 'lambda.mjs'), '--environment', environment],
  ...['--port', String(port), '--control-port', String(controlPort)],
]);

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
