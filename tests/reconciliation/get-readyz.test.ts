import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../functions/app.ts';
import { runTick } from '../../functions/jobs.ts';
import type { Deps } from '../../functions/platform/deps.ts';
import { countingCalls } from '../../functions/platform/upstream-calls.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
const app = createApp();
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  await runTick(deps, deps.clock.nowMs());
});
afterAll(() => t?.drop());

const ask = async (over: Partial<Deps> = {}, target = '/readyz') => {
  const door = { deps: { ...deps, ...over }, requestId: 'r', address: '192.0.2.1' };
  return app.fetch(new Request(`http://127.0.0.1${target}`), { door });
};

describe('readiness', () => {
  it('stands without Redis, and says so', async () => {
    const ready = { status: 'ready', last_tick_at: new Date(deps.clock.nowMs()).toISOString() };
    const up = await ask();
    expect([up.status, await up.json()]).toEqual([200, ready]);
    const down = await ask({ redisAnswers: async () => false });
    expect([down.status, await down.json()]).toEqual([200, { ...ready, degraded: ['redis'] }]);
  });

  it('stands while commands are frozen, and says so', async () => {
    await t.sql('UPDATE deployment SET epoch_behind_at = now(), epoch_behind_magic = 1');
    const frozen = await ask();
    expect([frozen.status, await frozen.json()]).toMatchObject([200, { degraded: ['epoch-behind'] }]);
    await t.sql('UPDATE deployment SET epoch_behind_at = NULL, epoch_behind_magic = NULL');
  });

  it('falls with the database, and with a schedule that has not ended a tick for 180 seconds', async () => {
    const gone = async () => {
      throw new Error('gone');
    };
    expect((await ask({ db: { run: gone, batch: gone } })).status).toBeGreaterThanOrEqual(500);
    deps.clock.advance(180_000);
    expect((await ask()).status).toBe(200);
    deps.clock.advance(1);
    expect((await ask({ redisAnswers: async () => false })).status).toBe(503);
  });
});

describe('the line of a request', () => {
  it('names how many calls that one request made, whatever others make at the time', async () => {
    deps.lines.length = 0;
    const none = () => ask(countingCalls(deps.db, deps.outbound), '/healthz');
    const one = () => ask(countingCalls(deps.db, deps.outbound), '/readyz');
    await Promise.all([one(), none(), one(), none(), one()]);
    const calls = deps.lines.map((line) => [line.name, line.database_calls, line.outbound_calls]);
    expect(calls.sort()).toEqual([
      ...Array.from({ length: 2 }, () => ['GET /healthz', 0, 0]),
      ...Array.from({ length: 3 }, () => ['GET /readyz', 1, 0]),
    ]);
  });
});
