import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { GuardDesk } from './guard-desk.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

const why = { reason: 'a test' };

/** 5 lots of gold fall until the guard closes everything: 20 % of 100,000. */
async function tripped(d: GuardDesk): Promise<void> {
  d.buy('5');
  await d.look();
  await d.moveTo(1_990);
  for (let i = 0; i < 12 && (await d.row())['guard_phase'] !== 'tripped'; i += 1)
    await d.look(1_990 - i / 100);
  expect((await d.row())['guard_phase']).toBe('tripped');
}
async function latched(d: GuardDesk): Promise<void> {
  await tripped(d);
  await d.looks(6);
  expect((await d.row())['guard_phase']).toBe('flat_latched');
}

describe('GET /guard', () => {
  it('shows where the guard stands, by what it judges, within what time it closes and how far each bound is', async () => {
    const d = await GuardDesk.make(t);
    await d.call('owner', 'PATCH', '/guard', {
      floor_equity: '50000',
      daily_rules: [
        {
          ...{ name: 'day', tz: 'Europe/Prague', reset: '00:00', base: 'balance' },
          amount: { kind: 'percent_of_initial', value: '5' },
        },
      ],
    });
    d.buy('1');
    await d.look(2_034.9);
    const guard = await d.guard();
    expect(guard).toMatchObject({
      ...{ account_id: d.accountId, phase: 'armed', shadow_phase: null, trip: null },
      settings: { mode: 'armed', warn_bps: 1_500, trip_bps: 2_000, scope: 'all' },
      last_sample: { verdict: 'accepted' },
      bound: { lane: 'webhook' },
      distances: {
        floor: { below: '50000', reached: true },
        daily: [{ name: 'day', breach_below: '95000' }],
      },
    });
    const equity = Number(guard['equity']);
    expect(Number(guard['distances']['trip']['to'])).toBeCloseTo(equity - 80_000, 2);
    expect(Number(guard['distances']['warn']['to'])).toBeCloseTo(equity - 85_000, 2);
    expect(guard['distances']['daily'][0]?.['to_act']).toBe(String(equity - 96_000));
    expect(guard['market'].map((m: Json) => m['symbol'])).toContain('XAUUSD');
  });

  it('says why the last sample was not judged', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    await d.look(1_900);
    expect((await d.guard())['last_sample']['verdict']).toBe('price-jump');
  });

  it('says which bound holds where the bridge guards by itself', async () => {
    const d = await GuardDesk.make(t);
    await t.sql(`UPDATE accounts SET state = state || '{"bridge_guard":"idle"}' WHERE id = $1`, [
      d.accountId,
    ]);
    expect((await d.guard())['bound']).toEqual({
      ...{ lane: 'webhook', bridge_guards: true, hard_ms: 4_000, ordinary_ms: 45_000 },
    });
    await t.sql(`UPDATE accounts SET state = state - 'bridge_guard' WHERE id = $1`, [d.accountId]);
    expect((await d.guard())['bound']).toMatchObject({ bridge_guards: false, hard_ms: 35_000 });
  });
});

