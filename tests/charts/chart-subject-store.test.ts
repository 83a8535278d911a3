import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readAccountName,
  readSignalSubject,
  readTradeSubjects,
} from '../../functions/charts/chart-subject-store.ts';
import { listTrades } from '../../functions/ledger/trade-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { storeSignal } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
let other: DeskAtBroker;
let ids: Record<'closed' | 'open', string>;
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
  const idOf = async (status: string): Promise<string> =>
    (await listTrades(t.db, at.desk.userId, { status }, { page: 1, page_size: 9 })).items[0]?.id ?? '';
  ids = { closed: await idOf('closed'), open: await idOf('open') };
});
afterAll(() => t?.drop());

describe('what is shown', () => {
  it('of a signal are its levels, with candles through the asking user’s own account, if it follows', async () => {
    const signal = await storeSignal(at, at.desk.producer.id, {
      ...{ stop_loss: '2000', take_profit: '2100', timeframe: 'H4' },
    });
    expect(await readSignalSubject(t.db, signal.id, at.desk.userId)).toEqual({
      ...{ id: signal.id, mine: true, accountId: at.desk.account.id, bridgeId: at.desk.bridge.id },
      ...{ symbol: 'XAUUSD', instrument: 'XAUUSD', digits: 2, timeframe: 'H4', side: 'buy', entry: '2035.1' },
      ...{ stopLoss: '2000', takeProfit: '2100', fromMs: at.deps.clock.nowMs(), endMs: null, marks: [] },
    });
    expect(await readSignalSubject(t.db, signal.id, other.desk.userId)).toMatchObject({ mine: false });
    // One that follows it without an account of its own sees the owner's bars, and leaves that one's bridge alone.
    expect(await readSignalSubject(t.db, signal.id, other.desk.userId)).toMatchObject({
      ...{ accountId: at.desk.account.id, bridgeId: null },
    });
    expect(await readSignalSubject(t.db, at.deps.ids.next(), at.desk.userId)).toBeNull();
  });

  it('of a trade are its fills, the last with its reason, and of an open one its entry alone', async () => {
    const found = await readTradeSubjects(t.db, [ids.closed, ids.open, at.deps.ids.next()], at.desk.userId);
    expect([...found.keys()].sort()).toEqual([ids.closed, ids.open].sort());
    const atMs = at.deps.clock.nowMs();
    expect(found.get(ids.closed)).toMatchObject({
      ...{ mine: true, accountId: at.desk.account.id, userId: at.desk.userId, currency: 'USD', side: 'buy' },
      ...{ fromMs: atMs, endMs: atMs, net: '49.3', r: null, entry: '2035.1', instrument: 'XAUUSD' },
    });
    expect(found.get(ids.closed)?.marks).toEqual([
      { timeMs: atMs, side: 'buy', kind: 'entry', price: '2035.1' },
      { timeMs: atMs, side: 'sell', kind: 'exit', price: '2040.1', reason: 'tp' },
    ]);
    expect(found.get(ids.open)).toMatchObject({ endMs: null, side: 'sell', symbol: 'EURUSD' });
    expect(found.get(ids.open)?.marks.map((m) => `${m.kind} ${m.side}`)).toEqual(['entry sell']);
    const foreign = await readTradeSubjects(t.db, [ids.closed], other.desk.userId);
    expect(foreign.get(ids.closed)).toMatchObject({ mine: false, bridgeId: null });
    expect(found.get(ids.closed)).toMatchObject({ bridgeId: at.desk.bridge.id });
  });

  it('of an account is what it is called', async () => {
    expect(await readAccountName(t.db, at.desk.account.id)).toBe('An account');
    expect(await readAccountName(t.db, at.deps.ids.next())).toBeNull();
  });
});
