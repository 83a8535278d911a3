import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Candle, Interval } from '../../functions/market/candle.ts';
import { candlesWithin } from '../../functions/market/candle-store.ts';
import { fetchCandleWindow, MAX_BARS } from '../../functions/market/fetch-candle-window.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { type Envelope, SILENT } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { clockOf, sharedCandles } from './shared-history.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const between = (from: string, to: string): Interval => ({ fromMs: ms(from), toMs: ms(to) });
const times = (candles: readonly { timeMs: number }[]) => candles.map((c) => c.timeMs);
const iso = (t: number) => new Date(t).toISOString().slice(0, 16);
const shown = (gaps: Interval[] | null) => gaps?.map((g) => `${iso(g.fromMs)} - ${iso(g.toMs)}`);

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});

const server = clockOf('NY+7');
/** Gold's hours: Sunday 18:00 to Friday 17:00 in New York, with an hour's break a day. */
const goldIsOpen = (utcMs: number): boolean => {
  // Under NY+7 the break is the first hour of the server's day, and its weekend Saturday and Sunday.
  const wall = server.toServerMs(utcMs);
  const weekday = Math.floor(wall / (24 * HOUR_MS) + 4) % 7;
  return weekday !== 0 && weekday !== 6 && wall % (24 * HOUR_MS) >= HOUR_MS;
};
type Hours = (window: Interval) => Interval[] | null;
const goldHours: Hours = ({ fromMs, toMs }) => {
  const open: Interval[] = [];
  for (let h = Math.floor(fromMs / HOUR_MS) * HOUR_MS; h < toMs; h += HOUR_MS) {
    if (!goldIsOpen(h)) continue;
    const last = open.at(-1);
    if (last?.toMs === h) last.toMs = h + HOUR_MS;
    else open.push({ fromMs: h, toMs: h + HOUR_MS });
  }
  return open;
};
const hourly = (window: Interval): Candle[] =>
  Array.from({ length: (window.toMs - window.fromMs) / HOUR_MS }, (_, i) => window.fromMs + i * HOUR_MS)
    .filter(goldIsOpen)
    .map((timeMs, i) => ({
      timeMs,
      open: '2000',
      high: '2001',
      low: '1999',
      close: String(2000 + (i % 2)),
      volume: '1',
    }));

/** A bridge that has this history, and gives of it what it is asked for. */
function history(
  bars: readonly Candle[],
  spoil: (e: Envelope, n: number) => object | null = () => null,
): void {
  let calls = 0;
  at.bridge.script.candles = (e) => {
    calls += 1;
    const [from, to] = [ms(String(e['from'])), ms(String(e['to']))];
    const candles = bars
      .filter((b) => b.timeMs >= from && b.timeMs < to)
      .slice(0, Number(e['count']))
      .map(({ timeMs, ...rest }) => ({ time: new Date(timeMs).toISOString(), ...rest }));
    return (spoil(e, calls) ?? { candles }) as Record<string, unknown>;
  };
}
const fetchWindow = (window: Interval, hours: Hours = goldHours, timeframe: 'H1' | 'M1' = 'H1') => {
  const of = { accountId: at.desk.account.id, bridgeId: at.desk.bridge.id, symbol: 'XAUUSD', timeframe };
  return fetchCandleWindow(at.deps, of, window, hours(window));
};
const got = async (window: Interval, hours?: Hours) => {
  const found = await fetchWindow(window, hours);
  if (found.kind === 'missing') throw new Error(found.word);
  return found;
};
const storedBars = async () =>
  Number(
    (await t.sql('SELECT count(*) FROM candles WHERE account_id = $1', [at.desk.account.id]))[0]?.['count'],
  );

const WEEKENDS: [string, Interval][] = [
  ['a winter weekend', between('2026-02-20T20:00:00Z', '2026-02-23T02:00:00Z')],
  [
    'the weekend on which New York’s clock goes forward',
    between('2025-03-07T20:00:00Z', '2025-03-10T02:00:00Z'),
  ],
  [
    'the weekend on which Europe’s clock goes forward',
    between('2025-03-28T20:00:00Z', '2025-03-31T02:00:00Z'),
  ],
  [
    'the weekend on which New York’s clock goes back',
    between('2025-10-31T20:00:00Z', '2025-11-03T02:00:00Z'),
  ],
];

