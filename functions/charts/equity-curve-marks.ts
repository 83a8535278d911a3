// The upper pane of an equity chart: the curve over its shade, the level it started from, its deepest fall by name, its
// last value. Draw order: shade, start, curve, fall, last value, name. Invariants: the shade ends at zero where the pane
// has it, for below is debt; the name of the fall touches neither the curve, nor a level, nor a flow's line.
import type { EquityColours } from './equity-colours.ts';
import type { Drawdown, UnderwaterPoint } from './equity-drawdown.ts';
import type { EquityPanes } from './equity-panes.ts';
import { freePlace } from './free-place.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type LineMark, type Mark, type Point, type Rect } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import type { Theme } from './theme.ts';

const SHADE_OPACITY = 0.14;
/** As the legend and the cards call it. */
const FALL_NAME = 'Max drawdown';

export type CurveInput = {
  curve: readonly UnderwaterPoint[];
  /** Indexes of the points that are drawn. */
  kept: readonly number[];
  panes: EquityPanes;
  scale: PriceScale;
  colours: EquityColours;
  theme: Theme;
  /** Where a name may stand: between legend and flows, clear of the lines down to these. */
  free: { area: Rect; taken: readonly Rect[] };
};

function pointsOf({ curve, panes, scale }: CurveInput, indexes: readonly number[]): Point[] {
  return indexes.map((index) => ({ x: panes.xOf(index), y: scale.yOf(curve[index]?.own ?? 0) }));
}

function shade(points: readonly Point[], { panes, colours, scale }: CurveInput): Mark[] {
  const { plot } = panes.layout;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return [];
  const [end, zero] = [plot.y + plot.height, scale.yOf(0)];
  const bottom = zero < plot.y ? end : Math.min(end, zero);
  const outline = [{ x: first.x, y: bottom }, ...points, { x: last.x, y: bottom }];
  return [{ kind: 'polygon', role: 'shade', fill: colours.curve, opacity: SHADE_OPACITY, points: outline }];
}

function level(
  role: string,
  y: number,
  stroke: string,
  dash: [number, number],
  panes: EquityPanes,
): LineMark {
  const { plot, ratio } = panes.layout;
  const middle = Math.round(y) + 0.5 * (ratio % 2);
  const [from, to] = [
    { x: plot.x, y: middle },
    { x: plot.x + plot.width, y: middle },
  ];
  return { kind: 'line', role, stroke, width: ratio, dash: [dash[0] * ratio, dash[1] * ratio], from, to };
}

/** One point alone has no line: it is a square of five pixels. */
function dot(points: readonly Point[], { panes, colours }: CurveInput): Mark[] {
  const [only] = points;
  if (only === undefined || points.length > 1) return [];
  const side = 5 * panes.layout.ratio;
  const [x, y] = [Math.round(only.x - side / 2), Math.round(only.y - side / 2)];
  return [
    { kind: 'rects', role: 'equity', fill: colours.curve, rects: [{ x, y, width: side, height: side }] },
  ];
}

/** The part of a box's height that a line from one point to another takes within its width, as a box. */
function crossing(box: Rect, from: Point, to: Point): Rect | undefined {
  const [left, right] = [Math.max(box.x, from.x), Math.min(box.x + box.width, to.x)];
  if (left > right) return undefined;
  const yAt = (x: number): number =>
    to.x === from.x ? to.y : from.y + ((x - from.x) / (to.x - from.x)) * (to.y - from.y);
  const [one, other] = [to.x === from.x ? from.y : yAt(left), yAt(right)];
  return { x: left, y: Math.min(one, other), width: right - left, height: Math.abs(one - other) };
}

/** The name of the deepest fall under its trough, beside it or over its peak; none where the curve leaves no room. */
function fallName(
  { panes, theme, free }: CurveInput,
  points: readonly Point[],
  fallen: readonly Point[],
  levels: readonly number[],
): Mark[] {
  const { plot, fontSize, ratio } = panes.layout;
  const [peak, trough] = [fallen[0], fallen.at(-1)];
  if (peak === undefined || trough === undefined || fallen.length < 2) return [];
  const size = Math.round(fontSize * 0.8);
  const [width, height] = [Math.ceil(textWidth(FALL_NAME, 600, size)) + size, Math.round(size * 1.4)];
  const gap = 2 * ratio;
  const wishes = [
    ...[gap, gap + height].flatMap((down) =>
      [trough.x - width / 2, trough.x, trough.x - width, peak.x - width].map((x) => ({
        ...{ x: Math.min(x, plot.x + plot.width - width), y: trough.y + down },
      })),
    ),
    { x: peak.x - width / 2, y: peak.y - gap - height },
    { x: peak.x, y: peak.y - gap - height },
    { x: trough.x - width - gap, y: trough.y - height },
  ].map((corner) => ({ ...corner, width, height }));
  const taken = levels.map((y) => ({ x: plot.x, y: Math.round(y), width: plot.width, height: ratio }));
  const box = wishes.find((wish) => {
    const lines = points.slice(1).flatMap((to, index) => crossing(wish, points[index] ?? to, to) ?? []);
    return freePlace(free.area, [...free.taken, ...taken, ...lines]).place([wish]) !== undefined;
  });
  if (box === undefined) return [];
  const place = { x: box.x + width / 2, y: centredBaseline(box.y + height / 2, size), size };
  const look = { weight: 600, anchor: 'middle', fill: theme.text } as const;
  return [{ kind: 'text', role: 'maximal-drawdown-name', text: FALL_NAME, ...place, ...look }];
}

/** Marks of the curve; the fall from peak to trough is drawn over it in the colour of drawdowns. */
export function equityCurveMarks(input: CurveInput, fall: Drawdown): Mark[] {
  const { curve, kept, panes, scale, colours, theme } = input;
  const width = 2 * panes.layout.ratio;
  const points = pointsOf(input, kept);
  const fallen = pointsOf(
    input,
    kept.filter((index) => index >= fall.from && index <= fall.to),
  );
  const [start, end] = [curve[0]?.own ?? 0, curve.at(-1)?.own ?? 0];
  return [
    ...shade(points, input),
    level('start', scale.yOf(start), theme.muted, [6, 4], panes),
    { kind: 'polyline', role: 'equity', stroke: colours.curve, width, points },
    ...dot(points, input),
    { kind: 'polyline', role: 'maximal-drawdown', stroke: colours.drawdown, width, points: fallen },
    level('last-equity', scale.yOf(end), colours.curve, [2, 3], panes),
    ...fallName(input, points, fallen, [scale.yOf(start), scale.yOf(end)]),
  ];
}
