// `npm start` from outside, as its own process: what it says, what it leaves running, and what survives its deaths.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { apiClient, type Json } from '../../../infra/local/api-client.ts';
import type { DevFile } from '../../../infra/local/stack.ts';
import { freePorts } from '../../../infra/local/stack-secrets.ts';
import { sendSignal, tracesOf, whole } from '../../faults/signals.ts';
import { allGone, listeningAddresses, type Member, StackProcess } from '../../faults/stack-process.ts';

const LOOPBACK = '0100007F';
const PATIENCE_MS = 120_000;
// A stack that starts beside four other suites takes its time, and several of these tests start two.
vi.setConfig({ testTimeout: 300_000 });
const PARTS: Record<string, RegExp> = {
  postgres: /bin\/postgres -D/,
  sql: /neon-sql-main/,
  redis: /upstash-main/,
  broker: /broker\/main/,
  worker: /worker-main/,
  workerd: /workerd serve/,
};

// mkdtemp makes it 0700; as root that is the folder that nobody else may enter.
const folder = await mkdtemp(join(tmpdir(), 'countersign-start-'));
const dataDir = join(folder, 'deeper', 'data');
const [port = 0, otherPort = 0] = await freePorts(2);
const started: StackProcess[] = [];
const acknowledged: string[] = [];
let stack: StackProcess;
let dev: DevFile;

function start(dir = dataDir, at = port, args: string[] = [], env: NodeJS.ProcessEnv = {}): StackProcess {
  const made = new StackProcess(dir, at, args, env);
  started.push(made);
  return made;
}

async function acknowledge(): Promise<string> {
  const answer = await sendSignal(dev, { stop_loss: '1.05', take_profit: '1.2' });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  acknowledged.push(answer.body.id);
  return answer.body.id;
}

async function expectNothingLost(): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(await tracesOf(dev.database_url, acknowledged)).toEqual(acknowledged.map(whole));
}

async function until(look: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await look()); await sleep(10))
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
}

