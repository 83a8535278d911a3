import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPositions, listTrades, readTrade } from '../../functions/ledger/trade-store.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { makeUser } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
let other: DeskAtBroker;
/** Two desks; the first has one trade closed and one open, the second one open. */
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtBroker.make(t);
  other = await DeskAtBroker.make(t);
  const open = at.opening({ ticket: '20', order: '21', position_id: '21', symbol: 'EURUSD', type: 'sell' });
  at.answer({
    deals: [at.opening(), at.closing(), open],
    positions: [
      wirePosition({
        identifier: '21',
        magic: '0',
        atMs: at.deps.clock.nowMs(),
        symbol: 'EURUSD',
        type: 'sell',
      }),
    ],
  });
  other.answer({
    deals: [other.opening()],
    positions: [wirePosition({ identifier: '7', magic: '0', atMs: at.deps.clock.nowMs() })],
  });
  await at.run();
  await other.run();
});
afterAll(() => t?.drop());
const page = { page: 1, page_size: 100 };

describe('trades', () => {
  const list = async (filter: Parameters<typeof listTrades>[2], userId: string | null = at.desk.userId) =>
    (await listTrades(t.db, userId, filter, page)).items.map((x) => `${x.instrument} ${x.status}`).sort();

  it('are listed to the account’s user, by instrument, status, source and account', async () => {
    expect(await list({})).toEqual(['EURUSD open', 'XAUUSD closed']);
    expect(await list({ instrument: 'EURUSD' })).toEqual(['EURUSD open']);
    expect(await list({ status: 'closed' })).toEqual(['XAUUSD closed']);
    expect(await list({ source: 'bot' })).toEqual([]);
    expect(await list({ source: 'manual' })).toEqual(['EURUSD open', 'XAUUSD closed']);
    expect(await list({ account: other.desk.account.id })).toEqual([]);
    expect(await list({}, null)).toEqual(['EURUSD open', 'XAUUSD closed', 'XAUUSD open']);
    expect(await list({}, await makeUser(at))).toEqual([]);
  });

  it('are read one by one, decimals without trailing zeros', async () => {
    const [closed] = (await listTrades(t.db, at.desk.userId, { status: 'closed' }, page)).items;
    expect(await readTrade(t.db, closed?.id ?? '')).toEqual(closed);
    expect(closed).toMatchObject({
      userId: at.desk.userId,
      positionId: '7',
      source: 'manual',
      volume: '0.1',
      volumeOpen: '0',
      entryPrice: '2035.1',
      exitPrice: '2040.1',
      profit: '50',
      commission: '-0.7',
      net: '49.3',
      openedMs: at.deps.clock.nowMs(),
      closedMs: at.deps.clock.nowMs(),
      exitReason: 'tp',
    });
    expect(await readTrade(t.db, at.deps.ids.next())).toBeNull();
  });
});

describe('positions', () => {
  it('are those of the user’s own accounts, or of all', async () => {
    const of = async (userId: string | null) =>
      (await listPositions(t.db, userId)).map((p) => p.identifier).sort();
    expect(await of(at.desk.userId)).toEqual(['21']);
    expect(await of(null)).toEqual(['21', '7']);
    expect((await listPositions(t.db, at.desk.userId))[0]).toMatchObject({
      side: 'sell',
      volume: '0.1',
      priceOpen: '2035.1',
      profit: '10',
      snapshotMs: at.deps.clock.nowMs(),
    });
  });
});
