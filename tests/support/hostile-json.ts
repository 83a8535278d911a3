/**
 * JSON that is almost right: a sound object with damage done to it. It is written by hand, member by member, so that
 * repeated names, `__proto__`, numbers that no double holds and bytes that are no text reach the wire.
 */
import fc from 'fast-check';

/** Texts that have broken parsers, databases and loggers. */
export const HOSTILE_TEXTS = [
  ...['', ' ', '\u0000', 'a\u0000b', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '\u2028', '\u{1F600}'],
  ...['e\u0301', '\u0130', '\u0663\u0664', '\u007f', '\u0085', "'; DROP TABLE signals; --", '\r\nx: y'],
  ...'__proto__ constructor \\u0000 1e400 -0 NaN Infinity {{7*7}} %00 ../.. null [] $1 \\ "'.split(' '),
  ...['9'.repeat(40), 'x'.repeat(101), '\u{1F600}'.repeat(100)],
];
/** Of limits, forms and numbers that a double would alter. */
const PRICES = [
  ...'"999999.99999999" 999999.99999999 "1000000" "0.00000001" "0.000000001" "0" "-1" -0 1e5 1E-3 1e400'.split(
    ' ',
  ),
  ...'1.0000000000000001 123456.789012345 1234567.89012345 1.10 "1.10000000" "0001.1" "0x10"'.split(' '),
  ...'"1." ".5" "+1" "1,1" "\u0661.\u0661" "1.1\\n"'.split(' '),
  '" 1.1"',
];
const TIMES = [
  ...['2016-12-31T23:59:60Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '9999-12-31T23:59:59+14:00'],
  ...['1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2026-02-30T00:00:00Z', '2026-01-01t00:00:00z'],
  ...['2026-01-01T00:00:00', '2026-01-01', '2026-01-01T00:00:00.123456789+05:45', '2026-01-01T24:00:00Z'],
  ...['9999-12-31T00:00:00Z', '294277-01-01T00:00:00Z', '-0001-01-01T00:00:00Z', '2026-01-01T00:00:00-25:00'],
].map((t) => JSON.stringify(t));
const NUMBERS = [...'0 1 -1 2 1.5 1e308 1e400 -0 01 0x1 1_0 2147483648'.split(' '), '9'.repeat(30)];
const WORDS =
  'true null [] {} {"__proto__":{"a":1}} {"a":1,"a":2} ["\\ud800"] {"\\u0000":1} NaN undefined \'x\''.split(
    ' ',
  );
const NESTED = [31, 32, 33, 40, 3000].flatMap((n) => [
  `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`,
  `{"a":${'['.repeat(n)}${']'.repeat(n)}}`,
]);

/** Null but for one in `of` times. */
export const seldom = <T>(arbitrary: fc.Arbitrary<T>, of: number): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: of - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** One value as JSON text, or as what is none. */
export const hostileValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PRICES, ...NUMBERS) },
  { weight: 2, arbitrary: fc.constantFrom(...TIMES) },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS.map((t) => JSON.stringify(t))) },
  { weight: 1, arbitrary: fc.constantFrom(...WORDS, ...NESTED) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 120 }).map((s) => JSON.stringify(s)) },
);

/** An object that holds one, as a value at some depth or as a name. */
const hostileObject: fc.Arbitrary<string> = fc.oneof(
  hostileValue.map((raw) => `{"a":${raw}}`),
  hostileValue.map((raw) => `{"a":[1,{"b":${raw}}]}`),
  fc.constantFrom(...HOSTILE_TEXTS).map((text) => `{${JSON.stringify(text)}:1}`),
);

/** What is done to a sound object or to its bytes. `at` is a place in the text, as a part of its length. */
export type Damage =
  | { kind: 'replace' | 'repeat'; name: string; raw: string }
  | { kind: 'drop'; name: string }
  | { kind: 'insert'; at: number; bytes: readonly number[] }
  | { kind: 'cut' | 'flip'; at: number }
  | { kind: 'wrap'; how: 'array' | 'utf16' | 'mark' | 'twice' | 'space' }
  | { kind: 'pad'; over: number };