afterAll(async () => {
  for (const one of started) {
    one.child.kill('SIGTERM');
    await one.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

describe('npm start', () => {
  it('says one line, serves on the port it was given and takes nothing from DATABASE_URL', async () => {
    stack = start(dataDir, port, [], { DATABASE_URL: 'postgresql://nobody:nothing@127.0.0.1:1/none' });
    dev = await stack.ready();
    expect(stack.stdout).toEqual([`ready http://127.0.0.1:${port}`]);
    expect((await fetch(`${dev.base_url}/healthz`)).status).toBe(200);
    expect((await fetch(`${dev.base_url}/readyz`)).status).toBe(200);
    expect(new URL(dev.database_url).hostname).toBe('127.0.0.1');
    await acknowledge();
  });

  it('writes dev.json for its owner alone, with exactly the members of the contract', async () => {
    expect((await stat(join(dataDir, 'dev.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
    const text = expect.stringMatching(/.+/);
    expect(dev).toStrictEqual({
      base_url: `http://127.0.0.1:${port}`,
      tokens: { owner: text, admin: text, user: text, other: text },
      producer: { id: text, secret: expect.stringMatching(/^whsec_/), tradingview_url: text },
      account: { id: text, login: text },
      bridge: { id: text, secret: expect.stringMatching(/^whsec_/), url: expect.stringMatching(/^http:/) },
      broker: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      database_url: expect.stringMatching(/^postgresql:/),
      redis: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), token: text },
      telegram: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
    });
    const roles = await Promise.all(
      Object.values(dev.tokens).map(async (t) => (await apiClient(dev.base_url, t).get('/api/v1/me')).role),
    );
    expect(roles).toEqual(['owner', 'admin', 'user', 'user']);
    const state: Json = await (await fetch(`${dev.broker.url}/state`)).json();
    expect(state.accounts.map((a: Json) => a.login)).toEqual([dev.account.login]);
  });

  it('listens on 127.0.0.1 and nowhere else, every process of it', async () => {
    const members = await stack.members();
    for (const pattern of Object.values(PARTS))
      expect(members.some((m) => pattern.test(m.command))).toBe(true);
    const addresses = listeningAddresses(members);
    expect(addresses.length).toBeGreaterThanOrEqual(5);
    expect(addresses.filter((a) => a !== LOOPBACK)).toEqual([]);
  });

  it.each([[[]], [['--fresh']]])(
    'refuses a second stack on the same folder (%j) and leaves the first unharmed',
    async (args) => {
      const second = start(dataDir, otherPort, args);
      expect(await second.ended).toBe(1);
      expect(second.stdout).toEqual([]);
      expect(second.stderr).toEqual([
        `${dataDir} is in use by another stack (process ${stack.child.pid}): stop it, or take another --data`,
      ]);
      await acknowledge();
      await expectNothingLost();
    },
  );

  it('continues after kill -9 with every acknowledged signal, decision and trade, and leaves no process', async () => {
    const user = apiClient(dev.base_url, dev.tokens.user);
    const state: Json = await (await fetch(`${dev.broker.url}/state`)).json();
    const { ask } = state.symbols.find((s: Json) => s.symbol === 'GBPUSD');
    const signal = await sendSignal(dev, { instrument: 'GBPUSD', price: ask });
    expect(signal.status).toBe(201);
    const consent = await user.get('/api/v1/consents/current');
    await user.post('/api/v1/approvals', {
      signal_id: signal.body.id,
      decision: 'approved',
      consent_version: consent.version,
    });
    const orders = async (): Promise<Json[]> => (await user.get('/api/v1/orders')).items;
    await until(async () => (await orders()).some((o) => o.state === 'done'), 'the order');
    await user.post('/api/v1/reconciliation/runs', { account_id: dev.account.id });
    const before = (await user.get('/api/v1/trades')).items;
    expect(before).toHaveLength(1);
    acknowledged.push(signal.body.id);
    await acknowledge();

    await stack.kill();
    stack = start();
    expect(await stack.ready()).toStrictEqual(dev);
    expect(stack.stdout).toEqual([`ready http://127.0.0.1:${port}`]);
    await expectNothingLost();
    expect((await user.get('/api/v1/trades')).items).toEqual(before);
    expect((await user.get('/api/v1/accounts')).items[0].login).toBe(dev.account.login);
    expect((await orders()).filter((o) => o.state === 'done')).toHaveLength(1);
    await acknowledge();
  });

  it.each(Object.entries(PARTS))(
    'ends as a whole, with an error, when its %s is killed, and the next start continues',
    async (name, pattern) => {
      expect(await stack.killMember(pattern)).toBe(1);
      expect(stack.stderr).toHaveLength(1);
      expect(stack.stderr[0]).toMatch(new RegExp(`^the stack ended: .*${name} ended`));
      stack = start();
      await stack.ready();
      await expectNothingLost();
      await acknowledge();
    },
  );

  it('copes with a workerd that nobody was left to end', async () => {
    const members = await stack.members();
    const [host, workerd] = [await stack.member(/worker-main/), await stack.member(/workerd serve/)];
    const others = members.filter((m) => m.pid !== workerd.pid);
    process.kill(stack.child.pid ?? 0, 'SIGKILL');
    process.kill(host.pid, 'SIGKILL');
    await stack.ended;
    await allGone(others);
    stack = start();
    await stack.ready();
    await allGone([workerd]);
    await acknowledge();
    await expectNothingLost();
  });

  it('stops on SIGTERM with exit code 0, leaves no process and loses nothing', async () => {
    const members = await stack.members();
    await acknowledge();
    const beganMs = performance.now();
    expect(await stack.stop()).toBe(0);
    console.info(`SIGTERM to the end: ${Math.round(performance.now() - beganMs)} ms`);
    await allGone(members);
    expect(stack.stderr).toEqual([]);
    stack = start();
    await stack.ready();
    await expectNothingLost();
  });
});

describe('a first start that is cut off', () => {
  const fresh = join(folder, 'cut-off');

  async function membersOnce(
    one: StackProcess,
    there: (members: Member[]) => Promise<boolean>,
  ): Promise<Member[]> {
    let members: Member[] = [];
    await until(async () => {
      members = await one.members();
      return there(members);
    }, 'the start');
    return members;
  }

  it('by SIGTERM ends with exit code 0 and leaves no process', async () => {
    const one = start(fresh, otherPort);
    const members = await membersOnce(one, async (m) =>
      m.some((x) => /bin\/(initdb|postgres)/.test(x.command)),
    );
    expect(await one.stop()).toBe(0);
    await allGone(members);
    expect(one.stdout).toEqual([]);
  });

  it('by kill -9 while its organisation is made is begun anew by the next', async () => {
    const one = start(fresh, otherPort);
    // The broker's account is made in the middle: users and producer are there, bridge and account are not yet.
    await until(async () => {
      const secrets: Json = await readJson(join(fresh, 'secrets.json'));
      const answer = await fetch(`http://127.0.0.1:${secrets?.ports.broker}/state`).catch(() => null);
      return ((await answer?.json()) as Json)?.accounts?.length > 0;
    }, 'the account at the broker');
    await one.kill();
    expect(await readJson(join(fresh, 'dev.json'))).toBeNull();
    expect(one.stdout).toEqual([]);

    const two = start(fresh, otherPort);
    const made = await two.ready();
    const users: Json = await apiClient(made.base_url, made.tokens.owner).get('/api/v1/users');
    expect(users.items).toHaveLength(4);
    expect((await sendSignal(made)).status).toBe(201);
    await two.stop();
  });
});

async function readJson(path: string): Promise<Json> {
  return readFile(path, 'utf8').then(JSON.parse, () => null);
}
