import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Snapshot, snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { listDivergences } from '../../functions/reconciliation/divergence-store.ts';
import { reconcile } from '../../functions/reconciliation/reconcile.ts';
import {
  applyPlan,
  claimTick,
  finishTick,
  listRuns,
  readReadiness,
  readReconcileState,
  recordRefusedRun,
} from '../../functions/reconciliation/reconciliation-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { makeUser, SPECIFICATION } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

const nowMs = () => at.deps.clock.nowMs();
const newRun = () => ({ id: at.deps.ids.next(), startedMs: nowMs(), finishedMs: nowMs() + 5 });
let seq = 0;
function parsed(change: Parameters<typeof at.snapshot>[0] = {}): Snapshot {
  seq += 1;
  const common = { v: 1, kind: 'snapshot', request_id: 'r', boot_id: 'boot-1', seq };
  return snapshotReply.parse({ ...common, ...at.snapshot(change) });
}
async function planned(snapshot: Snapshot) {
  const read = await readReconcileState(t.db, at.desk.account.id, snapshot);
  if (read === null) throw new Error('no account');
  return { account: read.account, plan: reconcile(read.state, snapshot) };
}
async function apply(snapshot: Snapshot): Promise<boolean> {
  const { account, plan } = await planned(snapshot);
  return applyPlan(t.db, account, snapshot, plan, newRun());
}
const filled = () =>
  parsed({
    deals: [at.opening()],
    positions: [wirePosition({ identifier: '7', magic: '0', atMs: nowMs() })],
    history_orders: [
      {
        ticket: '7',
        time_setup: new Date(nowMs()).toISOString(),
        type: 'buy',
        state: 'filled',
        magic: '0',
        position_id: '7',
        volume_initial: '0.10',
        volume_current: '0',
        price_open: '0',
        symbol: 'XAUUSD',
        comment: '',
      },
    ],
  });

describe('applying a plan', () => {
  it('of 20 that were made from the same state stores one, whole, and of the others nothing, not even a run', async () => {
    const snapshot = filled();
    const { account, plan } = await planned(snapshot);
    const ends = await Promise.all(
      Array.from({ length: 20 }, () => applyPlan(t.db, account, snapshot, plan, newRun())),
    );
    expect(ends.filter(Boolean).length).toBe(1);
    expect((await at.account())?.['version']).toBe(1);
    expect(await at.outcomes()).toEqual(['applied']);
    expect(await at.books()).toMatchObject({ deals: [{}], orders: [{}], trades: [{}], positions: [{}] });
  });

  it('from a state that is no longer so changes nothing at all', async () => {
    const before = filled();
    const { account, plan } = await planned(before);
    await apply(parsed());
    const [books, stored] = [await at.books(), await at.account()];
    expect(await applyPlan(t.db, account, before, plan, newRun())).toBe(false);
    expect(await at.books()).toEqual(books);
    expect(await at.account()).toEqual(stored);
  });

  it('leaves facts as they were seen, and puts what the broker says otherwise now beside them', async () => {
    await apply(filled());
    const facts = () =>
      t.sql(
        `SELECT revision, price::float AS price, comment, recorded_at FROM broker_deals WHERE account_id = $1
         ORDER BY revision`,
        [at.desk.account.id],
      );
    const first = await facts();
    at.deps.clock.advance(1_000);
    await apply(parsed({ deals: [at.opening({ comment: 'rewritten' })] }));
    expect(await facts(), 'a comment is no figure').toEqual(first);
    await apply(parsed({ deals: [at.opening({ price: '1.00', comment: 'rewritten' })] }));
    await apply(parsed({ deals: [at.opening()] }));
    expect(await facts()).toEqual([
      ...first,
      { revision: 1, price: 1, comment: 'rewritten', recorded_at: new Date(nowMs() + 5) },
    ]);
    expect((await at.books())['trades']).toMatchObject([{ row: { entry_price: 1 } }]);
  });

  it('takes the positions of the snapshot for all there are, and keeps a stop that it no longer names on its trade', async () => {
    await apply(
      parsed({
        deals: [at.opening()],
        positions: [wirePosition({ identifier: '7', magic: '0', atMs: nowMs(), sl: '2000', tp: '2100' })],
      }),
    );
    await apply(parsed());
    const { positions, trades } = await at.books();
    expect(positions).toEqual([]);
    expect(trades).toMatchObject([
      { row: { stop_loss: 2000, take_profit: 2100, status: 'closing_unconfirmed' } },
    ]);
  });

  it('reads no state of an account that is not there, and asks for every deal of a trade that is open', async () => {
    await apply(filled());
    expect(await readReconcileState(t.db, at.deps.ids.next(), parsed())).toBeNull();
    const read = await readReconcileState(t.db, at.desk.account.id, parsed());
    expect(read?.state.deals).toMatchObject([
      { ticket: '8', positionId: '7', price: '2035.1', volume: '0.1' },
    ]);
  });
});

