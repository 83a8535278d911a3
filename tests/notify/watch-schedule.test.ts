import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createScheduleWatch } from '../../functions/notify/watch-schedule.ts';
import { claimTick, finishTick } from '../../functions/reconciliation/reconciliation-store.ts';
import { callApp } from '../support/app-call.ts';
import { makeUser } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { AlertStage } from './alert-stage.ts';

let s: AlertStage;
beforeAll(async () => {
  s = await AlertStage.start();
});
afterAll(() => s?.stop());
beforeEach(async () => {
  await s.reset();
  await s.t.sql('TRUNCATE schedule_ticks');
  await tick(START_MS);
});

async function tick(atMs: number): Promise<void> {
  await claimTick(s.t.db, atMs, atMs);
  await finishTick(s.t.db, atMs, atMs);
}
/** A request of an isolate of its own. */
async function notice(times = 1, watch = createScheduleWatch()): Promise<void> {
  for (let i = 0; i < times; i += 1) watch(s.deps);
  await s.deps.settle();
}
const alerts = () => s.t.sql('SELECT kind, detail FROM alerts');

describe('a schedule whose last tick is three minutes old', () => {
  it('is not dead yet; a moment later it is, and whoever notices tells it himself', async () => {
    await s.destination({ channel: 'telegram' });
    s.deps.clock.advance(180_000);
    await notice();
    expect(await alerts()).toEqual([]);
    s.deps.clock.advance(1);
    await notice();
    expect(await alerts()).toEqual([
      { kind: 'schedule-dead', detail: { last_tick: '2026-03-02T10:00:00Z' } },
    ]);
    expect(await s.messages(), 'without queue or sweep').toMatchObject([
      { text: expect.stringContaining('The schedule has stopped') },
    ]);
  });

  it('is told once for the outage, by however many isolates it is noticed, and again for the next', async () => {
    await s.destination();
    s.deps.clock.advance(200_000);
    await Promise.all(Array.from({ length: 10 }, () => notice()));
    expect(s.received).toHaveLength(1);
    s.deps.clock.advance(3_600_000);
    await notice();
    expect(s.received).toHaveLength(1);
    await tick(START_MS + 4_000_000);
    s.deps.clock.set(START_MS + 4_200_000);
    await notice();
    expect(s.received).toHaveLength(2);
  });

  it('is told also where the queue refuses', async () => {
    await s.destination();
    s.deps.queue = { send: async () => Promise.reject(new Error('the queue is gone')) };
    s.deps.clock.advance(200_000);
    await notice();
    expect(s.received).toHaveLength(1);
  });

  it('whose destination fails is told by the queue', async () => {
    await s.destination();
    s.answer = (r) => r.writeHead(404).end();
    s.deps.clock.advance(200_000);
    await notice();
    expect(s.received, 'once by the one who noticed').toHaveLength(1);
    expect(s.deps.delayed).toMatchObject([{ kind: 'outbox' }]);
    s.deps.sent.push(...s.deps.delayed);
    s.answer = (r) => r.end();
    s.deps.clock.advance(60_000);
    expect(await s.deps.drain()).toEqual([]);
    expect(s.received).toHaveLength(2);
  });
});

describe('the watch', () => {
  it('looks once in ten seconds', async () => {
    const watch = createScheduleWatch();
    await notice(1, watch);
    s.deps.clock.advance(200_000);
    const { db } = s.deps;
    let looked = 0;
    const run: typeof db.run = (statement) => {
      looked += 1;
      return db.run(statement);
    };
    s.deps.db = { ...db, run };
    await notice(1, watch);
    const first = looked;
    expect(first).toBeGreaterThan(0);
    s.deps.clock.advance(9_999);
    await notice(50, watch);
    expect(looked).toBe(first);
    s.deps.clock.advance(1);
    await notice(50, watch);
    expect(looked).toBe(first + 1);
  });

  it('looks when the clock was set back', async () => {
    const watch = createScheduleWatch();
    s.deps.clock.advance(86_400_000);
    watch({ ...s.deps, after: () => {} });
    s.deps.clock.advance(-86_400_000 + 200_000);
    await notice(1, watch);
    expect(await alerts()).toHaveLength(1);
  });

  it('never fails who it is called by', async () => {
    s.deps.db = {
      run: async () => {
        throw new Error('the database is gone');
      },
      batch: async () => [],
    };
    s.deps.clock.advance(200_000);
    await expect(notice()).resolves.toBeUndefined();
    expect(s.deps.lines).toMatchObject([{ name: 'schedule watch', outcome: 'failed' }]);
  });

  it('of a duty without the keys of alerts does nothing', async () => {
    const { ALERT_KEYS: _, ...config } = s.deps.config;
    s.deps.config = config;
    s.deps.clock.advance(200_000);
    await notice();
    expect(await alerts()).toEqual([]);
  });

  it.each([
    ['readyz', '/readyz', {}],
    ['ingest', '/api/v1/signals', { method: 'POST', body: '{}' }],
  ])('is called by %s', async (_name, path, init) => {
    // The one application of this process looks once in ten seconds of its own clock.
    s.deps.clock.set(START_MS + 86_400_000 * (path.length + 1));
    await callApp(s.deps, path, init);
    expect(await alerts()).toHaveLength(1);
  });

  it('of a deployment that never ticked counts from its first user', async () => {
    await s.t.sql('TRUNCATE schedule_ticks');
    await makeUser(s);
    await notice();
    expect(await alerts()).toEqual([]);
    s.deps.clock.advance(180_001);
    await notice();
    expect(await alerts()).toHaveLength(1);
  });
});
