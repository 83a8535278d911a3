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
    const detail = await readTrade(t.db, closed?.id ?? '');
    expect(detail?.trade).toEqual(closed);
    expect(detail?.legs).toMatchObject([{ leg: 1, dealTicket: '9', volume: '0.1', net: '49.3' }]);
    expect(detail?.deals.map((d) => [d.ticket, d.revision])).toEqual([
      ['8', 0],
      ['9', 0],
    ]);
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

  describe('of many at few moments', () => {
    const TIMES = ['2026-01-05T08:00:00Z', '2026-01-05T09:00:00Z', '2026-01-06T08:00:00Z'];
    let account: string;
    let owner: string;
    beforeAll(async () => {
      const crowd = await DeskAtBroker.make(t);
      account = crowd.desk.account.id;
      owner = crowd.desk.userId;
      await t.sql(
        `INSERT INTO trades (id, account_id, user_id, instrument, position_id, source, symbol, side, status, volume,
           volume_open, entry_price, profit, swap, commission, fee, net, opened_at, closed_at, updated_at)
         SELECT gen_random_uuid(), $1, $2, CASE WHEN n % 2 = 0 THEN 'XAUUSD' ELSE 'EURUSD' END, n::text, 'manual', 'X', 'buy',
           CASE WHEN n % 5 = 0 THEN 'open' ELSE 'closed' END, 1, 0, 1, 0, 0, 0, 0, (n % 7) - 3,
           ($3::timestamptz[])[n % 3 + 1], CASE WHEN n % 5 = 0 THEN NULL ELSE ($3::timestamptz[])[n % 2 + 2] END, now()
         FROM generate_series(1, 60) n`,
        [account, owner, TIMES],
      );
    });
    const SORTS = (['opened_at', 'closed_at', 'net'] as const).flatMap((by) => [
      { by, ascending: true },
      { by, ascending: false },
    ]);

    it.each(SORTS)('come once each and in order, whether paged by number or by cursor: %o', async (sort) => {
      const key = (x: {
        openedMs: number;
        closedMs: number | null;
        net: string;
        id: string;
      }): [number, string] => [
        { opened_at: x.openedMs, closed_at: x.closedMs ?? Number.POSITIVE_INFINITY, net: Number(x.net) }[
          sort.by
        ],
        x.id,
      ];
      const walked: [number, string][] = [];
      let cursor: string | undefined;
      do {
        const found = await listTrades(
          t.db,
          owner,
          {},
          { page: 1, page_size: 7, ...(cursor === undefined ? {} : { cursor }) },
          sort,
        );
        expect(found.total).toBe(60);
        walked.push(...found.items.map(key));
        cursor = found.next_cursor ?? undefined;
      } while (cursor !== undefined);
      const way = sort.ascending ? 1 : -1;
      expect(new Set(walked.map(([, id]) => id)).size).toBe(60);
      expect(walked.map(([, id]) => id)).toEqual(
        [...walked].sort(([a, x], [b, y]) => way * (a === b ? (x < y ? -1 : 1) : a - b)).map(([, id]) => id),
      );
      const numbered: string[] = [];
      for (let page = 1; page <= 9; page += 1)
        numbered.push(
          ...(await listTrades(t.db, owner, {}, { page, page_size: 7 }, sort)).items.map((x) => x.id),
        );
      expect(numbered).toEqual(walked.map(([, id]) => id));
    });

    it('are of a time by their opening, and by their close where that is the order', async () => {
      const [first = '', second = '', third = ''] = TIMES;
      const from = Date.parse(second);
      const opened = await listTrades(t.db, owner, { fromMs: from, toMs: Date.parse(third) }, page);
      expect(opened.items.length).toBe(20);
      expect(new Set(opened.items.map((x) => x.openedMs))).toEqual(new Set([from]));
      const closed = await listTrades(t.db, owner, { fromMs: from }, page, {
        by: 'closed_at',
        ascending: true,
      });
      expect(closed.items.length).toBe(48);
      expect(
        closed.items.every((x) => (x.closedMs ?? 0) >= from),
        'none that is open',
      ).toBe(true);
      const before = await listTrades(t.db, owner, { toMs: Date.parse(first) }, page);
      expect(before.items).toEqual([]);
    });

    it('have cursors that hold for their own order alone', async () => {
      const by = { by: 'net', ascending: true } as const;
      const { next_cursor } = await listTrades(t.db, owner, {}, { page: 1, page_size: 5 }, by);
      const cursor = next_cursor ?? '';
      for (const sort of SORTS.filter((s) => s.by !== by.by || !s.ascending))
        await expect(listTrades(t.db, owner, {}, { ...page, cursor }, sort)).rejects.toMatchObject({
          slug: 'invalid-query',
        });
      await expect(listTrades(t.db, owner, {}, { ...page, cursor }, by)).resolves.toMatchObject({
        total: 60,
      });
    });
  });
});

describe('positions', () => {
  const of = async (userId: string | null, account?: string) =>
    (await listPositions(t.db, userId, account, page)).items.map((p) => p.identifier).sort();

  it('are those of the user’s own accounts, or of all', async () => {
    expect(await of(at.desk.userId)).toEqual(['21']);
    expect(await of(null)).toEqual(['21', '7']);
    expect(await of(null, other.desk.account.id)).toEqual(['7']);
    expect(await of(at.desk.userId, other.desk.account.id)).toEqual([]);
    expect((await listPositions(t.db, at.desk.userId, undefined, page)).items[0]).toMatchObject({
      side: 'sell',
      volume: '0.1',
      priceOpen: '2035.1',
      profit: '10',
      snapshotMs: at.deps.clock.nowMs(),
    });
  });

  it('come once each, page by page, however many there are and though they share their moment', async () => {
    const crowd = await DeskAtBroker.make(t);
    await t.sql(
      `INSERT INTO positions SELECT $1, n::text, n::text, 'X', 'buy', 1, 1, 1, NULL, NULL, 0, 0, '0', '', $2, $2
       FROM generate_series(1, 2345) n`,
      [crowd.desk.account.id, new Date(at.deps.clock.nowMs())],
    );
    const found = new Set<string>();
    let cursor: string | undefined;
    do {
      const query = { page: 1, page_size: 100, ...(cursor === undefined ? {} : { cursor }) };
      const part = await listPositions(t.db, crowd.desk.userId, undefined, query);
      expect(part.total).toBe(2345);
      for (const p of part.items) expect(found.has(p.identifier)).toBe(false);
      for (const p of part.items) found.add(p.identifier);
      cursor = part.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(found.size).toBe(2345);
    await t.sql('DELETE FROM positions WHERE account_id = $1', [crowd.desk.account.id]);
  });
});
