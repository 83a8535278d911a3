// Writes functions/charts/glyph-data.json: the outlines of the chart's alphabet, taken from IBM Plex Sans; and beside it
// header-font.json: fonts with the same advances and no outlines, by which the layout engine of headers measures.
// Run by hand when the alphabet or the font changes (`npx node infra/charts/build-glyphs.ts`); the result is
// committed, so that neither the Worker nor the Lambda carries a font parser. A new outline changes pixels:
// raise RENDERER_VERSION in functions/charts/chart-digest.ts with it.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import opentype from 'opentype.js';
import subsetFont from 'subset-font';
import { CHART_ALPHABET, CHART_SCRIPTS } from './chart-alphabet.ts';
import { measuringFont } from './measuring-font.ts';

const UNITS_PER_EM = 1000;
const resolve = createRequire(import.meta.url).resolve;
const round = Math.round;

type Command = { type: string; x?: number; y?: number; x1?: number; y1?: number };

/** A number list as short as SVG allows: a minus sign is separator enough. */
function packed(numbers: readonly number[]): string {
  return numbers.map((value, index) => (index > 0 && value >= 0 ? ` ${value}` : `${value}`)).join('');
}

/**
 * An outline as relative `m`, `l`, `q`, `z` in whole font units, y pointing down as in SVG. Commands of no length
 * (TrueType contours start with one) are left out; cubic curves do not occur in TrueType.
 */
function outlineText(commands: readonly Command[]): string {
  let [atX, atY, text] = [0, 0, ''];
  let [startX, startY] = [0, 0];
  for (const command of commands) {
    const [x, y] = [round(command.x ?? 0), round(command.y ?? 0)];
    if (command.type === 'Z') {
      text += 'z';
      [atX, atY] = [startX, startY];
      continue;
    }
    if (command.type === 'Q') {
      const control = [round(command.x1 ?? 0) - atX, round(command.y1 ?? 0) - atY];
      text += `q${packed([...control, x - atX, y - atY])}`;
    } else if (command.type === 'M') {
      text += `m${packed([x - atX, y - atY])}`;
      [startX, startY] = [x, y];
    } else if (command.type === 'L') {
      if (x !== atX || y !== atY) text += `l${packed([x - atX, y - atY])}`;
    } else {
      throw new Error(`unexpected outline command ${command.type}`);
    }
    [atX, atY] = [x, y];
  }
  return text;
}

/** Advance width and outline of each character of one file of the font, `<advance> <path>`. */
async function outlines(
  script: string,
  characters: readonly string[],
  weight: number,
): Promise<Record<string, string>> {
  const file = resolve(`@fontsource/ibm-plex-sans/files/ibm-plex-sans-${script}-${weight}-normal.woff`);
  const subset = await subsetFont(await readFile(file), characters.join(''), { targetFormat: 'truetype' });
  const bytes = subset.buffer.slice(subset.byteOffset, subset.byteOffset + subset.byteLength);
  const font = opentype.parse(bytes);
  if (font.unitsPerEm !== UNITS_PER_EM)
    throw new Error(`units per em ${font.unitsPerEm}, expected ${UNITS_PER_EM}`);
  const found: Record<string, string> = {};
  for (const character of characters) {
    const glyph = font.charToGlyph(character);
    if (glyph.index === 0)
      throw new Error(`the font has no glyph for U+${character.codePointAt(0)?.toString(16)}`);
    const commands: Command[] = glyph.getPath(0, 0, UNITS_PER_EM).commands;
    found[character] = `${round(glyph.advanceWidth ?? 0)} ${outlineText(commands)}`;
  }
  return found;
}

async function weightOf(weight: number): Promise<Record<string, string>> {
  const scripts = Object.entries(CHART_SCRIPTS);
  const found = await Promise.all(scripts.map(([script, of]) => outlines(script, of, weight)));
  return Object.assign({}, ...found);
}

const data = {
  source:
    'IBM Plex Sans, Copyright 2019 IBM Corp., SIL Open Font License 1.1; see README.md beside this file',
  unitsPerEm: UNITS_PER_EM,
  glyphs: { 400: await weightOf(400), 600: await weightOf(600) },
};
const folder = join(import.meta.dirname, '../../functions/charts');
const lines = JSON.stringify(data, null, 2);
await writeFile(join(folder, 'glyph-data.json'), `${lines}\n`);
const fonts = {
  400: measuringFont(data.glyphs[400], UNITS_PER_EM),
  600: measuringFont(data.glyphs[600], UNITS_PER_EM),
};
await writeFile(join(folder, 'header-font.json'), `${JSON.stringify(fonts, null, 2)}\n`);
console.log(`${CHART_ALPHABET.length} glyphs in two weights, ${lines.length} characters`);
