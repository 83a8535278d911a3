// Broker server time, with the weeks of 2026 in which the United States and Europe disagree about summer.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toServerMs, toUtcMs } from '../../../../infra/local/broker/server-clock.ts';
import { isSessionOpen, rolloversBetween } from '../../../../infra/local/broker/trading-session.ts';
import { runs } from '../../../support/property.ts';

const ms = (iso: string) => Date.parse(iso);
const wall = (tz: string, iso: string) => new Date(toServerMs(tz, ms(iso))).toISOString().slice(0, 16);

test('NY+7 follows US dates, EET follows European ones; they differ by an hour in between', () => {
  expect(wall('NY+7', '2026-03-06T12:00:00Z')).toBe('2026-03-06T14:00');
  expect(wall('EET', '2026-03-06T12:00:00Z')).toBe('2026-03-06T14:00');
  expect(wall('NY+7', '2026-03-10T12:00:00Z')).toBe('2026-03-10T15:00');
  expect(wall('EET', '2026-03-10T12:00:00Z')).toBe('2026-03-10T14:00');
  expect(wall('NY+7', '2026-04-01T12:00:00Z')).toBe('2026-04-01T15:00');
  expect(wall('EET', '2026-04-01T12:00:00Z')).toBe('2026-04-01T15:00');
  expect(wall('NY+7', '2026-10-28T12:00:00Z')).toBe('2026-10-28T15:00');
  expect(wall('EET', '2026-10-28T12:00:00Z')).toBe('2026-10-28T14:00');
  expect(wall('+05:30', '2026-10-28T12:00:00Z')).toBe('2026-10-28T17:30');
});

test('server time converts back to the UTC it came from, but for the repeated autumn hour', () => {
  const instant = fc.integer({ min: ms('2024-01-01T00:00:00Z'), max: ms('2030-12-31T00:00:00Z') });
  const zone = fc.constantFrom('NY+7', 'EET', 'Europe/Athens', '+02:00', 'UTC-3');
  const property = fc.property(zone, instant, (tz, utc) => {
    const back = toUtcMs(tz, toServerMs(tz, utc));
    return back === utc || (utc - back === 3_600_000 && toServerMs(tz, back) === toServerMs(tz, utc));
  });
  fc.assert(property, runs(2000));
});

test('the repeated hour is read as its first pass, the missing one with the offset before it', () => {
  // NY+7 goes back at 06:00Z on 1 November 2026: 08:00-09:00 wall time occurs at 05:00Z and at 06:00Z.
  expect(toUtcMs('NY+7', ms('2026-11-01T08:30:00Z'))).toBe(ms('2026-11-01T05:30:00Z'));
  expect(toUtcMs('NY+7', ms('2026-03-08T09:30:00Z'))).toBe(ms('2026-03-08T07:30:00Z'));
});

test('rollover stays at 17:00 in New York across both changes', () => {
  const spring = rolloversBetween('NY+7', ms('2026-03-06T22:00:00Z'), ms('2026-03-09T21:00:00Z'));
  expect(spring.map((rollover) => new Date(rollover.at).toISOString())).toEqual([
    '2026-03-07T22:00:00.000Z',
    '2026-03-08T21:00:00.000Z',
    '2026-03-09T21:00:00.000Z',
  ]);
  expect(spring.map((rollover) => rollover.weekday)).toEqual([6, 0, 1]);
});

test('sessions open and close by New York time', () => {
  expect(isSessionOpen('fx', ms('2026-03-06T21:59:59Z'))).toBe(true);
  expect(isSessionOpen('fx', ms('2026-03-06T22:00:00Z'))).toBe(false);
  expect(isSessionOpen('fx', ms('2026-03-08T20:59:59Z'))).toBe(false);
  expect(isSessionOpen('fx', ms('2026-03-08T21:00:00Z'))).toBe(true);
  expect(isSessionOpen('metal', ms('2026-03-09T21:30:00Z'))).toBe(false);
  expect(isSessionOpen('metal', ms('2026-03-09T22:00:00Z'))).toBe(true);
  expect(isSessionOpen('crypto', ms('2026-03-07T12:00:00Z'))).toBe(true);
});
