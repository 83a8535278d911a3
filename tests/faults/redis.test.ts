// Redis refuses, hangs, fails or talks nonsense: signals are accepted all the same, and nobody waits for it.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { type Answer, sendSignal, tracesOf, whole } from './signals.ts';

const SIGNALS = 60;
const CALLERS = 4;

type Illness = 'well' | 'refused' | 'hanging' | 'failing' | 'garbage' | 'wrong shape' | 'hanging up';

const folder = await mkdtemp(join(tmpdir(), 'countersign-redis-'));
const [port = 0, redisPort = 0] = await freePorts(2);
const p50 = new Map<Illness, number>();
let illness: Illness = 'well';
let asked = 0;
let redis: LoopbackServer | undefined;
let stack: Stack;

function answer(response: ServerResponse, body: string): void {
  asked += 1;
  switch (illness) {
    case 'refused':
    case 'hanging':
      return;
    case 'hanging up':
      response.destroy();
      return;
    case 'failing':
      response.writeHead(500).end('{"error":"ERR it is broken"}');
      return;
    case 'garbage':
      response.end('<html>no JSON at all');
      return;
    case 'wrong shape':
      response.end('{"result":{"limit":"none"}}');
      return;
    case 'well':
      void relay(response, body);
  }
}

async function relay(response: ServerResponse, body: string): Promise<void> {
  const { url, token } = stack.dev.redis;
  const said = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
  response.writeHead(said.status).end(await said.text());
}

const ill: Server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (c: Buffer) => chunks.push(c));
  request.on('end', () => answer(response, Buffer.concat(chunks).toString()));
});

beforeAll(async () => {
  stack = await startStack({
    dataDir: join(folder, 'data'),
    port,
    ticker: false,
    vars: { UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${redisPort}` },
  });
});

afterAll(async () => {
  await stack.stop();
  await redis?.stop();
  console.info(
    `p50 of a signal in ms: ${[...p50].map(([what, ms]) => `${what} ${ms.toFixed(1)}`).join(', ')}`,
  );
  await rm(folder, { recursive: true, force: true });
});

async function under(now: Illness): Promise<Answer[]> {
  illness = now;
  await redis?.stop();
  redis = now === 'refused' ? undefined : await listenLoopback(ill, redisPort);
  asked = 0;
  const answers: Answer[] = [];
  let left = SIGNALS;
  const call = async () => {
    while (left > 0) {
      left -= 1;
      answers.push(await sendSignal(stack.dev));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  p50.set(now, answers.map((a) => a.tookMs).sort((a, b) => a - b)[SIGNALS / 2] ?? 0);
  return answers;
}

describe('every signal is accepted, stored and announced while Redis is', () => {
  it.each<Illness>(['well', 'refused', 'hanging', 'failing', 'garbage', 'wrong shape', 'hanging up', 'well'])(
    '%s',
    async (now) => {
      const answers = await under(now);
      expect(answers.map((a) => a.status)).toEqual(Array(SIGNALS).fill(201));
      const ids = answers.map((a) => String(a.body.id));
      expect(await tracesOf(stack.dev.database_url, ids)).toEqual(ids.map(whole));
      if (now !== 'refused') expect(asked, 'the Worker did ask this Redis').toBeGreaterThan(0);
    },
  );

  it('away, and readyz says 200', async () => {
    await under('refused');
    const answer = await fetch(`${stack.dev.base_url}/readyz`);
    expect(answer.status).toBe(200);
  });
});
