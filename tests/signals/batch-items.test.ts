import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../functions/platform/encoding.ts';
import { batchItems } from '../../functions/signals/batch-items.ts';
import { runs } from '../support/property.ts';

const itemsOf = (text: string): string[] => {
  const read = batchItems(utf8(text));
  if (read.kind !== 'items') throw new Error(JSON.stringify(read));
  return read.items.map((bytes) => new TextDecoder().decode(bytes));
};
const faultsOf = (text: string): string[] => {
  const read = batchItems(utf8(text));
  return read.kind === 'faults' ? read.faults.map((f) => f.pointer) : [read.kind];
};

describe('a batch', () => {
  it('is taken apart into the very texts of its items', () => {
    expect(itemsOf(' {"signals" : [ {"a":"]}\\""} ,1.10, "x,y" ,[[]],null ] } ')).toEqual([
      '{"a":"]}\\""}',
      '1.10',
      '"x,y"',
      '[[]]',
      'null',
    ]);
    expect(itemsOf('{"s\\u0069gnals":[1]}')).toEqual(['1']);
  });

  it('is taken apart however deep an item is', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(itemsOf(`{"signals":[${deep},1]}`)).toEqual([deep, '1']);
  });

  it('gives back the items of any list', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { minLength: 1, maxLength: 100 }),
        fc.constantFrom(0, 1, 3),
        (list, indent) => {
          const items = itemsOf(JSON.stringify({ signals: list }, null, indent));
          expect(items.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(list)));
        },
      ),
      runs(),
    );
  });

  it.each([
    ['[]', ['']],
    ['"signals"', ['']],
    ['{}', ['/signals']],
    ['{"signals":[]}', ['/signals']],
    ['{"signals":{}}', ['/signals']],
    [`{"signals":[${Array(101).fill(1).join()}]}`, ['/signals']],
    ['{"signals":[1],"signals":[1]}', ['/signals']],
    ['{"signals":[1],"a/b":{"c":[1]}}', ['/a~1b']],
  ])('of a wrong form is refused by name: %s', (text, pointers) => {
    expect(faultsOf(text)).toEqual(pointers);
  });

  it.each([
    '',
    '{',
    '{"signals":[1}',
    '{"signals":[1,]}',
    '{"signals":[,1]}',
    '{"signals":[1]}x',
    '{"signals" [1]}',
    '{"signals":["a]}',
    '{"signals":[{]}',
    '{"signals":}',
    '{signals:[1]}',
    '\uFEFF{"signals":[1]}',
    '{"signals":[1 2]}',
    '{"\\q":[1]}',
  ])('that is no JSON is told so: %s', (text) => {
    expect(batchItems(utf8(text))).toEqual({ kind: 'not-json' });
  });

  it('of bytes that are no text is told so', () => {
    expect(batchItems(new Uint8Array([0x7b, 0xff, 0x7d]))).toEqual({ kind: 'not-json' });
  });

  it('never throws, whatever is sent', () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((s) => `{"signals":[${s}]}`),
    );
    fc.assert(
      fc.property(junk, (text) => ['items', 'faults', 'not-json'].includes(batchItems(utf8(text)).kind)),
      runs(1000),
    );
  });
});
