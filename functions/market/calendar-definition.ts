/**
 * A trading calendar as data: weekly sessions in the wall time of one IANA zone, what is taken out of them and put in
 * on special days, and when an open market takes no entries. What the times mean is in session-expansion.ts.
 */
import { z } from '@hono/zod-openapi';
import { isTimeZone } from '../platform/time-zone.ts';

const MAX_SESSIONS = 50;
const MAX_EXCEPTIONS = 500;
const MAX_MARGIN_MINUTES = 720;

const hhmm = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a wall time such as 17:00');
/** 0 is Sunday. */
const dayOfWeek = z.number().int().min(0).max(6);
const calendarDate = z.iso.date('must be a date such as 2026-12-25');
const utcTime = z.iso
  .datetime({ error: 'must be ISO 8601 in UTC', abort: true })
  .refine((text) => /^(19[7-9]|20|2100)/.test(text), 'must be from 1970 to 2100');
const year = z.number().int().min(1970).max(2100);
const label = z.string().regex(/^[ -~]{1,80}$/, 'must be 1 to 80 printable characters');

const edge = z.strictObject({ dow: dayOfWeek, hhmm });
const span = z.strictObject({ from: hhmm, to: hhmm });

/** A trading day, or one that comes again each year; `observed` moves it off a weekend. */
const on = z.union([
  z.strictObject({ date: calendarDate }),
  z.strictObject({
    month: z.number().int().min(1).max(12),
    day: z.number().int().min(1).max(31),
    /** `monday`: from Sunday to Monday. `nearest`: that, and from Saturday to Friday. */
    observed: z.enum(['monday', 'nearest']).optional(),
  }),
  /** The nth of a weekday in a month; -1 is the last. `plus_days` counts on from it. */
  z.strictObject({
    month: z.number().int().min(1).max(12),
    dow: dayOfWeek,
    nth: z.union([z.number().int().min(1).max(4), z.literal(-1)]),
    plus_days: z.number().int().min(-7).max(7).optional(),
  }),
  /** Days after Easter Sunday of the Gregorian calendar; Good Friday is -2. */
  z.strictObject({ easter: z.number().int().min(-60).max(60) }),
]);
const when = { on, from_year: year.optional(), to_year: year.optional(), label };

export const exceptionSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...when, kind: z.literal('closed') }),
    z.strictObject({ ...when, kind: z.literal('early_close'), at: hhmm }),
    z.strictObject({ ...when, kind: z.literal('late_open'), at: hhmm }),
    z.strictObject({ ...when, kind: z.literal('custom'), intervals: z.array(span).max(20) }),
  ])
  .openapi('CalendarException');

export const blockSchema = z
  .strictObject({ from: utcTime, to: utcTime, label })
  .refine((b) => Date.parse(b.from) < Date.parse(b.to), { path: ['to'], error: 'must be after from' })
  .openapi('CalendarBlock');

export const definitionSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be words of a-z and 0-9, joined by -')
      .max(40),
    tz: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone'),
    /** The wall time at which a trading day begins; any but 00:00 is on the evening before the date. */
    day_start: hhmm,
    /** A close at or before its open, in the week, is of the next week. */
    weekly: z
      .array(z.strictObject({ open: edge, close: edge }))
      .min(1)
      .max(MAX_SESSIONS),
    breaks: z
      .array(z.strictObject({ days: z.array(dayOfWeek).min(1).max(7), from: hhmm, to: hhmm }))
      .max(MAX_SESSIONS)
      .default([]),
    exceptions: z.array(exceptionSchema).max(MAX_EXCEPTIONS).default([]),
    /** A daily span in which an open market takes closes only. */
    rollover: z
      .strictObject({ from: hhmm, to: hhmm, mode: z.literal('close_only') })
      .nullable()
      .default(null),
    /** Spans without entries, news for example; closes stay possible. */
    blocklist: z.array(blockSchema).max(MAX_EXCEPTIONS).default([]),
    open_delay_minutes: z.number().int().min(0).max(MAX_MARGIN_MINUTES).default(5),
    close_early_minutes: z.number().int().min(0).max(MAX_MARGIN_MINUTES).default(10),
    source: z.enum(['broker', 'override', 'default']),
    valid_from: utcTime,
  })
  .openapi('TradingCalendar');

export type CalendarDefinition = z.infer<typeof definitionSchema>;
export type CalendarException = z.infer<typeof exceptionSchema>;
export type CalendarBlock = z.infer<typeof blockSchema>;
/** A definition under the number that its id has had it by; 0 for those that come with the code. */
export type VersionedCalendar = { definition: CalendarDefinition; version: number };
