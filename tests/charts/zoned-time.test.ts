import { describe, expect, it } from 'vitest';
import { clockText, dateText, zoneLabel } from '../../functions/charts/zoned-time.ts';
import { wallMinutes, zoneReader } from '../../functions/platform/time-zone.ts';

describe('zones', () => {
  it.each([
    ['UTC', '2026-07-01T12:00Z', 'UTC'],
    ['Europe/Athens', '2026-01-01T12:00Z', 'UTC+2'],
    ['Europe/Athens', '2026-07-01T12:00Z', 'UTC+3'],
    ['Asia/Kolkata', '2026-07-01T12:00Z', 'UTC+5:30'],
    ['America/St_Johns', '2026-01-01T12:00Z', 'UTC−3:30'],
    ['America/New_York', '2026-01-01T12:00Z', 'UTC−5'],
  ])('%s at %s is printed %s', (zone, time, label) => {
    expect(zoneLabel(zoneReader(zone), Date.parse(time))).toBe(label);
  });

  it('reads the wall clock either side of a change', () => {
    const read = zoneReader('Europe/London');
    expect(clockText(read(Date.parse('2026-03-29T00:59Z')))).toBe('00:59');
    expect(clockText(read(Date.parse('2026-03-29T01:00Z')))).toBe('02:00');
    const [once, again] = ['2026-10-25T00:30Z', '2026-10-25T01:30Z'].map((time) => read(Date.parse(time)));
    expect(once).toEqual(again);
  });

  it('counts minutes of the wall clock and writes dates', () => {
    const wall = { year: 2026, month: 7, day: 9, hour: 17, minute: 5, second: 0 };
    expect(wallMinutes(wall)).toBe(Date.UTC(2026, 6, 9, 17, 5) / 60_000);
    expect(dateText(wall, { year: true, clock: true })).toBe('9 Jul 2026 17:05');
    expect(dateText(wall, { year: false, clock: false })).toBe('9 Jul');
  });
});
