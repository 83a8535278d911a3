import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileKey } from '../../functions/charts/chart-address.ts';
import {
  type CatalogueEntry,
  insertChart,
  readChart,
  readChartState,
  revokeChart,
} from '../../functions/charts/chart-store.ts';
import { pruneCharts } from '../../functions/charts/prune-charts.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

const FORMATS = ['png', 'svg', 'pdf'] as const;
const GRACE_MS = 5 * 60_000;
let t: TestDatabase;
let deps: TestDeps;
let userId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  userId = await makeUser({ t, deps });
});
afterAll(() => t?.drop());

/** A catalogued chart with its three files. */
async function stored(digest: string, expiresMs: number | null): Promise<void> {
  const chart = { kind: 'candlestick' } as CatalogueEntry['chart'];
  const row = { digest, userId, private: true, alt: '', signalId: null, tradeId: null, chart };
  await insertChart(t.db, { ...row, createdMs: START_MS, expiresMs });
  for (const format of FORMATS)
    await deps.media.put(fileKey({ digest, format }), new Uint8Array(1), {
      contentType: '',
      cacheControl: '',
      alt: '',
    });
}
const left = async (digest: string) => ({
  row: (await readChart(t.db, digest)) !== null,
  files: (await Promise.all(FORMATS.map((format) => deps.media.get(fileKey({ digest, format }))))).filter(
    Boolean,
  ).length,
});

describe('pruning', () => {
  it('deletes the files and the row of what is over, and leaves all else', async () => {
    await stored('gone', START_MS);
    await stored('young', START_MS + 1);
    await stored('forever', null);
    deps.clock.set(START_MS + GRACE_MS + 1);
    await pruneCharts(deps);
    expect(await left('gone')).toEqual({ row: false, files: 0 });
    expect(await left('young')).toEqual({ row: true, files: 3 });
    expect(await left('forever')).toEqual({ row: true, files: 3 });
    await pruneCharts(deps);
  });

  it('that ends between files and rows goes on where it ended', async () => {
    await stored('half', START_MS);
    const broken = {
      ...deps,
      db: { ...deps.db, batch: async () => Promise.reject(new Error('the database is gone')) },
    };
    await expect(pruneCharts(broken)).rejects.toThrow('the database is gone');
    expect(await left('half')).toEqual({ row: true, files: 0 });
    await pruneCharts(deps);
    expect(await left('half')).toEqual({ row: false, files: 0 });
  });

  it('keeps the row where a file could not be deleted', async () => {
    await stored('stuck', START_MS);
    const media = { ...deps.media, delete: async () => Promise.reject(new Error('storage is gone')) };
    await expect(pruneCharts({ ...deps, media })).rejects.toThrow('storage is gone');
    expect(await left('stuck')).toEqual({ row: true, files: 3 });
    await pruneCharts(deps);
    expect(await left('stuck')).toEqual({ row: false, files: 0 });
  });

  it('of what was taken back deletes the files alone: it stays taken back, and is looked at once', async () => {
    const late = deps.clock.nowMs() + 40 * 86_400_000;
    for (const [digest, expiresMs] of [
      ['back', late],
      ['back-forever', null],
    ] as const) {
      await stored(digest, expiresMs);
      await revokeChart(t.db, digest, userId, deps.clock.nowMs(), auditOf(deps, digest, 'chart.revoke'));
    }
    deps.clock.advance(GRACE_MS + 1);
    await pruneCharts(deps);
    deps.clock.set(late + GRACE_MS + 1);
    const asked: string[] = [];
    const media = { ...deps.media, delete: async (keys: readonly string[]) => void asked.push(...keys) };
    await pruneCharts({ ...deps, media });
    for (const digest of ['back', 'back-forever']) {
      expect(await left(digest)).toEqual({ row: true, files: 0 });
      expect(await readChartState(t.db, digest)).toMatchObject({ revoked: true });
      expect(asked.filter((key) => key.includes('back'))).toEqual([]);
    }
  });

  it('forgets what was spent on days past where no chart is over', async () => {
    const spend = `INSERT INTO chart_costs (user_id, day, cost) VALUES ($1, $2::timestamptz::date, 1)`;
    await t.sql(spend, [userId, new Date(deps.clock.nowMs() - 3 * 86_400_000).toISOString()]);
    await pruneCharts(deps);
    expect(await t.sql('SELECT 1 FROM chart_costs')).toEqual([]);
  });

  it('asks storage for many files at once, and begins nothing after five seconds', async () => {
    for (let i = 0; i < 30; i += 1) await stored(`slow-${i}`, START_MS);
    const calls: number[] = [];
    const slow = async (keys: readonly string[]) => {
      calls.push(keys.length);
      deps.clock.advance(5_000);
    };
    await pruneCharts({ ...deps, media: { ...deps.media, delete: slow } });
    expect(calls).toEqual([75]);
    expect((await t.sql(`SELECT 1 FROM charts WHERE digest LIKE 'slow-%'`)).length).toBe(5);
    await pruneCharts(deps);
  });

  it('does a bounded part of a large number, the oldest first', async () => {
    for (let i = 0; i < 60; i += 1) await stored(`many-${i}`, START_MS - 100 + i);
    await pruneCharts(deps);
    const rows = await t.sql(`SELECT digest FROM charts WHERE digest LIKE 'many-%' ORDER BY expires_at`);
    expect(rows.map((r) => r['digest'])).toEqual(Array.from({ length: 10 }, (_, i) => `many-${50 + i}`));
    await pruneCharts(deps);
    expect(await t.sql(`SELECT 1 FROM charts WHERE digest LIKE 'many-%'`)).toEqual([]);
  });
});
