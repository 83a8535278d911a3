// What holds for a scene of any kind: nothing leaves the canvas and no words cover others.
import { expect } from 'vitest';
import { type Mark, type Rect, type TextMark, textBox } from '../../functions/charts/mark.ts';
import type { Scene } from '../../functions/charts/scene.ts';

/** The boxes that a mark covers, in device pixels. */
function boxesOf(mark: Mark): Rect[] {
  switch (mark.kind) {
    case 'rects':
      return [...mark.rects];
    case 'text':
      return [textBox(mark)];
    case 'line':
      return [mark.from, mark.to].map((point) => ({ ...point, width: 0, height: 0 }));
    default:
      return mark.points.map((point) => ({ ...point, width: 0, height: 0 }));
  }
}

/** Every mark is made of finite numbers and lies on the canvas, to a pixel. */
export function expectDrawnInside(scene: Scene): void {
  const outside = scene.marks.flatMap((mark) =>
    boxesOf(mark)
      .filter(({ x, y, width, height }) => {
        const ends = [x, y, scene.width - x - width, scene.height - y - height, width + 1, height + 1];
        return !ends.every((end) => Number.isFinite(end) && end >= -1);
      })
      .map((box) => ({ role: mark.role, ...box })),
  );
  expect(outside).toEqual([]);
  expect(scene.marks.length).toBeGreaterThan(0);
}

/** The texts of a scene. */
export function textsOf(scene: Scene): TextMark[] {
  return scene.marks.filter((mark) => mark.kind === 'text');
}

const apart = (one: Rect, other: Rect): boolean =>
  one.x + one.width <= other.x + 1 ||
  other.x + other.width <= one.x + 1 ||
  one.y + one.height <= other.y ||
  other.y + other.height <= one.y;

/** No text covers another; the watermark lies under all of them. */
export function expectTextsApart(scene: Scene): void {
  const boxes = textsOf(scene)
    .filter(({ role }) => role !== 'watermark')
    .map((mark) => ({ words: `${mark.text} (${mark.role})`, box: textBox(mark) }));
  const covered = boxes.flatMap(({ words, box }, index) =>
    boxes
      .slice(index + 1)
      .filter((other) => !apart(box, other.box))
      .map((other) => `${words} and ${other.words}`),
  );
  expect(covered).toEqual([]);
}
