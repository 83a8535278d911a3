import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedJson, parseStrictJson } from '../../functions/platform/strict-json.ts';
import { caseCensus, runs } from '../support/property.ts';

const MAX_DEPTH = 32;
const parse = (text: string): ParsedJson => parseStrictJson(new TextEncoder().encode(text), MAX_DEPTH);
const faultsOf = (result: ParsedJson): string[] =>
  result.kind === 'faults' ? result.faults.map((f) => `${f.pointer} ${f.detail}`) : [result.kind];
const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;

/** What JSON.parse makes of a text; undefined where it refuses. */
function judged(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

describe('for a reader that cleans its texts itself', () => {
  const read = (text: string) =>
    parseStrictJson(new TextEncoder().encode(text), MAX_DEPTH, { anyText: true });

  it('any text will do, and nothing else is let through', () => {
    const found = read('{"a": "x\\u0000y", "b": ["\\ud800"]}');
    expect(found).toMatchObject({ kind: 'json', value: { a: 'x\u0000y', b: ['\ud800'] } });
    expect(faultsOf(read('{"a": 1, "a": 2}'))).toEqual(['/a stands twice']);
    expect(faultsOf(read('{"__proto__": 1}'))).toEqual(['/__proto__ is not an allowed name']);
    expect(read('{"a": ').kind).toBe('not-json');
  });
});

describe('against JSON.parse', () => {
  it('every document gives the same value, however it is spaced', () => {
    const census = caseCensus('object', 'array', 'escape in a string', 'fraction or exponent', 'nested');
    const document = fc.json({ maxDepth: 6 });
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1, '\t', '\r\n '), (text, space) => {
        const spaced = JSON.stringify(JSON.parse(text), undefined, space);
        fc.pre(!/"__proto__"|\\u0000|\\ud[89a-f]/i.test(spaced));
        const result = parse(spaced);
        expect(result.kind).toBe('json');
        expect(result.kind === 'json' ? result.value : undefined).toEqual(JSON.parse(spaced));
        census.note('object', spaced.startsWith('{'));
        census.note('array', spaced.startsWith('['));
        census.note('escape in a string', spaced.includes('\\'));
        census.note('fraction or exponent', /\d[.eE]/.test(spaced));
        census.note('nested', /[[{][^[{]*[[{]/.test(spaced));
      }),
      runs(1000),
    );
    census.expectAllMet();
  });

  it('a damaged document is JSON for both or for neither', () => {
    const census = caseCensus('both accept', 'both refuse');
    const damage = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '0',
      '-',
      '.',
      'e',
      't',
      '\u0001',
      ' ',
      '\u00a0',
      '/',
      "'",
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(2), damage, (text, place, cut, letter) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + letter + text.slice(at + cut);
        const expected = judged(damaged);
        const result = parse(damaged);
        if (census.note('both refuse', expected === undefined)) {
          expect(['not-json', 'faults']).toContain(result.kind);
          return;
        }
        census.note('both accept', true);
        expect(result.kind).not.toBe('not-json');
        if (result.kind === 'json') expect(result.value).toEqual(expected?.value);
      }),
      runs(2000),
    );
    census.expectAllMet();
  });

  it('any bytes at all are judged, never thrown', () => {
    const census = caseCensus('not JSON', 'JSON');
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((t) => new TextEncoder().encode(t)),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        const { kind } = parseStrictJson(bytes, MAX_DEPTH);
        census.note('not JSON', kind === 'not-json');
        census.note('JSON', kind === 'json');
        expect(['json', 'faults', 'not-json']).toContain(kind);
      }),
      runs(500),
    );
    census.expectAllMet();
  });
});