describe('a window of candles', () => {
  it.each(WEEKENDS)('over %s has exactly its bars and no gap', async (_, window) => {
    const bars = hourly(between('2025-01-01T00:00:00Z', '2026-03-01T00:00:00Z'));
    history(bars);
    const found = await got(window);
    expect(found.candles).toEqual(bars.filter((b) => b.timeMs >= window.fromMs && b.timeMs < window.toMs));
    expect(found.candles.length).toBeGreaterThan(3);
    expect([found.gaps, found.restated]).toEqual([[], []]);
  });

  it('opens an hour later by UTC once New York is back on winter time', async () => {
    history(hourly(between('2025-10-20T00:00:00Z', '2025-11-10T00:00:00Z')));
    const sunday = async (date: string) =>
      iso((await got(between(`${date}T00:00:00Z`, `${date}T23:59:00Z`))).candles[0]?.timeMs ?? 0);
    expect(await sunday('2025-10-26')).toBe('2025-10-26T22:00');
    expect(await sunday('2025-11-02')).toBe('2025-11-02T23:00');
  });

  it('is exact: a bar that begins at its start belongs to it, one at its end does not', async () => {
    history(hourly(between('2026-02-23T00:00:00Z', '2026-02-28T00:00:00Z')));
    const found = async (from: string, to: string) => times((await got(between(from, to))).candles).map(iso);
    expect(await found('2026-02-24T10:00:00Z', '2026-02-24T12:00:00Z')).toEqual([
      '2026-02-24T10:00',
      '2026-02-24T11:00',
    ]);
    expect(await found('2026-02-24T10:00:01Z', '2026-02-24T12:00:01Z')).toEqual([
      '2026-02-24T11:00',
      '2026-02-24T12:00',
    ]);
    expect(await found('2026-02-24T10:00:01Z', '2026-02-24T10:59:00Z')).toEqual([]);
  });

  it('names missing bars as gaps, not the closed hours beside them', async () => {
    const missing = ['2026-02-20T21:00', '2026-02-22T23:00', '2026-02-23T00:00'];
    history(
      hourly(between('2026-02-16T00:00:00Z', '2026-02-27T00:00:00Z')).filter(
        (b) => !missing.includes(iso(b.timeMs)),
      ),
    );
    const found = await got(between('2026-02-20T18:00:00Z', '2026-02-23T06:00:00Z'));
    expect(shown(found.gaps)).toEqual([
      '2026-02-20T21:00 - 2026-02-20T22:00',
      '2026-02-22T23:00 - 2026-02-23T01:00',
    ]);
  });

  it('of an instrument whose hours nobody knows has bars, and no word on gaps', async () => {
    history(hourly(between('2026-02-23T00:00:00Z', '2026-02-24T00:00:00Z')));
    const found = await got(between('2026-02-23T02:00:00Z', '2026-02-23T05:00:00Z'), () => null);
    expect([found.candles.length, found.gaps]).toEqual([3, null]);
  });

  it('that is stored whole asks nobody; what is missing of one is asked for, and no more', async () => {
    const bars = hourly(between('2026-02-23T00:00:00Z', '2026-02-28T00:00:00Z'));
    history(bars);
    await got(between('2026-02-24T05:00:00Z', '2026-02-24T10:00:00Z'));
    expect(at.bridge.calls('candles')).toBe(1);
    const again = await got(between('2026-02-24T06:00:00Z', '2026-02-24T09:00:00Z'));
    expect([again.candles.length, at.bridge.calls('candles')]).toEqual([3, 1]);
    const wider = await got(between('2026-02-24T05:00:00Z', '2026-02-24T12:00:00Z'));
    expect(wider.candles).toHaveLength(7);
    expect(at.bridge.received.at(-1)).toMatchObject({
      ...{
        symbol: 'XAUUSD',
        timeframe: 'H1',
        from: '2026-02-24T10:00:00.000Z',
        to: '2026-02-24T12:00:00.000Z',
      },
    });
  });

  it('with a gap is asked for again only when a moment has passed, and a late bar then fills it', async () => {
    const bars = hourly(between('2026-02-24T00:00:00Z', '2026-02-25T00:00:00Z'));
    const window = between('2026-02-24T05:00:00Z', '2026-02-24T08:00:00Z');
    history(bars.filter((b) => iso(b.timeMs) !== '2026-02-24T06:00'));
    await got(window);
    await got(window);
    const calls = at.bridge.calls('candles');
    history(bars);
    expect(shown((await got(window)).gaps)).toEqual(['2026-02-24T06:00 - 2026-02-24T07:00']);
    expect(at.bridge.calls('candles')).toBe(calls);
    at.deps.clock.advance(15_000);
    expect((await got(window)).gaps).toEqual([]);
    expect(at.bridge.calls('candles')).toBe(calls + 1);
  });

  it('has no bar that is still open, and such a bar is no gap either', async () => {
    at.deps.clock.set(ms('2026-02-24T10:30:00Z'));
    const bars = hourly(between('2026-02-24T00:00:00Z', '2026-02-25T00:00:00Z'));
    history(bars);
    const found = await got(between('2026-02-24T08:00:00Z', '2026-02-24T12:00:00Z'));
    expect(times(found.candles).map(iso)).toEqual(['2026-02-24T08:00', '2026-02-24T09:00']);
    expect(found.gaps).toEqual([]);
    expect(await storedBars()).toBe(2);
  });

  it('goes by the broker’s clock where the bridge states it', async () => {
    at.deps.clock.set(ms('2026-02-24T10:30:00Z'));
    const bars = hourly(between('2026-02-24T08:00:00Z', '2026-02-24T12:00:00Z'));
    const candles = bars.map(({ timeMs, ...rest }) => ({ time: new Date(timeMs).toISOString(), ...rest }));
    at.bridge.script.candles = () => ({ server_now: '2026-02-24T11:00:00Z', candles });
    const found = await got(between('2026-02-24T08:00:00Z', '2026-02-24T12:00:00Z'));
    expect(times(found.candles).map(iso).at(-1)).toBe('2026-02-24T10:00');
    expect(found.closedMs).toBe(ms('2026-02-24T11:00:00Z'));
  });

  it('is of one symbol of the broker’s, and what stands of another is no part of it', async () => {
    history(hourly(between('2026-02-24T00:00:00Z', '2026-02-25T00:00:00Z')));
    const window = between('2026-02-24T05:00:00Z', '2026-02-24T08:00:00Z');
    const fetched = async (symbol: string) => {
      const series = { accountId: at.desk.account.id, symbol, timeframe: 'H1' as const };
      const of = { ...series, bridgeId: at.desk.bridge.id };
      expect(await fetchCandleWindow(at.deps, of, window, goldHours(window))).toMatchObject({ gaps: [] });
      return (await candlesWithin(t.db, series, window)).map((c) => c.close);
    };
    const gold = await fetched('GOLD.m');
    history(
      hourly(between('2026-02-24T00:00:00Z', '2026-02-25T00:00:00Z')).map((c) => ({ ...c, close: '1999' })),
    );
    expect(await fetched('XAUUSD')).toEqual(['1999', '1999', '1999']);
    expect(await fetched('GOLD.m')).toEqual(gold);
    expect(gold).not.toContain('1999');
    expect(at.bridge.received.map((e) => e['symbol'])).toEqual(['GOLD.m', 'XAUUSD']);
  });

  it('keeps what was stated first and names what is restated', async () => {
    const bars = hourly(between('2026-02-24T00:00:00Z', '2026-02-25T00:00:00Z'));
    const gap = '2026-02-24T06:00';
    history(bars.filter((b) => iso(b.timeMs) !== gap));
    await got(between('2026-02-24T05:00:00Z', '2026-02-24T08:00:00Z'));
    at.deps.clock.advance(15_000);
    history(bars.map((b) => ({ ...b, close: '1999.5' })));
    const found = await got(between('2026-02-24T04:00:00Z', '2026-02-24T08:00:00Z'));
    expect(found.restated.map(iso)).toEqual(['2026-02-24T05:00']);
    const close = (time: string) => found.candles.find((c) => iso(c.timeMs) === time)?.close;
    expect([close('2026-02-24T05:00'), close(gap)]).toEqual(['2001', '1999.5']);
  });
});

