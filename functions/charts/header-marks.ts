// What the layout engine laid out, as marks of ours: its words with their places, and the boxes with a colour. So a header
// is drawn by the same three writers and with the same outlines as everything else, and nothing of the engine is drawn.
import type { FontWeight } from './glyphs.ts';
import type { Mark, TextMark } from './mark.ts';

/** A box as the engine tells of it. */
export type LaidBox = { left: number; top: number; width: number; height: number; fill: string };
export type LaidHeader = { height: number; marks: readonly Mark[] };

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#x27;': "'" },
};
const plainText = (words: string): string =>
  words.replace(/&[^;]+;/g, (entity) => ENTITIES[entity] ?? entity);

type Word = Omit<TextMark, 'kind' | 'role' | 'anchor'>;

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}

function wordsOf(svg: string): Word[] {
  return [...svg.matchAll(/<text([^>]*)>([^<]*)<\/text>/g)].map(([, tag = '', words = '']) => {
    const number = (name: string): number => Number(attribute(tag, name));
    const weight: FontWeight = attribute(tag, 'font-weight') === '600' ? 600 : 400;
    const place = { x: number('x'), y: Math.round(number('y')), size: number('font-size') };
    return { ...place, text: plainText(words), weight, fill: attribute(tag, 'fill') };
  });
}

/** Words of one look on one line, next to each other, are one text. */
function linesOf(words: readonly (Word & { end: number })[]): Word[] {
  const lines: (Word & { end: number })[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const continues =
      last !== undefined &&
      last.y === word.y &&
      last.size === word.size &&
      last.weight === word.weight &&
      last.fill === word.fill &&
      Math.abs(word.x - last.end) < 0.5;
    if (continues) lines[lines.length - 1] = { ...last, text: last.text + word.text, end: word.end };
    else lines.push(word);
  }
  return lines;
}

/**
 * The marks of a laid out header. `svg` is the engine's document with its texts as `<text>`; `widthOf` is the width of a
 * text as it will be drawn.
 */
export function headerMarks(
  svg: string,
  boxes: readonly LaidBox[],
  widthOf: (word: Pick<Word, 'text' | 'weight' | 'size'>) => number,
): LaidHeader {
  const height = Math.ceil(Number(attribute(svg.slice(0, svg.indexOf('>')), 'height')));
  const words = wordsOf(svg).map((word) => ({ ...word, end: word.x + widthOf(word) }));
  const texts = linesOf(words).map(({ x, y, text, size, weight, fill }): Mark => {
    return { kind: 'text', role: 'header', text: text.trimEnd(), x, y, size, weight, anchor: 'start', fill };
  });
  const cards = boxes.map(({ left, top, width, height: high, fill }): Mark => {
    const [x, y] = [Math.round(left), Math.round(top)];
    const [right, bottom] = [Math.round(left + width), Math.round(top + high)];
    return { kind: 'rects', role: 'card', fill, rects: [{ x, y, width: right - x, height: bottom - y }] };
  });
  return { height, marks: [...cards, ...texts.filter((mark) => mark.kind !== 'text' || mark.text !== '')] };
}
