import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { GuardDesk } from './guard-desk.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

describe('POST /close-all', () => {
  it('halts first and closes everything, anybody’s, until nothing is left; the account stays halted', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    const limit = { place: 'buy_limit', symbol: 'XAUUSD', price: '2000', volume: '0.2' };
    d.exit.at.control('/manual-trade', { login: d.exit.login, ...limit });
    await d.look();
    expect((await d.call('stranger', 'POST', '/close-all'))[0]).toBe(403);
    const [status, trip] = await d.call('user', 'POST', '/close-all', { reason: 'news' });
    expect(status, JSON.stringify(trip)).toBe(200);
    expect(trip).toMatchObject({ cause: 'person', shadow: false, scope: 'all', flat_at: null });
    expect(await d.row()).toMatchObject({ halted: true, guard_phase: 'tripped' });
    const [again, same] = await d.call('admin', 'POST', '/close-all');
    expect([again, same['trip_id']], 'the same').toEqual([200, trip['trip_id']]);
    await d.looks(6);
    expect(d.exit.book()).toMatchObject({ positions: [], orders: [] });
    expect(await d.row()).toMatchObject({ halted: true, guard_phase: 'armed' });
    expect(await d.audits('account.close-all')).toBe(1);
    expect(await d.alerts('guard-tripped')).toHaveLength(1);
    const [, told] = await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`);
    expect(told['ended_at']).not.toBe(null);
    expect(told['explanation']).toMatchObject({
      closed: [{ symbol: 'XAUUSD', volume: '1', by: ['expert'] }],
      cancelled: [{ symbol: 'XAUUSD' }],
      standing: [],
    });
    expect(told['explanation']['summary'][0]).toContain('a person ordered it');
    expect(told['explanation']['interventions']).toMatchObject([{ kind: 'close-all', reason: 'news' }]);
    expect(told['explanation']['summary'].join(' ')).not.toContain('as well');
    const [, next] = await d.call('user', 'POST', '/close-all');
    expect(next['trip_id'], 'another time is another trip').not.toBe(trip['trip_id']);
  });

  it('tells of an order that somebody else took back while it closed, and of none from before', async () => {
    const d = await GuardDesk.make(t);
    const limit = { place: 'buy_limit', symbol: 'XAUUSD', price: '2000', volume: '0.2' };
    const place = () => d.exit.at.control('/manual-trade', { login: d.exit.login, ...limit });
    const takeBack = (ticket: string) =>
      d.exit.at.control('/manual-trade', { login: d.exit.login, cancel: ticket });
    for (const ask of [place, place]) ask();
    const [early = '', late = ''] = d.exit.book().orders.map((o) => o['ticket']);
    await d.look();
    takeBack(early);
    await d.looks(2);
    const [, trip] = await d.call('user', 'POST', '/close-all');
    takeBack(late);
    await d.looks(3);
    const [, told] = await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`);
    expect(told['explanation']['cancelled']).toEqual([{ order: late, symbol: 'XAUUSD' }]);
  });

  it('makes one trip, however many order it at once, and while the account is looked at', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    const calls = [0, 1, 2, 3].map(() => d.call('user', 'POST', '/close-all'));
    const answers = await Promise.all([...calls, d.exit.at.reconcile()]);
    const trips = answers.flatMap((a) => (Array.isArray(a) ? [[a[0], a[1]['trip_id']]] : []));
    expect(new Set(trips.map(String)).size).toBe(1);
    expect(trips[0]?.[0]).toBe(200);
    expect(await d.count('SELECT count(*) FROM guard_trips WHERE account_id = $1', d.accountId)).toBe(1);
    await d.looks(6);
    const { journal } = d.exit.at.book();
    expect(journal.map((j) => j.executed)).toEqual([1]);
  });

  it('takes out of a narrower scope what carries our number alone, and widens a closing that is under way', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    await d.exit.fault('reject:10018', { times: 3 });
    const [, own] = await d.call('user', 'POST', '/close-all', { scope: 'own' });
    expect(own['scope']).toBe('own');
    const [status, wide] = await d.call('user', 'POST', '/close-all', { scope: 'all' });
    expect([status, wide['scope'], wide['trip_id']]).toEqual([200, 'all', own['trip_id']]);
    const [, narrow] = await d.call('user', 'POST', '/close-all', { scope: 'own' });
    expect(narrow['scope'], 'it is never narrowed').toBe('all');
    expect(await d.audits('account.close-all')).toBe(2);
  });

  it('joins a closing that its guard began: the cause stays the first, and who joined is told with it', async () => {
    const d = await GuardDesk.make(t);
    await d.call('owner', 'PATCH', '/guard', { trip_bps: 200, warn_bps: 100 });
    d.buy('5');
    await d.look();
    for (let i = 1; i <= 6; i += 1) await d.look(2_034.9 - i);
    expect(await d.row()).toMatchObject({ guard_phase: 'warned' });
    const [status, trip] = await d.call('user', 'POST', '/close-all', { reason: 'no more waiting' });
    expect([status, trip['cause']]).toEqual([200, 'drawdown']);
    await d.looks(6);
    expect(d.exit.held()).toEqual([]);
    const [, told] = await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`);
    expect(told).toMatchObject({ cause: 'drawdown', flat_at: expect.any(String) });
    const by = { kind: 'close-all', by: d.userId, reason: 'no more waiting' };
    expect(told['explanation']['interventions']).toMatchObject([by]);
    expect(told['explanation']['summary'].join(' ')).toMatch(
      /^a unit fell .* A person ordered it as well at .*: no more waiting\./,
    );
    await d.call('owner', 'POST', '/guard/rearm', { reason: 'seen' });
    const [, later] = await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`);
    expect(later['explanation']['interventions'].map((one: Json) => [one['kind'], one['reason']])).toEqual([
      ['close-all', 'no more waiting'],
      ['rearm', 'seen'],
    ]);
  });

  it('leaves others’ positions where the scope is ours', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    await d.call('user', 'POST', '/close-all', { scope: 'own' });
    await d.looks(5);
    expect(d.exit.held()).toEqual(['1']);
    expect(await d.row()).toMatchObject({ halted: true, guard_phase: 'armed' });
  });

  it('ends a shadow’s trip for a real one', async () => {
    const d = await GuardDesk.make(t);
    await d.call('owner', 'PATCH', '/guard', { mode: 'shadow', trip_bps: 200, warn_bps: 100 });
    d.buy('5');
    await d.look();
    for (let i = 1; i <= 8; i += 1) await d.look(2_034.9 - i);
    const shadows = `SELECT count(*) FROM guard_trips WHERE account_id = $1 AND shadow`;
    expect(await d.count(shadows, d.accountId)).toBeGreaterThan(0);
    expect((await d.row())['guard_phase']).toBe('armed');
    expect(d.exit.held()).toEqual(['5']);
    await d.call('user', 'POST', '/close-all');
    expect(await d.count(`${shadows} AND ended_at IS NULL`, d.accountId)).toBe(0);
    await d.looks(6);
    expect(d.exit.held()).toEqual([]);
  });

  it('refuses an account that no bridge could close, and says what to do', async () => {
    const d = await GuardDesk.make(t);
    await t.sql(`UPDATE accounts SET login = NULL, server = NULL, bound_at = NULL WHERE id = $1`, [
      d.accountId,
    ]);
    const [status, problem] = await d.call('user', 'POST', '/close-all');
    expect([status, String(problem['detail'])]).toEqual([409, expect.stringContaining('terminal')]);
    expect(await d.audits('account.close-all')).toBe(0);
  });
});

