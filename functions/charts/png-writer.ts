// Pixels -> indexed PNG: a chart has a few hundred colours, and a palette makes the file three to four times smaller
// than RGBA and its encoding several times cheaper.
// Invariants: at most 256 colours (the rarest are snapped to the nearest kept one); no metadata chunks; equal pixels
// decode to equal pixels everywhere, and give equal bytes on one runtime; a picture may come in bands, of which one is held
// at a time, and beside it no more than a byte a pixel. Format: PNG, third edition (W3C, 2025).
import { constants, crc32, deflateSync } from 'node:zlib';
import { type ColourCensus, type ColourChanges, censusTaker, NUMBER_BITS } from './colour-census.ts';

/** RGBA, four bytes a pixel, row by row. */
export type PixelImage = { width: number; height: number; pixels: Uint8Array };
/**
 * A picture as bands of whole rows from the top down. All may be asked for again; each is there until the next is asked
 * for, because megabytes of garbage for every picture make the collector's work more than the drawing.
 */
export type BandedImage = { width: number; height: number; bands(): AsyncIterable<PixelImage> };

const MAX_COLOURS = 256;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const PALETTE_COLOUR = 3;
/** A byte is the difference from the one above: most rows of a chart repeat the row above, and zeros pack fastest. */
const FILTER_UP = 2;
const OWN_NUMBER = (1 << NUMBER_BITS) - 1;
/** After the filter nearly all is zeros: runs alone pack better than matches that are looked for quickly, and faster. */
const DEFLATE = { strategy: constants.Z_RLE };
/** Of pictures that are no charts as many low bits of each channel are dropped as it takes; with two levels it always does. */
const MASKS = [0, 1, 2, 3, 4, 5, 6].map((dropped) => (((0xff << dropped) & 0xff) * 0x01010101) | 0);

/** Gives the memory of bytes back at once, where the runtime can; they are empty afterwards. */
export function discard({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}

/** Pixels as 32-bit words in the order of the machine's bytes; a copy only where they do not lie on whole words. */
function words({ width, height, pixels }: PixelImage): Int32Array {
  const count = width * height;
  if (pixels.length !== count * 4) throw new RangeError('pixels do not match the size');
  const aligned = pixels.byteOffset % 4 === 0 ? pixels : pixels.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, count);
}

/** The four bytes of a word as they lie in memory: red, green, blue, alpha. */
const channels = (colour: number): Uint8Array => new Uint8Array(Int32Array.of(colour).buffer);

/** The index of the colour least apart, the first of equals; one plain loop, which is most of the work of many colours. */
function nearest(colour: number, palette: Int32Array): number {
  const [red, green] = [colour & 0xff, (colour >>> 8) & 0xff];
  const [blue, alpha] = [(colour >>> 16) & 0xff, colour >>> 24];
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let index = 0; index < palette.length; index += 1) {
    const other = palette[index] ?? 0;
    const first = red - (other & 0xff);
    let apart = first * first;
    if (apart >= least) continue;
    const second = green - ((other >>> 8) & 0xff);
    const third = blue - ((other >>> 16) & 0xff);
    const fourth = alpha - (other >>> 24);
    apart += second * second + third * third + fourth * fourth;
    if (apart < least) [best, least] = [index, apart];
  }
  return best;
}

/** The most frequent colours, ties in order of appearance so that the order is fixed, and every colour's index. */
function paletteOf({ colours, counts }: ColourCensus): { palette: Int32Array; indexes: Uint8Array } {
  const ranked = colours
    .map((colour, number) => ({ colour, number, count: counts[number] ?? 0 }))
    .toSorted((one, other) => other.count - one.count || one.number - other.number);
  const palette = Int32Array.from(ranked.slice(0, MAX_COLOURS), ({ colour }) => colour);
  const indexes = new Uint8Array(colours.length);
  for (const [rank, { colour, number }] of ranked.entries()) {
    indexes[number] = rank < MAX_COLOURS ? rank : nearest(colour, palette);
  }
  return { palette, indexes };
}

/** Rows of palette indexes, each after its filter byte and less the row above: zero but where the picture changes. */
function scanlines(changes: ColourChanges, indexes: Uint8Array, width: number, height: number): Uint8Array {
  const { places, turns } = changes;
  const rows = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row += 1) rows[row * (width + 1)] = FILTER_UP;
  // Places come in their order, so the row of one is that of the last or further down.
  let [row, end] = [0, width];
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] ?? 0;
    const turn = turns[index] ?? 0;
    for (; place >= end; end += width) row += 1;
    const before = indexes[turn >>> NUMBER_BITS] ?? 0;
    rows[place + row + 1] = (indexes[turn & OWN_NUMBER] ?? 0) - before;
  }
  return rows;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function header(width: number, height: number): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data[8] = 8;
  data[9] = PALETTE_COLOUR;
  return data;
}

function encoded(census: ColourCensus, width: number, height: number): Uint8Array<ArrayBuffer> {
  const { palette, indexes } = paletteOf(census);
  const entries = [...palette].map(channels);
  const alpha = Uint8Array.from(entries, (entry) => entry[3] ?? 255);
  const rows = scanlines(census.changes, indexes, width, height);
  const packed = deflateSync(rows, DEFLATE);
  discard(rows);
  const chunks = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header(width, height)),
    chunk('PLTE', Uint8Array.from(entries.flatMap((entry) => [...entry.subarray(0, 3)]))),
    ...(alpha.every((value) => value === 255) ? [] : [chunk('tRNS', alpha)]),
    chunk('IDAT', packed),
    chunk('IEND', new Uint8Array(0)),
  ];
  const bytes = new Uint8Array(chunks.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of chunks) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An indexed PNG of a picture's RGBA bands; lossless up to 256 colours. Throws a RangeError when sizes and pixels disagree. */
export async function writePng({ width, height, bands }: BandedImage): Promise<Uint8Array<ArrayBuffer>> {
  for (const mask of MASKS) {
    const taker = censusTaker(width, mask);
    let [rows, fits] = [0, true];
    for await (const band of bands()) {
      if (band.width !== width) throw new RangeError('a band of another width');
      rows += band.height;
      fits = taker.add(words(band));
      if (!fits) break;
    }
    if (!fits) continue;
    if (rows !== height) throw new RangeError('bands do not match the height');
    return encoded(taker.result(), width, height);
  }
  throw new RangeError('two levels a channel are at most sixteen colours');
}
