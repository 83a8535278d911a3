// Scene -> a one-page PDF 1.7 of vector operators. Invariants: equal scenes give equal bytes on every runtime (fixed
// /ID, no dates, fflate instead of the runtime's zlib); text is outlines, so no font is embedded; the page is the
// chart's CSS size at 96 px to the inch.
import { zlibSync } from 'fflate';
import { glyphOf, UNITS_PER_EM } from './glyphs.ts';
import { type Mark, type Point, type TextMark, textStart } from './mark.ts';
import { glyphSegments, type Segment } from './outline.ts';
import type { Scene } from './scene.ts';

const POINTS_PER_CSS_PIXEL = 0.75;
/** PDF wants two 16-byte strings; a constant, because equal charts must give equal files. */
const FILE_ID = '436f756e7465727369676e2063686172';

function num(value: number): string {
  const text = (Math.round(value * 100) / 100).toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** `#rrggbb` as three shares of one. */
function colour(hex: string): string {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  return channels.map((channel) => String(Math.round(channel * 1000) / 1000)).join(' ');
}

/** Opacities used by a scene, each of which needs a graphics state of its own. */
function opacities(marks: readonly Mark[]): number[] {
  const found = marks.flatMap((mark) =>
    'opacity' in mark && mark.opacity !== undefined ? [mark.opacity] : [],
  );
  return [...new Set(found)].toSorted((a, b) => a - b);
}

function path(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${num(x)} ${num(y)} ${index === 0 ? 'm' : 'l'}`).join(' ');
}

/** A glyph's outline in font units; a quadratic curve becomes the cubic with controls two thirds of the way. */
function outline(segments: readonly Segment[]): string {
  let [x, y] = [0, 0];
  return segments
    .map((segment) => {
      if (segment.op === 'close') return 'h';
      const [fromX, fromY] = [x, y];
      [x, y] = [segment.x, segment.y];
      if (segment.op !== 'curve') return `${x} ${y} ${segment.op === 'move' ? 'm' : 'l'}`;
      const { cx, cy } = segment;
      const control = (from: number, to: number): number => Math.round(from + ((to - from) * 2) / 3);
      return `${control(fromX, cx)} ${control(fromY, cy)} ${control(x, cx)} ${control(y, cy)} ${x} ${y} c`;
    })
    .join(' ');
}

/** Glyphs stand in font units under a matrix: the same glyph is the same text every time, which deflates well. */
function textOperators(mark: TextMark): string {
  const scale = mark.size / UNITS_PER_EM;
  let x = textStart(mark);
  const parts: string[] = [];
  for (const character of mark.text) {
    const glyph = glyphOf(character, mark.weight);
    if (glyph === undefined) throw new RangeError('text outside the chart alphabet');
    if (glyph.path !== '') {
      const shape = outline(glyphSegments(glyph, UNITS_PER_EM));
      parts.push(`q ${scale} 0 0 ${scale} ${num(x)} ${num(mark.y)} cm ${shape} f Q`);
    }
    x += glyph.advance * scale;
  }
  return parts.length === 0 ? '' : `${colour(mark.fill)} rg ${parts.join('\n')}`;
}

function operators(mark: Mark): string {
  switch (mark.kind) {
    case 'rects': {
      const rects = mark.rects.map(
        (rect) => `${num(rect.x)} ${num(rect.y)} ${num(rect.width)} ${num(rect.height)} re`,
      );
      return `${colour(mark.fill)} rg ${rects.join(' ')} f`;
    }
    case 'text':
      return textOperators(mark);
    case 'polygon':
      return `${colour(mark.fill)} rg ${path(mark.points)} h f`;
    case 'line': {
      const dash = mark.dash === undefined ? '' : mark.dash.map(num).join(' ');
      return `${colour(mark.stroke)} RG ${num(mark.width)} w [${dash}] 0 d ${path([mark.from, mark.to])} S`;
    }
    case 'polyline':
      return `${colour(mark.stroke)} RG ${num(mark.width)} w [] 0 d 1 j ${path(mark.points)} S`;
  }
}

function content(scene: Scene, alphas: readonly number[]): string {
  const scale = POINTS_PER_CSS_PIXEL / scene.ratio;
  // Not rounded: the scale may have three decimals (0.375), and a rounded one would not fill the page.
  const lines = [`${scale} 0 0 ${-scale} 0 ${scene.height * scale} cm`];
  lines.push(`${colour(scene.background)} rg 0 0 ${scene.width} ${scene.height} re f`);
  for (const mark of scene.marks) {
    const alpha = 'opacity' in mark && mark.opacity !== undefined ? alphas.indexOf(mark.opacity) : -1;
    const drawn = operators(mark);
    if (drawn !== '') lines.push(alpha < 0 ? drawn : `q /A${alpha} gs ${drawn} Q`);
  }
  return lines.join('\n');
}

/** A text string as UTF-16BE in hexadecimal, which needs no escaping. */
function hexText(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return `<feff${units.map((unit) => unit.toString(16).padStart(4, '0')).join('')}>`;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Header, numbered objects, cross-reference table and trailer. */
function file(objects: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [encoder.encode('%PDF-1.7\n')];
  let at = chunks[0]?.length ?? 0;
  const offsets: number[] = [];
  for (const [index, object] of objects.entries()) {
    offsets.push(at);
    const parts = [encoder.encode(`${index + 1} 0 obj\n`), object, encoder.encode('\nendobj\n')];
    chunks.push(...parts);
    at += parts.reduce((sum, part) => sum + part.length, 0);
  }
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  const size = objects.length + 1;
  const trailer = `<</Size ${size}/Root 1 0 R/Info 5 0 R/ID[<${FILE_ID}><${FILE_ID}>]>>`;
  const end = `xref\n0 ${size}\n0000000000 65535 f \n${entries.join('')}trailer\n${trailer}\nstartxref\n${at}\n%%EOF\n`;
  return joined([...chunks, encoder.encode(end)]);
}

/** The scene as a PDF file of one page; deterministic. */
export function writePdf(scene: Scene): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const scale = POINTS_PER_CSS_PIXEL / scene.ratio;
  const alphas = opacities(scene.marks);
  const states = alphas.map((alpha, index) => `/A${index}<</ca ${num(alpha)}/CA ${num(alpha)}>>`).join('');
  const box = `[0 0 ${scene.width * scale} ${scene.height * scale}]`;
  const stream = zlibSync(encoder.encode(content(scene, alphas)), { level: 6 });
  return file([
    encoder.encode('<</Type/Catalog/Pages 2 0 R/Lang(en)/ViewerPreferences<</DisplayDocTitle true>>>>'),
    encoder.encode('<</Type/Pages/Kids[3 0 R]/Count 1>>'),
    encoder.encode(
      `<</Type/Page/Parent 2 0 R/MediaBox${box}/Resources<</ExtGState<<${states}>>>>/Contents 4 0 R>>`,
    ),
    joined([
      encoder.encode(`<</Length ${stream.length}/Filter/FlateDecode>>\nstream\n`),
      stream,
      encoder.encode('\nendstream'),
    ]),
    encoder.encode(`<</Title ${hexText(scene.title)}/Subject ${hexText(scene.description)}>>`),
  ]);
}
