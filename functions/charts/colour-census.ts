// Where a picture differs from its row above, and in which colours: all that a palette and filtered rows are made of,
// in one pass over the pixels. Most pixels of a chart repeat the one above and cost one comparison.
// Invariant: colours are numbered in order of first appearance, so the result is the same on every machine.

/** More distinct colours than this are not a chart. */
export const MAX_DISTINCT = 4096;
/** The number above the first row, which no colour has. */
export const NOTHING = MAX_DISTINCT;
const SLOTS = 4 * MAX_DISTINCT;
/** Knuth's multiplicative hash: 2^32 divided by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1;
const HASH_SHIFT = 32 - Math.log2(SLOTS);
const FIRST_ROOM = 1 << 16;
export const NUMBER_BITS = 13;

/**
 * Changes in the order of their places, which count pixels row by row; a turn is the number of the colour above,
 * `<< NUMBER_BITS`, and that of the pixel's own.
 */
export type ColourChanges = { places: Int32Array; turns: Int32Array };
export type ColourCensus = {
  /** Distinct colours as signed 32-bit words, by number. */
  colours: readonly number[];
  /** How many changes lead to each: what it counts for in a picture, whatever the size of plain areas. */
  counts: readonly number[];
  changes: ColourChanges;
};

/** Numbers for colours: a hash table in typed arrays, since a Map of 32-bit keys costs as much as the compression. */
function colourNumbers(): { colours: number[]; numberOf(colour: number): number } {
  const keys = new Int32Array(SLOTS);
  /** Number of the colour in a slot plus one; zero is an empty slot. */
  const taken = new Uint16Array(SLOTS);
  const colours: number[] = [];
  const numberOf = (colour: number): number => {
    let slot = Math.imul(colour, HASH_FACTOR) >>> HASH_SHIFT;
    while (taken[slot] !== 0 && keys[slot] !== colour) slot = (slot + 1) % SLOTS;
    if (taken[slot] === 0) {
      keys[slot] = colour;
      taken[slot] = colours.push(colour);
    }
    return (taken[slot] ?? 1) - 1;
  };
  return { colours, numberOf };
}

function doubled(full: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const roomier = new Int32Array(2 * full.length);
  roomier.set(full);
  return roomier;
}

/** The next place before `end` that differs from the one above it; four are compared at once while none does. */
function unchangedUntil(pixels: Int32Array, from: number, end: number, width: number, mask: number): number {
  let place = from;
  const turned = (at: number): number => ((pixels[at] ?? 0) ^ (pixels[at - width] ?? 0)) & mask;
  while (
    place + 4 <= end &&
    (turned(place) | turned(place + 1) | turned(place + 2) | turned(place + 3)) === 0
  )
    place += 4;
  while (place < end && turned(place) === 0) place += 1;
  return place;
}

/**
 * The census of a picture's pixels, as signed words, each AND `mask`; undefined when they have more than MAX_DISTINCT
 * colours. Signed, because to V8 a word with a sign bit is a float otherwise, and several times slower.
 */
export function colourCensus(pixels: Int32Array, width: number, mask = -1): ColourCensus | undefined {
  const { colours, numberOf } = colourNumbers();
  const counts: number[] = [];
  const above = new Uint16Array(width).fill(NOTHING);
  let places = new Int32Array(FIRST_ROOM);
  let turns = new Int32Array(FIRST_ROOM);
  let [found, pixel, number] = [0, 0, -1];
  for (let start = 0; start < pixels.length; start += width) {
    const end = start + width;
    let place = start === 0 ? 0 : unchangedUntil(pixels, start, end, width, mask);
    while (place < end) {
      const next = (pixels[place] ?? 0) & mask;
      if (next !== pixel || number < 0) {
        pixel = next;
        number = numberOf(next);
        if (number === MAX_DISTINCT) return undefined;
      }
      if (found === places.length) [places, turns] = [doubled(places), doubled(turns)];
      counts[number] = (counts[number] ?? 0) + 1;
      places[found] = place;
      turns[found] = ((above[place - start] ?? NOTHING) << NUMBER_BITS) | number;
      above[place - start] = number;
      found += 1;
      place = start === 0 ? place + 1 : unchangedUntil(pixels, place + 1, end, width, mask);
    }
  }
  return { colours, counts, changes: { places: places.subarray(0, found), turns: turns.subarray(0, found) } };
}
