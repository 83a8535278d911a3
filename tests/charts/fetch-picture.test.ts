// The way to a picture, over the real stores: one drawing whoever asks, what a death leaves, what is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileKey } from '../../functions/charts/chart-address.ts';
import { insertChart } from '../../functions/charts/chart-store.ts';
import { drawChartOnce } from '../../functions/charts/draw-chart-once.ts';
import { claimDrawing, DRAWING_MS } from '../../functions/charts/drawing-lease-store.ts';
import { fetchPicture } from '../../functions/charts/fetch-picture.ts';
import { systemClock } from '../../functions/platform/clock.ts';
import type { MetricFamily } from '../../functions/platform/metric-family.ts';
import type { ObjectStore } from '../../functions/platform/object-store.ts';
import { ProblemError, problem } from '../../functions/platform/problem.ts';
import { makeUser } from '../support/organisation.ts';
import { START_MS, type TestClock, testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { memoryStore, type TestDeps, testDeps } from '../support/test-deps.ts';
import { sampleChart } from './sample-chart.ts';

const WASM = join(import.meta.dirname, '../../node_modules/@resvg/resvg-wasm/index_bg.wasm');
let t: TestDatabase;
let userId: string;
let deps: TestDeps;
let file: { digest: string; format: 'svg' | 'png' };
let made = 0;
const counted = new Map<string, number>();
const count = (name: string): number => counted.get(name) ?? 0;

beforeAll(async () => {
  t = await createTestDatabase();
  userId = await makeUser({ t, deps: testDeps(t) });
});
beforeEach(async () => {
  counted.clear();
  deps = isolate(memoryStore());
  made += 1;
  file = { digest: `p-${made}`, format: 'svg' };
  await insertChart(t.db, {
    ...{ digest: file.digest, userId, private: true, alt: 'words', signalId: null, tradeId: null },
    ...{ chart: sampleChart(30), createdMs: START_MS, expiresMs: null },
  });
});
afterAll(() => t?.drop());

/** Another isolate over the same database and storage: what it keeps in memory hangs on its own storage. */
function isolate(media: ObjectStore, clock: TestClock = { ...testClock(), ...systemClock }): TestDeps {
  const metrics = {
    ...testDeps(t).metrics,
    count: ({ name }: MetricFamily) => void counted.set(name, count(name) + 1),
  };
  return {
    ...testDeps(t, { media: { ...media }, clock }),
    metrics: metrics as TestDeps['metrics'],
    loadRasterizerWasm: async () => new Uint8Array(readFileSync(WASM)),
  };
}
const words = async () => 'words';
const fetchBy = (by: TestDeps) => fetchPicture(by, file, words);
const slugOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'a picture',
    (e) => (e instanceof ProblemError ? e.slug : e),
  );

