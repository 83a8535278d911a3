import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuardDesk } from '../support/guard-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

const at = (bid: number) => [bid.toFixed(2), (bid + 0.2).toFixed(2)] as const;

describe('a fall of more than a fifth', () => {
  it('is suspected, warned of, and ten seconds later everything is closed, by hand or not; then the latch holds', async () => {
    const desk = await GuardDesk.make(t);
    desk.manual({ symbol: 'XAUUSD', side: 'buy', volume: '30' });
    await desk.pass(60_000);
    expect((await desk.guard()).phase).toBe('armed');
    // 30 lots of 100 ounces: 7 dollars are 21,000.
    desk.quote(...at(2028.0));
    await desk.pass(35_000 + 10_000 + 10_000);
    console.log(JSON.stringify(await desk.guard(), null, 1), await desk.trips(), await desk.alerts());
    expect(desk.book().positions).toEqual([]);
    expect((await desk.guard()).phase).toBe('flat_latched');
    expect(await desk.alerts()).toEqual(['guard-warned', 'guard-tripped', 'guard-flat']);
    expect(await desk.refusalOfEntry()).toBe('guard-latched');
  });
});
