// The matrix of cases that market hours have to get right, row by row. Times are UTC unless they say otherwise.
import { describe, expect, it } from 'vitest';
import type { CalendarException } from '../../functions/market/calendar-definition.ts';
import {
  entryWindow,
  isOpen,
  lastCloseBefore,
  mode,
  nextClose,
  nextOpen,
  openBetween,
  openMsBetween,
  sessionAt,
  tradingCalendar,
} from '../../functions/market/trading-calendar.ts';
import { at, calendar, defaultDefinition } from '../support/calendars.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [fx, metals, index, crypto] = ['fx', 'metals-energy', 'us-index', 'crypto'].map((id) =>
  calendar(id),
) as [
  ReturnType<typeof calendar>,
  ReturnType<typeof calendar>,
  ReturnType<typeof calendar>,
  ReturnType<typeof calendar>,
];
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

describe('the weekend of currencies', () => {
  it.each([
    ['in winter', '2026-02-27T22:00Z', '2026-03-01T22:00Z', 48],
    ['in which New York goes to summer time', '2026-03-06T22:00Z', '2026-03-08T21:00Z', 47],
    ['between the American and the European change', '2026-03-13T21:00Z', '2026-03-15T21:00Z', 48],
    ['in which New York goes back', '2026-10-30T21:00Z', '2026-11-01T22:00Z', 49],
  ])('%s: from %s to %s, %i hours', (_name, close, open, hours) => {
    expect(at(open) - at(close)).toBe(hours * HOUR);
    expect([-SECOND, -1, 0, SECOND].map((d) => isOpen(fx, at(close) + d))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([-SECOND, -1, 0, SECOND].map((d) => isOpen(fx, at(open) + d))).toEqual([false, false, true, true]);
    expect(nextClose(fx, at(close) - DAY)).toBe(at(close));
    for (const inside of [at(close), at(close) + 20 * HOUR, at(open) - 1]) {
      expect(nextOpen(fx, inside)).toBe(at(open));
      expect(lastCloseBefore(fx, inside)).toBe(at(close));
      expect(sessionAt(fx, inside)).toBeNull();
    }
    expect(openMsBetween(fx, at(close) - HOUR, at(open) + HOUR)).toBe(2 * HOUR);
  });

  it('has no break in the week, but takes closes only about 17:00 in New York', () => {
    const session = { openMs: at('2026-02-22T22:00Z'), closeMs: at('2026-02-27T22:00Z') };
    expect(sessionAt(fx, at('2026-02-25T12:00Z'))).toEqual(session);
    const times = ['21:58:59', '21:59:00', '22:00:00', '22:04:59', '22:05:00'];
    expect(times.map((t) => mode(fx, at(`2026-02-25T${t}Z`)))).toEqual([
      'open',
      'close_only',
      'close_only',
      'close_only',
      'open',
    ]);
    expect(entryWindow(fx, at('2026-02-25T22:00Z'))).toEqual({
      open: false,
      reason: 'rollover',
      opensMs: at('2026-02-25T22:05Z'),
    });
    // In summer an hour earlier, by the same wall clock.
    expect(mode(fx, at('2026-07-08T21:02Z'))).toBe('close_only');
    expect(mode(fx, at('2026-07-08T22:02Z'))).toBe('open');
  });
});

describe('the day of metals', () => {
  // 16:59:59, 17:00, 17:59:59 and 18:00 in New York, in winter.
  it.each([
    ['Monday', '2026-02-23', [true, false, false, true]],
    ['Thursday', '2026-02-26', [true, false, false, true]],
    ['Friday', '2026-02-27', [true, false, false, false]],
    ['Saturday', '2026-02-28', [false, false, false, false]],
    ['Sunday', '2026-03-01', [false, false, false, true]],
  ])('on a %s', (_name, date, expected) => {
    const times = ['21:59:59', '22:00:00', '22:59:59', '23:00:00'].map((t) => at(`${date}T${t}Z`));
    expect(times.map((t) => isOpen(metals, t))).toEqual(expected);
    expect(times.map((t) => isOpen(index, t))).toEqual(expected);
    // Seventeen weeks on it is summer, and an hour earlier by UTC.
    expect(times.map((t) => isOpen(metals, t + 17 * 7 * DAY - HOUR))).toEqual(expected);
  });

  it('is left out by nextOpen from inside a break for as long as it lasts, not for a day', () => {
    expect(iso(nextOpen(metals, at('2026-02-24T22:30Z')))).toBe('2026-02-24T23:00:00.000Z');
    expect(iso(nextClose(metals, at('2026-02-24T22:30Z')))).toBe('2026-02-25T22:00:00.000Z');
    expect(iso(lastCloseBefore(metals, at('2026-02-24T22:30Z')))).toBe('2026-02-24T22:00:00.000Z');
    // At the very edges: an opening is not the next one, a close is the last one.
    expect(iso(nextOpen(metals, at('2026-02-24T23:00Z')))).toBe('2026-02-25T23:00:00.000Z');
    expect(iso(lastCloseBefore(metals, at('2026-02-24T22:00Z')))).toBe('2026-02-24T22:00:00.000Z');
    expect(iso(lastCloseBefore(metals, at('2026-02-24T21:59:59.999Z')))).toBe('2026-02-23T22:00:00.000Z');
  });

  it('lets an order that would end on a Saturday end with the Friday', () => {
    expect(iso(lastCloseBefore(metals, at('2026-01-31T06:00Z')))).toBe('2026-01-30T22:00:00.000Z');
  });
});

describe('holidays', () => {
  it.each([
    // 24 December 16:59 and 17:00, 25 December 17:59 and 18:00 in New York, on a Wednesday and a Thursday.
    ['2025-12-24T21:59Z', true],
    ['2025-12-24T22:00Z', false],
    ['2025-12-25T12:00Z', false],
    ['2025-12-25T22:59Z', false],
    ['2025-12-25T23:00Z', true],
    // 1 January, a Thursday.
    ['2025-12-31T21:59Z', true],
    ['2025-12-31T22:00Z', false],
    ['2026-01-01T15:00Z', false],
    ['2026-01-01T22:59Z', false],
    ['2026-01-01T23:00Z', true],
    // The Monday after a New Year's Day on a Sunday.
    ['2023-01-02T15:00Z', false],
    ['2023-01-02T23:00Z', true],
    // Good Friday, and Thanksgiving with the day after.
    ['2026-04-02T20:59Z', true],
    ['2026-04-02T23:00Z', false],
    ['2026-04-03T15:00Z', false],
    ['2026-04-05T22:00Z', true],
    ['2026-11-26T19:29Z', true],
    ['2026-11-26T19:30Z', false],
    ['2026-11-26T23:00Z', true],
    ['2026-11-27T18:44Z', true],
    ['2026-11-27T18:45Z', false],
  ])('metals at %s: %s', (time, expected) => {
    expect(isOpen(metals, at(time))).toBe(expected);
  });

  it('currencies open an hour before metals do, and trade on Good Friday', () => {
    expect(isOpen(fx, at('2025-12-25T21:59Z'))).toBe(false);
    expect(isOpen(fx, at('2025-12-25T22:00Z'))).toBe(true);
    expect(isOpen(fx, at('2026-01-01T21:59Z'))).toBe(false);
    expect(isOpen(fx, at('2026-01-01T22:00Z'))).toBe(true);
    expect(isOpen(fx, at('2026-04-03T15:00Z'))).toBe(true);
  });

  it('that adjoin a weekend make one closed span with it', () => {
    // 25 December 2026 is a Friday; in 2023 it was a Monday.
    expect(iso(nextOpen(metals, at('2026-12-25T12:00Z')))).toBe('2026-12-27T23:00:00.000Z');
    expect(iso(lastCloseBefore(metals, at('2026-12-27T12:00Z')))).toBe('2026-12-24T22:00:00.000Z');
    expect(iso(nextOpen(metals, at('2023-12-23T12:00Z')))).toBe('2023-12-25T23:00:00.000Z');
    expect(iso(lastCloseBefore(metals, at('2023-12-25T12:00Z')))).toBe('2023-12-22T22:00:00.000Z');
  });
});

describe('an exception with a date', () => {
  it('goes before one that comes each year, in whichever order they stand', () => {
    const each: CalendarException = { kind: 'closed', on: { month: 12, day: 24 }, label: 'Christmas Eve' };
    const dated: CalendarException = {
      kind: 'custom',
      on: { date: '2026-12-24' },
      label: 'This year',
      intervals: [{ from: '18:00', to: '13:00' }],
    };
    for (const exceptions of [
      [each, dated],
      [dated, each],
    ]) {
      const of = calendar('metals-energy', { exceptions });
      expect(openBetween(of, at('2026-12-23T22:00Z'), at('2026-12-24T22:00Z'))).toEqual([
        { openMs: at('2026-12-23T23:00Z'), closeMs: at('2026-12-24T18:00Z') },
      ]);
      expect(isOpen(of, at('2027-12-24T15:00Z'))).toBe(false);
    }
  });
});

describe('a market that never closes', () => {
  it('is open on a Saturday, in one session without ends, and takes entries', () => {
    const saturday = at('2026-02-28T12:00Z');
    expect(isOpen(crypto, saturday)).toBe(true);
    expect(mode(crypto, saturday)).toBe('open');
    expect(sessionAt(crypto, saturday)).toEqual({ openMs: null, closeMs: null });
    expect([nextOpen, nextClose, lastCloseBefore].map((ask) => ask(crypto, saturday))).toEqual([
      null,
      null,
      null,
    ]);
    expect(entryWindow(crypto, saturday)).toEqual({ open: true, closesMs: null });
    expect(openMsBetween(crypto, saturday, saturday + 1000 * DAY)).toBe(1000 * DAY);
    expect(openBetween(crypto, saturday, saturday + 500 * DAY)).toHaveLength(1);
  });

  it('has the hour off that its broker takes', () => {
    const broken = calendar('crypto', { breaks: [{ days: [6], from: '10:00', to: '11:00' }] });
    expect(iso(nextClose(broken, at('2026-02-27T12:00Z')))).toBe('2026-02-28T10:00:00.000Z');
    expect(iso(nextOpen(broken, at('2026-02-28T10:00Z')))).toBe('2026-02-28T11:00:00.000Z');
  });
});

describe('openMsBetween', () => {
  it.each([
    [fx, '2026-03-01T00:00Z', '2026-03-15T00:00Z', 240],
    [fx, '2026-10-25T00:00Z', '2026-11-08T00:00Z', 240],
    [metals, '2026-03-01T00:00Z', '2026-03-15T00:00Z', 10 * 23],
    [metals, '2026-02-27T21:00Z', '2026-03-02T00:00Z', 2],
    [fx, '2026-02-27T21:00Z', '2026-02-27T21:00Z', 0],
    [fx, '2026-02-27T21:00Z', '2026-02-26T21:00Z', 0],
  ])('is counted across changes of the clock, case %#', (of, from, to, hours) => {
    expect(openMsBetween(of, at(from), at(to)) / HOUR).toBe(hours);
  });
});

describe('entries', () => {
  it('keep a margin after an opening and before a close, which trading does not', () => {
    const open = at('2026-03-01T23:00Z');
    const close = at('2026-03-02T22:00Z');
    const from = open + 5 * 60 * SECOND;
    const until = close - 10 * 60 * SECOND;
    expect(entryWindow(metals, open)).toEqual({ open: false, reason: 'session-opening', opensMs: from });
    expect(entryWindow(metals, from - 1)).toEqual({ open: false, reason: 'session-opening', opensMs: from });
    expect(entryWindow(metals, from)).toEqual({ open: true, closesMs: until });
    expect(entryWindow(metals, until - 1)).toEqual({ open: true, closesMs: until });
    const next = close + HOUR + 5 * 60 * SECOND;
    expect(entryWindow(metals, until)).toEqual({ open: false, reason: 'session-closing', opensMs: next });
    expect(entryWindow(metals, close)).toEqual({ open: false, reason: 'market-closed', opensMs: next });
    for (const t of [open, until, close - 1])
      expect([isOpen(metals, t), mode(metals, t)]).toEqual([true, 'open']);
  });

  it('stop in a span of the blocklist, in which closes go on', () => {
    const blocked = calendar('fx', {
      blocklist: [{ from: '2026-03-06T13:15:00Z', to: '2026-03-06T13:45:00Z', label: 'payrolls' }],
    });
    const during = at('2026-03-06T13:30Z');
    expect(mode(blocked, during)).toBe('close_only');
    expect(isOpen(blocked, during)).toBe(true);
    expect(entryWindow(blocked, during)).toEqual({
      open: false,
      reason: 'blocklist',
      opensMs: at('2026-03-06T13:45Z'),
    });
    expect(entryWindow(blocked, at('2026-03-06T13:45Z'))).toMatchObject({ open: true });
    expect(entryWindow(blocked, at('2026-03-06T12:00Z'))).toEqual({
      open: true,
      closesMs: at('2026-03-06T13:15Z'),
    });
  });

  it('are refused, with the reason, without a calendar and with one that cannot be followed', () => {
    const now = at('2026-02-25T12:00Z');
    const lost = { ...defaultDefinition('fx'), tz: 'Mars/Olympus' };
    const broken = tradingCalendar({ definition: lost, version: 1 });
    const refused = (reason: string) => ({ open: false, reason, opensMs: null });
    expect(entryWindow(null, now)).toEqual(refused('no-calendar'));
    expect(entryWindow('unreadable', now)).toEqual(refused('calendar-unreadable'));
    expect(() => isOpen(broken, now)).toThrow(RangeError);
    expect(entryWindow(broken, now)).toEqual(refused('calendar-unreadable'));
    expect(entryWindow(fx, Number.NaN)).toEqual(refused('calendar-unreadable'));
    const throwing = {
      ...fx,
      chunk: () => {
        throw new Error('out of order');
      },
    };
    expect(entryWindow(throwing, now)).toEqual(refused('calendar-unreadable'));
  });
});
