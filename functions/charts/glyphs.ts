// The chart's alphabet: outlines and widths, computed at build time (infra/charts/build-glyphs.ts), so that no
// runtime needs a font parser and text has the same pixels everywhere.
// Invariants: digits all have one width; a character outside the alphabet is found before drawing, never drawn as
// an empty box.
import data from './glyph-data.json' with { type: 'json' };

export type FontWeight = 400 | 600;
/** Width in font units (1000 to the em) and outline with relative m, l, q, z commands, y pointing down. */
export type Glyph = { advance: number; path: string };

export const UNITS_PER_EM = data.unitsPerEm;
/** Height of a capital or digit as a share of the font size (IBM Plex Sans). */
export const CAP_HEIGHT = 0.698;

const ALPHABETS: Record<FontWeight, Readonly<Record<string, string>>> = data.glyphs;
/** Glyphs that were asked for: a first picture needs a few dozen of them. */
const known: Record<FontWeight, Map<string, Glyph>> = { 400: new Map(), 600: new Map() };

/** The glyph of one character, or undefined for a character outside the alphabet. */
export function glyphOf(character: string, weight: FontWeight): Glyph | undefined {
  const found = known[weight].get(character);
  if (found !== undefined || !Object.hasOwn(ALPHABETS[weight], character)) return found;
  const entry = ALPHABETS[weight][character] ?? '';
  const space = entry.indexOf(' ');
  const glyph = { advance: Number(entry.slice(0, space)), path: entry.slice(space + 1) };
  known[weight].set(character, glyph);
  return glyph;
}

/** The first character of a text that no chart can draw, as `U+4E2D`; undefined when all can be drawn. */
export function unsupportedCharacter(text: string): string | undefined {
  for (const character of text) {
    if (Object.hasOwn(ALPHABETS[400], character)) continue;
    return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return undefined;
}

/** Width of a text in pixels at a font size in pixels; throws on a character that the schema should have refused. */
export function textWidth(text: string, weight: FontWeight, size: number): number {
  let units = 0;
  for (const character of text) {
    const glyph = glyphOf(character, weight);
    if (glyph === undefined) throw new RangeError(`no glyph for ${unsupportedCharacter(character)}`);
    units += glyph.advance;
  }
  return (units * size) / UNITS_PER_EM;
}

/** The text itself when it fits, else as much of it as fits before an ellipsis; empty when not even that fits. */
export function fitText(text: string, weight: FontWeight, size: number, maxWidth: number): string {
  if (textWidth(text, weight, size) <= maxWidth) return text;
  const characters = [...text];
  for (let kept = characters.length - 1; kept > 0; kept -= 1) {
    const candidate = `${characters.slice(0, kept).join('').trimEnd()}…`;
    if (textWidth(candidate, weight, size) <= maxWidth) return candidate;
  }
  return '';
}
