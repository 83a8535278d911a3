// A guard's trip of an account whose bridge polls: everything is handed out with the answer to its own request, in the same
// order, and never twice.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PolledDesk } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { beginTrip } from './liquidation-desk.ts';

const SECOND = 1_000;
let t: TestDatabase;
let p: PolledDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  p = await PolledDesk.make(t);
  await p.sync();
});
afterAll(() => t?.drop());

const byHand = (body: object) =>
  p.at.control('/manual-trade', { login: p.at.desk.account.login, symbol: 'XAUUSD', volume: '0.1', ...body });
const book = () => p.at.book().accounts.find((a) => a.login === p.at.desk.account.login);
const stands = () => [...(book()?.positions ?? []), ...(book()?.orders ?? [])].length;
const sync = async (wire?: 'lost') => {
  p.at.deps.clock.advance(2 * SECOND);
  // A bridge goes on by itself after a reply that it did not get.
  await p.sync(wire).catch(() => {});
};
const kinds = () => p.handedOut().map((c) => (c as unknown as { kind: string }).kind);

async function tripped(): Promise<string> {
  byHand({ side: 'buy' });
  byHand({ side: 'sell', volume: '0.3' });
  byHand({ place: 'buy_limit', price: '1900' });
  await sync();
  const id = await beginTrip(t, p.at);
  await sync();
  return id;
}

describe('a trip of a polled account', () => {
  it('goes out with the next answer, cancellations first, and each once', async () => {
    await tripped();
    expect(kinds()).toEqual(['cancel', 'close', 'close']);
    for (let n = 0; n < 4; n += 1) await sync();
    expect([stands(), kinds().length]).toEqual([0, 3]);
    expect(p.at.book().journal.map((j) => j.executed)).toEqual([1, 1, 1]);
  });

  it('whose answer was lost is looked up before anything goes out again', async () => {
    byHand({ side: 'buy' });
    await sync();
    const id = await beginTrip(t, p.at);
    await sync('lost');
    expect(kinds()).toEqual(['close']);
    for (let n = 0; n < 30; n += 1) await sync();
    expect([stands(), kinds()]).toEqual([1, ['close']]);
    for (let n = 0; n < 120 && stands() > 0; n += 1) await sync();
    await sync();
    expect(stands()).toBe(0);
    expect(p.at.book().journal.map((j) => j.executed)).toEqual([1]);
    const rows = await t.sql('SELECT state, attempt FROM commands WHERE trip_id = $1', [id]);
    expect(rows).toEqual([{ state: 'done', attempt: 1 }]);
  });
});
