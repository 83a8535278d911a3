import fc from 'fast-check';
import { expect, it } from 'vitest';
import { altHeader, altValue } from '../../functions/charts/alt-header.ts';
import { runs } from '../support/property.ts';

it('is an extended value of RFC 8187', () => {
  expect(altHeader(altValue("XAUUSD H1, last 4,136.05 (+1.5%) – Ångström's *"))).toEqual({
    'x-alt-text':
      "alt*=UTF-8''XAUUSD%20H1%2C%20last%204%2C136.05%20%28%2B1.5%25%29%20%E2%80%93%20%C3%85ngstr%C3%B6m%27s%20%2A",
  });
  expect(altHeader(altValue(''))).toEqual({});
});

it('holds nothing but the signs that RFC 8187 allows, and is the text again, or its beginning where that is long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 800 }), (text) => {
      const value = altValue(text);
      expect(value).toMatch(/^(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})*$/);
      expect(value.length).toBeLessThanOrEqual(1_500);
      const read = decodeURIComponent(value);
      expect(text.toWellFormed().startsWith(read)).toBe(true);
      if (text.length < 100) expect(read).toBe(text.toWellFormed());
    }),
    runs(),
  );
});
