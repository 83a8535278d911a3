// Which colours a picture has, how often, and which of them each pixel has, in one pass. A hash table in typed arrays,
// because a Map keyed by 32-bit colours costs as much as the whole compression.
// Invariant: colours are numbered in order of first appearance, so the result is the same on every machine.

/** Distinct colours as 0xRRGGBBAA, how many pixels have each, and the number of each pixel's colour. */
export type ColourCensus = { colours: number[]; counts: number[]; numbers: Uint16Array };

/** More distinct colours than this are not a chart. */
export const MAX_DISTINCT = 4096;
const SLOTS = 4 * MAX_DISTINCT;
/** Knuth's multiplicative hash: 2^32 divided by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1;
const HASH_SHIFT = 32 - Math.log2(SLOTS);

/** The census of a picture's pixels, or undefined when they have more than MAX_DISTINCT colours. */
export function colourCensus(pixels: Uint32Array): ColourCensus | undefined {
  const numbers = new Uint16Array(pixels.length);
  const keys = new Uint32Array(SLOTS);
  /** Number of the colour in a slot plus one; zero is an empty slot. */
  const taken = new Uint16Array(SLOTS);
  const colours: number[] = [];
  const counts: number[] = [];
  let [current, number] = [-1, 0];
  for (let index = 0; index < pixels.length; index += 1) {
    const colour = pixels[index] ?? 0;
    if (colour !== current) {
      current = colour;
      let slot = Math.imul(colour, HASH_FACTOR) >>> HASH_SHIFT;
      while (taken[slot] !== 0 && keys[slot] !== colour) slot = (slot + 1) % SLOTS;
      if (taken[slot] === 0) {
        if (colours.length === MAX_DISTINCT) return undefined;
        colours.push(colour);
        counts.push(0);
        keys[slot] = colour;
        taken[slot] = colours.length;
      }
      number = (taken[slot] ?? 1) - 1;
    }
    numbers[index] = number;
    counts[number] = (counts[number] ?? 0) + 1;
  }
  return { colours, counts, numbers };
}
