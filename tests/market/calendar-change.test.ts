// The routes of the calendar over the whole application, with what only a test can put between two of their steps.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { readCalendarById } from '../../functions/market/calendar-store.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { auditOf, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let ask: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  ask = await askingAs(stage, await makeUser(stage, 'admin'), ['admin', 'trading:read']);
});
afterAll(() => t?.drop());

const post = (path: string, body: unknown): Promise<Response> =>
  ask('POST', `/api/v1/market/calendars${path}`, body);
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

  it.each([
    ['exceptions', holiday(0)],
    ['blocks', { from: '2027-01-01T10:00:00Z', to: '2027-01-01T11:00:00Z', label: 'news' }],
  ])(
    'by %s need a version to begin from: 404 where there is none, 409 where it is not to be read or not in force',
    async (verb, body) => {
      const weekly = [{ open: { dow: 1, hhmm: '09:00' }, close: { dow: 1, hhmm: '17:00' } }];
      const [torn, later] = [`torn-${verb}`, `later-${verb}`];
      const at = new Date(stage.deps.clock.nowMs()).toISOString();
      await t.sql(`INSERT INTO trading_calendars VALUES ($1, 1, '{"id": "of another release"}', $2, $2)`, [
        torn,
        at,
      ]);
      const posted = { tz: 'UTC', day_start: '00:00', weekly };
      expect((await post('', { ...posted, id: later, valid_from: '2027-01-01T00:00:00Z' })).status).toBe(201);
      const asked = async (id: string) => {
        const answer = await post(`/${id}/${verb}`, body);
        const { type = '', detail = '' } = (await answer.json()) as { type?: string; detail?: string };
        return [answer.status, type.replace('urn:countersign:problem:', ''), detail];
      };
      expect(await asked('nowhere')).toEqual([404, 'not-found', 'no such calendar']);
      expect(await asked(torn)).toEqual([409, 'conflict', expect.stringContaining('cannot be read')]);
      expect(await asked(later)).toEqual([409, 'conflict', expect.stringContaining('in force yet')]);
      expect(
        (await t.sql('SELECT 1 FROM trading_calendars WHERE id = ANY($1)', [[torn, later]])).length,
      ).toBe(2);
      for (const id of [torn, later]) {
        expect((await post('', { ...posted, id })).status, 'it may always be posted anew').toBe(201);
        expect((await asked(id))[0]).toBe(201);
      }
    },
  );

  describe('while another version is to come', () => {
    const DAY_MS = 86_400_000;
    const startMs = () => stage.deps.clock.nowMs();
    const at = (days: number) => new Date(startMs() + days * DAY_MS).toISOString();
    const weekly = [{ open: { dow: 0, hhmm: '00:00' }, close: { dow: 0, hhmm: '00:00' } }];
    const always = { tz: 'UTC', day_start: '00:00', weekly, open_delay_minutes: 0, close_early_minutes: 0 };
    /** A calendar of an instrument of its own, with a version from now on and others from so many days on. */
    const named = async (id: string, ...days: number[]): Promise<string> => {
      const symbol = id.toUpperCase().replaceAll('-', '_');
      await putInstrument(t.db, { symbol, digits: 1, enabled: true }, startMs(), auditOf(stage.deps, symbol));
      for (const from of [0, ...days])
        expect((await post('', { ...always, id, valid_from: at(from) })).status).toBe(201);
      const by = { broker_server: '*', symbol, calendar_id: id };
      expect((await ask('POST', '/api/v1/market/symbol-calendars', by)).status).toBe(201);
      return symbol;
    };
    const hours = async (symbol: string, days: number) => {
      const answer = await ask('GET', `/api/v1/market/hours?instrument=${symbol}&at=${at(days)}`);
      const { mode, entries_allowed, reason } = (await answer.json()) as Record<string, unknown>;
      return [mode, entries_allowed, reason];
    };

    it('a block holds in each version whose time it falls in', async () => {
      const symbol = await named('blocked-later', 2, 4);
      const block = (from: number, to: number) => ({ from: at(from), to: at(to), label: 'news' });
      const answer = await post('/blocked-later/blocks', block(1, 5));
      expect(answer.status).toBe(201);
      expect(await answer.json()).toMatchObject({
        version: 4,
        valid_from: at(0),
        blocklist: [{ label: 'news' }],
      });
      for (const days of [1.5, 2.5, 4.5])
        expect(await hours(symbol, days), `after ${days} days`).toEqual(['close_only', false, 'blocklist']);
      for (const days of [0.5, 5.5]) expect((await hours(symbol, days))[1], `after ${days} days`).toBe(true);
    });

    it('a holiday does too, and what two add at once is in all of them', async () => {
      const symbol = await named('holiday-later', 2, 4);
      const closed = (days: number) => ({
        ...{ kind: 'closed', label: `after ${days} days`, on: { date: at(days).slice(0, 10) } },
      });
      const answers = await Promise.all(
        [3, 5].map((days) => post('/holiday-later/exceptions', closed(days))),
      );
      expect(answers.map((a) => a.status)).toEqual([201, 201]);
      expect(await Promise.all([1, 3, 5].map(async (days) => (await hours(symbol, days))[0]))).toEqual([
        ...['open', 'closed', 'closed'],
      ]);
      const stored = await t.sql(
        `SELECT version, definition->>'valid_from' AS from FROM trading_calendars WHERE id = 'holiday-later' ORDER BY 1`,
      );
      expect(stored.map((r) => r['from'])).toEqual([0, 2, 4, 0, 2, 4, 0, 2, 4].map(at));
      const audits = await t.sql(
        `SELECT detail FROM audit_log WHERE subject_id = 'holiday-later' AND action = 'calendar.except' ORDER BY (detail->>'version')::int`,
      );
      expect(audits.map((r) => r['detail'])).toEqual([
        { version: 4, later: 2 },
        { version: 7, later: 2 },
      ]);
    });

    it('a version that is posted anew takes the place of its own alone', async () => {
      await named('replaced-later', 2);
      await post('', { ...always, id: 'replaced-later', tz: 'Asia/Tokyo', valid_from: at(2) });
      const { later, last } = await readCalendarById(t.db, 'replaced-later', startMs());
      expect([last, later.map((v) => v !== 'unreadable' && [v.version, v.definition.tz])]).toEqual([
        ...[3, [[3, 'Asia/Tokyo']]],
      ]);
    });

    it('one that cannot be read stays as it is, and one that is full lets nothing be added to any', async () => {
      await named('torn-later', 4);
      await t.sql(`INSERT INTO trading_calendars VALUES ('torn-later', 3, '{"id": "torn-later"}', $1, $1)`, [
        at(2),
      ]);
      const block = { from: at(3), to: at(5), label: 'news' };
      expect((await post('/torn-later/blocks', block)).status).toBe(201);
      const of = async (id: string) => {
        const { inForce, later } = await readCalendarById(t.db, id, startMs());
        return [inForce, ...later].map((v) =>
          v === null || v === 'unreadable' ? v : v.definition.blocklist.length,
        );
      };
      expect(await of('torn-later')).toEqual([1, 'unreadable', 1]);
      await named('full-later');
      const exceptions = Array.from({ length: 500 }, (_, n) => holiday(n));
      expect((await post('', { ...always, id: 'full-later', exceptions, valid_from: at(2) })).status).toBe(
        201,
      );
      expect((await post('/full-later/exceptions', holiday(501))).status).toBe(422);
      expect((await readCalendarById(t.db, 'full-later', startMs())).last).toBe(2);
    });
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
