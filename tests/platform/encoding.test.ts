import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64, toBase64Url, toHex, utf8 } from '../../functions/platform/encoding.ts';
import { caseCensus, runs } from '../support/property.ts';

const bytes = fc.uint8Array({ maxLength: 100 });

describe('base64', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foobar', 'Zm9vYmFy'],
  ])('of %j is %j (RFC 4648 section 10)', (text, expected) => {
    expect(toBase64(utf8(text))).toBe(expected);
    expect(fromBase64(expected)).toEqual(utf8(text));
  });

  it('comes back byte for byte', () => {
    const census = caseCensus('padded twice', 'padded once', 'not padded');
    fc.assert(
      fc.property(bytes, (given) => {
        const text = toBase64(given);
        census.note('padded twice', text.endsWith('=='));
        census.note('padded once', /[^=]=$/.test(text));
        census.note('not padded', text !== '' && !text.endsWith('='));
        expect(fromBase64(text)).toEqual(Uint8Array.from(given));
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it.each([
    ['no padding', 'Zg'],
    ['too much padding', 'Zm9v='],
    ['bits after the end', 'Zh=='],
    ['the URL alphabet', '-_-_'],
    ['white space', 'Zm 9v'],
    ['a line end', 'Zm9v\n'],
    ['junk', 'Zm9v!'],
    ['data after padding', 'Zg==Zg=='],
  ])('with %s is refused, so that bytes have one spelling', (_what, text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it('has exactly one accepted spelling: no other text gives the same bytes', () => {
    const census = caseCensus('changed text refused', 'changed text is other bytes');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ ';
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (given, at, other) => {
        const text = toBase64(given);
        const position = at % text.length;
        const letter = alphabet[other % alphabet.length] ?? 'A';
        const changed = text.slice(0, position) + letter + text.slice(position + 1);
        fc.pre(changed !== text);
        const read = fromBase64(changed);
        if (census.note('changed text refused', read === null)) return;
        census.note('changed text is other bytes', true);
        expect(toHex(read ?? new Uint8Array())).not.toBe(toHex(given));
      }),
      runs(500),
    );
    census.expectAllMet();
  });

  it('of a view is of the view alone, not of the buffer behind it', () => {
    const whole = utf8('secretfoobar');
    expect(toBase64(whole.subarray(6))).toBe('Zm9vYmFy');
    expect(toHex(whole.subarray(6, 7))).toBe('66');
    expect(toHex(utf8('fo').buffer)).toBe('666f');
  });

  it('base64url has no padding and no character that a URL would change', () => {
    expect(toBase64Url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-');
    expect(toBase64Url(utf8('f'))).toBe('Zg');
  });
});
