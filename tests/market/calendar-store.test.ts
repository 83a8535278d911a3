import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../../functions/identity/audit-store.ts';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import {
  insertCalendar,
  putSymbolCalendar,
  readCalendar,
  readCalendarById,
  readCalendars,
  type SymbolCalendar,
} from '../../functions/market/calendar-store.ts';
import { entryWindow } from '../../functions/market/trading-calendar.ts';
import { at, defaultDefinition } from '../support/calendars.ts';
import {
  auditOf,
  makeAccount,
  makeBridge,
  makeProducer,
  makeUser,
  type Stage,
} from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let userId: string;
let accountId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
  const producer = await makeProducer(stage, userId);
  const bridge = await makeBridge(stage, userId);
  ({ id: accountId } = await makeAccount(stage, { userId, bridgeId: bridge.id, producerIds: [producer.id] }));
});
afterAll(() => t?.drop());
const nowMs = () => stage.deps.clock.nowMs();
const page = { page: 1, page_size: 100 };

let made = 0;
/** An instrument of its own for a test; no class fits it. */
async function instrument(): Promise<string> {
  made += 1;
  const symbol = `THING${made}`;
  await putInstrument(t.db, { symbol, digits: 2, enabled: true }, nowMs(), auditOf(stage.deps, symbol));
  return symbol;
}
const store = (id: string, last: number, valid_from: string, tz = 'UTC') =>
  insertCalendar(
    t.db,
    [{ ...defaultDefinition('crypto'), id, source: 'override', valid_from, tz }],
    last,
    nowMs(),
    auditOf(stage.deps, id, 'calendar.put'),
  );
const name = (s: Omit<SymbolCalendar, 'source'> & Partial<SymbolCalendar>) =>
  putSymbolCalendar(t.db, { source: 'override', ...s }, nowMs(), auditOf(stage.deps, s.symbol, 'named'));
const idOf = async (symbol: string, account: string | null = null, time = nowMs()): Promise<unknown> => {
  const { calendar } = await readCalendar(t.db, { instrument: symbol, accountId: account }, time);
  return calendar === null || calendar === 'unreadable'
    ? calendar
    : `${calendar.definition.id}@${calendar.version}`;
};

describe('the calendars of several instruments', () => {
  it('are each that which the instrument alone would have, and each once', async () => {
    const [own, bare] = [await instrument(), await instrument()];
    await store('several', 0, '2026-01-01T00:00:00Z');
    await name({ brokerServer: 'Demo-1', symbol: own, calendarId: 'several' });
    const instruments = [own, bare, 'EURUSD', 'GBPUSD', 'XAUUSD'];
    const found = await readCalendars(t.db, { instruments, accountId }, nowMs());
    const ids = found.map((c) => (c === null || c === 'unreadable' ? c : `${c.definition.id}@${c.version}`));
    const alone = await Promise.all(instruments.map((symbol) => idOf(symbol, accountId)));
    expect(ids.toSorted()).toEqual([...new Set(alone)].toSorted());
    expect(ids).toContain('several@1');
    expect(ids).toContain(null);
    expect(await readCalendars(t.db, { instruments: [], accountId }, nowMs())).toEqual([]);
  });
});

