/** `npm start [-- --port N --data DIR --fresh]`: the embedded stack until SIGTERM or Ctrl-C. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from './stack.ts';

const USAGE = 'usage: npm start [-- --port N --data DIR --fresh --verbose]';
/** A stop that takes longer is cut off: what is left ends by itself, and nothing acknowledged depends on it. */
const STOP_DEADLINE_MS = 4_500;

function fail(message: string, code = 1): never {
  console.error(message.trim().replaceAll(/\s*\n\s*/g, ' | '));
  process.exit(code);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8787' },
        data: { type: 'string', default: '.countersign' },
        fresh: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (e) {
    return fail(`${e instanceof Error ? e.message : e}; ${USAGE}`, 2);
  }
}

const values = readOptions();
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65535) fail('--port must be a number from 1 to 65535', 2);

const stopping = new AbortController();
const stopped = new Promise<null>((done) => {
  stopping.signal.addEventListener('abort', () => done(null), { once: true });
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => {
    setTimeout(() => process.exit(0), STOP_DEADLINE_MS).unref();
    stopping.abort();
  });

try {
  const stack = await startStack({
    dataDir: resolve(values.data),
    port,
    fresh: values.fresh,
    log: values.verbose ? console.error : () => {},
    signal: stopping.signal,
  });
  console.log(`ready ${stack.dev.base_url}`);
  const reason = await Promise.race([stopped, stack.died]);
  await stack.stop();
  if (reason !== null && !stopping.signal.aborted) fail(`the stack ended: ${reason}`);
  process.exit(0);
} catch (e) {
  if (stopping.signal.aborted) process.exit(0);
  fail(e instanceof Error ? e.message : String(e));
}
