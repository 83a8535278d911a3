// A history that is longer than one reply holds, at the simulated broker and its bridge: read page by page, the oldest
// first, and nothing is concluded from what has yet to come.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outbound } from '../../functions/platform/outbound.ts';
import { historyPage, PAGE_LIMITS, type PageLimits } from '../../infra/local/broker/history-page.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { freshMarkets, storeSignal } from '../support/organisation.ts';
import { PolledDesk } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const MINUTE_MS = 60_000;
const SMALL: PageLimits = { rows: 4, bytes: PAGE_LIMITS.bytes };
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

/** So many positions opened and closed, one after the other, and two that stay open. */
function traded(at: DeskAtSimulator, closed: number): void {
  const { login } = at.desk.account;
  const trade = (body: object) => at.control('/manual-trade', { login, ...body }) as { order?: string };
  const open = () => {
    at.deps.clock.advance(MINUTE_MS);
    at.host.engine.setClock(at.deps.clock.nowMs());
    trade({ symbol: 'XAUUSD', side: 'buy', volume: '0.1' });
    const { positions = [] } = at.book().accounts.find((a) => a.login === login) ?? {};
    return String(positions.at(-1)?.['ticket']);
  };
  for (let i = 0; i < closed; i += 1) {
    const ticket = open();
    at.deps.clock.advance(MINUTE_MS);
    at.host.engine.setClock(at.deps.clock.nowMs());
    trade({ close: ticket });
  }
  open();
  open();
}

/** An account that nobody has bound yet. */
const unbound = (at: DeskAtSimulator) =>
  t.sql(
    `UPDATE accounts SET server = NULL, login = NULL, currency = NULL, margin_mode = NULL, trade_mode = NULL,
       bound_at = NULL, snapshot_at = NULL WHERE id = $1`,
    [at.desk.account.id],
  );
const outcomes = async (at: DeskAtSimulator) =>
  (
    await t.sql('SELECT outcome FROM reconciliation_runs WHERE account_id = $1 ORDER BY started_at, id', [
      at.desk.account.id,
    ])
  ).map((r) => r['outcome']);
/** All that the books say of the account, by the broker's own keys. */
const books = async (at: DeskAtSimulator) => {
  const id = [at.desk.account.id];
  const [deals, trades, positions, divergences] = await Promise.all([
    t.sql('SELECT ticket, time, profit FROM broker_deals WHERE account_id = $1 ORDER BY time, ticket', id),
    t.sql('SELECT position_id, status, volume_open, net FROM trades WHERE account_id = $1 ORDER BY 1', id),
    t.sql('SELECT identifier, volume FROM positions WHERE account_id = $1 ORDER BY 1', id),
    t.sql('SELECT code, broker_key FROM divergences WHERE account_id = $1 ORDER BY 1, 2', id),
  ]);
  return { deals, trades, positions, divergences };
};
const snapshotsAsked = (at: DeskAtSimulator) => {
  const asked: { deals_from: string | null; deals_to: string | null }[] = [];
  const { outbound } = at.deps;
  at.deps.outbound = (request) => {
    const envelope = JSON.parse(request.body);
    if (envelope.kind === 'snapshot') asked.push(envelope);
    return outbound(request);
  };
  return asked;
};
const account = async (ask: Asking, at: DeskAtSimulator) => {
  const answer = await ask('GET', `/api/v1/accounts/${at.desk.account.id}`);
  return (await answer.json()) as {
    login: string | null;
    snapshot_at: string | null;
    connection: { state: string; last_outcome: string };
    entries: { taken: boolean; reason: string | null };
  };
};

