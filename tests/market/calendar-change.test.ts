// The routes of the calendar over the whole application, with what only a test can put between two of their steps.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import { insertToken } from '../../functions/identity/token-store.ts';
import { readCalendarById } from '../../functions/market/calendar-store.ts';
import { callApp } from '../support/app-call.ts';
import { auditOf, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let bearer: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  const { deps } = stage;
  const userId = await makeUser(stage, 'admin');
  bearer = accessToken(deps.ids.randomBytes(32));
  const [id, createdMs] = [deps.ids.next(), deps.clock.nowMs()];
  const sha256 = (await accessTokenHash(bearer)) ?? '';
  await insertToken(
    deps.db,
    {
      ...{ id, userId, name: 'one', scopes: ['admin', 'trading:read'], sha256, createdBy: userId },
      ...{ createdMs, expiresMs: createdMs + 86_400_000 },
    },
    auditOf(deps, id),
  );
});
afterAll(() => t?.drop());

const post = (path: string, body: unknown): Promise<Response> =>
  callApp(stage.deps, `/api/v1/market/calendars${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const holiday = (n: number) => ({
  ...{ kind: 'closed', label: `day ${n}` },
  on: { date: new Date(Date.UTC(2027, 0, n + 1)).toISOString().slice(0, 10) },
});

describe('changes of a calendar', () => {
  it('made at once are all in the last version, none lost', async () => {
    const answers = await Promise.all([0, 1, 2].map((n) => post('/eu-index/exceptions', holiday(n))));
    expect(answers.map((a) => a.status)).toEqual([201, 201, 201]);
    const { inForce, last } = await readCalendarById(t.db, 'eu-index', stage.deps.clock.nowMs());
    expect(last).toBe(3);
    if (inForce === null || inForce === 'unreadable') throw new Error('the calendar is not there');
    const labels = inForce.definition.exceptions.map((e) => e.label);
    expect(labels).toEqual(expect.arrayContaining(['Good Friday', 'day 0', 'day 1', 'day 2']));
    expect(inForce.definition.source).toBe('override');
  });

  it('beyond what a calendar holds are refused, so that it can still be read', async () => {
    const weekly = [{ open: { dow: 1, hhmm: '09:00' }, close: { dow: 1, hhmm: '17:00' } }];
    const exceptions = Array.from({ length: 500 }, (_, n) => holiday(n));
    const full = { id: 'full', tz: 'UTC', day_start: '00:00', weekly, exceptions };
    expect((await post('', full)).status).toBe(201);
    const refused = await post('/full/exceptions', holiday(501));
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('as many') });
    expect(await readCalendarById(t.db, 'full', stage.deps.clock.nowMs())).toMatchObject({ last: 1 });
  });

  it('leave out blocks that ended more than a day before', async () => {
    const nowMs = stage.deps.clock.nowMs();
    const block = (hours: number) => ({
      from: new Date(nowMs + hours * 3_600_000).toISOString(),
      to: new Date(nowMs + (hours + 1) * 3_600_000).toISOString(),
      label: `at ${hours}`,
    });
    for (const hours of [-48, -12, 4]) expect((await post('/crypto/blocks', block(hours))).status).toBe(201);
    const { inForce } = await readCalendarById(t.db, 'crypto', nowMs);
    if (inForce === null || inForce === 'unreadable') throw new Error('the calendar is not there');
    expect(inForce.definition.blocklist.map((b) => b.label)).toEqual(['at -12', 'at 4']);
  });

  it.each([
    ['a zone that there is not', { tz: 'Mars/Olympus' }, '/tz'],
    ['a wall time that there is not', { day_start: '24:00' }, '/day_start'],
    ['a source that only the code has', { source: 'default' }, '/source'],
    ['an unknown member', { holidays: [] }, '/holidays'],
    ['a year that PostgreSQL cannot hold', { valid_from: '0000-01-01T00:00:00Z' }, '/valid_from'],
    ['no sessions', { weekly: [] }, '/weekly'],
  ])('with %s are refused', async (_name, over, pointer) => {
    const weekly = [{ open: { dow: 1, hhmm: '09:00' }, close: { dow: 1, hhmm: '17:00' } }];
    const refused = await post('', { id: 'bad', tz: 'UTC', day_start: '00:00', weekly, ...over });
    expect(refused.status).toBe(422);
    expect(((await refused.json()) as { errors: { pointer: string }[] }).errors[0]?.pointer).toBe(pointer);
  });
});
