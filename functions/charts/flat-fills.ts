// Rectangles that need no rasterizer: opaque, on whole pixels, and under nothing that it draws later. They are most of a
// chart (its bars and volume), and filling them here costs less than writing them down for it.
// Invariant: filled after all that the rasterizer draws, in their own order, they leave the pixels that it would.
import { textReach } from './late-texts.ts';
import type { Mark, Rect, RectsMark, TextMark } from './mark.ts';
import type { PixelImage } from './png-writer.ts';

export type FlatFill = { fill: string; rects: readonly Rect[] };
/** What is left for the rasterizer, and what is filled over it; both in drawing order. */
export type SplitMarks = { shapes: Mark[]; fills: FlatFill[] };

const COLOUR = /^#[0-9a-f]{6}$/i;

/** Columns of a page that count as one. Lines of a chart are nearly level, so this costs few rectangles and saves much. */
const COLUMN_BITS = 2;

/** Which rows of each column of a page something touches, a bit each. */
type TakenRows = {
  /** Takes what lies between these edges, whole pixels of it and those it is part of. */
  take(left: number, top: number, right: number, bottom: number): void;
  isTaken(rect: Rect): boolean;
};

function takenRows(width: number, height: number): TakenRows {
  const stride = (height >> 5) + 1;
  const bits = new Int32Array(((width >> COLUMN_BITS) + 1) * stride);
  /** Visits the words of a box until one has bits of it, or sets them all. */
  const visit = (x: number, y: number, right: number, bottom: number, isSetting: boolean): boolean => {
    const [top, end] = [Math.max(0, y), Math.min(height, bottom)];
    const [left, last] = [Math.max(0, x), Math.min(width, right) - 1];
    if (top >= end || left > last) return false;
    const [from, to] = [top >> 5, (end - 1) >> 5];
    const [fromBits, toBits] = [-1 << (top & 31), -1 >>> (31 - ((end - 1) & 31))];
    for (let column = left >> COLUMN_BITS; column <= last >> COLUMN_BITS; column += 1)
      for (let word = from; word <= to; word += 1) {
        const at = column * stride + word;
        const rows = (word === from ? fromBits : -1) & (word === to ? toBits : -1);
        if (isSetting) bits[at] = (bits[at] ?? 0) | rows;
        else if (((bits[at] ?? 0) & rows) !== 0) return true;
      }
    return false;
  };
  return {
    take(left, top, right, bottom) {
      visit(Math.floor(left), Math.floor(top), Math.ceil(right), Math.ceil(bottom), true);
    },
    isTaken: ({ x, y, width: wide, height: high }) => visit(x, y, x + wide, y + high, false),
  };
}

function takeRect(taken: TakenRows, { x, y, width, height }: Rect): void {
  taken.take(x, y, x + width, y + height);
}

/** Takes what a mark touches that the rasterizer draws: of lines what each of their parts does, a pixel more on each side. */
function takeMark(taken: TakenRows, mark: Exclude<Mark, RectsMark>): void {
  if (mark.kind === 'text') {
    takeRect(taken, textReach(mark));
    return;
  }
  const points = mark.kind === 'line' ? [mark.from, mark.to] : mark.points;
  if (mark.kind === 'polygon') {
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    taken.take(Math.min(...xs) - 1, Math.min(...ys) - 1, Math.max(...xs) + 1, Math.max(...ys) + 1);
    return;
  }
  // Joins are round and ends are flat, so nothing is further away than half the width.
  const reach = mark.width / 2 + 1;
  let from = points[0];
  for (const to of points) {
    if (from === undefined) return;
    const [left, right] = from.x < to.x ? [from.x, to.x] : [to.x, from.x];
    const [top, bottom] = from.y < to.y ? [from.y, to.y] : [to.y, from.y];
    taken.take(left - reach, top - reach, right + reach, bottom + reach);
    from = to;
  }
}

const isWhole = ({ x, y, width, height }: Rect): boolean =>
  Number.isInteger(x) && Number.isInteger(y) && Number.isInteger(width) && Number.isInteger(height);

/** Splits the marks of a page, those texts left out that are set last anyway. */
export function splitMarks(
  page: { width: number; height: number },
  marks: readonly Mark[],
  late: ReadonlySet<TextMark>,
): SplitMarks {
  const taken = takenRows(page.width, page.height);
  const [shapes, fills]: [Mark[], FlatFill[]] = [[], []];
  // What is drawn before the first of them covers none of them.
  const first = marks.findIndex(({ kind }) => kind === 'rects');
  for (let index = marks.length - 1; index >= 0; index -= 1) {
    const mark = marks[index];
    if (mark === undefined || (mark.kind === 'text' && late.has(mark))) continue;
    if (mark.kind !== 'rects') {
      if (index > first) takeMark(taken, mark);
      shapes.push(mark);
      continue;
    }
    const isFlat = mark.opacity === undefined && COLOUR.test(mark.fill);
    const [filled, drawn]: [Rect[], Rect[]] = [[], []];
    for (const rect of mark.rects)
      (isFlat && isWhole(rect) && !taken.isTaken(rect) ? filled : drawn).push(rect);
    if (index > first) for (const rect of drawn) takeRect(taken, rect);
    if (filled.length > 0) fills.push({ fill: mark.fill, rects: filled });
    if (drawn.length > 0) shapes.push({ ...mark, rects: drawn });
  }
  return { shapes: shapes.reverse(), fills: fills.reverse() };
}

/** The word of an opaque `#rrggbb` colour as its four bytes lie in memory. */
function wordOf(fill: string): number {
  const rgb = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16));
  return new Int32Array(Uint8Array.of(...rgb, 255).buffer)[0] ?? 0;
}

/** Fills rectangles on a band of the page whose first row is `top`. */
export function paintFills(
  { width, height, pixels }: PixelImage,
  top: number,
  fills: readonly FlatFill[],
): void {
  const words = new Int32Array(pixels.buffer, pixels.byteOffset, width * height);
  for (const { fill, rects } of fills) {
    const word = wordOf(fill);
    for (const rect of rects) {
      const [left, right] = [Math.max(0, rect.x), Math.min(width, rect.x + rect.width)];
      if (left >= right) continue;
      const end = Math.min(height, rect.y + rect.height - top);
      for (let row = Math.max(0, rect.y - top); row < end; row += 1) {
        const start = row * width;
        for (let at = start + left; at < start + right; at += 1) words[at] = word;
      }
    }
  }
}