describe('what JSON.parse hides', () => {
  it.each([
    ['a key twice', '{"a":1,"a":2}', ['/a stands twice']],
    ['a key twice in two spellings', '{"a":1,"\\u0061":2}', ['/a stands twice']],
    ['a key twice inside', '{"p":{"x":1,"x":1}}', ['/p/x stands twice']],
    ['__proto__', '{"__proto__":{"admin":true}}', ['/__proto__ is not an allowed name']],
    ['__proto__ in escapes', '{"\\u005f_proto__":1}', ['/__proto__ is not an allowed name']],
    ['__proto__ inside', '{"p":[{"__proto__":1}]}', ['/p/0/__proto__ is not an allowed name']],
    ['U+0000 in a value', '{"a":"x\\u0000"}', ['/a holds U+0000']],
    ['U+0000 in a key', '{"a\\u0000":1}', [' holds U+0000']],
    ['a lone high surrogate', '{"a":"\\ud800"}', ['/a holds a lone surrogate']],
    ['a lone low surrogate', '["\\udc00"]', ['/0 holds a lone surrogate']],
    ['surrogates in the wrong order', '["\\udc00\\ud800"]', ['/0 holds a lone surrogate']],
    ['a number beyond every double', '{"a":1e400}', ['/a is not a finite number']],
    ['a negative one', '[-1e999999]', ['/0 is not a finite number']],
    ['keys that need escaping', '{"a/b~c":{"x":1e400}}', ['/a~1b~0c/x is not a finite number']],
    [
      'all of them at once',
      '{"a":1,"a":"\\u0000","b":1e999}',
      ['/a stands twice', '/a holds U+0000', '/b is not a finite number'],
    ],
  ])('%s is a fault with its pointer', (_what, text, expected) => {
    expect(faultsOf(parse(text))).toEqual(expected);
  });

  it('a pair of surrogates is a character, and constructor and toString are plain names', () => {
    expect(parse('["\\ud83d\\ude00"]')).toMatchObject({ kind: 'json', value: ['😀'] });
    const result = parse('{"constructor":1,"toString":2,"hasOwnProperty":3}');
    expect(result).toMatchObject({ kind: 'json' });
    expect(result.kind === 'json' && JSON.stringify(result.value)).toBe(
      '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    );
  });
});

describe('depth', () => {
  it.each([
    ['arrays', arrays],
    ['objects', objects],
  ])('32 levels of %s are read, 33 are a fault', (_what, nested) => {
    expect(parse(nested(32)).kind).toBe('json');
    expect(faultsOf(parse(nested(33))).join()).toMatch(/is nested deeper than 32 levels$/);
  });

  it('100,000 levels are a fault and not an overflow, closed or not', () => {
    for (const text of [arrays(100_000), '['.repeat(100_000), '{"a":'.repeat(100_000)])
      expect(parse(text).kind).toBe('faults');
  });

  it('breadth is not depth', () => {
    expect(parse(`[${arrays(31)},${arrays(31)},${arrays(31)}]`).kind).toBe('json');
  });
});

describe('bytes', () => {
  it.each([
    ['nothing', []],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x31]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a sequence cut short', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00]],
    ['a raw U+0000', [0x22, 0x00, 0x22]],
    ['a raw line end in a string', [0x22, 0x0a, 0x22]],
  ])('%s is not JSON', (_what, bytes) => {
    expect(parseStrictJson(Uint8Array.from(bytes), MAX_DEPTH)).toEqual({ kind: 'not-json' });
  });

  it.each([
    '01',
    '+1',
    '1.',
    '.5',
    '0x10',
    '1e',
    'NaN',
    'Infinity',
    '-',
    'tru',
    'nul',
    "{'a':1}",
    '{a:1}',
    '[1,]',
    '{"a":1,}',
    '1 2',
    '{} x',
    '"\\x41"',
    '"\\u00g0"',
    '// x\n1',
    'undefined',
  ])('%s is not JSON', (text) => {
    expect(judged(text)).toBeUndefined();
    expect(parse(text).kind).toBe('not-json');
  });

  it('a megabyte of escapes is read without running out of stack', () => {
    const text = `["${'\\u0041'.repeat(170_000)}"]`;
    expect(parse(text)).toMatchObject({ kind: 'json', value: ['A'.repeat(170_000)] });
  });
});

describe('numbers', () => {
  it('at the top level keep their digits as sent, those inside do not count', () => {
    const result = parse('{"price":1.10000,"big":12345678901234567890,"e":1E2,"p":{"x":1.50},"a":[2.50]}');
    expect(result.kind === 'json' && [...result.topLevelNumbers]).toEqual([
      ['price', '1.10000'],
      ['big', '12345678901234567890'],
      ['e', '1E2'],
    ]);
  });
});
