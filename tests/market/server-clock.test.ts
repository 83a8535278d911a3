import { describe, expect, it } from 'vitest';
import { serverClock } from '../../functions/market/server-clock.ts';
import { clockOf } from './shared-history.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const offsetHours = (zone: string, iso: string) => (clockOf(zone).toServerMs(ms(iso)) - ms(iso)) / HOUR_MS;

describe('a server’s clock', () => {
  it('changes on American dates under NY+7 and on European ones under EET: an hour apart in between', () => {
    // 2026: 8 March and 1 November in New York, 29 March and 25 October in Europe.
    const offsets = (iso: string) => [offsetHours('NY+7', iso), offsetHours('Europe/Athens', iso)];
    expect(offsets('2026-03-06T12:00:00Z')).toEqual([2, 2]);
    expect(offsets('2026-03-16T12:00:00Z')).toEqual([3, 2]);
    expect(offsets('2026-03-30T12:00:00Z')).toEqual([3, 3]);
    expect(offsets('2026-10-28T12:00:00Z')).toEqual([3, 2]);
    expect(offsets('2026-11-02T12:00:00Z')).toEqual([2, 2]);
  });

  it('changes at the very second', () => {
    const { toServerMs } = clockOf('NY+7');
    const change = ms('2026-03-08T07:00:00Z');
    expect(toServerMs(change - 1) - (change - 1)).toBe(2 * HOUR_MS);
    expect(toServerMs(change) - change).toBe(3 * HOUR_MS);
  });

  it('is read back to the instant, but for hours that it skipped or repeats', () => {
    for (const zone of ['NY+7', 'Europe/Athens', 'Australia/Lord_Howe', '+02:00', '-03:30', 'UTC']) {
      const clock = clockOf(zone);
      for (let t = ms('2026-01-01T00:00:00Z'); t < ms('2027-01-01T00:00:00Z'); t += 2_700_000) {
        const back = clock.toUtcMs(clock.toServerMs(t), t);
        expect(back, `${zone} ${t}`).toBe(t);
        expect(clock.toUtcMs(clock.toServerMs(t)) ?? 0).toBeLessThanOrEqual(t);
      }
    }
  });

  it('never showed the hour that it skipped; a bar that would begin there begins at the change', () => {
    const clock = clockOf('Europe/Athens');
    const skipped = ms('2026-03-29T03:00:00Z');
    expect(clock.toUtcMs(skipped)).toBeNull();
    expect(clock.toUtcMs(skipped + HOUR_MS)).toBe(ms('2026-03-29T01:00:00Z'));
    expect(clock.startMs(skipped)).toBe(ms('2026-03-29T01:00:00Z'));
  });

  it('shows the repeated hour twice, and the second time is found after the first', () => {
    const clock = clockOf('Europe/Athens');
    const twice = ms('2026-10-25T03:30:00Z');
    expect(clock.toUtcMs(twice)).toBe(ms('2026-10-25T00:30:00Z'));
    expect(clock.toUtcMs(twice, ms('2026-10-25T00:31:00Z'))).toBe(ms('2026-10-25T01:30:00Z'));
    expect(clock.toUtcMs(twice, ms('2026-10-25T01:31:00Z'))).toBeNull();
  });

  it('is null for what is no zone', () => {
    for (const zone of ['', 'NY+8', 'Europe/Nowhere', '+2', '+15:00', '+02:60', 'GMT+2!', '../UTC'])
      expect(serverClock(zone), zone).toBeNull();
  });
});