describe('the calendar of an instrument', () => {
  it('is that of its class, and none where the class is not known', async () => {
    expect(await idOf('EURUSD')).toBe('fx@0');
    expect(await idOf('XAUUSD', accountId)).toBe('metals-energy@0');
    const { known, calendar } = await readCalendar(t.db, { instrument: 'NEVER', accountId: null }, nowMs());
    expect({ known, calendar }).toEqual({ known: false, calendar: null });
    expect(await idOf(await instrument())).toBeNull();
  });

  it('is what the broker states before an override for it, and that before one for all', async () => {
    const symbol = await instrument();
    for (const id of ['for-all', 'for-one', 'stated'])
      expect(await store(id, 0, '2020-01-01T00:00:00Z')).toBe(true);
    const [all, one] = [
      { brokerServer: '*', symbol, calendarId: 'for-all' },
      { brokerServer: 'Demo-1', symbol, calendarId: 'for-one' },
    ];
    expect(await name(all)).toBe('stored');
    expect([await idOf(symbol), await idOf(symbol, accountId)]).toEqual(['for-all@1', 'for-all@1']);
    await name(one);
    await name({ ...one, brokerServer: 'Other-1', calendarId: 'fx' });
    expect([await idOf(symbol), await idOf(symbol, accountId)]).toEqual(['for-all@1', 'for-one@1']);
    await name({ ...one, source: 'broker', calendarId: 'stated' });
    expect([await idOf(symbol), await idOf(symbol, accountId)]).toEqual(['for-all@1', 'stated@1']);
    await name({ ...one, source: 'broker', calendarId: null });
    expect(await idOf(symbol, accountId)).toBe('for-one@1');
    await name({ ...one, calendarId: null });
    await name({ ...all, calendarId: null });
    expect(await idOf(symbol, accountId)).toBeNull();
    const { items } = await listAudit(t.db, { action: 'named', subject: symbol }, page);
    expect(items).toHaveLength(7);
  });

  it('is named only for an instrument and with a calendar that there are', async () => {
    const symbol = await instrument();
    expect(await name({ brokerServer: '*', symbol, calendarId: 'nowhere' })).toBe('calendar');
    expect(await name({ brokerServer: '*', symbol: 'NOTHING', calendarId: 'fx' })).toBe('instrument');
    expect((await listAudit(t.db, { action: 'named', subject: symbol }, page)).items).toEqual([]);
    expect(await idOf(symbol)).toBeNull();
  });

  it('changes with its versions, each from its time on', async () => {
    const symbol = await instrument();
    await store('dated', 0, '2026-01-01T00:00:00Z');
    await store('dated', 1, '2026-06-01T00:00:00Z');
    await store('dated', 2, '2026-01-01T00:00:00Z');
    await name({ brokerServer: '*', symbol, calendarId: 'dated' });
    const times = [
      '2025-12-31T23:59:59Z',
      '2026-01-01T00:00:00Z',
      '2026-05-31T23:59:59Z',
      '2026-06-01T00:00:00Z',
    ];
    const found = [];
    for (const time of times) found.push(await idOf(symbol, null, at(time)));
    // Before its first version the one that is named does not hold, and no class fits the instrument.
    expect(found).toEqual([null, 'dated@3', 'dated@3', 'dated@2']);
    expect((await readCalendarById(t.db, 'dated', nowMs())).last).toBe(3);
  });

  it('posted under an id of the code takes that one’s place from its time on', async () => {
    await store('us-index', 0, '2026-01-01T00:00:00Z', 'Asia/Tokyo');
    await putInstrument(
      t.db,
      { symbol: 'US500', digits: 1, enabled: true },
      nowMs(),
      auditOf(stage.deps, 'US500'),
    );
    expect(await idOf('US500', null, at('2025-06-01T00:00Z'))).toBe('us-index@0');
    expect(await idOf('US500', null, at('2026-06-01T00:00Z'))).toBe('us-index@1');
  });

  it('that cannot be followed closes the market to entries', async () => {
    const symbol = await instrument();
    await store('broken', 0, '2020-01-01T00:00:00Z', 'Mars/Olympus');
    await name({ brokerServer: '*', symbol, calendarId: 'broken' });
    const { calendar } = await readCalendar(t.db, { instrument: symbol, accountId: null }, nowMs());
    expect(calendar).toBe('unreadable');
    expect(entryWindow(calendar, nowMs())).toMatchObject({ open: false, reason: 'calendar-unreadable' });
  });
});

describe('versions', () => {
  it('of two that were made of the same one, one is stored, with its audit row', async () => {
    const both = await Promise.all([
      store('raced', 0, '2026-01-01T00:00:00Z'),
      store('raced', 0, '2026-01-01T00:00:00Z'),
    ]);
    expect(both.sort()).toEqual([false, true]);
    expect(await readCalendarById(t.db, 'raced', nowMs())).toMatchObject({
      last: 1,
      inForce: { version: 1 },
    });
    expect((await listAudit(t.db, { action: 'calendar.put', subject: 'raced' }, page)).items).toHaveLength(1);
  });

  it('of a calendar that nobody has posted are those of the code, or none', async () => {
    expect(await readCalendarById(t.db, 'eu-index', nowMs())).toMatchObject({
      last: 0,
      inForce: { version: 0 },
    });
    expect(await readCalendarById(t.db, 'nowhere', nowMs())).toEqual({
      later: [],
      last: 0,
      inForce: null,
    });
  });
});
