import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoOrNull, isoTime, systemClock, timestampMs } from '../../functions/platform/clock.ts';
import { caseCensus, runs } from '../support/property.ts';

describe('timestamps', () => {
  it.each([
    ['2026-11-21 01:40:17.57+00', '2026-11-21T01:40:17.570Z'],
    ['2026-11-21 01:40:17+00', '2026-11-21T01:40:17.000Z'],
    ['2026-11-21 07:10:17.123456+05:30', '2026-11-21T01:40:17.123Z'],
    ['2026-11-20 22:40:17-03', '2026-11-21T01:40:17.000Z'],
    ['2026-11-21T01:40:17.570Z', '2026-11-21T01:40:17.570Z'],
    ['2026-11-21T01:40:17+02:00', '2026-11-20T23:40:17.000Z'],
  ])('%s is read as %s', (text, expected) => {
    expect(isoTime(timestampMs(text))).toBe(expected);
  });

  it('every moment comes back from PostgreSQL’s form and from ISO 8601', () => {
    const census = caseCensus('whole second', 'milliseconds');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.boolean(), (at, whole) => {
        const ms = whole ? at - (at % 1000) : at;
        census.note('whole second', ms % 1000 === 0);
        census.note('milliseconds', ms % 1000 !== 0);
        const iso = isoTime(ms);
        expect(timestampMs(iso)).toBe(ms);
        // PostgreSQL drops trailing zeros of the fraction, and the point with the last of them.
        const seconds = iso.slice(0, 19).replace('T', ' ');
        const fraction =
          ms % 1000 === 0
            ? ''
            : `.${String(ms % 1000)
                .padStart(3, '0')
                .replace(/0+$/, '')}`;
        expect(timestampMs(`${seconds}${fraction}+00`)).toBe(ms);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('what is no timestamp throws without repeating it', () => {
    for (const text of ['', 'secret', 'infinity', '2026-13-01 00:00:00+00'])
      expect(() => timestampMs(text)).toThrow(/^a timestamp could not be read$/);
  });

  it('null stays null', () => {
    expect(isoOrNull(null)).toBeNull();
    expect(isoOrNull('2026-11-21 01:40:17+00')).toBe('2026-11-21T01:40:17.000Z');
  });
});

describe('the runtime’s clock', () => {
  it('gives whole epoch milliseconds, and its sleep ends', async () => {
    expect(Number.isSafeInteger(systemClock.nowMs())).toBe(true);
    await expect(systemClock.sleep(0)).resolves.toBeUndefined();
  });
});
