/** `npm run demo [-- --candles FILE]`: one signal's whole life on a stack of its own. Exits 0 only if every step held. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { demoSteps } from './demo-steps.ts';
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
  if (file !== undefined && !existsSync(file)) throw new Error(`${file}: no such file`);
  const market = marketOf(file);
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
  const [port = 0] = await freePorts(1);
  let stack: Stack | undefined;
  try {
    let startedMs = performance.now();
    const say = (text: string, outcome: string) => {
      const tookMs = Math.round(performance.now() - startedMs);
      console.log(`${String(tookMs).padStart(6)} ms  ${text}: ${outcome}`);
      startedMs = performance.now();
    };
    stack = await startStack({ dataDir, port, ...(file ? { candles: { ...market, file } } : {}) });
    say('the stack is up', stack.dev.base_url);
    const steps = demoSteps(stack, { ...market, outDir: resolve('out') });
    for (const step of steps) say(step.name, await step.run());
    console.log(`${steps.length} steps, every one as it must be`);
  } finally {
    await stack?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (e) => {
    console.error(e instanceof Error ? `failed: ${e.message}` : e);
    process.exit(1);
  },
);