describe('a picture', () => {
  it('is drawn once for all of an isolate that ask at once, and then at hand', async () => {
    let asked = 0;
    const admit = async () => {
      asked += 1;
      return 'words';
    };
    const pictures = await Promise.all(Array.from({ length: 200 }, () => fetchPicture(deps, file, admit)));
    expect(new Set(pictures.map((p) => p.bytes)).size).toBe(1);
    expect(pictures[0]?.alt).toBe('words');
    expect([asked, count('media_render_total'), count('media_cache_hits_total')]).toEqual([1, 1, 199]);
    await deps.media.delete([fileKey(file)]);
    expect((await fetchBy(deps)).bytes).toBe(pictures[0]?.bytes);
  });

  it('is drawn once for all isolates together', async () => {
    const media = memoryStore();
    const isolates = Array.from({ length: 8 }, () => isolate(media));
    const pictures = await Promise.all(isolates.flatMap((one) => [fetchBy(one), fetchBy(one), fetchBy(one)]));
    expect(new Set(pictures.map((p) => Buffer.from(p.bytes).toString('hex'))).size).toBe(1);
    expect(count('media_render_total')).toBe(1);
    const [row] = await t.sql('SELECT bytes FROM chart_drawings WHERE digest = $1', [file.digest]);
    expect(row).toEqual({ bytes: pictures[0]?.bytes.length });
  });

  it('comes from storage where it is stored, without asking the catalogue', async () => {
    const stored = new Uint8Array([1, 2, 3]);
    await deps.media.put(fileKey(file), stored, { contentType: 'x', cacheControl: 'y', alt: 'z' });
    const never = async () => {
      throw new Error('nobody is to be asked');
    };
    expect(await fetchPicture(deps, file, never)).toEqual({ bytes: stored, alt: 'z' });
    expect(count('media_render_total')).toBe(0);
  });

  it('tells all that waited what the one who went was told, and asks anew for the next', async () => {
    let asked = 0;
    const gone = async (): Promise<string> => {
      asked += 1;
      throw problem('gone');
    };
    const told = await Promise.all(Array.from({ length: 20 }, () => slugOf(fetchPicture(deps, file, gone))));
    expect(new Set(told)).toEqual(new Set(['gone']));
    expect(asked).toBe(1);
    expect(await slugOf(fetchPicture(deps, file, words))).toBe('a picture');
  });
});

describe('whoever draws a picture', () => {
  it('and dies is waited for until a reader is told to come again, and then drawn by the next', async () => {
    deps = isolate(memoryStore(), testClock());
    await claimDrawing(t.db, file, deps.clock.nowMs());
    const busy = await drawChartOnce(deps, file, 'words').catch((e) => e);
    expect(busy).toMatchObject({
      slug: 'unavailable',
      headers: { 'cache-control': 'no-store', 'retry-after': '2' },
    });
    expect(deps.clock.nowMs() - START_MS).toBeLessThan(6_000);
    deps.clock.set(START_MS + DRAWING_MS);
    expect((await drawChartOnce(deps, file, 'words')).drawn).toBe(true);
  });

  it('and fails lets the next one try two seconds later, however many wait', async () => {
    deps = isolate(memoryStore(), testClock());
    const put = async () => {
      throw new Error('the bucket is full');
    };
    const failing = { ...deps, media: { ...deps.media, put } };
    expect(await slugOf(drawChartOnce(failing, file, ''))).toBe('unavailable');
    expect(deps.clock.nowMs()).toBe(START_MS);
    expect((await drawChartOnce(deps, file, '')).drawn).toBe(true);
    expect(deps.clock.nowMs() - START_MS).toBeGreaterThanOrEqual(2_000);
    expect(count('media_render_total')).toBe(2);
  });

  it('after another has done so between the look and the lease gives what that one stored', async () => {
    await drawChartOnce(deps, file, 'words');
    expect(await drawChartOnce(deps, file, 'words')).toMatchObject({
      drawn: false,
      picture: { alt: 'words' },
    });
    expect(count('media_render_total')).toBe(1);
  });
});

describe('a picture that is too large', () => {
  it('is refused with its size, is not stored, and is not drawn a second time to find that out', async () => {
    const strict = { ...deps, config: { ...deps.config, MEDIA_MAX_BYTES: 10_000 } };
    const told = await Promise.all([1, 2].map(() => fetchBy(strict).catch((e) => e)));
    for (const e of told) {
      expect(e).toMatchObject({ slug: 'payload-too-large', headers: { 'cache-control': 'no-store' } });
      expect(e.extra.bytes).toBeGreaterThan(10_000);
      expect(e.extra.detail).toContain(String(e.extra.bytes));
    }
    expect(await slugOf(fetchBy(strict))).toBe('payload-too-large');
    expect(count('media_render_total')).toBe(1);
    expect(await deps.media.get(fileKey(file))).toBeNull();
    expect((await fetchBy(deps)).bytes.length).toBeGreaterThan(10_000);
  });
});
