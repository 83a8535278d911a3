import { expect, it } from 'vitest';
import { freePlace } from '../../functions/charts/free-place.ts';

const area = { x: 0, y: 0, width: 100, height: 50 };
const box = (x: number, y: number) => ({ x, y, width: 20, height: 10 });

it('takes the first place that is free and inside, and takes it for good', () => {
  const free = freePlace(area, [box(0, 0)]);
  expect(free.place([box(10, 5), box(90, 5), box(30, 5)])).toEqual(box(30, 5));
  expect(free.place([box(45, 5), box(30, 20)])).toEqual(box(30, 20));
  free.take(box(60, 20));
  expect(free.place([box(70, 20), box(-1, 20), box(30, 45)])).toBeUndefined();
});