/** Damage to an object with these members. `padTo` is the limit that a body is made to exceed. */
export const damageOf = (names: readonly string[]): fc.Arbitrary<Damage> => {
  const name = fc.constantFrom(...names, '__proto__', 'constructor', '', 'Side', 'x'.repeat(200));
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  const bytes = fc.array(fc.oneof(fc.constantFrom(0, 0xff, 0xc3, 0xed, 0x22, 0x5c, 0x7b), fc.nat(255)), {
    ...{ minLength: 1, maxLength: 4 },
  });
  const inPayload = fc.record({
    kind: fc.constant('replace' as const),
    name: fc.constant('payload'),
    raw: hostileObject,
  });
  return fc.oneof(
    { weight: names.includes('payload') ? 4 : 0, arbitrary: inPayload },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('replace' as const), name, raw: hostileValue }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), name, raw: hostileValue }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), name }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('insert' as const), at, bytes }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'flip' as const), at }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('wrap' as const),
        how: fc.constantFrom('array', 'utf16', 'mark', 'twice', 'space'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('pad' as const), over: fc.integer({ min: 0, max: 2 }) }),
    },
  ) as fc.Arbitrary<Damage>;
};

/** Damage in two cases of three. */
export const mostlyDamaged = (names: readonly string[]): fc.Arbitrary<Damage[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Damage[]>([]) },
    { weight: 2, arbitrary: fc.array(damageOf(names), { minLength: 1, maxLength: 2 }) },
  );

/** Blanks up to more than the limit. */
export const tooLarge: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constant('pad' as const),
  over: fc.integer({ min: 1, max: 2 }),
});

type Member = readonly [name: string, raw: string];

/** The object with the damage done, as bytes. `maxBytes` is what `pad` comes up to. */
export function damaged(
  sound: Readonly<Record<string, unknown>>,
  damage: readonly Damage[],
  maxBytes: number,
): Buffer {
  let members: Member[] = Object.entries(sound).map(([name, value]) => [name, JSON.stringify(value)]);
  for (const d of damage) {
    if (d.kind === 'replace') members = [...members.filter(([name]) => name !== d.name), [d.name, d.raw]];
    else if (d.kind === 'repeat') members = [[d.name, d.raw], ...members];
    else if (d.kind === 'drop') members = members.filter(([name]) => name !== d.name);
  }
  const text = `{${members.map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(',')}}`;
  return damage.reduce((bytes, d) => spoilt(bytes, d, maxBytes), Buffer.from(text));
}

/** The bytes with damage done that is not a member's. */
export function spoilt(bytes: Buffer, d: Damage, maxBytes: number): Buffer {
  const place = 'at' in d ? Math.floor(d.at * bytes.length) : 0;
  switch (d.kind) {
    case 'insert':
      return Buffer.concat([bytes.subarray(0, place), Buffer.from(d.bytes), bytes.subarray(place)]);
    case 'cut':
      return bytes.subarray(0, place);
    case 'flip':
      return Buffer.from(bytes.map((byte, i) => (i === place ? byte ^ 1 : byte)));
    case 'pad':
      return Buffer.concat([bytes, Buffer.alloc(Math.max(0, maxBytes + d.over - bytes.length), ' ')]);
    case 'wrap':
      return wrapped(bytes, d.how);
    default:
      return bytes;
  }
}

function wrapped(bytes: Buffer, how: Extract<Damage, { kind: 'wrap' }>['how']): Buffer {
  switch (how) {
    case 'array':
      return Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
    case 'utf16':
      return Buffer.from(bytes.toString(), 'utf16le');
    case 'mark':
      return Buffer.concat([Buffer.from('\ufeff'), bytes]);
    case 'twice':
      return Buffer.concat([bytes, bytes]);
    case 'space':
      return Buffer.concat([Buffer.from('\n\t '), bytes, Buffer.from('\r\n')]);
  }
}
