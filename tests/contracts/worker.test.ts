// The contract against workerd with the production bundle.
import { afterAll } from 'vitest';
import { contractSuite } from './contract-suite.ts';
import { httpCaller } from './http-call.ts';
import { startStackFixture } from './stack-fixture.ts';

const fixture = await startStackFixture();
afterAll(() => fixture.stop());

contractSuite({
  ...fixture.runtime,
  name: 'Worker',
  call: httpCaller(fixture.stack.dev.base_url, 'cf-connecting-ip'),
  tick: async () => {
    await fixture.forgetTicks();
    await fixture.stack.tick();
  },
  stop: fixture.stop,
});
