import fc from 'fast-check';
import { expect, it } from 'vitest';
import { colourCensus, MAX_DISTINCT } from '../../functions/charts/colour-census.ts';

it('counts as a Map does and gives every pixel its colour', () => {
  const colour = fc.oneof(
    fc.constantFrom(0, 0xffffffff, 0x131722ff),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  fc.assert(
    fc.property(fc.array(colour, { maxLength: 300 }), (pixels) => {
      const census = colourCensus(Uint32Array.from(pixels));
      const expected = new Map<number, number>();
      for (const pixel of pixels) expected.set(pixel, (expected.get(pixel) ?? 0) + 1);
      expect(new Map(census?.colours.map((each, number) => [each, census.counts[number] ?? 0]))).toEqual(
        expected,
      );
      expect([...(census?.numbers ?? [])].map((number) => census?.colours[number])).toEqual(pixels);
    }),
  );
});

it('gives up on one colour more than its limit', () => {
  const shades = Uint32Array.from({ length: MAX_DISTINCT + 1 }, (_, index) => index * 64);
  expect(colourCensus(shades.slice(1))?.colours).toHaveLength(MAX_DISTINCT);
  expect(colourCensus(shades)).toBeUndefined();
});
