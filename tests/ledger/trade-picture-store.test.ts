import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PlannedTrade } from '../../functions/ledger/planned-trade.ts';
import { tradeId } from '../../functions/ledger/trade-book-store.ts';
import { pictureParts } from '../../functions/ledger/trade-picture-store.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const ACCOUNT = '018f0000-0000-7000-8000-000000000001';
const USER = '018f0000-0000-7000-8000-000000000002';
const FRESH_MS = 15 * 60_000;
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(() => t.sql('DELETE FROM outbox'));
afterAll(() => t?.drop());

const trade = (positionId: string, openedMs: number, closedMs: number | null = null): PlannedTrade =>
  ({
    ...{ positionId, episode: 0, openedMs, closedMs, status: closedMs === null ? 'open' : 'closed' },
  }) as PlannedTrade;
/** Runs the part as a reconciliation would; the trades that a picture was wished for, in the order of their events. */
async function wished(trades: readonly PlannedTrade[]): Promise<unknown[]> {
  const acc = sql`acc AS (SELECT ${ACCOUNT}::uuid AS id, ${USER}::uuid AS user_id)`;
  await t.db.run(
    sql`WITH ${acc}, ${pictureParts(ACCOUNT, trades, START_MS)}done AS (SELECT 1) SELECT 1 AS one`,
  );
  const rows = await t.sql(`SELECT payload FROM outbox`);
  return rows.map((r) => (r['payload'] as { id: string }).id).sort();
}
const id = (of: PlannedTrade): string => tradeId(ACCOUNT, of);

it('wishes for a picture when a trade opens and again when it closes, each once', async () => {
  const open = trade('1', START_MS - 1000);
  const closed = trade('1', START_MS - 1000, START_MS);
  expect(await wished([open])).toEqual([id(open)]);
  expect(await wished([open])).toEqual([id(open)]);
  expect(await wished([closed])).toEqual([id(open), id(open)]);
  expect(await wished([closed, open])).toEqual([id(open), id(open)]);
});

it('leaves alone what happened longer ago, and what a broker dates long ahead', async () => {
  const [old, ahead, last] = [
    trade('1', START_MS - 9 * FRESH_MS, START_MS - FRESH_MS),
    trade('2', START_MS + FRESH_MS),
    trade('3', START_MS - FRESH_MS + 1),
  ];
  expect(await wished([old, ahead, last])).toEqual([id(last)]);
});

it('takes the three newest of many, and none whose end is not confirmed', async () => {
  const many = Array.from({ length: 10 }, (_, i) => trade(String(i), START_MS - i * 1000));
  const doubtful = { ...trade('x', START_MS), status: 'closing_unconfirmed' } as PlannedTrade;
  expect(await wished([...many.toReversed(), doubtful])).toEqual(many.slice(0, 3).map(id).sort());
});
