// Scene -> SVG. Invariants: well-formed whatever the title says (everything from outside is escaped and can only
// stand in text nodes); no script, no style sheet, no reference outside the document; text is outlines, so it needs
// no font and is the same everywhere; numbers have at most two decimals; equal scenes give equal bytes.
// The rasterizer gets the same shapes in another wording: it pays by the element, a reader by the byte.
import { type FontWeight, type Glyph, glyphOf, UNITS_PER_EM } from './glyphs.ts';
import type { Mark, RectsMark, TextMark } from './mark.ts';
import { textStart } from './mark.ts';
import { glyphSegments } from './outline.ts';
import type { Scene } from './scene.ts';

/** `''`, `.01` to `.99`, by hundredths. */
const FRACTIONS = Array.from({ length: 100 }, (_, hundredths) => String(hundredths / 100).slice(1));

/** A number with at most two decimals, without trailing zeros or a negative zero; through whole numbers, which is quick. */
function num(value: number): string {
  if (Number.isInteger(value)) return `${value}`;
  const hundredths = Math.round(Math.abs(value) * 100);
  const whole = Math.floor(hundredths / 100);
  const text = `${whole}${FRACTIONS[hundredths - whole * 100]}`;
  return value < 0 && hundredths > 0 ? `-${text}` : text;
}

/** Text for a text node or attribute; characters XML 1.0 forbids are left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Path data of glyphs by weight, size and character, which hardly differ from one picture to the next. */
const keptData = new Map<string, string>();
const MAX_KEPT = 4000;

function glyphData(glyph: Glyph, key: string, size: number): string {
  const known = keptData.get(key);
  if (known !== undefined) return known;
  const path = glyphSegments(glyph, size).map((segment) => {
    if (segment.op === 'close') return 'Z';
    const end = `${num(segment.x)} ${num(segment.y)}`;
    if (segment.op === 'curve') return `Q${num(segment.cx)} ${num(segment.cy)} ${end}`;
    return `${segment.op === 'move' ? 'M' : 'L'}${end}`;
  });
  // Sizes are many where pictures are: watermarks have one for each width.
  if (keptData.size >= MAX_KEPT) keptData.clear();
  const data = path.join('');
  keptData.set(key, data);
  return data;
}

type GlyphBook = { idOf(character: string, weight: FontWeight, size: number): string; definitions(): string };

