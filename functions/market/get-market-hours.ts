import { createRoute, z } from '@hono/zod-openapi';
import { type Caller, requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import type { Database } from '../platform/database.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { type CalendarFound, readCalendar } from './calendar-store.ts';
import { type MarketHours, marketHours } from './market-hours.ts';
import { ENTRY_BLOCKS, MARKET_MODES } from './trading-calendar.ts';

const DAY_MS = 86_400_000;
const SHOWN_MS = 7 * DAY_MS;
const MAX_RANGE_DAYS = 366;
const YEARS = { first: Date.UTC(1971, 0, 1), last: Date.UTC(2100, 0, 1) };

const time = z.iso
  .datetime({ offset: true, error: 'must be ISO 8601 with an offset', abort: true })
  .refine((text) => Date.parse(text) >= YEARS.first && Date.parse(text) <= YEARS.last, {
    error: 'must be from 1971 to 2099',
  });
const querySchema = z.strictObject({
  instrument: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'must be 2 to 20 of A-Z, 0-9, _ and .'),
  account_id: uuid.optional().openapi({ description: 'as this account’s broker trades it' }),
  at: time.optional().openapi({ description: 'the moment judged; default now' }),
  from: time.optional().openapi({ description: 'default `at`' }),
  to: time
    .optional()
    .openapi({ description: `default a week after \`from\`; at most ${MAX_RANGE_DAYS} days` }),
});
type Query = z.output<typeof querySchema>;

const hoursSchema = z
  .object({
    instrument: z.string(),
    account_id: uuid.nullable(),
    at: timestamp,
    mode: z.enum(MARKET_MODES),
    entries_allowed: z.boolean().openapi({ description: 'closes are never held back by hours' }),
    reason: z.enum(ENTRY_BLOCKS).nullable().openapi({ description: 'why entries are not' }),
    entries_until: timestamp.nullable(),
    entries_from: timestamp.nullable(),
    next_open: timestamp.nullable().openapi({ description: 'null: not within a year' }),
    next_close: timestamp.nullable(),
    calendar: z
      .object({
        id: z.string(),
        version: z.number().int(),
        source: z.enum(['broker', 'override', 'default']),
        tz: z.string(),
        valid_from: timestamp,
      })
      .nullable(),
    from: timestamp,
    to: timestamp,
    intervals: z.array(z.object({ open: timestamp, close: timestamp })),
  })
  .openapi('MarketHours');

const route = createRoute({
  method: 'get',
  path: '/api/v1/market/hours',
  tags: ['market'],
  summary: 'When an instrument trades, and whether it takes entries',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: querySchema },
  responses: { 200: json(hoursSchema, 'Its hours'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/market/hours`. An instrument without a calendar is closed to entries, and the answer says so. */
export const getMarketHours = endpoint(route, async (c) => {
  const query = c.req.valid('query');
  const { deps, caller } = c.var;
  const asked = momentsOf(query, deps.clock.nowMs());
  const calendar = await calendarFor(deps.db, query, asked.atMs, caller);
  const hours = marketHours(calendar, asked);
  return c.json(
    {
      instrument: query.instrument,
      account_id: query.account_id ?? null,
      at: isoTime(asked.atMs),
      ...presentHours(hours),
      from: isoTime(asked.fromMs),
      to: isoTime(asked.toMs),
      intervals: hours.intervals.map((i) => ({ open: isoTime(i.openMs), close: isoTime(i.closeMs) })),
    },
    200,
  );
});

const timeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

function presentHours({ mode, entry, nextOpenMs, nextCloseMs, calendar }: MarketHours) {
  return {
    mode,
    entries_allowed: entry.open,
    reason: entry.open ? null : entry.reason,
    entries_until: entry.open ? timeOrNull(entry.closesMs) : null,
    entries_from: entry.open ? null : timeOrNull(entry.opensMs),
    next_open: timeOrNull(nextOpenMs),
    next_close: timeOrNull(nextCloseMs),
    calendar: calendar && {
      id: calendar.definition.id,
      version: calendar.version,
      source: calendar.definition.source,
      tz: calendar.definition.tz,
      valid_from: isoTime(Date.parse(calendar.definition.valid_from)),
    },
  };
}

async function calendarFor(db: Database, query: Query, atMs: number, caller: Caller): Promise<CalendarFound> {
  const of = { instrument: query.instrument, accountId: query.account_id ?? null };
  const found = await readCalendar(db, of, atMs);
  if (of.accountId !== null) {
    if (found.account === null) throw problem('not-found', { detail: 'no such account' });
    if (found.account.userId !== caller.userId && !readsEverything(caller.role)) throw problem('forbidden');
  }
  if (!found.known) throw problem('not-found', { detail: 'no such instrument' });
  return found.calendar;
}

function momentsOf(query: Query, nowMs: number): { atMs: number; fromMs: number; toMs: number } {
  const atMs = query.at === undefined ? nowMs : Date.parse(query.at);
  const fromMs = query.from === undefined ? atMs : Date.parse(query.from);
  const toMs = query.to === undefined ? fromMs + SHOWN_MS : Date.parse(query.to);
  const fault = (detail: string) => problem('invalid-query', { errors: [{ pointer: '/to', detail }] });
  if (toMs <= fromMs) throw fault('must be after from');
  if (toMs - fromMs > MAX_RANGE_DAYS * DAY_MS)
    throw fault(`must be at most ${MAX_RANGE_DAYS} days after from`);
  return { atMs, fromMs, toMs };
}