describe('PATCH /guard', () => {
  it('lets the user tighten, and owner and admin alone loosen, with who and what in the audit', async () => {
    const d = await GuardDesk.make(t);
    const before = Number((await d.row())['version']);
    const [status, guard] = await d.call('user', 'PATCH', '/guard', { trip_bps: 1_800, scope: 'all' });
    expect([status, guard['settings']['trip_bps']]).toEqual([200, 1_800]);
    expect((await d.row())['version'], 'a plan in the making is made again').toBeGreaterThan(before);
    for (const looser of [{ trip_bps: 1_801 }, { mode: 'off' }, { scope: 'own' }, { warning_ms: 20_000 }]) {
      const [refused, problem] = await d.call('user', 'PATCH', '/guard', looser);
      expect([refused, String(problem['detail'])]).toEqual([403, expect.stringContaining('loosen')]);
    }
    expect((await d.guard())['settings']).toMatchObject({ trip_bps: 1_800, mode: 'armed' });
    expect((await d.call('admin', 'PATCH', '/guard', { trip_bps: 2_500 }))[0]).toBe(200);
    expect((await d.call('owner', 'PATCH', '/guard', { mode: 'shadow' }))[0]).toBe(200);
    expect((await d.call('stranger', 'PATCH', '/guard', { trip_bps: 1_700 }))[0]).toBe(403);
    expect((await d.guard())['settings']).toMatchObject({ trip_bps: 2_500, mode: 'shadow', warn_bps: 1_500 });
    expect(await d.audits('guard.settings')).toBe(3);
    const [row] = await t.sql(
      `SELECT detail FROM audit_log WHERE action = 'guard.settings' AND detail->'loosens' ? 'trip_bps' AND subject_id = $1`,
      [d.accountId],
    );
    expect(row?.['detail']).toEqual({
      ...{ change: { trip_bps: 2_500 }, before: { trip_bps: 1_800 }, loosens: ['trip_bps'] },
    });
  });

  it('refuses what does not fit together, naming it, and stores nothing', async () => {
    const d = await GuardDesk.make(t);
    const [status, problem] = await d.call('user', 'PATCH', '/guard', { trip_bps: 1_400 });
    expect([status, problem['errors'][0]?.['pointer']]).toEqual([422, '/warn_bps']);
    for (const body of [{ warning_ms: 60_001 }, { trip_bps: 0 }, { more: 1 }, { floor_equity: '0' }])
      expect((await d.call('owner', 'PATCH', '/guard', body))[0], JSON.stringify(body)).toBe(422);
    expect(await d.audits('guard.settings')).toBe(0);
    expect((await d.call('user', 'PATCH', '/guard', {}))[0], 'nothing is no change').toBe(200);
    expect(await d.audits('guard.settings')).toBe(0);
  });

  it('waits until a closing is over', async () => {
    const d = await GuardDesk.make(t);
    await latched(d);
    const [status, problem] = await d.call('owner', 'PATCH', '/guard', { trip_bps: 3_000 });
    expect([status, String(problem['detail'])]).toEqual([409, expect.stringContaining('flat_latched')]);
    expect((await d.guard())['settings']['trip_bps']).toBe(2_000);
  });

  it('loses no change to another of the same moment', async () => {
    const d = await GuardDesk.make(t);
    const changes = [{ trip_bps: 1_900 }, { warn_bps: 1_200 }, { warning_ms: 5_000 }, { floor_equity: '1' }];
    const answers = await Promise.all(changes.map((c) => d.call('user', 'PATCH', '/guard', c)));
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 200]);
    expect((await d.guard())['settings']).toMatchObject(Object.assign({}, ...changes));
  });
});

