// The shapes of what happened on a chart, and how large they are. Lengths are device pixels.
import type { ChartLayout } from './chart-layout.ts';
import type { Point } from './mark.ts';

/** Half the width of a marker, its height and the gap between two. */
export type MarkerSize = { half: number; height: number; gap: number };

/** The size of markers on a picture, after its text. */
export function markerSize({ fontSize }: Pick<ChartLayout, 'fontSize'>): MarkerSize {
  const half = Math.round(fontSize * 0.42);
  return { half, height: Math.round(half * 1.7), gap: Math.max(2, Math.round(fontSize * 0.25)) };
}

/** A triangle with its tip at a point; a negative height has it below its base. */
export function triangle(x: number, tip: number, height: number, half: number): Point[] {
  return [
    { x, y: tip },
    { x: x + half, y: tip + height },
    { x: x - half, y: tip + height },
  ];
}

/** A triangle that points at a price from the left. */
export function pointer(tip: Point, size: number): Point[] {
  return [tip, { x: tip.x - size, y: tip.y - size * 0.6 }, { x: tip.x - size, y: tip.y + size * 0.6 }];
}

/** A cross around a point. */
export function cross(x: number, y: number, half: number): Point[] {
  const inn = half * 0.32;
  // One arm's end and the notch after it, turned by a quarter three times.
  const arm = [
    [0, -inn],
    [half - inn, -half],
    [half, inn - half],
  ] as const;
  const turns = [
    ([dx, dy]: readonly [number, number]) => [dx, dy],
    ([dx, dy]: readonly [number, number]) => [-dy, dx],
    ([dx, dy]: readonly [number, number]) => [-dx, -dy],
    ([dx, dy]: readonly [number, number]) => [dy, -dx],
  ] as const;
  return turns.flatMap((turn) =>
    arm.map((point) => {
      const [dx = 0, dy = 0] = turn(point);
      return { x: x + dx, y: y + dy };
    }),
  );
}
