import { createRoute, z } from '@hono/zod-openapi';
import { type Caller, requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, decimal, json, problems, timestamp, uuid } from '../platform/contract.ts';
import type { Database } from '../platform/database.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { readCalendar } from './calendar-store.ts';
import type { Candle, Interval } from './candle.ts';
import { type CandleAccount, readCandleAccount } from './candle-store.ts';
import { fetchCandleWindow, MAX_BARS } from './fetch-candle-window.ts';
import { INDICATORS, type IndicatorName, type IndicatorSpec, indicatorSeries } from './indicator.ts';
import { openHours } from './open-hours.ts';
import { resampledCandles, sourceWithin, wholeBars } from './resampled-candles.ts';
import { serverClock } from './server-clock.ts';
import {
  type StoredTimeframe,
  shortestMs,
  sourceOf,
  storedMs,
  TIMEFRAMES,
  type Timeframe,
} from './timeframe.ts';

const MAX_ANSWERED = 5_000;
const MAX_INDICATORS = 5;
const INDICATOR = new RegExp(`^(${INDICATORS.join('|')}):([1-9]\\d{0,2})$`);

/** Beyond these a bar's edge may have no date that can be written. */
const YEARS = { first: Date.UTC(1971, 0, 1), last: Date.UTC(2100, 0, 1) };
const moment = z.iso
  .datetime({ offset: true, error: 'must be ISO 8601 with an offset' })
  .refine((text) => Date.parse(text) >= YEARS.first && Date.parse(text) <= YEARS.last, {
    error: 'must be from 1971 to 2099',
  });
const querySchema = z.strictObject({
  instrument: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'must be 2 to 20 of A-Z, 0-9, _ and .'),
  timeframe: z.enum(TIMEFRAMES),
  from: moment,
  to: moment,
  account_id: uuid.optional(),
  tz: z
    .string()
    .max(64)
    .refine(
      (zone) => serverClock(zone) !== null,
      'must be NY+7, an IANA time zone or an offset such as +02:00',
    )
    .default('NY+7')
    .openapi({ description: 'the clock on which bars longer than an hour begin, the server’s or any other' }),
  indicators: z
    .string()
    .max(100)
    .refine(
      (text) => parseIndicators(text) !== null,
      `must be at most ${MAX_INDICATORS} such as sma:20,rsi:14`,
    )
    .optional()
    .openapi({
      example: 'sma:20,rsi:14',
      description: `${INDICATORS.join(', ')}, each with its period in bars`,
    }),
});
type Query = z.output<typeof querySchema>;

const interval = z.object({ from: timestamp, to: timestamp });
const candlesSchema = z
  .object({
    ...{ account_id: uuid, instrument: z.string(), timeframe: z.enum(TIMEFRAMES), tz: z.string() },
    ...interval.shape,
    complete: z.boolean().openapi({
      description: 'every bar that begins in the window has ended, and no open hour is without one',
    }),
    gaps: z
      .array(interval)
      .nullable()
      .openapi({ description: 'open hours without bars; null: hours unknown' }),
    restated: z.array(timestamp).openapi({ description: 'stored bars that the broker now states otherwise' }),
    candles: z.array(
      z.object({
        ...{ time: timestamp, open: decimal, high: decimal, low: decimal, close: decimal, volume: decimal },
      }),
    ),
    indicators: z.array(
      z.object({
        name: z.enum(INDICATORS),
        period: z.number().int(),
        values: z
          .array(z.number().nullable())
          .openapi({ description: 'one per candle; null before warm-up' }),
      }),
    ),
  })
  .openapi('Candles');

