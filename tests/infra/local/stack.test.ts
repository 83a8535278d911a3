// The parts of the embedded stack that need no whole one: its folder, its lock, whom a process number means.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { spawnChild } from '../../../infra/local/child-process.ts';
import { startPostgres } from '../../../infra/local/embedded-postgres.ts';
import { isRunning, processIdentity } from '../../../infra/local/process-identity.ts';
import { startStack } from '../../../infra/local/stack.ts';
import { takeFolder } from '../../../infra/local/stack-folder.ts';
import { freePorts, readStackSecrets } from '../../../infra/local/stack-secrets.ts';

const folder = await mkdtemp(join(tmpdir(), 'countersign-stack-'));
const spawned: ChildProcess[] = [];
let folders = 0;

const newFolder = (): string => {
  folders += 1;
  return join(folder, String(folders));
};

afterAll(async () => {
  for (const child of spawned) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** A process that has ended and that its parent takes no note of; its number. */
async function zombie(): Promise<number> {
  // By the time it ends its parent is no shell any more, which would have taken note of it.
  const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  spawned.push(parent);
  for await (const line of createInterface({ input: parent.stdout })) {
    const state = () => /\) (\w)/.exec(readFileSync(`/proc/${line}/stat`, 'utf8'))?.[1];
    while (state() !== 'Z') await sleep(5);
    return Number(line);
  }
  throw new Error('no process was started');
}

describe('a process identity', () => {
  it('tells a process from a later one of the same number, from a dead one and from its remains', async () => {
    const mine = await processIdentity(process.pid);
    expect(mine).toMatch(new RegExp(`^${process.pid} \\S+`));
    expect(await isRunning(String(mine))).toBe(true);
    expect(await isRunning(`${process.pid} 1`)).toBe(false);
    expect(await processIdentity(4_194_305)).toBeNull();
    expect(await processIdentity(Number.NaN)).toBeNull();
    expect(await processIdentity(await zombie())).toBeNull();
  });
});

describe('the data folder', () => {
  it('belongs to one of many that ask at once, and to the next when it is given back', async () => {
    const dir = newFolder();
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => takeFolder(dir, false)));
    const won = asked.filter((r) => r.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const r of asked)
      if (r.status === 'rejected') expect(String(r.reason)).toContain(`${dir} is in use by another stack`);
    await won[0]?.value();
    expect(await readdir(dir)).toEqual([]);
    await (await takeFolder(dir, false))();
  });

  it('belongs to one of many that find the same lock left over', async () => {
    const dir = newFolder();
    await (await takeFolder(dir, false))();
    await writeFile(join(dir, 'stack.pid'), '4194305 1');
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => takeFolder(dir, false)));
    expect(asked.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('the secrets', () => {
  it('are made once, differ from folder to folder and are readable by their owner alone', async () => {
    const [one, two] = [newFolder(), newFolder()];
    for (const dir of [one, two]) await (await takeFolder(dir, false))();
    const [first, again, other] = [
      await readStackSecrets(one),
      await readStackSecrets(one),
      await readStackSecrets(two),
    ];
    expect(again).toEqual(first);
    const values = (s: typeof first) => Object.values(s).filter((v) => typeof v === 'string');
    expect(new Set([...values(first), ...values(other)]).size).toBe(values(first).length * 2);
    expect(new Set(Object.values(first.ports)).size).toBe(5);
    expect((await stat(join(one, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });
});

describe('a part of the stack', () => {
  const onLine = () => {};

  it('that ends before it is ready is named with its last words', async () => {
    const script = join(newFolder(), '..', 'dying.mjs');
    await writeFile(script, "console.error('no such thing'); process.exitCode = 7;");
    const child = spawnChild('broken', script, [], { onLine });
    await expect(child.ready).rejects.toThrow('broken ended (exit code 7): no such thing');
    await child.stop();
  });

  it('that does not hear SIGTERM is ended all the same', async () => {
    const script = join(folder, 'deaf.mjs');
    await writeFile(
      script,
      "process.on('SIGTERM', () => {}); process.stdin.resume(); console.log('ready 1');",
    );
    const child = spawnChild('deaf', script, [], { onLine });
    expect(await child.ready).toBe('1');
    await child.stop(50);
    expect(await child.exited).toBe('deaf ended (SIGKILL)');
    expect(await processIdentity(child.pid)).toBeNull();
  });
});

describe('a start', () => {
  it('that its caller gives up rejects, leaves no part running and gives the folder back', async () => {
    const [port = 0] = await freePorts(1);
    const dataDir = newFolder();
    const giveUp = new AbortController();
    const started = startStack({ dataDir, port, ticker: false, signal: giveUp.signal });
    const outcome = started.then(
      () => 'started',
      (e) => String(e),
    );
    while (!(await readdir(dataDir).catch((): string[] => [])).includes('postgres')) await sleep(10);
    giveUp.abort();
    expect(await outcome).toBe('Error: the start was ended');
    const { ports } = await readStackSecrets(dataDir);
    const free = (at: number) =>
      new Promise((done) => {
        const server = createServer().once('error', () => done(false));
        server.listen(at, '127.0.0.1', () => server.close(() => done(true)));
      });
    expect(await Promise.all([port, ...Object.values(ports)].map(free))).toEqual(Array(6).fill(true));
    await (await takeFolder(dataDir, false))();
  });
});

describe('the database', () => {
  it('starts again although what is left of its killed predecessor was never cleared away', async () => {
    const dataDir = newFolder();
    const [port = 0] = await freePorts(1);
    const options = { dataDir, port, superuserPassword: 'password-of-a-test' };
    const first = await startPostgres(options);
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const pidFile = join(dataDir, 'postmaster.pid');
    const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n');
    await writeFile(pidFile, [await zombie(), ...rest].join('\n'));
    const second = await startPostgres(options);
    expect(second.pid).not.toBe(first.pid);
    await second.stop();
  });
});
