// Columns and rectangles of candles. Invariants: every edge is a whole device pixel; a body has the same parity as
// its wick, so the wick is centred; neighbours never overlap; a doji is one pixel high; wicks end at the body, so a
// hollow body stays clean. Formulas of body width: lightweight-charts, optimalCandlestickWidth.
import type { DrawnBar } from './decimation.ts';
import type { Rect } from './mark.ts';

/** A bar's column: middle of the column, left edge and width of body and wick. */
export type BarColumn = { x: number; left: number; width: number; wickLeft: number; wickWidth: number };
export type CandleRects = { bodies: Rect[]; wicks: Rect[] };

/** Bars stand no further apart than this, in CSS pixels, however few there are. */
export const MAX_SPACING = 36;

/** Closer than this, in CSS pixels, a wick of a whole CSS pixel would be as wide as the body. */
const THIN_BELOW = 2.5;

/** Width of a wick in device pixels: one CSS pixel, one device pixel where bars stand close. */
function wickWidthAt(spacing: number, ratio: number): number {
  return spacing / ratio < THIN_BELOW ? 1 : Math.max(1, Math.floor(ratio));
}

/** The width or one pixel less: that of the two with the parity of a wick. */
function centrable(width: number, hairline: number): number {
  return width >= 2 && width % 2 !== hairline % 2 ? width - 1 : width;
}

/** Width of a body in device pixels for a bar spacing in device pixels. */
export function bodyWidth(spacing: number, ratio: number): number {
  const css = spacing / ratio;
  const hairline = wickWidthAt(spacing, ratio);
  if (css >= THIN_BELOW && css <= 4) {
    return centrable(Math.min(Math.floor(3 * ratio), Math.max(3, Math.floor(spacing))), hairline);
  }
  const coefficient = 1 - (0.2 * Math.atan(Math.max(4, css) - 4)) / (Math.PI / 2);
  const width = Math.max(hairline, Math.min(Math.floor(spacing * coefficient), Math.floor(spacing)));
  return centrable(width, hairline);
}

/** Width of a brick: all of its column but a hairline, of the parity of a wick. */
function brickWidth(spacing: number, ratio: number): number {
  const hairline = wickWidthAt(spacing, ratio);
  const width = Math.max(hairline, Math.floor(spacing) - (spacing >= 3 * ratio ? ratio : 0));
  return centrable(width, hairline);
}

/** Columns of `count` bars or bricks, the last one ending at `right`; `spacing` is the distance of their middles. */
export function barColumns(
  count: number,
  left: number,
  right: number,
  ratio: number,
  bricks = false,
): BarColumn[] {
  const spacing = Math.min((right - left) / Math.max(1, count), MAX_SPACING * ratio);
  const width = bricks ? brickWidth(spacing, ratio) : bodyWidth(spacing, ratio);
  const wickWidth = wickWidthAt(spacing, ratio);
  const start = right - count * spacing;
  const columns: BarColumn[] = [];
  let free = Math.floor(left);
  for (let index = 0; index < count; index += 1) {
    const x = start + (index + 0.5) * spacing;
    const wickLeft = Math.max(free, Math.round(x) - Math.floor(wickWidth / 2));
    const wanted = wickLeft - (width - wickWidth) / 2;
    const bodyLeft = Math.max(free, Math.floor(wanted));
    const bodyRight = Math.floor(wanted) + width;
    columns.push({ x, left: bodyLeft, width: Math.max(1, bodyRight - bodyLeft), wickLeft, wickWidth });
    free = Math.max(bodyLeft + 1, bodyRight);
  }
  return columns;
}

/** The frame of a body, as thick as its wick where that leaves an inside, else one pixel; too small for both, it is full. */
function frame(body: Rect, line: number): Rect[] {
  const { x, y, width, height } = body;
  if (width < 3 || height < 3) return [body];
  const [side, edge] = [width > 2 * line ? line : 1, height > 2 * line ? line : 1];
  const inner = height - 2 * edge;
  return [
    { x, y, width, height: edge },
    { x, y: y + height - edge, width, height: edge },
    { x, y: y + edge, width: side, height: inner },
    { x: x + width - side, y: y + edge, width: side, height: inner },
  ];
}

/** Body and wick rectangles of one bar; a hollow body is its frame of four. */
export function candleRects(
  bar: DrawnBar,
  column: BarColumn,
  yOf: (price: number) => number,
  hollow: boolean,
): CandleRects {
  const high = Math.round(yOf(bar.high));
  const low = Math.round(yOf(bar.low));
  const top = Math.round(yOf(Math.max(bar.open, bar.close)));
  const bottom = Math.round(yOf(Math.min(bar.open, bar.close)));
  const { left, width, wickLeft, wickWidth } = column;
  const body = { x: left, y: top, width, height: bottom - top + 1 };
  const wicks: Rect[] = [];
  if (high < top) wicks.push({ x: wickLeft, y: high, width: wickWidth, height: top - high });
  if (low > bottom) wicks.push({ x: wickLeft, y: bottom + 1, width: wickWidth, height: low - bottom });
  return { bodies: hollow ? frame(body, wickWidth) : [body], wicks };
}

/** Rectangles of the volume overlay, standing on `bottom` and at most `height` high; one pixel for any trade. */
export function volumeRect(
  volume: number,
  most: number,
  column: BarColumn,
  zone: { bottom: number; height: number },
): Rect | undefined {
  if (volume <= 0 || most <= 0) return undefined;
  const height = Math.max(1, Math.round((volume / most) * zone.height));
  return { x: column.left, y: zone.bottom - height, width: column.width, height };
}