describe('trips', () => {
  it('are listed newest first, and told to nobody else', async () => {
    const d = await GuardDesk.make(t);
    const trips = [];
    for (let i = 0; i < 2; i += 1) {
      trips.push((await d.call('user', 'POST', '/close-all'))[1]['trip_id']);
      await d.looks(4);
    }
    const [status, page] = await d.call('user', 'GET', '/guard/trips?page_size=1');
    expect([status, page['total'], page['items'][0]?.['trip_id']]).toEqual([200, 2, trips[1]]);
    const other = await GuardDesk.make(t);
    expect((await other.call('user', 'GET', `/guard/trips/${trips[0]}`))[0], 'of another account').toBe(404);
    expect((await d.call('stranger', 'GET', '/guard/trips'))[0]).toBe(403);
    expect((await d.call('user', 'GET', '/guard/trips/x'))[0]).toBe(404);
  });

  it('keep the samples that they were decided by, and what could not be closed and why', async () => {
    const d = await GuardDesk.make(t);
    d.buy('1');
    await d.look();
    await d.exit.fault('reject:10018', { times: 50 });
    const [, trip] = await d.call('user', 'POST', '/close-all');
    await d.looks(2);
    const [, told] = await d.call('user', 'GET', `/guard/trips/${trip['trip_id']}`);
    const { explanation } = told;
    expect(explanation['samples'].length).toBeGreaterThan(1);
    expect(explanation['standing']).toMatchObject([
      { kind: 'position', volume: '1', why: expect.stringContaining('market is closed') },
    ]);
  });
});

describe('GET /guard/backfill', () => {
  it('lists what the guard would have done by other settings, and changes nothing', async () => {
    const d = await GuardDesk.make(t);
    d.buy('5');
    await d.look();
    await d.moveTo(2_020);
    const rows = () =>
      d.count(`SELECT (SELECT count(*) FROM guard_trips) + (SELECT count(*) FROM audit_log) AS n`);
    const before = await rows();
    const [status, strict] = await d.call('user', 'GET', '/guard/backfill?trip_bps=500&warn_bps=300');
    expect(status, JSON.stringify(strict)).toBe(200);
    expect(strict).toMatchObject({ basis: 'equity', trip_bps: 500, warn_bps: 300 });
    expect(strict['events'].map((e: Json) => e['kind'])).toEqual(
      expect.arrayContaining(['warned', 'tripped']),
    );
    const [, mild] = await d.call('user', 'GET', '/guard/backfill');
    expect(mild).toMatchObject({ trip_bps: 2_000, events: [] });
    expect(mild['deepest_percent']).toBeGreaterThan(5);
    expect(await rows()).toBe(before);
  });

  it('refuses settings and spans that make no sense, naming them', async () => {
    const d = await GuardDesk.make(t);
    const pointer = async (query: string) =>
      (await d.call('user', 'GET', `/guard/backfill?${query}`))[1]['errors'][0]?.['pointer'];
    expect(await pointer('trip_bps=500')).toBe('/warn_bps');
    expect(await pointer('from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z')).toBe('/to');
    expect(await pointer('trip_bps=x')).toBe('/trip_bps');
    expect((await d.call('stranger', 'GET', '/guard/backfill'))[0]).toBe(403);
  });

  it('is empty of an account that nothing is known of', async () => {
    const d = await GuardDesk.make(t);
    await t.sql('DELETE FROM equity_points WHERE account_id = $1', [d.accountId]);
    const [status, body] = await d.call('user', 'GET', '/guard/backfill');
    expect([status, body['events'], body['deepest_at']]).toEqual([200, [], null]);
  });
});
