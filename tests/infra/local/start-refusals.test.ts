// What `npm start` refuses: each with one line that says what to do, exit code 1, no process left and no data touched.
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../../infra/local/api-client.ts';
import type { DevFile } from '../../../infra/local/stack.ts';
import { freePorts } from '../../../infra/local/stack-secrets.ts';
import { sendSignal, tracesOf, whole } from '../../faults/signals.ts';
import { allGone, StackProcess } from '../../faults/stack-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'countersign-refusals-'));
const dataDir = join(folder, 'data');
const [port = 0] = await freePorts(1);
const MEND = 'put it back from a copy, or start with --fresh, which throws the data away';
// One of these tests starts four stacks in turn, beside other suites that take what there is of the machine.
vi.setConfig({ testTimeout: 300_000 });
const running: StackProcess[] = [];
let dev: DevFile;
let signalId = '';

/** Starts, expects the refusal, and that nothing of the stack stays. Returns what was said. */
async function refused(dir = dataDir, args: string[] = [], at = port): Promise<string> {
  const stack = new StackProcess(dir, at, args);
  running.push(stack);
  const members = await stack.members();
  let ended = false;
  void stack.ended.then(() => {
    ended = true;
  });
  while (!ended) {
    for (const m of await stack.members())
      if (!members.some((k) => k.identity === m.identity)) members.push(m);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await allGone(members);
  expect({ code: await stack.ended, stdout: stack.stdout }).toEqual({ code: 1, stdout: [] });
  expect(stack.stderr).toHaveLength(1);
  return stack.stderr[0] ?? '';
}

async function expectStillWhole(): Promise<void> {
  const stack = new StackProcess(dataDir, port);
  expect(await stack.ready()).toStrictEqual(dev);
  expect(await tracesOf(dev.database_url, [signalId])).toEqual([whole(signalId)]);
  await stack.stop();
}

async function holding<T>(taken: number, work: () => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

beforeAll(async () => {
  const stack = new StackProcess(dataDir, port);
  dev = await stack.ready();
  const answer = await sendSignal(dev);
  expect(answer.status).toBe(201);
  signalId = answer.body.id;
  await stack.stop();
});

afterAll(async () => {
  for (const one of running) one.child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('npm start refuses, in one line,', () => {
  it('a port in use, naming it and --port', async () => {
    expect(await holding(port, () => refused())).toBe(
      `port ${port} is in use: end what holds it, or take another --port`,
    );
  });

  it.each(['postgres', 'sql', 'redis', 'broker'])(
    'a port of its %s that another program took',
    async (part) => {
      const { ports }: Json = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'));
      expect(await holding(ports[part], () => refused())).toBe(
        `port ${ports[part]}, which ${dataDir} has for its ${part}, is in use by another program: end that one, or start with --fresh for other ports and new data`,
      );
    },
  );

  it.each(['secrets.json', 'dev.json'])('a damaged %s, cut short or of another form', async (name) => {
    const path = join(dataDir, name);
    const whole = await readFile(path, 'utf8');
    for (const text of ['', '{}', 'null', whole.slice(0, -20), whole.replace(/"ports"|"tokens"/, '"x"')]) {
      await writeFile(path, text);
      expect(await refused()).toBe(`${path} is damaged: ${MEND}`);
    }
    await writeFile(path, whole);
  });

  it.each([
    ['secrets.json', 'is missing'],
    ['dev.json', 'is missing'],
    ['postgres', 'is missing or empty'],
    ['broker', 'is missing or empty'],
  ])('a folder whose %s is gone', async (name, what) => {
    const path = join(dataDir, name);
    await rename(path, join(folder, 'aside'));
    expect(await refused()).toBe(`${path} ${what}: ${MEND}`);
    await rename(join(folder, 'aside'), path);
  });

  it('a database without its PG_VERSION', async () => {
    const path = join(dataDir, 'postgres', 'PG_VERSION');
    await rename(path, join(folder, 'aside'));
    expect(await refused()).toBe(
      `${join(dataDir, 'postgres')} is not empty and holds no database (PG_VERSION is missing): restore it, or remove it to begin anew`,
    );
    await rename(join(folder, 'aside'), path);
  });

  it('a data folder in which nothing can be written', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const dir = join(file, 'data');
    expect(await refused(dir)).toBe(
      `nothing can be written in ${dir} (ENOTDIR): choose another folder with --data`,
    );
    expect(await refused('/proc/countersign')).toMatch(
      /^nothing can be written in \/proc\/countersign \(E[A-Z]+\): choose another folder with --data$/,
    );
  });

  it('and has touched no data by any of it', expectStillWhole);
});

describe('npm start takes', () => {
  it('a lock for left over when its process number belongs to another process by now', async () => {
    for (const stale of [`${process.pid} 1`, String(process.pid), '', 'nonsense']) {
      await writeFile(join(dataDir, 'stack.pid'), stale);
      await writeFile(join(dataDir, 'workerd.pid'), stale);
      await expectStillWhole();
    }
  });

  it('with --fresh nothing away but what a stack has made', async () => {
    const copy = join(folder, 'copy');
    await cp(dataDir, copy, { recursive: true });
    await mkdir(join(copy, 'mine'));
    await writeFile(join(copy, 'mine', 'precious'), 'kept');
    const stack = new StackProcess(copy, port, ['--fresh']);
    const anew = await stack.ready();
    expect(anew.tokens.owner).not.toBe(dev.tokens.owner);
    expect(anew.producer.id).not.toBe(dev.producer.id);
    expect(await tracesOf(anew.database_url, [signalId])).toEqual([
      { id: signalId, signals: 0, deliveries: 0, audits: 0, events: 0 },
    ]);
    await stack.stop();
    expect(await readFile(join(copy, 'mine', 'precious'), 'utf8')).toBe('kept');
  });
});

describe('npm start with wrong options', () => {
  it.each([[['--port', '0']], [['--port', 'http']], [['--nonsense']]])(
    '%j says what is right and ends with exit code 2',
    async (args) => {
      const stack = new StackProcess(join(folder, 'never'), port, args);
      expect(await stack.ended).toBe(2);
      expect(stack.stderr.join('\n')).toMatch(
        /^(--port must be a number from 1 to 65535|.*usage: npm start.*)$/,
      );
    },
  );
});
