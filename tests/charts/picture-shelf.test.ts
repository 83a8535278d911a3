import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPictureShelf } from '../../functions/charts/picture-shelf.ts';
import { caseCensus, runs } from '../support/property.ts';

const picture = (bytes: number) => ({ bytes: new Uint8Array(bytes), alt: '' });

it('gives back what was put there, the very bytes', () => {
  const shelf = createPictureShelf({ maxBytes: 100, maxEntries: 3 });
  const one = picture(10);
  shelf.put('a', one);
  expect(shelf.take('a')).toBe(one);
  expect(shelf.take('b')).toBeUndefined();
});

it('lets the one go that was asked for least recently', () => {
  const shelf = createPictureShelf({ maxBytes: 100, maxEntries: 3 });
  for (const name of ['a', 'b', 'c']) shelf.put(name, picture(10));
  shelf.take('a');
  shelf.put('d', picture(10));
  expect(['a', 'b', 'c', 'd'].filter((name) => shelf.take(name) !== undefined)).toEqual(['a', 'c', 'd']);
});

it('does not clear itself for one picture that is a quarter of it and more', () => {
  const shelf = createPictureShelf({ maxBytes: 100, maxEntries: 9 });
  shelf.put('a', picture(25));
  shelf.put('b', picture(26));
  expect(shelf.take('a')).toBeDefined();
  expect(shelf.take('b')).toBeUndefined();
});

it('never holds more bytes or pictures than it may, whatever is put and taken', () => {
  const census = caseCensus('full of bytes', 'full of pictures');
  const courses = fc.constantFrom(10, 30).chain((largest) => {
    const step = fc.record({
      name: fc.constantFrom(...'abcdefgh'),
      bytes: fc.integer({ min: 1, max: largest }),
      puts: fc.boolean(),
    });
    return fc.array(step, { minLength: 5, maxLength: 60, size: 'max' });
  });
  fc.assert(
    fc.property(courses, (steps) => {
      const shelf = createPictureShelf({ maxBytes: 100, maxEntries: 5 });
      for (const { name, bytes, puts } of steps) {
        if (puts) shelf.put(name, picture(bytes));
        else shelf.take(name);
      }
      const held = [...'abcdefgh'].flatMap((name) => shelf.take(name) ?? []);
      const bytes = held.reduce((sum, one) => sum + one.bytes.length, 0);
      census.note('full of bytes', bytes > 80);
      census.note('full of pictures', held.length === 5);
      expect(bytes).toBeLessThanOrEqual(100);
      expect(held.length).toBeLessThanOrEqual(5);
    }),
    runs(),
  );
  census.expectAllMet();
});
