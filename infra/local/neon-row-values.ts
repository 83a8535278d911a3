// PostgreSQL text values as JSON values, for a client that does not ask for raw text.
// Source: neondatabase/neon, proxy/src/serverless/json.rs (pg_text_to_json, pg_array_parse).

const BOOL = 16;
const JSON_OIDS: ReadonlySet<number> = new Set([114, 3802]);
const INTEGERS: ReadonlySet<number> = new Set([21, 23]);
const FLOATS: ReadonlySet<number> = new Set([700, 701]);
/** Element type by array type, for the arrays whose elements are not simply text. */
const ELEMENT_TYPES: ReadonlyMap<number, number> = new Map([
  [1000, BOOL],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
]);
/** Arrays of text, varchar, char, int8, numeric, uuid, date, timestamp, timestamptz, bytea. */
const TEXT_ARRAYS: ReadonlySet<number> = new Set([
  1009, 1015, 1014, 1002, 1016, 1231, 2951, 1182, 1115, 1185, 1001, 1028,
]);

/** The JSON value of one text value of type `oid`; text where JSON has no such value (int8, NaN, Infinity). */
export function jsonValue(text: string | null, oid: number): unknown {
  if (text === null) return null;
  if (oid === BOOL) return text === 't';
  if (INTEGERS.has(oid)) return Number(text);
  if (FLOATS.has(oid)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  }
  if (JSON_OIDS.has(oid)) return JSON.parse(text);
  const element = ELEMENT_TYPES.get(oid);
  if (element !== undefined || TEXT_ARRAYS.has(oid)) return arrayValue(text, element ?? 25);
  return text;
}

/** Parses an array literal such as `{1,"a b",{NULL}}`; bounds such as `[2:3]=` are dropped. */
function arrayValue(literal: string, element: number): unknown[] {
  const body = literal.startsWith('[') ? literal.slice(literal.indexOf('=') + 1) : literal;
  const stack: unknown[][] = [[]];
  const token = /"((?:[^"\\]|\\.)*)"|([{}])|([^{},"]+)/gs;
  for (const [, quoted, brace, bare] of body.matchAll(token)) {
    const top = stack.at(-1) ?? [];
    if (brace === '{') {
      const inner: unknown[] = [];
      top.push(inner);
      stack.push(inner);
    } else if (brace === '}') {
      stack.pop();
    } else if (quoted !== undefined) {
      top.push(jsonValue(quoted.replace(/\\(.)/gs, '$1'), element));
    } else {
      const item = (bare ?? '').trim();
      top.push(item === 'NULL' ? null : jsonValue(item, element));
    }
  }
  const outer = stack[0]?.[0];
  return Array.isArray(outer) ? outer : [];
}