describe('runs and divergences', () => {
  const page = { page: 1, page_size: 100 };

  it('are listed to the account’s user, newest first, and to those who read everything', async () => {
    await apply(filled());
    at.deps.clock.advance(1_000);
    await recordRefusedRun(t.db, at.desk.account.id, 'snapshot-stale', newRun());
    const runs = (await listRuns(t.db, at.desk.userId, page)).items;
    expect(runs).toMatchObject([
      {
        outcome: 'snapshot-stale',
        newDeals: 0,
        events: [{ code: 'SNAPSHOT_STALE', broker_key: 'snapshot' }],
      },
      {
        ...{ outcome: 'applied', newDeals: 1 },
        events: expect.arrayContaining([{ code: 'EXTERNAL_POSITION', broker_key: '7' }]),
      },
    ]);
    const divergences = (await listDivergences(t.db, at.desk.userId, page)).items;
    expect(divergences).toContainEqual(
      expect.objectContaining({ code: 'EXTERNAL_POSITION', brokerKey: '7', status: 'open' }),
    );
    const stranger = await makeUser(at);
    expect((await listRuns(t.db, stranger, page)).items).toEqual([]);
    expect((await listDivergences(t.db, stranger, page)).items).toEqual([]);
    const all = (await listRuns(t.db, null, page)).items.map((r) => r.id);
    expect(all).toEqual(expect.arrayContaining(runs.map((r) => r.id)));
  });
});

describe('the schedule’s minutes', () => {
  it('are claimed once, under 40 at once, and finished with the moment of the end', async () => {
    const minute = Date.parse('2026-05-01T00:00:00Z');
    const ends = await Promise.all(Array.from({ length: 40 }, () => claimTick(t.db, minute, minute + 1)));
    expect(ends.filter(Boolean).length).toBe(1);
    expect((await readReadiness(t.db)).lastTickMs).toBeNull();
    await finishTick(t.db, minute, minute + 2);
    expect((await readReadiness(t.db)).lastTickMs).toBe(minute + 2);
  });
});

describe('the symbols of a snapshot', () => {
  const spec = (symbol: string, more: Record<string, unknown> = {}) => ({
    ...{ ...SPECIFICATION, symbol, time: new Date(nowMs()).toISOString(), ...more },
  });
  const working = (ticket: string, type: string, volume_current: string) => ({
    ...{ ticket, time_setup: new Date(nowMs()).toISOString(), type, state: 'placed', magic: '0' },
    ...{
      position_id: '0',
      volume_initial: '9',
      volume_current,
      price_open: '1',
      symbol: 'GOLD.m',
      comment: '',
    },
  });
  const stored = () =>
    t.sql(
      `SELECT symbol, spec->>'volume_step' AS step, pending_buy::float AS buy, pending_sell::float AS sell
       FROM account_symbols WHERE account_id = $1 ORDER BY symbol`,
      [at.desk.account.id],
    );

  it('are kept for our instruments, by this broker’s names, with the lots of working orders; no others are', async () => {
    await t.sql(`UPDATE accounts SET symbols = '{"XAUUSD": "GOLD.m"}' WHERE id = $1`, [at.desk.account.id]);
    await t.sql('DELETE FROM account_symbols WHERE account_id = $1', [at.desk.account.id]);
    const symbols = [spec('GOLD.m', { volume_step: '0.1' }), spec('XAUUSD'), spec('EURUSD'), spec('US500')];
    const orders = [
      working('1', 'buy_limit', '1.5'),
      working('2', 'sell_stop', '2'),
      working('3', 'buy', '1'),
    ];
    expect(await apply(parsed({ symbols, orders }))).toBe(true);
    const found = await stored();
    expect(found).toEqual([
      { symbol: 'EURUSD', step: '0.01', buy: 0, sell: 0 },
      { symbol: 'GOLD.m', step: '0.1', buy: 2.5, sell: 2 },
    ]);
    expect((await at.account())?.['state']).toMatchObject({ orders: '3' });
    expect(await apply(parsed({ symbols: [spec('GOLD.m', { volume_step: '0.5' })] }))).toBe(true);
    expect(await stored()).toEqual([found[0], { symbol: 'GOLD.m', step: '0.5', buy: 0, sell: 0 }]);
  });
});

describe('a close', () => {
  it('is never taken for the command that opened the position it names', async () => {
    expect(await apply(filled())).toBe(true);
    const opened = await t.sql('SELECT command_id, source FROM trades WHERE account_id = $1', [
      at.desk.account.id,
    ]);
    await t.sql(
      `INSERT INTO commands (id, account_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at,
         negative_lookups, position_id, created_at, updated_at)
       VALUES ($1, $2, 'close', 'XAUUSD', '{}', 99, 'cs', 0, 'done', now(), 0, '7', now(), now())`,
      [at.deps.ids.next(), at.desk.account.id],
    );
    expect(await apply(filled())).toBe(true);
    expect(opened).toEqual([{ command_id: null, source: 'manual' }]);
    expect(
      await t.sql('SELECT command_id, source FROM trades WHERE account_id = $1', [at.desk.account.id]),
    ).toEqual(opened);
  });
});
