// What a scene is made of. All lengths are device pixels, y pointing down; a mark later in the list covers an earlier.
// Writers draw marks and know nothing of candles; `role` is for tests and for the reader of an SVG.
import { CAP_HEIGHT, type FontWeight, textWidth } from './glyphs.ts';

export type Point = { x: number; y: number };
export type Rect = { x: number; y: number; width: number; height: number };

/** Filled rectangles of one colour, drawn as one path on whole pixels, never antialiased. */
export type RectsMark = {
  kind: 'rects';
  role: string;
  fill: string;
  opacity?: number;
  rects: readonly Rect[];
};
/** A straight line along one axis, on the middle of its pixels; `dash` is on and off lengths. */
export type LineMark = {
  kind: 'line';
  role: string;
  stroke: string;
  width: number;
  dash?: readonly [number, number];
  from: Point;
  to: Point;
};
export type PolylineMark = {
  kind: 'polyline';
  role: string;
  stroke: string;
  width: number;
  points: readonly Point[];
};
export type PolygonMark = {
  kind: 'polygon';
  role: string;
  fill: string;
  opacity?: number;
  points: readonly Point[];
};
/** One line of text; y is its baseline, x its start, middle or end as `anchor` says. */
export type TextMark = {
  kind: 'text';
  role: string;
  text: string;
  x: number;
  y: number;
  size: number;
  weight: FontWeight;
  anchor: 'start' | 'middle' | 'end';
  fill: string;
  opacity?: number;
};
export type Mark = RectsMark | LineMark | PolylineMark | PolygonMark | TextMark;

/** Left edge of a text's first glyph, on a whole pixel so that equal digits have equal pixels. */
export function textStart(mark: TextMark): number {
  const share = { start: 0, middle: 0.5, end: 1 }[mark.anchor];
  return Math.round(mark.x - share * textWidth(mark.text, mark.weight, mark.size));
}

/** The box a text occupies: its width by the height of its capitals and digits. */
export function textBox(mark: TextMark): Rect {
  const height = mark.size * CAP_HEIGHT;
  return {
    x: textStart(mark),
    y: mark.y - height,
    width: textWidth(mark.text, mark.weight, mark.size),
    height,
  };
}

/** Baseline of a text whose capitals and digits are centred on y. */
export function centredBaseline(y: number, size: number): number {
  return Math.round(y + (size * CAP_HEIGHT) / 2);
}
