// Candles of an account's broker: exact windows, resampling, indicators, and who may ask.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import type { Trader } from './world.ts';

const HOUR_MS = 3_600_000;
const NOBODY = '018f0000-0000-7000-8000-000000000000';
const iso = (ms: number) => new Date(ms).toISOString();

export function candlesContract({ test, ...w }: Contract): void {
  const target = (query: Record<string, string>) => `/api/v1/candles?${new URLSearchParams(query)}`;
  /** The hours of gold that the simulated broker has closed, oldest first. */
  const brokersHours = async (): Promise<Json[]> =>
    (await w.broker('/candles?symbol=XAUUSD&timeframe=H1&limit=200')).candles;
  const asked = (t: Trader, query: Record<string, string>): Promise<Json> =>
    w.json(w.as(t.user.token, 'GET', target({ instrument: 'XAUUSD', timeframe: 'H1', ...query })));

  test('gives exactly the bars that begin in the window, as the broker states them', async () => {
    const t = await w.trader();
    const hours = (await brokersHours()).slice(-24);
    const [from, to] = [hours[0].time, hours[23].time];
    const found = await asked(t, { from, to });
    expect(found).toMatchObject({ account_id: t.accountId, instrument: 'XAUUSD', timeframe: 'H1', from, to });
    expect(found.candles).toEqual(hours.slice(0, -1));
    expect(found.restated).toEqual([]);
    expect(found.indicators).toEqual([]);
    const further = await asked(t, {
      from: iso(Date.parse(from) + 1),
      to: iso(Date.parse(to) + 1),
      tz: 'UTC',
    });
    expect(further.candles).toEqual(hours.slice(1));
    const stored = 'SELECT count(*) FROM candles WHERE account_id = $1';
    expect(await w.count(stored, t.accountId)).toBe(24);
  });

  test('names open hours without bars, and calls a window complete that has none', async () => {
    const t = await w.trader();
    const hours = (await brokersHours()).slice(-100);
    const recent = await asked(t, { from: hours[0].time, to: hours[99].time });
    expect(recent).toMatchObject({ complete: true, gaps: [] });
    // A Wednesday long before the broker's history begins.
    const old = await asked(t, { from: '2019-03-13T10:00:00Z', to: '2019-03-13T13:00:00Z' });
    expect(old).toMatchObject({
      ...{ complete: false, candles: [] },
      gaps: [{ from: '2019-03-13T10:00:00.000Z', to: '2019-03-13T13:00:00.000Z' }],
    });
    // A Saturday has no bars and lacks none.
    const closed = await asked(t, { from: '2019-03-16T00:00:00Z', to: '2019-03-17T00:00:00Z' });
    expect(closed).toMatchObject({ complete: true, candles: [], gaps: [] });
  });

  test('puts longer bars together on the server’s clock, and leaves out one that has not ended', async () => {
    const t = await w.trader();
    const [first, last] = [(await brokersHours()).at(0), (await brokersHours()).at(-1)];
    const [from, to] = [first.time, iso(Date.parse(last.time) + 96 * HOUR_MS)];
    for (const [timeframe, tz, size] of [
      ['H4', 'UTC', 4],
      ['H4', '+03:00', 4],
      ['D1', '+02:00', 24],
    ] as const) {
      const shift = tz === 'UTC' ? 0 : Number(tz.slice(1, 3)) * HOUR_MS;
      const start = (time: string) =>
        Math.floor((Date.parse(time) + shift) / (size * HOUR_MS)) * size * HOUR_MS - shift;
      const found = await asked(t, { from, to, timeframe, tz });
      // Asked for afterwards, so that it holds every hour of a bar that had ended before.
      const hours = await brokersHours();
      const { now } = (await w.brokerState()).clock;
      expect(found.candles.length, timeframe).toBeGreaterThan(3);
      for (const bar of found.candles) {
        const parts = hours.filter((h) => start(h.time) === Date.parse(bar.time));
        expect(parts.length).toBeGreaterThan(0);
        expect([bar.open, bar.close]).toEqual([parts[0].open, parts.at(-1).close]);
        expect(Number(bar.high)).toBe(Math.max(...parts.map((p: Json) => Number(p.high))));
        expect(Number(bar.low)).toBe(Math.min(...parts.map((p: Json) => Number(p.low))));
        expect(Number(bar.volume)).toBe(parts.reduce((sum: number, p: Json) => sum + Number(p.volume), 0));
      }
      const latest = Date.parse(found.candles.at(-1).time);
      expect(latest + size * HOUR_MS).toBeLessThanOrEqual(Date.parse(now));
      expect(found.complete).toBe(false);
    }
  });

  test('gives indicators beside the bars, null before their warm-up', async () => {
    const t = await w.trader();
    const hours = (await brokersHours()).slice(-40);
    const found = await asked(t, {
      from: hours[0].time,
      to: hours[39].time,
      indicators: 'sma:3,rsi:14,atr:14',
    });
    const [sma, rsi, atr] = found.indicators;
    expect(found.indicators.map((i: Json) => [i.name, i.period, i.values.length])).toEqual([
      ['sma', 3, 39],
      ['rsi', 14, 39],
      ['atr', 14, 39],
    ]);
    const closes = hours.map((h) => Number(h.close));
    expect(sma.values.slice(0, 2)).toEqual([null, null]);
    expect(sma.values[2]).toBeCloseTo(((closes[0] ?? 0) + (closes[1] ?? 0) + (closes[2] ?? 0)) / 3, 9);
    for (const one of [rsi, atr]) expect(one.values.findIndex((v: unknown) => v !== null)).toBe(14);
    expect(rsi.values.slice(14).every((v: number) => v >= 0 && v <= 100)).toBe(true);
  });

  test('goes through the caller’s only account, and keeps those of others from them', async () => {
    const t = await w.trader();
    const [{ time }] = (await brokersHours()).slice(-5);
    const query = { instrument: 'XAUUSD', timeframe: 'H1', from: time, to: iso(Date.parse(time) + HOUR_MS) };
    const as = (token: string, over: Record<string, string> = {}) =>
      w.as(token, 'GET', target({ ...query, ...over }));
    const named = { account_id: t.accountId };
    expect((await w.json(as(t.user.token))).candles).toHaveLength(1);
    expect((await w.json(as(w.dev.tokens.owner, named))).account_id).toBe(t.accountId);
    const stranger = await w.person();
    await w.refusal(as(stranger.token, named), 403, 'forbidden');
    await w.refusal(as(stranger.token), 422, 'account-required');
    await w.refusal(as(t.user.token, { account_id: NOBODY }), 404, 'not-found');
    await w.refusal(as(t.user.token, { instrument: 'NOSUCH' }), 404, 'not-found');
    await w.refusal(w.plain(target(query)), 401, 'unauthorized');
  });

  test('refuses a query that does not fit, naming what', async () => {
    const t = await w.trader();
    const good = {
      instrument: 'XAUUSD',
      timeframe: 'H1',
      from: '2026-01-05T00:00:00Z',
      to: '2026-01-06T00:00:00Z',
    };
    const bad: [Record<string, string>, string][] = [
      [{ instrument: 'xauusd' }, '/instrument'],
      [{ timeframe: 'H5' }, '/timeframe'],
      [{ from: '2026-01-05' }, '/from'],
      [{ from: '1970-01-01T00:00:00Z' }, '/from'],
      [{ limit: '5' }, '/limit'],
      [{ to: good.from }, '/to'],
      [{ to: '2025-01-01T00:00:00Z' }, '/to'],
      [{ tz: 'Nowhere/City' }, '/tz'],
      [{ indicators: 'macd:3' }, '/indicators'],
      [{ indicators: 'sma:0' }, '/indicators'],
      [{ indicators: 'sma:1,sma:2,sma:3,sma:4,sma:5,sma:6' }, '/indicators'],
      [{ account_id: 'mine' }, '/account_id'],
    ];
    for (const [over, pointer] of bad) {
      const answer = w.as(t.user.token, 'GET', target({ ...good, ...over }));
      const body = await w.refusal(answer, 422, 'invalid-query');
      expect(body.errors[0].pointer, JSON.stringify(over)).toBe(pointer);
    }
  });

  test('takes windows up to 5,000 bars of time, and of long bars up to 20,000 of what they are made of', async () => {
    const t = await w.trader();
    const from = '2019-01-07T00:00:00.000Z';
    const to = (hours: number) => iso(Date.parse(from) + hours * HOUR_MS);
    const status = async (timeframe: string, hours: number) =>
      (
        await w.as(
          t.user.token,
          'GET',
          target({ ...{ instrument: 'XAUUSD', timeframe, tz: 'UTC' }, from, to: to(hours) }),
        )
      ).status;
    expect([await status('H1', 5_000), await status('H1', 5_001)]).toEqual([200, 422]);
    expect([await status('D1', 833 * 24), await status('D1', 834 * 24)]).toEqual([200, 422]);
  });

  test('says what is missing where the bridge does not answer, and keeps nothing of it', async () => {
    const t = await w.trader();
    const [{ time: from }] = (await brokersHours()).slice(-5);
    const query = { instrument: 'XAUUSD', timeframe: 'H1', from, to: iso(Date.parse(from) + 3 * HOUR_MS) };
    await w.broker('/fault', { kind: 'bad_signature', login: t.login, on: 'candles', times: 1 });
    const refused = await w.refusal(w.as(t.user.token, 'GET', target(query)), 503, 'unavailable');
    expect(refused.missing).toEqual([{ from: query.from, to: query.to }]);
    expect(await w.count('SELECT count(*) FROM candles WHERE account_id = $1', t.accountId)).toBe(0);
    expect((await asked(t, query)).candles).toHaveLength(3);
  });
}
