// How a private picture is served and stops being served, over the whole application and a clock that is moved by hand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import { insertToken } from '../../functions/identity/token-store.ts';
import { callApp } from '../support/app-call.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let bearer: string;
let made = 0;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  const userId = await makeUser({ t, deps });
  bearer = accessToken(deps.ids.randomBytes(32));
  const createdMs = deps.clock.nowMs();
  const row = { id: deps.ids.next(), userId, name: 'T', scopes: ['charts'], createdMs };
  const sha256 = (await accessTokenHash(bearer)) ?? '';
  const token = { ...row, expiresMs: createdMs + 30 * 86_400_000, sha256, createdBy: userId };
  await insertToken(deps.db, token, auditOf(deps, row.id));
});
afterAll(() => t?.drop());

const headers = () => ({ authorization: `Bearer ${bearer}`, 'content-type': 'application/json' });
/** A private preview that nobody has asked for before: its answer, and the path of its SVG. */
async function preview(
  config: Partial<TestDeps['config']> = {},
): Promise<{ answer: Response; path: string; body: never }> {
  made += 1;
  const points = [1, 2, 3].map((i) => ({ time: 1_767_225_600 + i * 3600, equity: `${1000 + i * made}` }));
  const quiet = { ...deps, config: { ...deps.config, ...config }, after: () => {} };
  const init = {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ kind: 'equity', source: { points } }),
  };
  const answer = await callApp(quiet, '/api/v1/charts', init);
  const body = (await answer.json()) as never;
  const { urls } = body as { urls?: { svg: string } };
  const url = new URL(urls?.svg ?? 'http://none/');
  return { answer, path: `${url.pathname}${url.search}`, body };
}
const get = (path: string, over: RequestInit = {}) => callApp(deps, path, over);
const revoke = async (path: string): Promise<void> => {
  const digest = /(p-[0-9a-f]+)\.svg/.exec(path)?.[1];
  const answer = await callApp(deps, `/api/v1/charts/${digest}`, { method: 'DELETE', headers: headers() });
  expect(answer.status).toBe(204);
};

describe('a private picture', () => {
  it('is asked about at most every five seconds, and says as its age how long ago that was', async () => {
    const { path } = await preview();
    const first = await get(path);
    expect([first.status, first.headers.get('age')]).toEqual([200, null]);
    deps.clock.advance(3_200);
    expect((await get(path)).headers.get('age')).toBe('4');
    deps.clock.advance(1_800);
    expect((await get(path)).headers.get('age')).toBeNull();
  });

  it('that is taken back is gone for good within 300 seconds of whoever keeps it, for a 304 too', async () => {
    const { path } = await preview();
    const seen = await get(path);
    const etag = seen.headers.get('etag') ?? '';
    await revoke(path);
    deps.clock.advance(4_900);
    const kept = await get(path, { headers: { 'if-none-match': etag } });
    expect(kept.status).toBe(304);
    const freshSeconds = 300 - Number(kept.headers.get('age'));
    expect(4.9 + freshSeconds).toBeLessThanOrEqual(300);
    deps.clock.advance(100);
    for (const over of [{}, { headers: { 'if-none-match': etag } }, { method: 'HEAD' }]) {
      const answer = await get(path, over);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([410, 'no-store']);
    }
  });

  it('is kept, and its address works, no longer than previews are', async () => {
    const { path, body } = await preview({ MEDIA_TTL_SECONDS: 60 });
    const endMs = deps.clock.nowMs() + 60_000;
    expect(body).toMatchObject({ expires_at: new Date(endMs).toISOString() });
    expect((await get(path)).status).toBe(200);
    deps.clock.advance(59_999);
    expect((await get(path)).status).toBe(200);
    deps.clock.advance(1);
    expect((await get(path)).status).toBe(410);
  });

  it('has its own answer for a tag that is weak or any, and none for another', async () => {
    const { path } = await preview();
    const etag = (await get(path)).headers.get('etag') ?? '';
    const status = async (tag: string) => (await get(path, { headers: { 'if-none-match': tag } })).status;
    expect(await Promise.all([etag, `W/${etag}`, '*', `"x", ${etag}`, '"x"'].map(status))).toEqual([
      ...[304, 304, 304, 304, 200],
    ]);
  });
});

describe('any tag at all', () => {
  it('is answered for a picture that is there, and 404 for one that is not', async () => {
    const any = { headers: { 'if-none-match': '*' } };
    const nobody = await get(`/charts/${'0'.repeat(64)}.svg`, any);
    expect(nobody.status).toBe(404);
    const { path } = await preview();
    expect((await get(path, any)).status).toBe(304);
  });
});

describe('a reader who leaves', () => {
  it('leaves the drawing to go on behind the answer', async () => {
    const { path } = await preview();
    const behind: Promise<unknown>[] = [];
    const after = (work: () => Promise<unknown>) => void behind.push(work());
    await callApp({ ...deps, after }, path, {});
    expect(behind.length).toBe(1);
    expect(await behind[0]).toMatchObject({ bytes: expect.anything() });
  });
});

describe('the allowance of a user', () => {
  it('that is used up has nobody’s books or bridge asked for a chart by reference', async () => {
    await t.sql('DELETE FROM chart_costs');
    const source = { trade_id: deps.ids.next() };
    const ask = (config: Partial<TestDeps['config']>) => {
      const init = {
        method: 'POST',
        headers: headers(),
        body: JSON.stringify({ kind: 'candlestick', source }),
      };
      return callApp({ ...deps, config: { ...deps.config, ...config } }, '/api/v1/charts', init);
    };
    expect((await ask({ MEDIA_DAILY_COST: 9 })).status).toBe(404);
    const refused = await ask({ MEDIA_DAILY_COST: 8 });
    expect([refused.status, refused.headers.get('retry-after') !== null]).toEqual([429, true]);
  });

  it('is a 429 until midnight UTC when it is used up, and full again then', async () => {
    const config = { MEDIA_DAILY_COST: 9 };
    await t.sql('DELETE FROM chart_costs');
    expect((await preview(config)).answer.status).toBe(201);
    const { answer, body } = await preview(config);
    expect(answer.status).toBe(429);
    expect(body).toMatchObject({ type: 'urn:countersign:problem:rate-limited' });
    const seconds = Number(answer.headers.get('retry-after'));
    deps.clock.advance(seconds * 1000 - 1000);
    expect((await preview(config)).answer.status).toBe(429);
    deps.clock.advance(1000);
    expect((await preview(config)).answer.status).toBe(201);
  });
});
