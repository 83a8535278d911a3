/** `npm run demo [-- --candles FILE]`: one signal's whole life on a stack of its own. Exits 0 only if every step held. */
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { demoSteps, runSteps } from './demo-steps.ts';
import { type Stack, startStack } from './stack.ts';
import { freePorts } from './stack-secrets.ts';

const { values } = parseArgs({ options: { candles: { type: 'string' } } });

/** Symbol and timeframe as the file's name says them (`eurusd_h1_...csv`); gold by the hour where it says nothing. */
function marketOf(file: string | undefined): { symbol: string; timeframe: string } {
  const named = /^([a-z]{6})_(m1|m5|m15|m30|h1|h4)[_.]/i.exec(basename(file ?? ''));
  return {
    symbol: named?.[1]?.toUpperCase() ?? 'XAUUSD',
    timeframe: named?.[2]?.toUpperCase() ?? 'H1',
  };
}

async function main(): Promise<void> {
  const file = values.candles === undefined ? undefined : resolve(values.candles);
  if (file !== undefined && !statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new Error(`${file}: no such file`);
  const market = marketOf(file);
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
  const [port = 0] = await freePorts(1);
  const giveUp = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        giveUp.abort();
        reject(new Error(`ended by ${signal}`));
      });
  });
  let stack: Stack | undefined;
  const start = async () => {
    const candles = file === undefined ? {} : { candles: { ...market, file } };
    stack = await startStack({ dataDir, port, signal: giveUp.signal, ...candles });
    return stack.dev.base_url;
  };
  const work = async () => {
    await runSteps([{ name: 'the stack is up', run: start }], console.log);
    if (stack === undefined) throw new Error('there is no stack');
    const steps = demoSteps(stack, { ...market, outDir: resolve('out') });
    await runSteps(steps, console.log);
    console.log(`${steps.length} steps, every one as it must be`);
  };
  try {
    await Promise.race([work(), interrupted]);
  } finally {
    await stack?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (e) => {
    console.error(`failed: ${e instanceof Error ? e.message : e}`);
    process.exit(1);
  },
);
