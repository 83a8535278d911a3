/** `npm start [-- --port N --data DIR --fresh]`: the embedded stack until SIGTERM or Ctrl-C. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from './stack.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    data: { type: 'string', default: '.countersign' },
    fresh: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
  console.error('--port must be a number from 1 to 65535');
  process.exit(2);
}

let stopping = false;
const stopped = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stopping = true;
    stopped.resolve();
  });

try {
  const stack = await startStack({
    dataDir: resolve(values.data),
    port,
    fresh: values.fresh,
    log: values.verbose ? console.error : () => {},
  });
  console.log(`ready ${stack.dev.base_url}`);
  const reason = await Promise.race([stopped.promise.then(() => null), stack.died]);
  await stack.stop();
  if (reason !== null && !stopping) {
    console.error(`the stack ended: ${reason}`);
    process.exit(1);
  }
  process.exit(0);
} catch (e) {
  console.error(e instanceof Error ? e.message : e);
  process.exit(1);
}
