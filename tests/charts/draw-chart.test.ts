// A picture that cannot be drawn or stored is a 503 that nobody keeps, over the whole application.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import { insertToken } from '../../functions/identity/token-store.ts';
import { callApp } from '../support/app-call.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { memoryStore, type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let bearer: string;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  const userId = await makeUser({ t, deps });
  bearer = accessToken(deps.ids.randomBytes(32));
  const createdMs = deps.clock.nowMs();
  const row = { id: deps.ids.next(), userId, name: 'T', scopes: ['charts'], createdMs };
  const sha256 = (await accessTokenHash(bearer)) ?? '';
  const token = { ...row, expiresMs: createdMs + 86_400_000, sha256, createdBy: userId };
  await insertToken(deps.db, token, auditOf(deps, row.id));
});
afterAll(() => t?.drop());

const bar = (i: number) => ({ time: 1_767_225_600 + i * 3600, open: '1', high: '2', low: '1', close: '2' });
const spec = {
  kind: 'candlestick',
  source: { candles: Array.from({ length: 30 }, (_, i) => bar(i)), instrument: 'EURUSD', timeframe: 'H1' },
};

/** The paths of a chart that was asked for; `over` is whose storage and rasterizer the request meets. */
async function pathsOf(over: Partial<TestDeps>): Promise<{ png: string; svg: string }> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  // The picture drawn ahead, after the answer, is not what is tested here.
  const quiet = { ...deps, ...over, after: () => {} };
  const init = { method: 'POST', headers, body: JSON.stringify(spec) };
  const answer = await callApp(quiet, '/api/v1/charts', init);
  expect(answer.status).toBe(201);
  const { urls } = (await answer.json()) as { urls: { png: string; svg: string } };
  return { png: new URL(urls.png).pathname, svg: new URL(urls.svg).pathname };
}

async function expectUnavailable(answer: Response): Promise<void> {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('etag')).toBeNull();
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await answer.json()).toMatchObject({ type: 'urn:countersign:problem:unavailable' });
}

describe('a picture', () => {
  it('that cannot be rasterized is a 503, and nothing is stored under its address', async () => {
    const media = memoryStore();
    const { png, svg } = await pathsOf({ media });
    const faulty = { ...deps, media };
    await expectUnavailable(await callApp(faulty, png));
    expect(await media.get(png.slice(1))).toBeNull();
    expect(deps.lines.at(-2)).toMatchObject({ kind: 'fault', name: 'draw-chart', cause: expect.any(String) });
    expect((await callApp(faulty, svg)).status).toBe(200);
    expect(await media.get(svg.slice(1))).not.toBeNull();
  });

  it('that cannot be stored is a 503 until it can', async () => {
    const media = memoryStore();
    const full = async () => {
      throw new Error('the bucket is full');
    };
    const { svg } = await pathsOf({ media });
    await expectUnavailable(await callApp({ ...deps, media: { ...media, put: full } }, svg));
    expect((await callApp({ ...deps, media }, svg)).status).toBe(200);
  });
});
