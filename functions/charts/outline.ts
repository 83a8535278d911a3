// Glyph outlines at a size, as absolute segments that a writer can put in its own words.
import { type Glyph, UNITS_PER_EM } from './glyphs.ts';

/** Move, line, quadratic curve (control point first), close; pixels, y pointing down, origin on the baseline. */
export type Segment =
  | { op: 'move' | 'line'; x: number; y: number }
  | { op: 'curve'; cx: number; cy: number; x: number; y: number }
  | { op: 'close' };

/** Outlines of glyphs that were drawn before, in font units: a chart has each digit a hundred times. */
const known = new WeakMap<Glyph, readonly Segment[]>();

/** The outline of a glyph scaled to a font size; every contour is closed. Throws on commands the data never has. */
export function glyphSegments(glyph: Glyph, size: number): Segment[] {
  const scale = size / UNITS_PER_EM;
  let units = known.get(glyph);
  if (units === undefined) {
    units = parsedOutline(glyph.path);
    known.set(glyph, units);
  }
  return units.map((segment) => {
    if (segment.op === 'close') return segment;
    const end = { x: segment.x * scale, y: segment.y * scale };
    if (segment.op !== 'curve') return { op: segment.op, ...end };
    return { op: segment.op, cx: segment.cx * scale, cy: segment.cy * scale, ...end };
  });
}

function parsedOutline(path: string): Segment[] {
  const segments: Segment[] = [];
  let [x, y] = [0, 0];
  for (const [, op, numbers = ''] of path.matchAll(/([mlqz])([^mlqz]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0] = (numbers.match(/-?\d+/g) ?? []).map(Number);
    if (op === 'z') continue;
    if (op === 'm' && segments.length > 0) segments.push({ op: 'close' });
    const [cx, cy] = [x + a, y + b];
    [x, y] = op === 'q' ? [x + c, y + d] : [cx, cy];
    if (op === 'q') segments.push({ op: 'curve', cx, cy, x, y });
    else segments.push({ op: op === 'm' ? 'move' : 'line', x, y });
  }
  return segments.length === 0 ? [] : [...segments, { op: 'close' }];
}
