import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTimeZone,
  wallMinutes,
  wallReader,
  zoneOffsets,
  zoneReader,
} from '../../functions/platform/time-zone.ts';
import { caseCensus, runs } from '../support/property.ts';

const HOUR = 3_600_000;
const wall = (text: string): number => Date.parse(`${text}Z`);

describe('zones', () => {
  it.each(['UTC', 'Europe/Athens', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])(
    '%s is one',
    (zone) => {
      expect(isTimeZone(zone)).toBe(true);
    },
  );
  it.each(['', '+05:30', '-03', 'Mars/Olympus', 'Europe/Athens ', '../etc'])('%s is none', (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  });

  it('that the runtime does not know throw, and are not kept', () => {
    for (const zone of ['Mars/Olympus', '+05:30', ''])
      for (let again = 0; again < 2; again += 1) expect(() => zoneOffsets(zone)).toThrow(RangeError);
  });
});

describe('a wall time', () => {
  it.each([
    ['America/New_York', '2026-01-15T17:00', '2026-01-15T22:00Z'],
    ['America/New_York', '2026-07-15T17:00', '2026-07-15T21:00Z'],
    ['Asia/Kolkata', '2026-07-15T09:15', '2026-07-15T03:45Z'],
    ['Pacific/Apia', '2011-12-31T00:00', '2011-12-30T10:00Z'],
  ])('in %s: %s is %s', (zone, text, utc) => {
    for (const occurrence of ['earlier', 'later'] as const)
      expect(zoneOffsets(zone).utcOf(wall(text), occurrence)).toBe(Date.parse(utc));
  });

  it.each([
    ['America/New_York', '2026-03-08T02:00', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-03-08T02:59', '2026-03-08T07:00Z'],
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:30Z'],
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00Z'],
  ])('that %s skips, %s, is the moment of the skip', (zone, text, utc) => {
    for (const occurrence of ['earlier', 'later'] as const)
      expect(zoneOffsets(zone).utcOf(wall(text), occurrence)).toBe(Date.parse(utc));
  });

  it.each([
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30Z', '2026-11-01T06:30Z'],
    ['Europe/London', '2026-10-25T01:00', '2026-10-25T00:00Z', '2026-10-25T01:00Z'],
    ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45Z', '2026-04-04T15:15Z'],
  ])('that %s shows twice, %s, is whichever is asked for', (zone, text, earlier, later) => {
    const { utcOf } = zoneOffsets(zone);
    expect(utcOf(wall(text), 'earlier')).toBe(Date.parse(earlier));
    expect(utcOf(wall(text), 'later')).toBe(Date.parse(later));
  });

  it('is what Intl shows at its instant, from 2000 to 2040, at changes of the clock most of all', () => {
    const zones = [
      'America/New_York',
      'Europe/Athens',
      'Africa/Casablanca',
      'Australia/Lord_Howe',
      'Asia/Tokyo',
    ];
    const census = caseCensus('set forward', 'set back', 'in between');
    const readers = new Map(zones.map((zone) => [zone, zoneReader(zone)]));
    const minute = fc.integer({ min: Date.UTC(2000, 0, 1) / 60_000, max: Date.UTC(2040, 0, 1) / 60_000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), minute, (zone, at) => {
        const { offsetAt, utcOf } = zoneOffsets(zone);
        const read = readers.get(zone) ?? zoneReader(zone);
        // The change of the clock after the random moment, if one comes within 200 days, and the hours about it.
        const day = Array.from({ length: 200 }, (_, n) => at * 60_000 + n * 24 * HOUR);
        const before = day.findLast((ms) => offsetAt(ms) === offsetAt(at * 60_000)) ?? at * 60_000;
        for (let ms = before - 2 * HOUR; ms < before + 26 * HOUR; ms += HOUR / 2) {
          const shown = wallMinutes(read(ms)) * 60_000;
          expect(shown).toBe(Math.floor((ms + offsetAt(ms)) / 60_000) * 60_000);
          const instants = [utcOf(shown, 'earlier'), utcOf(shown, 'later')];
          expect(instants).toContain(ms);
          expect(instants[0]).toBeLessThanOrEqual(instants[1] ?? 0);
          const step = offsetAt(ms + HOUR) - offsetAt(ms);
          census.note('set forward', step > 0);
          census.note('set back', step < 0);
          census.note('in between', step === 0);
        }
      }),
      runs(60),
    );
    census.expectAllMet();
  });
});

it('the quick reader reads what the runtime does, at any second of any zone', () => {
  const zone = fc.constantFrom(
    'UTC',
    'America/New_York',
    'Asia/Kolkata',
    'Africa/Casablanca',
    'Australia/Lord_Howe',
  );
  const second = fc.integer({ min: Date.UTC(2005, 0) / 1000, max: Date.UTC(2035, 0) / 1000 });
  fc.assert(
    fc.property(zone, second, (name, at) => {
      expect(wallReader(name)(at * 1000)).toEqual(zoneReader(name)(at * 1000));
    }),
    runs(),
  );
});
