import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogueEntry, insertChart } from '../../functions/charts/chart-store.ts';
import {
  claimDrawing,
  DRAWING_MS,
  type Drawing,
  endDrawing,
} from '../../functions/charts/drawing-lease-store.ts';
import { makeUser } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let userId: string;
let digest = 'p-0';
let made = 0;
beforeAll(async () => {
  t = await createTestDatabase();
  userId = await makeUser({ t, deps: testDeps(t) });
});
beforeEach(async () => {
  made += 1;
  digest = `p-${made}`;
  await insertChart(t.db, {
    ...{
      digest,
      userId,
      private: true,
      alt: '',
      signalId: null,
      tradeId: null,
      createdMs: START_MS,
      expiresMs: null,
    },
    chart: { kind: 'candlestick' } as CatalogueEntry['chart'],
  });
});
afterAll(() => t?.drop());

const claim = (nowMs: number, format: Drawing['format'] = 'png') =>
  claimDrawing(t.db, { digest, format }, nowMs);
async function claimed(nowMs: number): Promise<Drawing> {
  const found = await claim(nowMs);
  if (found.kind !== 'mine') throw new Error('the lease was not free');
  return found.drawing;
}

describe('the lease of a drawing', () => {
  it('is given to one of all that ask at once, for each format', async () => {
    for (const format of ['png', 'svg', 'pdf'] as const) {
      const claims = await Promise.all(Array.from({ length: 20 }, () => claim(START_MS, format)));
      expect(claims.filter((c) => c.kind === 'mine')).toEqual([
        { kind: 'mine', drawing: { digest, format, fence: 1 }, bytes: null },
      ]);
    }
  });

  it('is free again when it is given up, with what became of it', async () => {
    await endDrawing(t.db, await claimed(START_MS), 1234, START_MS + 5);
    expect(await claim(START_MS + 5)).toEqual({
      kind: 'mine',
      drawing: { digest, format: 'png', fence: 2 },
      bytes: 1234,
    });
    expect(await claim(START_MS + 5)).toEqual({ kind: 'busy' });
  });

  it('is free no sooner than it was given up for', async () => {
    await endDrawing(t.db, await claimed(START_MS), null, START_MS + 2_000);
    expect((await claim(START_MS + 1_999)).kind).toBe('busy');
    expect((await claim(START_MS + 2_000)).kind).toBe('mine');
  });

  it('ends by itself where its holder died, who then changes nothing any more', async () => {
    const dead = await claimed(START_MS);
    expect((await claim(START_MS + DRAWING_MS - 1)).kind).toBe('busy');
    const next = await claimed(START_MS + DRAWING_MS);
    expect(next.fence).toBe(2);
    await endDrawing(t.db, dead, 99, START_MS + DRAWING_MS + 1);
    expect((await claim(START_MS + DRAWING_MS + 1)).kind).toBe('busy');
    await endDrawing(t.db, next, null, START_MS + DRAWING_MS + 2);
    expect(await claim(START_MS + DRAWING_MS + 2)).toMatchObject({ kind: 'mine', bytes: null });
  });

  it('is nobody’s where no such chart is catalogued', async () => {
    expect(await claimDrawing(t.db, { digest: 'none', format: 'png' }, START_MS)).toEqual({ kind: 'busy' });
  });
});
