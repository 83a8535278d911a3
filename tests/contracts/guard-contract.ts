// The guard of an account: who sees and sets it, who may close everything, and that what was closed stays so.
import { Big } from 'big.js';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, until } from './world.ts';

export function guardContract({ test, ...w }: Contract): void {
  const path = (t: Trader, what = '') => `/api/v1/accounts/${t.accountId}${what}`;
  const guardOf = (t: Trader): Promise<Json> => w.json(w.as(t.user.token, 'GET', path(t, '/guard')));
  const closeAll = (t: Trader, body?: Json): Promise<Json> =>
    w.json(w.as(t.user.token, 'POST', path(t, '/close-all'), body));
  const manual = (t: Trader, over: Json): Promise<Json> =>
    w.broker('/manual-trade', { login: t.login, ...over });
  const bought = async (t: Trader, volume = '0.2'): Promise<void> => {
    await manual(t, { symbol: 'EURUSD', side: 'buy', volume });
    await w.reconcile(t.user, t.accountId);
  };
  /** Looks at the account until the guard is there. */
  const untilPhase = (t: Trader, phase: string): Promise<Json> =>
    until(`the guard is ${phase}`, async () => {
      await w.reconcile(t.user, t.accountId);
      const guard = await guardOf(t);
      return guard.phase === phase ? guard : null;
    });
  const counter = async (key: string): Promise<number> => {
    const answer = await w.as(w.dev.tokens.owner, 'GET', '/metrics');
    return parsePrometheus(await answer.text()).samples.get(key) ?? 0;
  };
  const why = { reason: 'a contract test' };
  test('guards an account of which nobody has said anything, and shows how far every bound is', async () => {
    const t = await w.trader();
    await bought(t);
    const guard = await guardOf(t);
    expect(guard).toMatchObject({
      ...{ account_id: t.accountId, phase: 'armed', trip: null, shadow_phase: null },
      settings: { mode: 'armed', warn_bps: 1_500, trip_bps: 2_000, scope: 'all', warning_ms: 10_000 },
      distances: { floor: null, daily: [] },
      last_sample: { verdict: 'accepted' },
    });
    expect(Number(guard.distances.trip.to)).toBeGreaterThan(Number(guard.distances.warn.to));
    expect(guard.bound.ordinary_ms).toBeGreaterThan(guard.bound.hard_ms);
  });

  test('lets its user tighten the guard; to loosen it is for owner and admin', async () => {
    const t = await w.trader();
    const patch = (token: string, body: Json) => w.as(token, 'PATCH', path(t, '/guard'), body);
    const rule = {
      ...{ name: 'day', tz: 'Europe/Prague', reset: '00:00', base: 'balance' },
      amount: { kind: 'percent_of_initial', value: '5' },
    };
    const tighter = await w.json(patch(t.user.token, { trip_bps: 1_900, daily_rules: [rule] }));
    expect(tighter.settings).toMatchObject({ trip_bps: 1_900, daily_rules: [{ name: 'day' }] });
    expect(tighter.distances.daily).toMatchObject([{ name: 'day', breach_below: '95000' }]);
    for (const looser of [{ mode: 'off' }, { trip_bps: 1_901 }, { daily_rules: [] }, { scope: 'own' }])
      await w.refusal(patch(t.user.token, looser), 403, 'forbidden');
    await w.refusal(patch(w.dev.tokens.other, { trip_bps: 1_800 }), 403, 'forbidden');
    await w.refusal(patch(t.user.token, { trip_bps: 1_000 }), 422, 'invalid-body');
    await w.refusal(patch(w.dev.tokens.owner, { warning_ms: 60_001 }), 422, 'invalid-body');
    expect(
      (await w.json(patch(w.dev.tokens.admin, { mode: 'shadow', daily_rules: [] }))).settings,
    ).toMatchObject({
      ...{ mode: 'shadow', daily_rules: [], trip_bps: 1_900 },
    });
    const rows = `SELECT count(*) FROM audit_log WHERE action = 'guard.settings' AND subject_id = $1`;
    expect(await w.count(rows, t.accountId)).toBe(2);
  });

  test('closes everything for a person, halting first, once, and says what closed at which price', async () => {
    const t = await w.trader();
    await bought(t);
    const { ask } = await w.quote('EURUSD');
    const price = new Big(ask).times('0.98').round(5).toFixed();
    await manual(t, { place: 'buy_limit', symbol: 'EURUSD', price, volume: '0.1' });
    await w.reconcile(t.user, t.accountId);
    const key = 'positions_autoclosed_total{reason="person"}';
    const before = await counter(key);
    const trip = await closeAll(t, { reason: 'news' });
    expect(trip).toMatchObject({ cause: 'person', shadow: false, ended_at: null });
    expect((await closeAll(t)).trip_id, 'the same again').toBe(trip.trip_id);
    const account = await w.json(w.as(t.user.token, 'GET', path(t)));
    expect(account).toMatchObject({ halted: true, entries: { taken: false } });
    await untilPhase(t, 'armed');
    expect(await w.brokerAccount(t.login)).toMatchObject({ positions: [], orders: [] });
    const told = await w.json(w.as(t.user.token, 'GET', path(t, `/guard/trips/${trip.trip_id}`)));
    expect(told.ended_at).toEqual(expect.any(String));
    expect(told.explanation).toMatchObject({
      closed: [{ symbol: 'EURUSD', volume: '0.2', price: expect.any(String) }],
      cancelled: [{ symbol: 'EURUSD' }],
      standing: [],
    });
    const { items } = await w.json(w.as(t.user.token, 'GET', path(t, '/guard/trips')));
    expect(items.map((i: Json) => i.trip_id)).toEqual([trip.trip_id]);
    expect((await w.json(w.as(t.user.token, 'GET', path(t)))).halted).toBe(true);
    expect(await counter(key)).toBe(before + 1);
    const { journal } = await w.brokerState();
    const own = await w.rt.query('SELECT id FROM commands WHERE trip_id = $1', [trip.trip_id]);
    const executed = own.map(({ id }) => journal.find((j: Json) => j.cmd_id === id)?.executed ?? 0);
    expect(Math.max(0, ...executed), 'nothing twice').toBeLessThanOrEqual(1);
    // Its bridge is told to close as well, and whoever comes second finds nothing there.
    const { deals } = await w.brokerAccount(t.login);
    expect(deals.filter((d: Json) => d.entry === 'out').map((d: Json) => d.volume)).toEqual(['0.2']);
  });

  test('keeps who may not from closing, stopping and re-arming', async () => {
    const t = await w.trader();
    for (const what of ['/close-all', '/guard/stop', '/guard/rearm'])
      await w.refusal(w.as(w.dev.tokens.other, 'POST', path(t, what), why), 403, 'forbidden');
    for (const what of ['/guard/stop', '/guard/rearm'])
      await w.refusal(w.as(t.user.token, 'POST', path(t, what), why), 403, 'forbidden');
    await w.refusal(w.as(w.dev.tokens.admin, 'POST', path(t, '/guard/stop'), why), 403, 'forbidden');
    await w.refusal(w.owner('POST', path(t, '/guard/stop'), why), 409, 'conflict');
    await w.refusal(w.owner('POST', path(t, '/guard/rearm'), why), 409, 'conflict');
    await w.refusal(w.owner('POST', path(t, '/guard/rearm'), {}), 422, 'invalid-body');
  });

  test('closes by itself what falls through the floor, and stays latched until somebody above re-arms it', async () => {
    const t = await w.trader();
    const settings = { warning_ms: 0, floor_equity: '99000' };
    await w.json(w.as(t.user.token, 'PATCH', path(t, '/guard'), settings));
    await bought(t);
    expect((await guardOf(t)).distances.floor).toMatchObject({ below: '99000', reached: true });
    const key = 'drawdown_guard_triggers_total';
    const before = await counter(key);
    // The broker takes it for its own service, which is a loss and no flow.
    await w.broker('/charge', { login: t.login, amount: '-2000' });
    const latched = await until('the guard has closed everything', async () => {
      await w.broker('/tick', { symbol: 'EURUSD', steps: 1 });
      await w.reconcile(t.user, t.accountId);
      const guard = await guardOf(t);
      return guard.phase === 'flat_latched' ? guard : null;
    });
    expect(latched.trip).toMatchObject({ cause: 'floor', shadow: false, ended_at: null });
    expect((await w.brokerAccount(t.login)).positions).toEqual([]);
    expect(await counter(key)).toBeGreaterThan(before);
    const account = await w.json(w.as(t.user.token, 'GET', path(t)));
    expect(account.entries).toEqual({ taken: false, reason: 'guard-latched' });
    await w.refusal(w.as(t.user.token, 'PATCH', path(t, '/guard'), { trip_bps: 1_900 }), 409, 'conflict');
    const armed = await w.json(w.owner('POST', path(t, '/guard/rearm'), why));
    expect(armed).toMatchObject({ phase: 'armed', trip: null, drawdown_bps: 0 });
    await w.refusal(w.owner('POST', path(t, '/guard/rearm'), why), 409, 'conflict');
    const rows = `SELECT count(*) FROM audit_log WHERE action = 'guard.rearm' AND subject_id = $1`;
    expect(await w.count(rows, t.accountId)).toBe(1);
  });

  test('lets an owner stop a closing: what stands stays, and entries stay out', async () => {
    const t = await w.trader();
    await bought(t);
    await w.broker('/fault', { kind: 'reject:10018', login: t.login, times: 100 });
    const trip = await closeAll(t);
    const stopped = await w.json(w.owner('POST', path(t, '/guard/stop'), why));
    expect(stopped).toMatchObject({ phase: 'armed', trip: null });
    await w.reconcile(t.user, t.accountId);
    expect((await w.brokerAccount(t.login)).positions.length).toBe(1);
    expect((await w.json(w.as(t.user.token, 'GET', path(t)))).halted).toBe(true);
    const told = await w.json(w.as(t.user.token, 'GET', path(t, `/guard/trips/${trip.trip_id}`)));
    expect(told).toMatchObject({ end_reason: why.reason, flat_at: null, stopped_at: expect.any(String) });
  });

  test('lists what a guard would have done in an account’s own past, and does nothing', async () => {
    const t = await w.trader();
    await bought(t);
    await w.broker('/charge', { login: t.login, amount: '-3000' });
    await w.reconcile(t.user, t.accountId);
    const ask = (query: string) => w.as(t.user.token, 'GET', path(t, `/guard/backfill?${query}`));
    const found = await w.json(ask('warn_bps=100&trip_bps=200'));
    expect(found).toMatchObject({ basis: 'equity', trip_bps: 200 });
    expect(found.events.map((e: Json) => e.kind)).toContain('tripped');
    expect((await w.json(ask('trip_bps=9000'))).events).toEqual([]);
    await w.refusal(ask('trip_bps=100'), 422, 'invalid-query');
    expect((await guardOf(t)).trip).toBe(null);
  });
}
