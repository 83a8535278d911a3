// Which texts of a scene may be drawn after all else, and how far each mark reaches. Invariant: a text is late only where
// no later mark could touch it.
import { type Mark, type Rect, type TextMark, textBox } from './mark.ts';

/** Larger letters are few (the watermark), and their masks would fill the store. */
const MAX_SIZE = 60;

/** How far a mark that is no text reaches, lines with their width. */
function boundsOf(mark: Exclude<Mark, TextMark>): readonly Rect[] {
  if (mark.kind === 'rects') return mark.rects;
  const points = mark.kind === 'line' ? [mark.from, mark.to] : mark.points;
  const reach = mark.kind === 'polygon' ? 0 : mark.width;
  let [left, top] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [right, bottom] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const [x, y] = [left - reach, top - reach];
  return [{ x, y, width: right + reach - x, height: bottom + reach - y }];
}

/** A text's box with room for descenders and accents. */
export function textReach(mark: TextMark): Rect {
  const { x, y, width, height } = textBox(mark);
  const spare = Math.ceil(mark.size * 0.35);
  return { x: x - 2, y: y - spare, width: width + 4, height: height + 2 * spare };
}

const meet = (one: Rect, other: Rect): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

/** The texts that may be set last. */
export function lateTexts(marks: readonly Mark[]): Set<TextMark> {
  const late = new Set<TextMark>();
  const later: Rect[] = [];
  for (const mark of marks.toReversed()) {
    if (mark.kind !== 'text') {
      for (const rect of boundsOf(mark)) later.push(rect);
      continue;
    }
    const small = mark.size <= MAX_SIZE && mark.opacity === undefined && Number.isInteger(mark.y);
    const box = textReach(mark);
    if (small && !later.some((rect) => meet(rect, box))) late.add(mark);
    else later.push(box);
  }
  return late;
}
