import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type ColourCensus,
  colourCensus,
  MAX_DISTINCT,
  NOTHING,
  NUMBER_BITS,
} from '../../functions/charts/colour-census.ts';

const OWN = (1 << NUMBER_BITS) - 1;

/** The pixels that the changes describe, row by row. */
function replayed({ colours, changes }: ColourCensus, count: number, width: number): (number | undefined)[] {
  const pixels: (number | undefined)[] = [];
  let at = 0;
  for (let place = 0; place < count; place += 1) {
    const turn = changes.places[at] === place ? changes.turns[at++] : undefined;
    pixels.push(turn === undefined ? pixels[place - width] : colours[turn & OWN]);
  }
  return pixels;
}

it('describes every picture by its changes, each from the colour above', () => {
  const colour = fc.oneof(fc.constantFrom(0, -1, 0x131722ff), fc.integer());
  const picture = fc.record({
    width: fc.integer({ min: 1, max: 9 }),
    rows: fc.array(colour, { maxLength: 90 }),
  });
  fc.assert(
    fc.property(picture, ({ width, rows }) => {
      const pixels = Int32Array.from(rows.slice(0, Math.floor(rows.length / width) * width));
      const census = colourCensus(pixels, width);
      if (census === undefined) throw new Error('few colours');
      expect(replayed(census, pixels.length, width)).toEqual([...pixels]);
      expect(new Set(census.colours)).toEqual(new Set(pixels));
      expect(census.counts.reduce((sum, each) => sum + each, 0)).toBe(census.changes.places.length);
      for (const [index, place] of census.changes.places.entries()) {
        const from = (census.changes.turns[index] ?? 0) >>> NUMBER_BITS;
        expect(from === NOTHING ? undefined : census.colours[from]).toBe(pixels[place - width]);
        if (place >= width) expect(pixels[place]).not.toBe(pixels[place - width]);
      }
    }),
  );
});

it('finds more changes than it had room for at first', () => {
  const pixels = Int32Array.from(
    { length: 300_000 },
    (_, index) => (index % 7) - (Math.floor(index / 300) % 3),
  );
  const census = colourCensus(pixels, 300);
  expect(census?.changes.places.length).toBe(300_000 - 0);
});

it('drops the bits that a mask leaves out', () => {
  expect(colourCensus(Int32Array.of(0x11, 0x10, 0x21, 0x20), 4, ~1)?.colours).toEqual([0x10, 0x20]);
});

it('gives up on one colour more than its limit', () => {
  const shades = Int32Array.from({ length: MAX_DISTINCT + 1 }, (_, index) => index * 64);
  expect(colourCensus(shades.slice(1), 64)?.colours).toHaveLength(MAX_DISTINCT);
  expect(colourCensus(shades, 64)).toBeUndefined();
});