describe('a long window', () => {
  const start = ms('2026-01-05T00:00:00Z');
  const minutes = Array.from({ length: 12_000 }, (_, i) => ({
    ...{ timeMs: start + i * 60_000, open: '1', high: '1', low: '1', close: '1', volume: '1' },
  }));
  const window = { fromMs: start, toMs: start + 12_000 * 60_000 };
  const always: Hours = (w) => [w];

  it('is asked for in pieces of 5,000 bars and comes back whole', async () => {
    history(minutes);
    const found = await fetchWindow(window, always, 'M1');
    expect(found.kind === 'ok' && times(found.candles)).toEqual(times(minutes));
    const asked = at.bridge.received.filter((e) => e.kind === 'candles');
    const lengths = asked.map((e) => (ms(String(e['to'])) - ms(String(e['from']))) / 60_000);
    expect(lengths.toSorted((a, b) => b - a)).toEqual([5000, 5000, 2000]);
    expect(MAX_BARS).toBe(20_000);
  });

  it.each<[string, () => object, string]>([
    ['no answer', () => SILENT, 'timeout'],
    [
      'a bar out of order',
      () => faulty(start + 5_001 * 60_000, start + 5_000 * 60_000),
      'a bar is not after the one before',
    ],
    ['a bar of another window', () => faulty(start), 'a bar lies outside the window'],
    ['no candles at all', () => ({ error: { code: 'unknown_symbol' } }), 'malformed'],
  ])('of which one piece fails is told of, and nothing of it is kept: %s', async (_, answer, word) => {
    history(minutes, (e) => (ms(String(e['from'])) === start + 5_000 * 60_000 ? answer() : null));
    const found = await fetchWindow(window, always, 'M1');
    const missing = [{ fromMs: start + 5_000 * 60_000, toMs: start + 10_000 * 60_000 }];
    expect(found).toEqual({ kind: 'missing', missing, word });
    expect(await storedBars()).toBe(0);
    history(minutes);
    expect(await fetchWindow(window, always, 'M1')).toMatchObject({ kind: 'ok', gaps: [] });
  });

  const faulty = (...at: number[]) => ({
    candles: at.map((timeMs) => ({ ...minutes[0], timeMs: undefined, time: new Date(timeMs).toISOString() })),
  });
});

