// A Worker whose environment is wrong: 503 on every route, and a log that names the keys and never a value.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { startLocalWorker } from '../../infra/local/local-worker.ts';
import { functionsEnvironment } from '../../infra/local/stack-environment.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import { buildWorkerBundle } from '../../infra/local/worker-bundle.ts';
import { allGone, StackProcess } from './stack-process.ts';

const ring = () => `k1:${randomBytes(32).toString('base64')}`;
const folder = await mkdtemp(join(tmpdir(), 'countersign-misconfigured-'));
/** What the stack gives its functions. Nothing listens there: no route gets that far. */
const GOOD = functionsEnvironment(await readStackSecrets(folder), 'http://127.0.0.1:1');
/** What a deployment may do without. */
const OPTIONAL = new Set(['DATABASE_HTTP_URL', 'TELEGRAM_BOT_TOKEN', 'TELEGRAM_API_URL']);
const EXPIRED = `${ring()}@2020-01-01`;
const WRONG: [string, Record<string, string>, string[]][] = [
  ['DATABASE_URL is missing', { DATABASE_URL: '' }, ['DATABASE_URL']],
  ['DATABASE_URL is no address', { DATABASE_URL: 'mysql://a:secret-of-db@h/x' }, ['DATABASE_URL']],
  ['PRODUCER_KEYS is past its date', { PRODUCER_KEYS: EXPIRED }, ['PRODUCER_KEYS']],
  ['a later key of BRIDGE_KEYS is past its date', { BRIDGE_KEYS: `${ring()},${EXPIRED}` }, ['BRIDGE_KEYS']],
  ['AUDIT_KEY is too short', { AUDIT_KEY: 'a1:c2hvcnQ=' }, ['AUDIT_KEY']],
  [
    'the limits are raised at a public address',
    { RATE_LIMIT_SCALE: '10', PUBLIC_BASE_URL: 'https://api.countersign.example' },
    ['RATE_LIMIT_SCALE', 'DATABASE_HTTP_URL', 'TELEGRAM_API_URL'],
  ],
  [
    'DATABASE_HTTP_URL is not loopback',
    { DATABASE_HTTP_URL: 'http://10.0.0.1/sql-hidden' },
    ['DATABASE_HTTP_URL'],
  ],
  [
    'every secret is missing',
    Object.fromEntries(Object.keys(GOOD).map((k) => [k, ''])),
    Object.keys(GOOD).filter((k) => !OPTIONAL.has(k)),
  ],
];
const ROUTES: [string, string][] = [
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/openapi.json'],
  ['POST', '/api/v1/signals'],
  ['GET', '/api/v1/signals'],
  ['POST', '/api/v1/approvals'],
  ['GET', `/charts/${'0'.repeat(64)}.png`],
  ['GET', '/no-such-route'],
];

const bundle = await buildWorkerBundle();
afterAll(() => rm(folder, { recursive: true, force: true }));

async function withWorker(
  vars: Record<string, string>,
  work: (url: string, log: string[]) => Promise<void>,
): Promise<void> {
  const [port = 0] = await freePorts(1);
  const log: string[] = [];
  const onLine = (line: string) => void log.push(line);
  const worker = await startLocalWorker({ bundle, port, dataDir: join(folder, 'worker'), vars, onLine });
  try {
    await work(worker.url, log);
  } finally {
    await worker.stop();
  }
}

async function logged(log: string[], pattern: RegExp): Promise<string> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const found = log.find((line) => pattern.test(line));
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`the log has no line like ${pattern}: ${log.join(' | ')}`);
  }
}

describe('a Worker', () => {
  it('with a good environment answers /healthz and logs no fault of it', async () => {
    await withWorker(GOOD, async (url, log) => {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      await logged(log, /"name":"GET \/healthz"/);
      expect(log.filter((line) => line.includes('misconfigured'))).toEqual([]);
    });
  });

  it.each(WRONG)('answers 503 misconfigured on every route when %s', async (_what, wrong, keys) => {
    await withWorker({ ...GOOD, ...wrong }, async (url, log) => {
      for (const [method, path] of ROUTES) {
        const answer = await fetch(`${url}${path}`, { method });
        const said: Json = await answer.json();
        expect([path, answer.status, said.type]).toEqual([
          path,
          503,
          'urn:countersign:problem:misconfigured',
        ]);
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(answer.headers.get('x-request-id')).toBe(said.request_id);
        for (const key of Object.keys(GOOD)) expect(JSON.stringify(said)).not.toContain(key);
      }
      const line = await logged(log, /misconfigured/);
      for (const key of keys) expect(line).toContain(key);
      const others = Object.keys(GOOD).filter((key) => !keys.some((k) => k.includes(key)));
      for (const key of others.filter((k) => !(k in wrong))) expect(line).not.toContain(key);
      const secrets = Object.entries({ ...GOOD, ...wrong }).filter(
        ([k, v]) => v.length > 7 && !/BASE/.test(k),
      );
      for (const [, value] of secrets) expect(log.join('\n')).not.toContain(value);
    });
  });
});

describe('npm start', () => {
  it.each([
    ['producerKeys', (v: string) => `${v}@2020-01-01`, 'PRODUCER_KEYS holds a key past its date'],
    ['mediaKey', () => 'nothing-good', 'MEDIA_SIGNING_KEY must be id:base64 of 32 bytes'],
  ] as const)(
    'ends with exit code 1 and one line that names the key when its %s is bad',
    async (name, spoil, said) => {
      const dataDir = join(folder, name);
      await mkdir(dataDir);
      const secrets = await readStackSecrets(dataDir);
      const path = join(dataDir, 'secrets.json');
      const spoilt = { ...JSON.parse(await readFile(path, 'utf8')), [name]: spoil(secrets[name]) };
      await writeFile(path, JSON.stringify(spoilt));
      const [port = 0] = await freePorts(1);
      const stack = new StackProcess(dataDir, port);
      const members = await stack.members();
      expect(await stack.ended).toBe(1);
      await allGone(members);
      expect(stack.stdout).toEqual([]);
      expect(stack.stderr).toHaveLength(1);
      expect(stack.stderr[0]).toContain(said);
      expect(stack.stderr[0]).not.toContain(spoilt[name]);
    },
  );
});
