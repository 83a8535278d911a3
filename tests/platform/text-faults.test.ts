import { describe, expect, it } from 'vitest';
import { textFaults } from '../../functions/platform/text-faults.ts';

describe('textFaults', () => {
  it('finds U+0000 and lone surrogates at any depth, each by its pointer', () => {
    const value = { a: 'x\u0000', b: ['ok', '\ud800'], 'c/d': { e: '\udc00' }, f: 1, g: null };
    expect(textFaults(value)).toEqual([
      { pointer: '/a', detail: 'holds U+0000' },
      { pointer: '/b/1', detail: 'holds a lone surrogate' },
      { pointer: '/c~1d/e', detail: 'holds a lone surrogate' },
    ]);
  });

  it('lets every other text and every other value through', () => {
    for (const value of ['', '\u{1F600}', '\u0001', { a: [true, 1.5, null, undefined] }, 7, undefined])
      expect(textFaults(value)).toEqual([]);
  });
});
