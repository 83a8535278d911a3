// Senders that hang up in the middle of a load, on workerd: a request shares its call to the database with others, and
// none of those may suffer from its going. What was cut off is stored whole or not at all.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { lostOf, postSigned, query, signedSignal, standingOf } from './signals.ts';

const ROUNDS = 25;
const TOGETHER = 24;

const folder = await mkdtemp(join(tmpdir(), 'countersign-senders-'));
const [port = 0] = await freePorts(1);
const vars = { RATE_LIMIT_SCALE: '100' };
const stack: Stack = await startStack({ dataDir: join(folder, 'data'), port, ticker: false, vars });
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

it('senders that hang up hold up nobody, and leave no half signal', async () => {
  const { dev } = stack;
  const acknowledged = new Map<string, string>();
  const cut = new Set<string>();
  let late = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = Array.from({ length: TOGETHER }, async (_, i) => {
      const signal = signedSignal(dev.producer);
      // Every third is gone after 0 to 9 ms: before its call, during it, or just too late to be cut off.
      const ended = i % 3 === 0 ? new AbortController() : undefined;
      if (ended) void sleep((round + i) % 10).then(() => ended.abort());
      try {
        const answer = await postSigned(dev.base_url, signal, ended?.signal);
        expect(answer.status, JSON.stringify(answer.body)).toBe(201);
        acknowledged.set(signal.externalId, String(answer.body['id']));
        if (ended) late += 1;
      } catch (e) {
        if (!ended?.signal.aborted) throw e;
        cut.add(signal.externalId);
      }
    });
    await Promise.all(sent);
  }
  // What was cut off last may still be on its way to the database.
  await sleep(500);
  const [stored] = await query<{ n: number }>(
    dev.database_url,
    'SELECT count(*)::int AS n FROM signals WHERE external_id = ANY($1)',
    [[...cut]],
  );
  console.log(
    `${acknowledged.size} acknowledged (${late} before they could hang up), ${cut.size} hung up, ${stored?.n} of those stored`,
  );
  expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * TOGETHER * (2 / 3));
  expect(cut.size).toBeGreaterThan(0);
  expect(stored?.n).toBeGreaterThan(0);
  expect(await lostOf(dev.database_url, acknowledged)).toEqual([]);
  expect(await standingOf(dev.database_url)).toMatchObject({ halves: 0, twice: 0, strays: 0 });
});
