import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../functions/platform/encoding.ts';
import { refusalExcerpt, storableFaults } from '../../functions/signals/refusal-excerpt.ts';
import { runs } from '../support/property.ts';

const of = (text: string) => refusalExcerpt(utf8(text));

describe('the excerpt of a refused body', () => {
  it.each([
    ['{"passphrase":"hunter2","a":1}', '{"passphrase":"***","a":1}'],
    ['{"a":1,"API_KEY": "x\\"hunter2", "b":2}', '{"a":1,"API_KEY": "***", "b":2}'],
    ['{"t\\u006fken":"hunter2"}', '{"t\\u006fken":"***"}'],
    ['{"auth":{"user":"u","list":["}","hunter2"]},"b":2}', '{"auth":***,"b":2}'],
    ['{"secret":12345,"b":2}', '{"secret":***,"b":2}'],
    ['{"secret":"hunter2', '{"secret":"***"'],
    ["{'token': 'hunter2', 'b': 2}", "{'token': '***', 'b': 2}"],
    ['buy XAUUSD @ 2035 token=hunter2 sl=1', 'buy XAUUSD @ 2035 token=*** sl=1'],
    ['it’s fine, secret: hunter2; b', 'it’s fine, secret: ***; b'],
    ['Authorization: Bearer hunter2.a.b', 'Authorization: ***'],
    ['a=1&password=hunter2&b=2', 'a=1&password=***&b=2'],
    ['{"comment":"token=hunter2 now"}', '{"comment":"token=*** now"}'],
    ['see cs_pat_hunter2 and whsec_hunter2', 'see cs_pat_*** and whsec_***'],
    ['to https://a.example/hooks/tradingview/hunter2', 'to https://a.example/hooks/tradingview/***'],
    ['{"ticker":"XAUUSD","action":"buy"}', '{"ticker":"XAUUSD","action":"buy"}'],
  ])('masks %s', (text, wanted) => {
    expect(of(text)).toBe(wanted);
  });

  it('is cut at 2 KB, at a whole character, after masking', () => {
    expect(utf8(of('é'.repeat(3000))).byteLength).toBe(2048);
    expect(utf8(of(`x${'é'.repeat(3000)}`)).byteLength).toBe(2047);
    const across = `${'x'.repeat(2040)} token=${'hunter2'.repeat(500)}`;
    expect(of(across)).not.toContain('hunter');
  });

  it('holds no zero byte and no lone surrogate, and shows no secret of whatever body', () => {
    const name = fc.constantFrom('password', 'secret', 'x_token', 'apiKey', 'AUTH');
    const body = fc.tuple(fc.string({ unit: 'binary' }), name, fc.constantFrom('=', ': ', '": "', "': '"));
    fc.assert(
      fc.property(body, ([before, key, mark]) => {
        const quote = mark.includes('"') ? '"' : mark.includes("'") ? "'" : '';
        const text = of(`${before} ${quote}${key}${mark}HUNTER2${quote} after`);
        expect(text).not.toContain('\u0000');
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toContain('HUNTER2');
      }),
      runs(500),
    );
    const bytes = fc.uint8Array({ maxLength: 5000 });
    fc.assert(
      fc.property(bytes, (b) => utf8(refusalExcerpt(b)).byteLength <= 2048),
      runs(200),
    );
  });

  it('takes no longer for a text made to be slow', () => {
    for (const text of ['"', '\\"', 'a', '"a\\', '{"token":', "'", 'key=[{"'])
      expect(utf8(of(text.repeat(5000))).byteLength).toBeLessThanOrEqual(2048);
  });
});

describe('the faults that are kept', () => {
  it('are as many and of such characters as a table can hold', () => {
    const faults = Array.from({ length: 80 }, () => ({ pointer: '/\u0000\ud800', detail: 'd' }));
    expect(storableFaults(faults)).toHaveLength(50);
    expect(storableFaults(faults)[0]).toEqual({ pointer: '/\uFFFD\uFFFD', detail: 'd' });
    expect(storableFaults()).toEqual([]);
  });
});
