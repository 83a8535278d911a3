// When a bridge that polls is wanted again while its account's guard has seen something.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PolledDesk } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const EXPOSED_MS = 5_000;
const CLOSELY_MS = 2_000;
const CONFIRM_MS = 1_100;

let t: TestDatabase;
let p: PolledDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  p = await PolledDesk.make(t);
  await p.sync();
  // 100,000, of which 10 lots lose 1,000 a dollar: a fall of 20 is 20 %, and no jump of the price.
  p.at.control('/manual-trade', {
    ...{ login: p.at.desk.account.login, symbol: 'XAUUSD', side: 'buy', volume: '10' },
  });
  // A peak takes two samples.
  await lookAt(2_034.8);
  await lookAt(2_034.9);
});
afterAll(() => t?.drop());

/** The next exchange, as late as it was wanted, at another bid or the same quote; how soon another is wanted. */
async function lookAt(bid: number | null, afterMs = p.last.said.next_sync_ms): Promise<number> {
  p.at.deps.clock.advance(afterMs);
  const to = (price: number) => price.toFixed(2);
  if (bid !== null) p.at.control('/tick', { symbol: 'XAUUSD', bid: to(bid), ask: to(bid + 0.2) });
  const { nextMs, status } = await p.sync();
  expect(status).toBe(200);
  return nextMs;
}
const phase = async () =>
  (await t.sql('SELECT guard_phase FROM accounts WHERE id = $1', [p.at.desk.account.id]))[0]?.['guard_phase'];

describe('the pace of a guarded account', () => {
  it('brings the second sample of a breach when it may confirm the first', async () => {
    expect([await lookAt(2_024), await phase()]).toEqual([EXPOSED_MS, 'armed']);
    expect([await lookAt(2_014), await phase()]).toEqual([CONFIRM_MS, 'suspect']);
    expect([await lookAt(2_013.9), await phase()]).toEqual([CLOSELY_MS, 'warned']);
  });

  it('is as before once a second sample, which came too soon, has said no more than the first', async () => {
    await lookAt(2_024);
    expect(await lookAt(2_014)).toBe(CONFIRM_MS);
    expect([await lookAt(null, 500), await phase()]).toEqual([CLOSELY_MS, 'suspect']);
    expect([await lookAt(2_024), await phase()]).toEqual([EXPOSED_MS, 'armed']);
  });

  it('brings the second sample of a price that has jumped as soon, and then that of the breach', async () => {
    expect([await lookAt(2_013), await phase()]).toEqual([CONFIRM_MS, 'armed']);
    expect([await lookAt(2_013.1), await phase()]).toEqual([CONFIRM_MS, 'suspect']);
    expect([await lookAt(2_013), await phase()]).toEqual([CLOSELY_MS, 'warned']);
  });
});
