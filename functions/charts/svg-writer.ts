// Scene -> SVG. Invariants: well-formed whatever the title says (everything from outside is escaped and can only
// stand in text nodes); no script, no style sheet, no reference outside the document; text is outlines, so it needs
// no font and is the same everywhere; numbers have at most two decimals; equal scenes give equal bytes.
import { type FontWeight, glyphOf, UNITS_PER_EM } from './glyphs.ts';
import type { Mark, RectsMark, TextMark } from './mark.ts';
import { textStart } from './mark.ts';
import { glyphSegments } from './outline.ts';
import type { Scene } from './scene.ts';

/** A number with at most two decimals, without trailing zeros or a negative zero. */
function num(value: number): string {
  const text = String(Math.round(value * 100) / 100);
  return text === '-0' ? '0' : text;
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
      const path = glyphSegments(glyph, size).map((segment) => {
        if (segment.op === 'close') return 'Z';
        const end = `${num(segment.x)} ${num(segment.y)}`;
        if (segment.op === 'curve') return `Q${num(segment.cx)} ${num(segment.cy)} ${end}`;
        return `${segment.op === 'move' ? 'M' : 'L'}${end}`;
      });
      paths.push(`<path id="${id}" d="${path.join('')}"/>`);
      return id;
    },
    definitions: () => `<defs>${paths.join('')}</defs>`,
  };
}

function opacityOf(mark: { opacity?: number }): string {
  return mark.opacity === undefined ? '' : ` fill-opacity="${num(mark.opacity)}"`;
}

function rectsElement(mark: RectsMark): string {
  const path = mark.rects.map(
    ({ x, y, width, height }) => `M${num(x)} ${num(y)}h${num(width)}v${num(height)}h${num(-width)}z`,
  );
  return `<path fill="${mark.fill}"${opacityOf(mark)} shape-rendering="crispEdges" d="${path.join('')}"/>`;
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
      return `<path fill="${mark.fill}" d="M${pointList(mark.points)}Z"/>`;
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
  const page = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${page} role="img" aria-labelledby="chart-title chart-desc">`,
    `<title id="chart-title">${escapeXml(title)}</title><desc id="chart-desc">${escapeXml(description)}</desc>`,
    book.definitions(),
    `<path fill="${background}" d="M0 0h${width}v${height}H0z"/>`,
    `<g aria-hidden="true">${body}</g></svg>`,
  ].join('');
}
