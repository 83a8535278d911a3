import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  insertChart,
  readChart,
  readSignalSubject,
  readTradeSubject,
} from '../../functions/charts/chart-store.ts';
import { listTrades } from '../../functions/ledger/trade-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { storeSignal } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
let other: DeskAtBroker;
/** Two desks; the first has one trade closed and one open. */
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
  other = await DeskAtBroker.make(t);
  const open = at.opening({ ticket: '20', order: '21', position_id: '21', symbol: 'EURUSD', type: 'sell' });
  const atMs = at.deps.clock.nowMs();
  at.answer({
    deals: [at.opening(), at.closing(), open],
    positions: [wirePosition({ identifier: '21', magic: '0', atMs, symbol: 'EURUSD', type: 'sell' })],
  });
  await at.run();
});
afterAll(() => t?.drop());
const page = { page: 1, page_size: 100 };

describe('charts', () => {
  it('are catalogued once, under whoever asked first', async () => {
    const entry = {
      digest: 'digest',
      userId: at.desk.userId,
      private: true,
      chart: { kind: 'candlestick' } as Parameters<typeof insertChart>[1]['chart'],
      alt: 'a chart',
      createdMs: at.deps.clock.nowMs(),
    };
    await Promise.all(Array.from({ length: 5 }, () => insertChart(t.db, entry)));
    await insertChart(t.db, { ...entry, userId: other.desk.userId, alt: 'another' });
    expect(await readChart(t.db, 'digest')).toEqual({ ...entry, revoked: false });
    await t.sql('UPDATE charts SET revoked_at = now()');
    expect(await readChart(t.db, 'digest')).toMatchObject({ revoked: true });
    expect(await readChart(t.db, 'none')).toBeNull();
  });

  it('show of a signal its levels, and candles through the asking user’s own account, if it follows', async () => {
    const signal = await storeSignal(at, at.desk.producer.id, { stop_loss: '2000', take_profit: '2100' });
    expect(await readSignalSubject(t.db, signal.id, at.desk.userId)).toEqual({
      userId: at.desk.userId,
      symbol: 'XAUUSD',
      mine: true,
      accountId: at.desk.account.id,
      bridgeId: at.desk.bridge.id,
      instrument: 'XAUUSD',
      digits: 2,
      side: 'buy',
      entry: '2035.10000000',
      stopLoss: '2000.00000000',
      takeProfit: '2100.00000000',
      marks: [],
    });
    expect(await readSignalSubject(t.db, signal.id, other.desk.userId)).toMatchObject({ mine: false });
    expect(await readSignalSubject(t.db, at.deps.ids.next(), at.desk.userId)).toBeNull();
  });

  it('show of a trade its fills, and of an open one its entry alone', async () => {
    const [closed] = (await listTrades(t.db, at.desk.userId, { status: 'closed' }, page)).items;
    const [open] = (await listTrades(t.db, at.desk.userId, { status: 'open' }, page)).items;
    const marks = async (id: string | undefined) =>
      (await readTradeSubject(t.db, id ?? '', at.desk.userId))?.marks.map((m) => `${m.kind} ${m.side}`);
    expect(await marks(closed?.id)).toEqual(['entry buy', 'exit sell']);
    expect(await marks(open?.id)).toEqual(['entry sell']);
    expect(await readTradeSubject(t.db, closed?.id ?? '', other.desk.userId)).toMatchObject({
      mine: false,
      accountId: at.desk.account.id,
    });
    expect(await readTradeSubject(t.db, at.deps.ids.next(), at.desk.userId)).toBeNull();
  });
});