describe('POST /guard/rearm', () => {
  it('opens the latch for owner and admin, flat, with a reason; the peak is then what a unit is worth', async () => {
    const d = await GuardDesk.make(t);
    expect((await d.call('admin', 'POST', '/guard/rearm', why))[0], 'nothing is latched').toBe(409);
    await latched(d);
    const trip = (await d.guard())['trip'];
    expect(trip).toMatchObject({ cause: 'drawdown', ended_at: null });
    expect((await d.call('user', 'POST', '/guard/rearm', why))[0]).toBe(403);
    for (const body of [{}, { reason: ' ' }])
      expect((await d.call('admin', 'POST', '/guard/rearm', body))[0]).toBe(422);
    const [status, guard] = await d.call('admin', 'POST', '/guard/rearm', why);
    expect(status, JSON.stringify(guard)).toBe(200);
    expect(guard).toMatchObject({ phase: 'armed', trip: null, drawdown_bps: 0, nav: '1', peak: '1' });
    const [ended] = (await d.call('user', 'GET', '/guard/trips'))[1]['items'];
    expect(ended).toMatchObject({ trip_id: trip['trip_id'], end_reason: 'a test' });
    expect(ended?.['ended_by']).not.toBe(d.userId);
    expect(await d.audits('guard.rearm')).toBe(1);
    expect(await d.alerts('guard-rearmed')).toMatchObject([{ detail: { reason: 'a test' } }]);
    expect((await d.call('admin', 'POST', '/guard/rearm', why))[0], 'once').toBe(409);
    await d.looks(2);
    expect((await d.row())['guard_phase'], 'and it stays armed').toBe('armed');
  });

  it('waits until nothing is left in its scope', async () => {
    const d = await GuardDesk.make(t);
    await latched(d);
    d.buy('0.1');
    await d.look();
    const [status, problem] = await d.call('owner', 'POST', '/guard/rearm', why);
    expect([status, String(problem['detail'])]).toEqual([409, expect.stringContaining('tripped')]);
    await d.looks(5);
    expect((await d.call('owner', 'POST', '/guard/rearm', why))[0]).toBe(200);
  });

  it('happens once of several at a time, also while the account is looked at', async () => {
    const d = await GuardDesk.make(t);
    await latched(d);
    const [first, second] = await Promise.all([
      d.call('admin', 'POST', '/guard/rearm', why),
      d.call('owner', 'POST', '/guard/rearm', why),
      d.exit.at.reconcile(),
    ]);
    expect([first?.[0], second?.[0]].sort()).toEqual([200, 409]);
    expect(await d.audits('guard.rearm')).toBe(1);
  });
});

describe('POST /guard/stop', () => {
  it('is for an owner alone: nothing more is sent, what stands stays, and the latch too', async () => {
    const d = await GuardDesk.make(t);
    expect((await d.call('owner', 'POST', '/guard/stop', why))[0], 'nothing to stop').toBe(409);
    await d.exit.fault('reject:10018', { times: 50 });
    await tripped(d);
    await d.look();
    expect(
      await d.count(
        `SELECT count(*) FROM commands WHERE trip_id IS NOT NULL AND state = 'created'
      AND account_id = $1`,
        d.accountId,
      ),
    ).toBe(1);
    for (const who of ['user', 'admin'] as const)
      expect((await d.call(who, 'POST', '/guard/stop', why))[0]).toBe(403);
    const [status, guard] = await d.call('owner', 'POST', '/guard/stop', why);
    expect(status, JSON.stringify(guard)).toBe(200);
    expect(guard).toMatchObject({ phase: 'flat_latched', trip: { ended_at: null } });
    expect(guard['trip']['stopped_at']).not.toBe(null);
    const waiting = `SELECT count(*) FROM commands WHERE trip_id IS NOT NULL AND state = 'created' AND account_id = $1`;
    expect(await d.count(waiting, d.accountId), 'at once').toBe(0);
    await d.exit.at.control('/fault', { kind: 'reject:10018', login: d.exit.login, times: 0 });
    await d.looks(4);
    expect(d.exit.held()).toEqual(['5']);
    const left = await t.sql(
      `SELECT DISTINCT reason FROM commands WHERE trip_id IS NOT NULL AND account_id = $1`,
      [d.accountId],
    );
    expect(left).toEqual([{ reason: 'liquidation-stopped' }]);
    expect(await d.alerts('guard-stopped')).toHaveLength(1);
    expect(await d.audits('guard.stop')).toBe(1);
    const [refused, problem] = await d.call('owner', 'POST', '/guard/rearm', why);
    expect([refused, String(problem['detail'])]).toEqual([409, expect.stringContaining('1 positions')]);
  });

  it('ends a closing that a person ordered: the account stays halted', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    await d.exit.fault('reject:10018', { times: 50 });
    const [, trip] = await d.call('user', 'POST', '/close-all');
    const [status, guard] = await d.call('owner', 'POST', '/guard/stop', why);
    expect([status, guard['phase'], guard['trip']]).toEqual([200, 'armed', null]);
    expect((await d.row())['halted']).toBe(true);
    expect((await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`))[1]).toMatchObject({
      ...{ cause: 'person', end_reason: 'a test' },
    });
  });
});
