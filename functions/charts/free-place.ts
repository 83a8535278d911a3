// Places for small labels that name a mark and may stand on any side of it. Invariant: no two boxes placed here overlap
// each other or what was taken before; a label without a free place is left out, and its mark stands for itself.
import type { Rect } from './mark.ts';

/** Boxes that are taken; placing a box takes it. */
export type FreePlace = {
  /** The first of the wishes that lies wholly inside the area and touches nothing, or undefined. */
  place(wishes: readonly Rect[]): Rect | undefined;
  take(box: Rect): void;
};

const PADDING = 1;

/** Places boxes inside an area around what is taken already. */
export function freePlace(area: Rect, taken: readonly Rect[]): FreePlace {
  const boxes = [...taken];
  const inside = ({ x, y, width, height }: Rect): boolean =>
    x >= area.x && y >= area.y && x + width <= area.x + area.width && y + height <= area.y + area.height;
  const apart = (one: Rect, other: Rect): boolean =>
    one.x + one.width + PADDING <= other.x ||
    other.x + other.width + PADDING <= one.x ||
    one.y + one.height + PADDING <= other.y ||
    other.y + other.height + PADDING <= one.y;
  return {
    place(wishes) {
      const found = wishes.find((wish) => inside(wish) && boxes.every((other) => apart(wish, other)));
      if (found !== undefined) boxes.push(found);
      return found;
    },
    take(box) {
      boxes.push(box);
    },
  };
}
