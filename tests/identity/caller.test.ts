// What a caller is charged, and when its answer is a 429, over the whole application.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import { insertToken } from '../../functions/identity/token-store.ts';
import type { Deps } from '../../functions/platform/deps.ts';
import { callApp } from '../support/app-call.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
});
afterAll(() => t?.drop());

async function newToken(): Promise<{ id: string; bearer: string }> {
  const userId = await makeUser({ t, deps });
  const bearer = accessToken(deps.ids.randomBytes(32));
  const createdMs = deps.clock.nowMs();
  const row = { id: deps.ids.next(), userId, name: 'T', scopes: ['charts'], createdMs };
  const sha256 = (await accessTokenHash(bearer)) ?? '';
  const token = { ...row, expiresMs: createdMs + 86_400_000, sha256, createdBy: userId };
  await insertToken(deps.db, token, auditOf(deps, row.id));
  return { id: row.id, bearer };
}

/** A limiter that remembers what was taken; what begins with `spent` is used up. */
function limiter(spent = 'nothing'): Deps['limiter'] & { taken: [string, number][] } {
  const taken: [string, number][] = [];
  return {
    taken,
    take: (key, limit) => {
      taken.push([key, limit]);
      const allowed = !key.startsWith(spent);
      return { allowed, limit, remaining: allowed ? limit - 1 : 0, resetSeconds: 7 };
    },
  };
}
const me = (over: Partial<TestDeps>, bearer: string): Promise<Response> =>
  callApp({ ...deps, ...over }, '/api/v1/me', { headers: { authorization: `Bearer ${bearer}` } });

describe('a caller', () => {
  it('that proves itself is charged to its token, 600 a minute, and never to its address', async () => {
    const { id, bearer } = await newToken();
    const counting = limiter();
    expect((await me({ limiter: counting }, bearer)).status).toBe(200);
    expect(counting.taken).toEqual([[`token:${id}`, 600]]);
    expect((await me({ limiter: limiter('fail:') }, bearer)).status).toBe(200);
  });

  it('whose token is used up gets 429 with the limit’s headers, and nothing is done', async () => {
    const { bearer } = await newToken();
    const init = {
      ...{ method: 'POST', body: '{"name":"another"}' },
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    };
    const before = await t.sql('SELECT count(*)::int AS n FROM access_tokens');
    const answer = await callApp({ ...deps, limiter: limiter('token:') }, '/api/v1/tokens', init);
    expect(answer.status).toBe(429);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...{ 'retry-after': '7', 'ratelimit-limit': '600', 'ratelimit-remaining': '0', 'ratelimit-reset': '7' },
    });
    expect(await answer.json()).toMatchObject({ type: 'urn:countersign:problem:rate-limited', status: 429 });
    expect(await t.sql('SELECT count(*)::int AS n FROM access_tokens')).toEqual(before);
  });

  it('that proves nothing is charged to its address, 60 a minute, and then gets 429 in place of 401', async () => {
    const counting = limiter();
    expect((await me({ limiter: counting }, 'cs_pat_x')).status).toBe(401);
    expect(counting.taken).toEqual([['fail:192.0.2.7', 60]]);
    const flooded = await me({ limiter: limiter('fail:') }, 'cs_pat_x');
    expect(flooded.status).toBe(429);
    expect(flooded.headers.get('retry-after')).toBe('7');
  });
});