describe('an account with a long history', () => {
  it('is bound by its first page and comes to the very books that one reply would have made', async () => {
    const whole = await DeskAtSimulator.make(t);
    traded(whole, 12);
    await unbound(whole);
    expect((await whole.reconcile()).outcome).toBe('applied');
    expect(await outcomes(whole)).toEqual(['applied']);
    const paged = await DeskAtSimulator.make(t, SMALL);
    traded(paged, 12);
    await unbound(paged);
    const asked = snapshotsAsked(paged);
    expect((await paged.reconcile()).outcome).toBe('applied');
    expect((await outcomes(paged)).toSorted()).toEqual(['applied', ...Array(6).fill('catching-up')]);
    expect(await books(paged)).toEqual(await books(whole));
    expect((await books(paged)).trades.filter((r) => r['status'] === 'open')).toHaveLength(2);
    const froms = asked.map((a) => a.deals_from);
    expect(froms[0]).toBeNull();
    expect(froms.slice(1)).toEqual([...new Set(froms.slice(1))].toSorted());
    // Then it asks as for any other account.
    expect((await paged.reconcile()).outcome).toBe('applied');
    expect(asked.at(-1)).toMatchObject({ deals_to: null });
    expect(await books(paged)).toEqual(await books(whole));
  });

  it('shows that it is being read, takes no entries, and goes on in the next run where this one ended', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    const ask = await askingAs(at, at.desk.userId, ['trading:act', 'trading:read']);
    traded(at, 30);
    await unbound(at);
    const asked = snapshotsAsked(at);
    expect((await at.reconcile()).outcome).toBe('catching-up');
    expect(asked).toHaveLength(10);
    expect(await account(ask, at)).toMatchObject({
      ...{ login: at.desk.account.login, snapshot_at: null },
      connection: { state: 'catching-up', last_outcome: 'catching-up' },
      entries: { taken: false, reason: 'catching-up' },
    });
    const { positions, trades, divergences } = await books(at);
    expect(positions).toEqual([]);
    expect(trades.length).toBeGreaterThan(10);
    expect(divergences, 'what was over before it was bound differs from nothing').toEqual([]);
    at.deps.clock.advance(MINUTE_MS);
    const last = asked.at(-1)?.deals_from ?? '';
    expect((await at.reconcile()).outcome).toBe('applied');
    expect((asked[10]?.deals_from ?? '') > last).toBe(true);
    expect(await account(ask, at)).toMatchObject({
      ...{
        connection: { state: 'connected', last_outcome: 'applied' },
        entries: { taken: true, reason: null },
      },
    });
    const found = await books(at);
    expect(found.trades.filter((r) => r['status'] === 'closed')).toHaveLength(30);
    expect(found.positions).toHaveLength(2);
    expect(new Set(found.divergences.map((d) => d['code']))).toEqual(new Set(['EXTERNAL_POSITION']));
  });

  it('that has fallen behind is read from where it was known, and what stood open then is not called gone', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    const { login } = at.desk.account;
    traded(at, 1);
    await at.reconcile();
    await at.reconcile();
    const before = await books(at);
    expect(before.positions).toHaveLength(2);
    at.deps.clock.advance(72 * 60 * MINUTE_MS);
    const [first] = before.positions;
    at.host.engine.setClock(at.deps.clock.nowMs());
    traded(at, 30);
    at.deps.clock.advance(MINUTE_MS);
    at.host.engine.setClock(at.deps.clock.nowMs());
    at.control('/manual-trade', { login, close: String(first?.['identifier']) });
    expect((await at.reconcile()).outcome).toBe('catching-up');
    const between = await books(at);
    expect(between.positions).toEqual(before.positions);
    expect(between.trades.filter((r) => r['status'] === 'closing_unconfirmed')).toEqual([]);
    expect((await at.reconcile()).outcome).toBe('applied');
    const after = await books(at);
    expect(after.positions).toHaveLength(3);
    expect(after.trades.filter((r) => r['status'] === 'closed')).toHaveLength(32);
    expect(after.divergences.map((d) => d['code'])).not.toContain('VOLUME_GAP');
  });

  it('loses nothing where the bridge falls silent between two pages', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    const { login } = at.desk.account;
    traded(at, 12);
    await unbound(at);
    const { outbound } = at.deps;
    let calls = 0;
    const silentFrom =
      (call: number): Outbound =>
      (request) => {
        calls += 1;
        return calls < call
          ? outbound(request)
          : Promise.resolve({ kind: 'failed', effect: 'unknown', word: 'blocked' });
      };
    at.deps.outbound = silentFrom(4);
    expect((await at.reconcile()).outcome).toBe('bridge-blocked');
    const [row] = await t.sql('SELECT history_until, login FROM accounts WHERE id = $1', [
      at.desk.account.id,
    ]);
    expect(row).toMatchObject({ login, history_until: expect.any(Date) });
    at.deps.outbound = outbound;
    const asked = snapshotsAsked(at);
    expect((await at.reconcile()).outcome).toBe('applied');
    expect(asked[0]?.deals_from).toBe((row?.['history_until'] as Date | undefined)?.toISOString());
    const { trades, positions } = await books(at);
    expect([trades.length, positions.length]).toEqual([14, 2]);
  });

  it('still has its closes sent meanwhile', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    await at.reconcile();
    await freshMarkets(at);
    expect((await at.approve()).command).toMatchObject({ state: 'done' });
    await at.reconcile();
    at.deps.clock.advance(72 * 60 * MINUTE_MS);
    at.host.engine.setClock(at.deps.clock.nowMs());
    traded(at, 30);
    expect((await at.reconcile()).outcome).toBe('catching-up');
    const close = await storeSignal(at, at.desk.producer.id, { intent: 'close', side: 'sell' });
    expect((await at.approve(close.id)).command).toMatchObject({ kind: 'close', state: 'done' });
  });
});

