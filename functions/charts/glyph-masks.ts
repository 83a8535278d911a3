// Glyphs as the rasterizer draws them, kept: half of a chart's drawing would be letters that it drew before. A mask is a
// glyph's coverage at one size, weight and quarter of a pixel.
// Invariants: a mask depends on nothing but its key, so a text has the same pixels whatever was drawn before it; the store
// is bounded.
import { type FontWeight, type Glyph, glyphOf, UNITS_PER_EM } from './glyphs.ts';
import { type TextMark, textStart } from './mark.ts';
import { glyphSegments } from './outline.ts';
import type { Rasterizer } from './rasterizer.ts';

/** Coverage, 0 to 255, row by row; `left` and `top` from the pen's pixel and the baseline. */
export type GlyphMask = { left: number; top: number; width: number; height: number; coverage: Uint8Array };
/** A mask and the pixel of its pen on the picture. */
export type PlacedMask = { mask: GlyphMask; x: number; y: number };

type Wanted = { glyph: Glyph; size: number; phase: number };
type Pen = Wanted & { key: string; x: number };

const PHASES = 4;
const MAX_MASKS = 4_000;
const masks = new Map<string, GlyphMask>();

/** Where each glyph of a text begins: a whole pixel and a quarter. */
function* pensOf(mark: TextMark): Generator<Pen> {
  let pen = textStart(mark);
  for (const character of mark.text) {
    const glyph = glyphOf(character, mark.weight);
    if (glyph === undefined) throw new RangeError('text outside the chart alphabet');
    const quarters = Math.round(pen * PHASES);
    const x = Math.floor(quarters / PHASES);
    const phase = quarters - x * PHASES;
    const key = keyOf(character, mark.weight, mark.size, phase);
    if (glyph.path !== '') yield { glyph, size: mark.size, phase, key, x };
    pen += (glyph.advance * mark.size) / UNITS_PER_EM;
  }
}

const keyOf = (character: string, weight: FontWeight, size: number, phase: number): string =>
  `${size} ${weight} ${phase} ${character}`;

type Cell = { left: number; top: number; width: number; height: number };

/** The pixels that an outline can touch, with one to spare on each side. */
function cellOf({ glyph, size, phase }: Wanted): Cell {
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const segment of glyphSegments(glyph, size)) {
    if (segment.op === 'close') continue;
    xs.push(segment.x);
    ys.push(segment.y);
    if (segment.op !== 'curve') continue;
    xs.push(segment.cx);
    ys.push(segment.cy);
  }
  const shift = phase / PHASES;
  const [left, top] = [Math.floor(Math.min(...xs) + shift) - 1, Math.floor(Math.min(...ys)) - 1];
  const width = Math.ceil(Math.max(...xs) + shift) + 1 - left;
  return { left, top, width, height: Math.ceil(Math.max(...ys)) + 1 - top };
}

/** Draws what is missing in one picture, cell below cell. */
async function drawMissing(
  missing: ReadonlyMap<string, Wanted>,
  rasterizer: Rasterizer,
): Promise<Map<string, GlyphMask>> {
  const cells = [...missing].map(([key, wanted]) => ({ key, wanted, cell: cellOf(wanted) }));
  const width = Math.max(...cells.map(({ cell }) => cell.width));
  let height = 0;
  const paths = cells.map(({ wanted: { glyph, size, phase }, cell }) => {
    const move = `translate(${phase / PHASES - cell.left} ${height - cell.top})`;
    height += cell.height;
    return `<path transform="${move} scale(${size / UNITS_PER_EM})" d="M0 0${glyph.path}"/>`;
  });
  const page = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${page}>${paths.join('')}</svg>`;
  const { pixels } = await rasterizer.rasterize(svg);
  const drawn = new Map<string, GlyphMask>();
  let row = 0;
  for (const { key, cell } of cells) {
    const coverage = new Uint8Array(cell.width * cell.height);
    let at = 0;
    for (const end = row + cell.height; row < end; row += 1) {
      const alpha = row * width * 4 + 3;
      for (let column = 0; column < cell.width; column += 1, at += 1)
        coverage[at] = pixels[alpha + column * 4] ?? 0;
    }
    drawn.set(key, { ...cell, coverage });
  }
  return drawn;
}

/** The masks of texts' glyphs in their places; those that nobody drew before are drawn first, all at once. */
export async function placedMasks(
  texts: readonly TextMark[],
  rasterizer: Rasterizer,
): Promise<{ text: TextMark; glyphs: PlacedMask[] }[]> {
  const pens = texts.map((text) => ({ text, pens: [...pensOf(text)] }));
  if (masks.size > MAX_MASKS) masks.clear();
  const known = new Map<string, GlyphMask>();
  const missing = new Map<string, Wanted>();
  for (const pen of pens.flatMap((each) => each.pens)) {
    const mask = masks.get(pen.key);
    if (mask === undefined) missing.set(pen.key, pen);
    else known.set(pen.key, mask);
  }
  if (missing.size > 0)
    for (const [key, mask] of await drawMissing(missing, rasterizer)) {
      known.set(key, mask);
      masks.set(key, mask);
    }
  return pens.map(({ text, pens: of }) => ({
    text,
    glyphs: of.flatMap(({ key, x }) => {
      const mask = known.get(key);
      return mask === undefined ? [] : [{ mask, x, y: text.y }];
    }),
  }));
}
