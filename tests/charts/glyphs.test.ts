import { expect, it } from 'vitest';
import { fitText, glyphOf, textWidth, unsupportedCharacter } from '../../functions/charts/glyphs.ts';
import { glyphSegments } from '../../functions/charts/outline.ts';
import { CHART_ALPHABET } from '../../infra/charts/chart-alphabet.ts';

it('has every character of the alphabet in both weights, and nothing but a space is empty', () => {
  for (const weight of [400, 600] as const) {
    for (const character of CHART_ALPHABET) {
      const glyph = glyphOf(character, weight);
      expect(glyph?.advance, character).toBeGreaterThan(0);
      expect(glyph?.path === '', character).toBe(/\s/.test(character));
    }
  }
});

it('has digits of one width, and signs of one width', () => {
  for (const weight of [400, 600] as const) {
    expect(new Set([...'0123456789'].map((digit) => glyphOf(digit, weight)?.advance)).size).toBe(1);
    expect(glyphOf('−', weight)?.advance).toBe(glyphOf('+', weight)?.advance);
  }
  expect(textWidth('1234', 400, 15)).toBe(36);
});

it('names the first character it cannot draw, surrogate pairs included', () => {
  expect(unsupportedCharacter('Größe −1 € … 2×')).toBeUndefined();
  expect(unsupportedCharacter('a金')).toBe('U+91D1');
  expect(unsupportedCharacter('😀')).toBe('U+1F600');
  expect(unsupportedCharacter('a\u0000')).toBe('U+0000');
  expect(unsupportedCharacter('\u00ad')).toBe('U+00AD');
  expect(() => textWidth('金', 400, 10)).toThrow(RangeError);
});

it('shortens a text to its room', () => {
  expect(fitText('short', 400, 10, 100)).toBe('short');
  const cut = fitText('a title that is far too long', 400, 10, 60);
  expect(cut.endsWith('…')).toBe(true);
  expect(textWidth(cut, 400, 10)).toBeLessThanOrEqual(60);
  expect(fitText('word', 400, 10, 1)).toBe('');
});

it('outlines stand on the baseline, y pointing down, and are closed', () => {
  const glyph = glyphOf('H', 400);
  const segments = glyph === undefined ? [] : glyphSegments(glyph, 1000);
  const ys = segments.flatMap((segment) => (segment.op === 'close' ? [] : [segment.y]));
  expect(Math.max(...ys)).toBe(0);
  expect(Math.min(...ys)).toBe(-698);
  expect(segments.at(-1)).toEqual({ op: 'close' });
});
