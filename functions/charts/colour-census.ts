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

/** The next place before `end` that differs from the one `apart` before it; four are compared at once while none does. */
function unchangedUntil(
  pixels: Int32Array,
  from: number,
  end: number,
  before: Int32Array,
  apart: number,
  mask: number,
): number {
  let place = from;
  for (; place + 4 <= end; place += 4) {
    const above = place - apart;
    const turned =
      ((pixels[place] ?? 0) ^ (before[above] ?? 0)) |
      ((pixels[place + 1] ?? 0) ^ (before[above + 1] ?? 0)) |
      ((pixels[place + 2] ?? 0) ^ (before[above + 2] ?? 0)) |
      ((pixels[place + 3] ?? 0) ^ (before[above + 3] ?? 0));
    if ((turned & mask) !== 0) break;
  }
  while (place < end && (((pixels[place] ?? 0) ^ (before[place - apart] ?? 0)) & mask) === 0) place += 1;
  return place;
}

/** Counts a picture's colours as its pixels come, some rows at a time. */
export type CensusTaker = {
  /** More whole rows, as signed words; false once they have more than MAX_DISTINCT colours, when nothing more is counted. */
  add(pixels: Int32Array): boolean;
  /** The census of all rows so far. */
  result(): ColourCensus;
};

/**
 * Takes the census of pixels `width` to a row, each AND `mask`. Signed, because to V8 a word with a sign bit is a float
 * otherwise, and several times slower.
 */
export function censusTaker(width: number, mask = -1): CensusTaker {
  const { colours, numberOf } = colourNumbers();
  const counts: number[] = [];
  const above = new Uint16Array(width).fill(NOTHING);
  const lastRow: Int32Array = new Int32Array(width);
  let places = new Int32Array(FIRST_ROOM);
  let turns = new Int32Array(FIRST_ROOM);
  let [found, top] = [0, 0];
  const add = (pixels: Int32Array): boolean => {
    // What the loop changes is its own until it ends: a variable that two functions share is read anew each time.
    let [at, pixel, number] = [found, 0, -1];
    let before = lastRow;
    for (let start = 0; start < pixels.length; start += width) {
      const end = start + width;
      const apart = start === 0 ? 0 : width;
      const isFirst = top + start === 0;
      let place = isFirst ? start : unchangedUntil(pixels, start, end, before, apart, mask);
      while (place < end) {
        const next = (pixels[place] ?? 0) & mask;
        if (next !== pixel || number < 0) {
          pixel = next;
          number = numberOf(next);
          if (number === MAX_DISTINCT) return false;
        }
        if (at === places.length) [places, turns] = [doubled(places), doubled(turns)];
        counts[number] = (counts[number] ?? 0) + 1;
        places[at] = top + place;
        turns[at] = ((above[place - start] ?? NOTHING) << NUMBER_BITS) | number;
        above[place - start] = number;
        at += 1;
        place = isFirst ? place + 1 : unchangedUntil(pixels, place + 1, end, before, apart, mask);
      }
      before = pixels;
    }
    lastRow.set(pixels.subarray(Math.max(0, pixels.length - width)));
    found = at;
    top += pixels.length;
    return true;
  };
  const result = (): ColourCensus => ({
    ...{ colours, counts },
    changes: { places: places.subarray(0, found), turns: turns.subarray(0, found) },
  });
  return { add, result };
}

/** The census of a whole picture; undefined when it has more than MAX_DISTINCT colours. */
export function colourCensus(pixels: Int32Array, width: number, mask = -1): ColourCensus | undefined {
  const taker = censusTaker(width, mask);
  return taker.add(pixels) ? taker.result() : undefined;
}
