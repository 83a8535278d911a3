// Market hours: how a market stands, when it opens, which calendar says so, and what administrators change of it.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { unique } from './world.ts';

const HOURS = '/api/v1/market/hours';
const CALENDARS = '/api/v1/market/calendars';
const SYMBOLS = '/api/v1/market/symbol-calendars';

export function marketContract({ test, ...w }: Contract): void {
  const target = (query: Record<string, string>) => `${HOURS}?${new URLSearchParams(query)}`;
  const hours = (query: Record<string, string>): Promise<Json> => w.json(w.owner('GET', target(query)));
  /** An instrument of the test's own, with the calendar of one broker's server or of all. */
  const instrument = async (): Promise<string> => {
    const symbol = `H${unique().replace(/[^a-z0-9]/gi, '')}`.toUpperCase().slice(0, 20);
    await w.json(w.owner('POST', '/api/v1/instruments', { symbol, digits: 2 }), 201);
    return symbol;
  };
  const newCalendar = async (over: Record<string, unknown> = {}): Promise<Json> => {
    const id = `t-${unique()}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const weekly = [{ open: { dow: 1, hhmm: '09:00' }, close: { dow: 5, hhmm: '17:30' } }];
    const valid_from = '2020-01-01T00:00:00.000Z';
    const body = { id, tz: 'Europe/Berlin', day_start: '00:00', weekly, valid_from, ...over };
    return w.json(w.owner('POST', CALENDARS, body), 201);
  };
  const name = (symbol: string, calendar_id: string | null, broker_server = '*'): Promise<Json> =>
    w.json(w.owner('POST', SYMBOLS, { broker_server, symbol, calendar_id }), 201);

  test('says how a market stands, until when, and when it was open in a span', async () => {
    const week = { from: '2026-03-06T00:00:00Z', to: '2026-03-10T00:00:00Z' };
    expect(await hours({ instrument: 'XAUUSD', at: '2026-03-06T21:45:00Z', ...week })).toEqual({
      ...{ instrument: 'XAUUSD', account_id: null, at: '2026-03-06T21:45:00.000Z', mode: 'open' },
      ...{ entries_allowed: true, reason: null, entries_until: '2026-03-06T21:50:00.000Z' },
      ...{
        entries_from: null,
        next_open: '2026-03-08T22:00:00.000Z',
        next_close: '2026-03-06T22:00:00.000Z',
      },
      calendar: {
        ...{ id: 'metals-energy', version: 0, source: 'default', tz: 'America/New_York' },
        valid_from: '1970-01-01T00:00:00.000Z',
      },
      ...{ from: '2026-03-06T00:00:00.000Z', to: '2026-03-10T00:00:00.000Z' },
      intervals: [
        { open: '2026-03-06T00:00:00.000Z', close: '2026-03-06T22:00:00.000Z' },
        { open: '2026-03-08T22:00:00.000Z', close: '2026-03-09T21:00:00.000Z' },
        { open: '2026-03-09T22:00:00.000Z', close: '2026-03-10T00:00:00.000Z' },
      ],
    });
    expect(await hours({ instrument: 'EURUSD', at: '2026-03-07T12:00:00+02:00' })).toMatchObject({
      ...{ mode: 'closed', entries_allowed: false, reason: 'market-closed', entries_until: null },
      ...{ entries_from: '2026-03-08T21:05:00.000Z', next_open: '2026-03-08T21:00:00.000Z' },
    });
    expect(await hours({ instrument: 'EURUSD', at: '2026-03-04T22:02:00Z' })).toMatchObject({
      ...{ mode: 'close_only', entries_allowed: false, reason: 'rollover' },
    });
  });

  test('takes no entries in an instrument that has no calendar, until one is named', async () => {
    const symbol = await instrument();
    expect(await hours({ instrument: symbol })).toMatchObject({
      ...{ mode: 'closed', entries_allowed: false, reason: 'no-calendar', calendar: null, intervals: [] },
      ...{ next_open: null, next_close: null, entries_from: null },
    });
    const { id } = await newCalendar();
    await name(symbol, id);
    expect(await hours({ instrument: symbol, at: '2026-07-01T10:00:00Z' })).toMatchObject({
      ...{ mode: 'open', entries_allowed: true, next_close: '2026-07-03T15:30:00.000Z' },
      calendar: { id, version: 1, source: 'override', tz: 'Europe/Berlin' },
    });
  });

  test('goes by the calendar of the account’s broker, and tells it to whoever may see the account', async () => {
    const t = await w.trader();
    const symbol = await instrument();
    const [everywhere, there] = [await newCalendar(), await newCalendar({ tz: 'Asia/Tokyo' })];
    await name(symbol, everywhere.id);
    await name(symbol, there.id, 'Contract-Demo');
    const of = async (token: string, account?: string): Promise<Json> =>
      (
        await w.json(
          w.as(token, 'GET', target({ instrument: symbol, ...(account ? { account_id: account } : {}) })),
        )
      ).calendar.id;
    expect(await of(t.user.token)).toBe(everywhere.id);
    expect(await of(t.user.token, t.accountId)).toBe(there.id);
    expect(await of(w.dev.tokens.owner, t.accountId)).toBe(there.id);
    const stranger = await w.person();
    const asked = target({ instrument: symbol, account_id: t.accountId });
    await w.refusal(w.as(stranger.token, 'GET', asked), 403, 'forbidden');
  });

  test('closes for a holiday and takes no entries in a block from the answer on, each a version and in the audit', async () => {
    const symbol = await instrument();
    const { id } = await newCalendar();
    await name(symbol, id);
    const holiday = { kind: 'closed', on: { date: '2026-07-01' }, label: 'A holiday' };
    const excepted = await w.json(w.owner('POST', `${CALENDARS}/${id}/exceptions`, holiday), 201);
    expect(excepted).toMatchObject({ id, version: 2, exceptions: [holiday] });
    expect(await hours({ instrument: symbol, at: '2026-07-01T10:00:00Z' })).toMatchObject({
      ...{ mode: 'closed', reason: 'market-closed', next_open: '2026-07-01T22:00:00.000Z' },
      calendar: { id, version: 2 },
    });
    const block = { from: '2099-07-01T09:00:00Z', to: '2099-07-01T11:00:00Z', label: 'News' };
    await w.json(w.owner('POST', `${CALENDARS}/${id}/blocks`, block), 201);
    expect(await hours({ instrument: symbol, at: '2099-07-01T10:00:00Z' })).toMatchObject({
      ...{ mode: 'close_only', entries_allowed: false, reason: 'blocklist' },
      entries_from: '2099-07-01T11:00:00.000Z',
    });
    const audited = `SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action LIKE 'calendar.%'`;
    expect(await w.count(audited, id)).toBe(3);
    const named = `SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action = 'symbol-calendar.put'`;
    expect(await w.count(named, symbol)).toBe(1);
  });

  test('edits no calendar that cannot be read, which is a conflict and not a 404, until it is posted anew', async () => {
    const id = `t-${unique()}`;
    await w.rt.query(`INSERT INTO trading_calendars VALUES ($1, 1, '{"id": "torn"}', '2020-01-01Z', now())`, [
      id,
    ]);
    const holiday = { kind: 'closed', on: { date: '2026-07-01' }, label: 'A holiday' };
    const block = { from: '2099-07-01T09:00:00Z', to: '2099-07-01T11:00:00Z', label: 'News' };
    for (const [verb, body] of [['exceptions', holiday] as const, ['blocks', block] as const]) {
      const edit = (name: string) => w.owner('POST', `${CALENDARS}/${name}/${verb}`, body);
      await w.refusal(edit(id), 409, 'conflict');
      await w.refusal(edit('nowhere'), 404, 'not-found');
    }
    expect(await newCalendar({ id })).toMatchObject({ id, version: 2 });
    await w.json(w.owner('POST', `${CALENDARS}/${id}/exceptions`, holiday), 201);
  });

  test('refuses hours of what is not known, and a question that cannot be understood', async () => {
    const NOBODY = '018f0000-0000-7000-8000-000000000000';
    const get = (query: Record<string, string>) => w.owner('GET', target(query));
    await w.refusal(get({ instrument: 'NEVER.SEEN' }), 404, 'not-found');
    await w.refusal(get({ instrument: 'EURUSD', account_id: NOBODY }), 404, 'not-found');
    for (const [query, pointer] of [
      [{}, '/instrument'],
      [{ instrument: 'eur usd' }, '/instrument'],
      [{ instrument: 'EURUSD', at: 'now' }, '/at'],
      [{ instrument: 'EURUSD', at: '2026-03-06T21:45:00' }, '/at'],
      [{ instrument: 'EURUSD', at: '0000-01-01T00:00:00Z' }, '/at'],
      [{ instrument: 'EURUSD', account_id: 'x' }, '/account_id'],
      [{ instrument: 'EURUSD', from: '2026-03-06T00:00:00Z', to: '2026-03-06T00:00:00Z' }, '/to'],
      [{ instrument: 'EURUSD', from: '2026-03-06T00:00:00Z', to: '2028-03-06T00:00:00Z' }, '/to'],
      [{ instrument: 'EURUSD', tz: 'UTC' }, '/tz'],
    ] as [Record<string, string>, string][]) {
      const { errors } = await w.refusal(get(query), 422, 'invalid-query');
      expect(errors.map((e: Json) => e.pointer)).toEqual([pointer]);
    }
  });

  test('lets nobody name a calendar or an instrument that there is not', async () => {
    const symbol = await instrument();
    const post = (body: unknown) => w.owner('POST', SYMBOLS, body);
    for (const [over, pointer] of [
      [{ calendar_id: 'nowhere' }, '/calendar_id'],
      [{ symbol: 'NEVER.SEEN' }, '/symbol'],
      [{ source: 'broker' }, '/broker_server'],
    ] as const) {
      const body = { broker_server: '*', symbol, calendar_id: 'fx', ...over };
      const { errors } = await w.refusal(post(body), 422, 'invalid-body');
      expect(errors.map((e: Json) => e.pointer)).toEqual([pointer]);
    }
    const holiday = { kind: 'closed', on: { date: '2026-07-01' }, label: 'A holiday' };
    await w.refusal(w.owner('POST', `${CALENDARS}/nowhere/exceptions`, holiday), 404, 'not-found');
  });
}
