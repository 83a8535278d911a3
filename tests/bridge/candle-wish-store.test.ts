import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leaveCandleWish, takeCandleWishes } from '../../functions/bridge/candle-wish-store.ts';
import { pruneBridgePolls } from '../../functions/bridge/nonce-store.ts';
import { makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let userId: string;
let bridgeId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
});
beforeEach(async () => {
  bridgeId = (await makeBridge(stage, userId)).id;
});
afterAll(() => t?.drop());

describe('a wish for bars', () => {
  const XAU = { symbol: 'XAUUSD', timeframe: 'M5', count: 3 };
  const leave = (wanted: Parameters<typeof leaveCandleWish>[1]['wanted'], afterMs = 0) =>
    leaveCandleWish(t.db, { id: stage.deps.ids.next(), bridgeId, wanted, nowMs: START_MS + afterMs });
  const take = (limit = 100) => takeCandleWishes(t.db, bridgeId, limit);

  it('waits once, however often it is had, and is told once, the oldest first', async () => {
    const window = { fromMs: START_MS - 600_000, toMs: START_MS };
    for (let i = 0; i < 3; i += 1) await leave(XAU);
    await leave({ ...XAU, window }, 1_000);
    await leave({ ...XAU, window }, 2_000);
    await leave({ ...XAU, count: 4 }, 3_000);
    expect(await take(2)).toEqual([XAU, { ...XAU, window }]);
    await leave(XAU, 4_000);
    expect(await take()).toEqual([{ ...XAU, count: 4 }, XAU]);
    expect(await take()).toEqual([]);
  });

  it('is its own bridge’s, and one of at most twenty', async () => {
    for (let i = 0; i < 25; i += 1) await leave({ ...XAU, count: i + 1 }, i);
    const other = (await makeBridge(stage, userId)).id;
    expect(await takeCandleWishes(t.db, other, 100)).toEqual([]);
    expect((await take()).map((w) => w.count)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('that nobody fetches is forgotten', async () => {
    await leave(XAU);
    await pruneBridgePolls(t.db, START_MS + 1);
    expect(await take()).toEqual([]);
  });
});
