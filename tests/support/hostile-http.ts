/** Headers, queries and paths that are almost right, as HTTP lets them through. */
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-json.ts';

const CONTENT_TYPES = [
  ...'application/json|application/json; charset=utf-8|APPLICATION/JSON|application/json;charset=utf-16'.split(
    '|',
  ),
  ...'application/json;|application/jsonp|application/json, text/plain|application/x-www-form-urlencoded'.split(
    '|',
  ),
  ...'text/plain|text/plain;charset=utf-8|multipart/form-data; boundary=x|*/*|'.split('|'),
];
const CONTENT_FIELDS = 'content-encoding content-language accept accept-encoding if-none-match range'.split(
  ' ',
);
const CONTENT_VALUES = ['gzip', 'br', 'identity', 'deflate, gzip', 'aws-chunked', '*'];
const ORIGIN_FIELDS =
  'x-http-method-override x-forwarded-for x-forwarded-host origin cookie user-agent'.split(' ');
const ORIGIN_VALUES = ['DELETE', '127.0.0.1', 'http://evil.example', 'a=b; a=c', 'x'.repeat(6000)];
/** What a field value may hold: visible ASCII, blanks, and the bytes beyond. */
const fieldText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      fc.integer({ min: 0x80, max: 0xff }),
    ),
    {
      maxLength: 60,
    },
  )
  .map((codes) => String.fromCharCode(...codes).trim());

/** One header that is sent instead of, or beside, what a good sender sends. */
export const oddHeader: fc.Arbitrary<readonly [name: string, value: string]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('content-type'), fc.constantFrom(...CONTENT_TYPES)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom(...CONTENT_FIELDS),
      fc.oneof(fc.constantFrom(...CONTENT_VALUES), fieldText),
    ),
  },
  fc.tuple(fc.constantFrom(...ORIGIN_FIELDS), fc.oneof(fc.constantFrom(...ORIGIN_VALUES), fieldText)),
  fc.tuple(fc.constantFrom('x-a', 'x-__proto__', '__proto__', 'constructor'), fieldText),
);

/** A header of a proof, or a part of one, said otherwise. */
export const oddProof: fc.Arbitrary<readonly [name: string, value: string]> = fc.tuple(
  fc.constantFrom('x-producer-id', 'x-timestamp', 'x-nonce', 'x-signature', 'authorization'),
  fc.oneof(
    fieldText,
    fc.constantFrom('v1=', 'v1=AAAA', '0', '-1', '999999999999', '9999999999999', 'Bearer ', 'Bearer a.b.c'),
    fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '018f0000-0000-7000-8000-000000000000',
      'Bearer eyJhbGciOiJub25lIn0.e30.',
    ),
  ),
);

/** What stands where a bearer token should. */
export const oddToken: fc.Arbitrary<readonly [name: string, value: string]> = oddProof.map(([, value]) => [
  'authorization',
  value,
]);

/** Text in a path or a query: percent-encoded well, or not at all well. */
export const encodedText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS.map((t) => encodeURIComponent(t.toWellFormed()))),
  fc.constantFrom(...'% %z %zz %00 %c3%28 %ed%a0%80 %ff %2e%2e %2f %252e + ; %0d%0a'.split(' ')),
  fc.string({ unit: 'binary', maxLength: 30 }).map((s) => encodeURIComponent(s.toWellFormed())),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
);

const MOMENTS = [
  ...'2026-01-01 00:00:00+00|2026-01-01 00:00:00.123456+00|0001-01-01 00:00:00+00|9999-12-31 23:59:59+14'.split(
    '|',
  ),
  ...'2026-13-41 00:00:00+00|2026-02-30 00:00:00+00|294276-12-31 23:59:59+00|infinity||2026-01-01'.split('|'),
  ...'2026-01-01 99:99:99+00|2026-01-01 00:00:00+99:99|2026-01-01 00:00:00-15:59|0000-01-01 00:00:00+00'.split(
    '|',
  ),
];
/** Cursors of every list, near ones and garbage. */
export const oddCursor: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...MOMENTS), fc.oneof(fc.uuid(), fc.constantFrom('', 'x', '%', "'")))
      .map(([at, id]) => Buffer.from(`${at}|${id}`).toString('base64url')),
  },
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  encodedText,
);

const VALUES = [
  ...'0 1 2 -1 1.5 1e3 0x1 100 101 1000000 1000001 99999999999999999999 new 8 EURUSD eurusd NaN'.split(' '),
  ...'2026-01-01T00:00:00Z 2026-01-01T00:00:00%2B02:00 9999-12-31T00:00:00Z'.split(' '),
];

/** A query of up to four of these names, repeated ones too. */
export const oddQuery = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom(...VALUES), encodedText)),
        fc.tuple(fc.constant('cursor'), oddCursor),
        fc.tuple(encodedText, encodedText),
      ),
      { maxLength: 4 },
    )
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