describe('windows of real gold', () => {
  it('are exact over every weekend and change of a year, and every hour without a bar is named', async (context) => {
    const bars = sharedCandles(context, 'xauusd_h1_2012-2022.csv', 'UTC');
    const year = between('2019-01-01T00:00:00Z', '2020-01-01T00:00:00Z');
    const of2019 = bars.filter((b) => b.timeMs >= year.fromMs && b.timeMs < year.toMs);
    history(of2019);
    expect((await got(year)).candles).toEqual(of2019);
    const open = goldHours(year) ?? [];
    const expected = open.flatMap(({ fromMs, toMs }) =>
      Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, i) => fromMs + i * HOUR_MS),
    );
    const have = new Set(times(of2019));
    const missing = expected.filter((h) => !have.has(h));
    const { gaps } = await got(year);
    const named = (gaps ?? []).flatMap(({ fromMs, toMs }) =>
      Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, i) => fromMs + i * HOUR_MS),
    );
    expect(named).toEqual(missing);
    // Holidays are the calendar's, not this test's: beside them the real market keeps the hours that are said here.
    expect(missing.length).toBeLessThan(150);
    expect(shown(gaps)).toContainEqual(expect.stringContaining('2019-12-25'));
    // This broker opened at 01:00 of its European clock: an hour after New York's market while only America had changed.
    for (const [from, to, ...gaps] of [
      ['2019-03-08T20:00:00Z', '2019-03-11T02:00:00Z', '2019-03-10T22:00 - 2019-03-10T23:00'],
      ['2019-03-29T20:00:00Z', '2019-04-01T02:00:00Z'],
      ['2019-10-25T20:00:00Z', '2019-10-28T02:00:00Z', '2019-10-27T22:00 - 2019-10-27T23:00'],
      ['2019-11-01T20:00:00Z', '2019-11-04T02:00:00Z'],
    ] as const) {
      const window = between(from, to);
      const found = await got(window);
      expect(found.candles).toEqual(
        of2019.filter((b) => b.timeMs >= window.fromMs && b.timeMs < window.toMs),
      );
      expect(shown(found.gaps), from).toEqual(gaps);
    }
  });
});
