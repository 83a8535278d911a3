/**
 * The calendars that come with the code, as data: what holds where nobody has posted another for the broker. Early
 * closes on 24 and 31 December differ from broker to broker and are not among them. Holidays of the American exchanges
 * are those that the histories of gold show from 2012 to 2024.
 */
import {
  type CalendarDefinition,
  type CalendarException,
  definitionSchema,
  type VersionedCalendar,
} from './calendar-definition.ts';

const NEW_YORK = 'America/New_York';
const COMMON = { source: 'default', valid_from: '1970-01-01T00:00:00Z' } as const;
const GOOD_FRIDAY = { kind: 'closed', on: { easter: -2 }, label: 'Good Friday' } as const;
const CHRISTMAS = { month: 12, day: 25 } as const;
const NEW_YEAR = { month: 1, day: 1 } as const;
const WEEKDAYS = [1, 2, 3, 4, 5];

/** The days on which American exchanges close at noon and reopen in the evening. */
const AMERICAN_HALF_DAYS = [
  { on: { month: 1, dow: 1, nth: 3 }, label: 'Martin Luther King Day' },
  { on: { month: 2, dow: 1, nth: 3 }, label: "Presidents' Day" },
  { on: { month: 5, dow: 1, nth: -1 }, label: 'Memorial Day' },
  { on: { month: 6, day: 19, observed: 'nearest' }, from_year: 2022, label: 'Juneteenth' },
  { on: { month: 7, day: 4, observed: 'nearest' }, label: 'Independence Day' },
  { on: { month: 9, dow: 1, nth: 1 }, label: 'Labor Day' },
  { on: { month: 11, dow: 4, nth: 4 }, label: 'Thanksgiving' },
] as const;
const AFTER_THANKSGIVING = { month: 11, dow: 4, nth: 4, plus_days: 1 } as const;
const AMERICAN_HOLIDAYS: CalendarException[] = [
  { kind: 'closed', on: { ...CHRISTMAS, observed: 'nearest' }, label: 'Christmas' },
  { kind: 'closed', on: { ...NEW_YEAR, observed: 'monday' }, label: "New Year's Day" },
  GOOD_FRIDAY,
];

/** Sunday 18:00 to Friday 17:00 in New York, with an hour's break on the evenings between. */
const AMERICAN_FUTURES = {
  ...COMMON,
  tz: NEW_YORK,
  day_start: '17:00',
  weekly: [{ open: { dow: 0, hhmm: '18:00' }, close: { dow: 5, hhmm: '17:00' } }],
  breaks: [{ days: [1, 2, 3, 4], from: '17:00', to: '18:00' }],
};

/** A session of one length on each weekday. */
const onWeekdays = (open: string, close: string) =>
  WEEKDAYS.map((dow) => ({ open: { dow, hhmm: open }, close: { dow, hhmm: close } }));

const DATA: readonly (typeof definitionSchema)['_input'][] = [
  {
    ...COMMON,
    id: 'fx',
    tz: NEW_YORK,
    day_start: '17:00',
    weekly: [{ open: { dow: 0, hhmm: '17:00' }, close: { dow: 5, hhmm: '17:00' } }],
    exceptions: [
      { kind: 'closed', on: CHRISTMAS, label: 'Christmas' },
      { kind: 'closed', on: NEW_YEAR, label: "New Year's Day" },
    ],
    rollover: { from: '16:59', to: '17:05', mode: 'close_only' },
  },
  {
    ...AMERICAN_FUTURES,
    id: 'metals-energy',
    exceptions: [
      ...AMERICAN_HOLIDAYS,
      ...AMERICAN_HALF_DAYS.map((d) => ({
        ...d,
        kind: 'early_close' as const,
        to_year: 2021,
        at: '13:00',
      })),
      ...AMERICAN_HALF_DAYS.map((d) => ({
        ...d,
        kind: 'early_close' as const,
        from_year: 2022,
        at: '14:30',
      })),
      { kind: 'early_close', on: AFTER_THANKSGIVING, at: '13:45', label: 'Day after Thanksgiving' },
    ],
  },
  {
    ...AMERICAN_FUTURES,
    id: 'us-index',
    exceptions: [
      ...AMERICAN_HOLIDAYS,
      ...AMERICAN_HALF_DAYS.map((d) => ({ ...d, kind: 'early_close' as const, at: '13:00' })),
      { kind: 'early_close', on: AFTER_THANKSGIVING, at: '13:15', label: 'Day after Thanksgiving' },
    ],
  },
  {
    ...COMMON,
    id: 'crypto',
    tz: 'UTC',
    day_start: '00:00',
    weekly: [{ open: { dow: 0, hhmm: '00:00' }, close: { dow: 0, hhmm: '00:00' } }],
  },
  // Hours of the exchanges themselves, for an administrator to take up for a broker; no symbol has them by itself.
  {
    ...COMMON,
    id: 'eu-index',
    tz: 'Europe/Berlin',
    day_start: '00:00',
    weekly: onWeekdays('09:00', '17:30'),
    exceptions: [
      GOOD_FRIDAY,
      { kind: 'closed', on: { easter: 1 }, label: 'Easter Monday' },
      { kind: 'closed', on: { month: 5, day: 1 }, label: 'Labour Day' },
      { kind: 'closed', on: { month: 12, day: 24 }, label: 'Christmas Eve' },
      { kind: 'closed', on: CHRISTMAS, label: 'Christmas' },
      { kind: 'closed', on: { month: 12, day: 26 }, label: 'Second day of Christmas' },
      { kind: 'closed', on: { month: 12, day: 31 }, label: "New Year's Eve" },
      { kind: 'closed', on: NEW_YEAR, label: "New Year's Day" },
    ],
  },
  // Japanese holidays that move with the sky or by law are not here and have to be posted each year.
  {
    ...COMMON,
    id: 'asia-index',
    tz: 'Asia/Tokyo',
    day_start: '00:00',
    weekly: onWeekdays('09:00', '15:00'),
    breaks: [{ days: WEEKDAYS, from: '11:30', to: '12:30' }],
    exceptions: [
      { kind: 'closed', on: { month: 12, day: 31 }, label: "New Year's Eve" },
      ...[1, 2, 3].map((day) => ({
        kind: 'closed' as const,
        on: { month: 1, day },
        label: 'New Year',
      })),
    ],
  },
];

/** By id; each is version 0, below any that is posted. */
export const DEFAULT_CALENDARS: ReadonlyMap<string, VersionedCalendar> = new Map(
  DATA.map((data): [string, VersionedCalendar] => {
    const definition: CalendarDefinition = definitionSchema.parse(data);
    return [definition.id, { definition, version: 0 }];
  }),
);
