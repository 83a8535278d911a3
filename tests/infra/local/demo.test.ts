// `npm run demo` from outside, in a folder of its own, and the runner of its steps.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runSteps } from '../../../infra/local/demo-steps.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
const DEMO = join(REPOSITORY, 'infra/local/demo.ts');
const GOLD = join(REPOSITORY, '../shared/data/xauusd_h1_2012-2022.csv');
const TIMEOUT_MS = 180_000;
const STEPS = [
  'the stack is up',
  'a signed signal is stored',
  'a forgery is refused',
  'a duplicate is refused and names the first',
  'a stranger may neither read nor decide',
  'its owner sees the terms and countersigns',
  'one market order reaches the broker, once',
  'the reconciliation books the fill',
  'three nights pass and the target is hit',
  'the reconciliation books the close to the cent',
  'a manual trade found',
  'its owner lets it be, and its close is booked as well',
  'equity falls by more than a fifth, and the guard warns before it acts',
  'ten seconds later everything closes',
  'the latch holds until a person opens it',
  'the chart is drawn, stored and served',
  'a market chart has one public address',
];

const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-test-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { code: number | null; stdout: string[]; stderr: string[]; cwd: string; temporary: string };

/** Runs the demo with a temporary folder of its own, so that what it leaves there can be seen. */
async function demo(...args: string[]): Promise<Run> {
  const cwd = await mkdtemp(join(folder, 'cwd-'));
  const temporary = await mkdtemp(join(folder, 'tmp-'));
  const child = spawn(process.execPath, [DEMO, ...args], { cwd, env: { ...process.env, TMPDIR: temporary } });
  const texts = [child.stdout, child.stderr].map(async (stream) => {
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text.split('\n').filter((line) => line !== '');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout = [], stderr = []] = await Promise.all(texts);
  return { code, stdout, stderr, cwd, temporary };
}

async function expectWholeDemo(run: Run): Promise<void> {
  expect(run.stderr).toEqual([]);
  expect(run.code).toBe(0);
  const names = run.stdout.slice(0, -1).map((line) => /^ *\d+ ms {2}([^:]+): .+/.exec(line)?.[1]);
  expect(names).toEqual(STEPS);
  expect(run.stdout.at(-1)).toBe(`${STEPS.length - 1} steps, every one as it must be`);
  const charts = (await readdir(join(run.cwd, 'out'))).sort();
  expect(charts).toEqual(['market.png', 'trade.pdf', 'trade.png', 'trade.svg']);
  for (const name of charts) expect((await stat(join(run.cwd, 'out', name))).size).toBeGreaterThan(1000);
  const signature = (await readFile(join(run.cwd, 'out', 'trade.png'))).subarray(1, 4).toString();
  expect(signature).toBe('PNG');
  expect((await readdir(run.temporary)).filter((n) => n.startsWith('countersign'))).toEqual([]);
}

describe('npm run demo', () => {
  it(
    'takes every step, writes the charts, leaves nothing behind and ends with exit code 0',
    async () => expectWholeDemo(await demo()),
    TIMEOUT_MS,
  );

  it(
    'does the same on ten years of gold by the hour, where that file is there',
    async ({ skip }) => {
      if (!existsSync(GOLD)) return skip(`${GOLD} is not there`);
      const run = await demo('--candles', GOLD);
      await expectWholeDemo(run);
      expect(run.stdout.find((line) => line.includes('a signed signal is stored'))).toMatch(/buy XAUUSD at /);
    },
    TIMEOUT_MS,
  );

  it('ends with exit code 1 and one line that names it when the file of candles is missing', async () => {
    const missing = join(folder, 'no-such_h1.csv');
    for (const path of [missing, folder]) {
      const run = await demo('--candles', path);
      expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 1, stdout: [] });
      expect(run.stderr).toEqual([`failed: ${path}: no such file`]);
      expect(await readdir(run.temporary)).toEqual([]);
    }
  });
});

describe('the runner of the steps', () => {
  it('prints each step with its time and what was seen, in order', async () => {
    const printed: string[] = [];
    const step = (name: string) => ({ name, run: async () => `saw ${name}` });
    await runSteps([step('one'), step('two')], (line) => printed.push(line));
    expect(printed).toEqual([
      expect.stringMatching(/^ *\d+ ms {2}one: saw one$/),
      expect.stringMatching(/^ *\d+ ms {2}two: saw two$/),
    ]);
  });

  it('throws at the first step that fails, names it, and runs none after it', async () => {
    const printed: string[] = [];
    const ran: string[] = [];
    const steps = ['one', 'two', 'three'].map((name) => ({
      name,
      run: async () => {
        ran.push(name);
        if (name === 'two') throw new Error('it was 200');
        return 'well';
      },
    }));
    await expect(runSteps(steps, (line) => printed.push(line))).rejects.toThrow('two: it was 200');
    expect(ran).toEqual(['one', 'two']);
    expect(printed).toHaveLength(1);
  });
});