/** Each glyph of each size and weight once, in order of first use. */
function glyphBook(): GlyphBook {
  const ids = new Map<string, string>();
  const paths: string[] = [];
  return {
    idOf(character, weight, size) {
      const key = `${weight} ${size} ${character}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const glyph = glyphOf(character, weight);
      if (glyph === undefined) throw new RangeError('text outside the chart alphabet');
      const id = `g${ids.size}`;
      ids.set(key, id);
      paths.push(`<path id="${id}" d="${glyphData(glyph, key, size)}"/>`);
      return id;
    },
    definitions: () => `<defs>${paths.join('')}</defs>`,
  };
}

function opacityOf(mark: { opacity?: number }): string {
  return mark.opacity === undefined ? '' : ` fill-opacity="${num(mark.opacity)}"`;
}

function rectsElement(mark: RectsMark): string {
  let data = '';
  for (const { x, y, width, height } of mark.rects) {
    data += `M${num(x)} ${num(y)}h${num(width)}v${num(height)}h${num(-width)}z`;
  }
  return `<path fill="${mark.fill}"${opacityOf(mark)} shape-rendering="crispEdges" d="${data}"/>`;
}

function textElement(mark: TextMark, book: GlyphBook): string {
  let x = textStart(mark);
  const uses: string[] = [];
  for (const character of mark.text) {
    const glyph = glyphOf(character, mark.weight);
    if (glyph !== undefined && glyph.path !== '') {
      const id = book.idOf(character, mark.weight, mark.size);
      uses.push(`<use href="#${id}" x="${num(x)}" y="${num(mark.y)}"/>`);
    }
    x += ((glyph?.advance ?? 0) * mark.size) / UNITS_PER_EM;
  }
  return `<g fill="${mark.fill}"${opacityOf(mark)}>${uses.join('')}</g>`;
}

function pointList(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }) => `${num(x)} ${num(y)}`).join('L');
}

function element(mark: Mark, book: GlyphBook): string {
  switch (mark.kind) {
    case 'rects':
      return rectsElement(mark);
    case 'text':
      return textElement(mark, book);
    case 'polygon':
      return `<path fill="${mark.fill}"${opacityOf(mark)} d="M${pointList(mark.points)}Z"/>`;
    case 'line': {
      const dash = mark.dash === undefined ? '' : ` stroke-dasharray="${mark.dash.map(num).join(' ')}"`;
      const stroke = `stroke="${mark.stroke}" stroke-width="${num(mark.width)}"${dash}`;
      return `<path ${stroke} shape-rendering="crispEdges" d="M${pointList([mark.from, mark.to])}"/>`;
    }
    case 'polyline': {
      const stroke = `stroke="${mark.stroke}" stroke-width="${num(mark.width)}" stroke-linejoin="round"`;
      return `<path fill="none" ${stroke} d="M${pointList(mark.points)}"/>`;
    }
  }
}

/** The scene as a standalone SVG document, as large in CSS pixels as the scene is in device pixels. */
export function writeSvg(scene: Scene): string {
  const { width, height, background, title, description, marks } = scene;
  const book = glyphBook();
  const body = marks.map((mark) => element(mark, book)).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${pageOf(scene, { top: 0, height })} role="img" aria-labelledby="chart-title chart-desc">`,
    `<title id="chart-title">${escapeXml(title)}</title><desc id="chart-desc">${escapeXml(description)}</desc>`,
    book.definitions(),
    `<path fill="${background}" d="M0 0h${width}v${height}H0z"/>`,
    `<g aria-hidden="true">${body}</g></svg>`,
  ].join('');
}

/** Rows of a page: the first and how many. */
export type PageBand = { top: number; height: number };

const pageOf = ({ width }: Scene, { top, height }: PageBand): string =>
  `width="${width}" height="${height}" viewBox="0 ${top} ${width} ${height}"`;

/** A text's outlines as path data in font units, its first glyph at the text's own place. */
function textData(mark: TextMark): string {
  const unit = mark.size / UNITS_PER_EM;
  const y = num(mark.y / unit);
  let x = textStart(mark) / unit;
  let data = '';
  for (const character of mark.text) {
    const glyph = glyphOf(character, mark.weight);
    if (glyph === undefined) throw new RangeError('text outside the chart alphabet');
    if (glyph.path !== '') data += `M${num(x)} ${y}${glyph.path}`;
    x += glyph.advance;
  }
  return data;
}

/** Neighbouring texts, those of one look as one path. */
function textPaths(marks: readonly TextMark[]): string {
  const looks = new Map<string, string>();
  for (const mark of marks) {
    const look = `fill="${mark.fill}"${opacityOf(mark)} transform="scale(${mark.size / UNITS_PER_EM})"`;
    looks.set(look, (looks.get(look) ?? '') + textData(mark));
  }
  return [...looks].map(([look, data]) => `<path ${look} d="${data}"/>`).join('');
}

/**
 * The scene for the rasterizer: no words, and as few elements as have the same pixels. Of a band of it the same page is
 * looked at through a window; where a slant meets its edge, antialiasing may round otherwise.
 */
export function writeRasterSvg(scene: Scene, band: PageBand = { top: 0, height: scene.height }): string {
  const { width, height, background, marks } = scene;
  const book = glyphBook();
  const parts = [`<path fill="${background}" d="M0 0h${width}v${height}H0z"/>`];
  let texts: TextMark[] = [];
  for (const mark of marks) {
    if (mark.kind === 'text') {
      texts.push(mark);
      continue;
    }
    parts.push(textPaths(texts), element(mark, book));
    texts = [];
  }
  parts.push(textPaths(texts));
  return `<svg xmlns="http://www.w3.org/2000/svg" ${pageOf(scene, band)}>${parts.join('')}</svg>`;
}