const route = createRoute({
  method: 'get',
  path: '/api/v1/candles',
  tags: ['market'],
  summary: 'Closed bars that begin in [from, to), as an account’s broker states them, oldest first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: querySchema },
  responses: { 200: json(candlesSchema, 'The bars, and where some are missing'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/candles`. Without `account_id` through the caller's only account. */
export const getCandles = endpoint(route, async (c) => {
  const query = c.req.valid('query');
  const { deps, caller } = c.var;
  const asked = windowOf(query);
  const server = serverClock(query.tz);
  if (server === null) throw queryFault('/tz', 'is no time zone');
  const whole = wholeBars(query.timeframe, server, asked);
  limitWindow(query.timeframe, sourceOf(query.timeframe), whole);
  const timeframe = sourceWithin(query.timeframe, server, whole);
  limitWindow(query.timeframe, timeframe, whole);
  const account = await accountOf(deps.db, query, caller);
  const atMs = Math.min(deps.clock.nowMs(), whole.toMs);
  const { known, calendar } = await readCalendar(
    deps.db,
    { instrument: query.instrument, accountId: account.id },
    atMs,
  );
  if (!known) throw problem('not-found', { detail: 'no such instrument' });
  const { instrument } = query;
  const symbol = account.symbols[instrument] ?? instrument;
  const of = { accountId: account.id, bridgeId: account.bridgeId, symbol, timeframe };
  const found = await fetchCandleWindow(deps, of, whole, openHours(calendar, whole));
  if (found.kind === 'missing')
    throw problem('unavailable', {
      detail: `the account’s bridge did not give all bars (${found.word}); none of these were kept`,
      missing: found.missing.map(presentInterval),
    });
  const candles =
    query.timeframe === timeframe
      ? found.candles
      : resampledCandles(found.candles, query.timeframe, server, found.closedMs);
  return c.json(
    {
      ...{ account_id: account.id, instrument: query.instrument, timeframe: query.timeframe, tz: query.tz },
      ...presentInterval(asked),
      complete: found.gaps?.length === 0 && whole.toMs <= found.closedMs,
      gaps: found.gaps?.map(presentInterval) ?? null,
      restated: found.restated.map(isoTime),
      candles: candles.map(({ timeMs, ...figures }) => ({ time: isoTime(timeMs), ...figures })),
      indicators: indicatorsOf(query, candles),
    },
    200,
  );
});

const presentInterval = (i: Interval) => ({ from: isoTime(i.fromMs), to: isoTime(i.toMs) });

const queryFault = (pointer: string, detail: string) =>
  problem('invalid-query', { errors: [{ pointer, detail }] });

async function accountOf(db: Database, query: Query, caller: Caller): Promise<CandleAccount> {
  const named = query.account_id ?? null;
  const account = await readCandleAccount(db, { accountId: named, userId: caller.userId });
  if (account === null && named !== null) throw problem('not-found', { detail: 'no such account' });
  if (account === null) throw problem('account-required', { detail: 'you have not exactly one account' });
  if (account.userId !== caller.userId && !readsEverything(caller.role)) throw problem('forbidden');
  return account;
}

function windowOf(query: Query): Interval {
  const window = { fromMs: Date.parse(query.from), toMs: Date.parse(query.to) };
  if (window.fromMs >= window.toMs) throw queryFault('/to', 'must be after from');
  return window;
}

/** Closed hours count too, so that a caller can tell beforehand what is too long. */
function limitWindow(timeframe: Timeframe, source: StoredTimeframe, { fromMs, toMs }: Interval): void {
  const limits = [
    { bars: MAX_ANSWERED, of: timeframe, sizeMs: shortestMs(timeframe) },
    { bars: MAX_BARS, of: source, sizeMs: storedMs(source) },
  ];
  for (const { bars, of, sizeMs } of limits)
    if (toMs - fromMs > bars * sizeMs)
      throw queryFault('/to', `is more than ${bars} bars of ${of} after from: ask for less at once`);
}

function parseIndicators(text: string): IndicatorSpec[] | null {
  const specs = text.split(',').flatMap((part) => {
    const [, name, period] = INDICATOR.exec(part) ?? [];
    return name === undefined ? [] : [{ name: name as IndicatorName, period: Number(period) }];
  });
  return specs.length === text.split(',').length && specs.length <= MAX_INDICATORS ? specs : null;
}

function indicatorsOf(query: Query, candles: readonly Candle[]) {
  const specs = query.indicators === undefined ? [] : (parseIndicators(query.indicators) ?? []);
  const bars = candles.map((c) => ({ high: Number(c.high), low: Number(c.low), close: Number(c.close) }));
  return specs.map((spec) => ({ ...spec, values: indicatorSeries(spec, bars) }));
}