describe('a bridge whose page is too much', () => {
  it('is asked for shorter windows, from the oldest on, until one comes through', async () => {
    const at = await DeskAtSimulator.make(t);
    traded(at, 12);
    await unbound(at);
    const { outbound } = at.deps;
    const longest = 400 * 24 * 60 * MINUTE_MS;
    const windows: [string | null, string | null][] = [];
    at.deps.outbound = async (request) => {
      const { kind, deals_from: from, deals_to: to } = JSON.parse(request.body);
      if (kind !== 'snapshot') return outbound(request);
      windows.push([from, to]);
      const begin = from === null ? Date.UTC(2000, 0, 1) : Date.parse(from);
      const end = to === null ? at.deps.clock.nowMs() : Date.parse(to);
      return end - begin > longest
        ? { kind: 'failed', effect: 'unknown', word: 'too-large' }
        : outbound(request);
    };
    let runs = 0;
    for (let outcome = ''; outcome !== 'applied' && runs < 9; runs += 1)
      outcome = (await at.reconcile()).outcome;
    expect((await at.reconcile()).outcome).toBe('applied');
    expect(windows.slice(0, 2)).toEqual([
      [null, null],
      [null, expect.stringMatching(/^2013-/)],
    ]);
    const { trades, positions } = await books(at);
    expect([trades.length, positions.length]).toEqual([14, 2]);
  });

  it('that gives no page that ends later than it begins is refused, and not asked for ever', async () => {
    const at = await DeskAtBroker.make(t);
    at.answer({ deals: [at.opening()] });
    // The second time from the beginning: the deals do not add up to the balance.
    for (let i = 0; i < 2; i += 1) await at.run();
    const asked = at.bridge.received.length;
    at.bridge.script.snapshot = (e) => at.snapshot({ deals_to: e['deals_from'] });
    expect(await at.run()).toMatchObject({ outcome: 'snapshot-incomplete' });
    expect(at.bridge.received).toHaveLength(asked + 1);
  });
});

describe('a bridge that polls', () => {
  it('brings its pages one request after the other, at once, and is judged by the last', async () => {
    const desk = await PolledDesk.make(t, SMALL);
    const { at } = desk;
    traded(at, 12);
    await unbound(at);
    await desk.sync();
    const said: [string, number, string | null][] = [];
    for (let i = 0; i < 20 && said.at(-1)?.[0] !== 'applied'; i += 1) {
      await desk.sync();
      const { outcome, next_sync_ms, deals_from } = desk.last.said;
      said.push([outcome, next_sync_ms, deals_from]);
    }
    const pages = said.slice(0, -1);
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.every(([outcome, ms]) => outcome === 'catching-up' && ms === 1_000)).toBe(true);
    const froms = pages.map(([, , from]) => from);
    expect(froms).toEqual([...new Set(froms)].toSorted());
    const whole = await DeskAtSimulator.make(t);
    traded(whole, 12);
    await unbound(whole);
    await whole.reconcile();
    expect(await books(at)).toEqual(await books(whole));
  });
});

describe('more than ten thousand deals', () => {
  it('are read in pages of what one reply holds, and all of them are booked', async () => {
    const at = await DeskAtBroker.make(t);
    const beginMs = at.deps.clock.nowMs() - 20 * 24 * 60 * MINUTE_MS;
    const deals = Array.from({ length: 10_002 }, (_, i) => {
      const order = String(100_000 + i - (i % 2));
      const more = { ticket: String(200_000 + i), order, position_id: order, atMs: beginMs + i * MINUTE_MS };
      return at.opening(
        i % 2 === 0 ? more : { ...more, order: String(300_000 + i), type: 'sell', entry: 'out', profit: '1' },
      ) as Record<string, unknown> & { time: string };
    });
    at.bridge.script.snapshot = (e) => {
      const from = String(e['deals_from'] ?? '');
      const room = { limits: PAGE_LIMITS, restBytes: 2_000 };
      return at.snapshot({
        ...historyPage({ deals: deals.filter((d) => d.time >= from), history_orders: [] }, null, room),
      });
    };
    expect(await at.run()).toMatchObject({ outcome: 'applied' });
    expect(at.bridge.received.length).toBeGreaterThan(1);
    const [sums] = await t.sql(
      `SELECT count(*)::int AS trades, count(*) FILTER (WHERE status = 'closed')::int AS closed, sum(profit)::int AS profit,
         (SELECT count(*)::int FROM broker_deals d WHERE d.account_id = $1) AS deals FROM trades WHERE account_id = $1`,
      [at.desk.account.id],
    );
    expect(sums).toEqual({ trades: 5_001, closed: 5_001, profit: 5_001, deals: 10_002 });
  });
});
