/**
 * JSON as RFC 8259 says, read strictly because what comes is hostile and JSON.parse hides it: duplicate keys,
 * `__proto__`, U+0000 and lone surrogates are faults with their pointer; depth is bounded, so no input overflows the
 * stack; the text of the numbers at the top level is kept, since a double would already have altered a long one.
 */
import { type Fault, jsonPointer } from './problem.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type ParsedJson =
  | { kind: 'json'; value: JsonValue; topLevelNumbers: ReadonlyMap<string, string> }
  | { kind: 'not-json' }
  | { kind: 'faults'; faults: Fault[] };

class NotJson extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what RFC 8259 forbids in a string
const PLAIN_STRING = /"([^"\\\u0000-\u001f]*)"/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what RFC 8259 forbids in a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #anyText: boolean;
  #at = 0;
  readonly faults: Fault[] = [];
  readonly topLevelNumbers = new Map<string, string>();

  constructor(text: string, maxDepth: number, anyText: boolean) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#anyText = anyText;
  }

  document(): JsonValue {
    const value = this.#value('', 0);
    this.#space();
    if (this.#at !== this.#text.length) throw new NotJson();
    return value;
  }

  #value(pointer: string, depth: number): JsonValue {
    this.#space();
    const c = this.#text[this.#at];
    if (c === '{') return this.#object(pointer, this.#deeper(pointer, depth));
    if (c === '[') return this.#array(pointer, this.#deeper(pointer, depth));
    if (c === '"') return this.#string(pointer);
    for (const [word, value] of LITERALS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    return this.#number(pointer, depth);
  }

  #deeper(pointer: string, depth: number): number {
    if (depth < this.#maxDepth) return depth + 1;
    this.faults.push({ pointer, detail: `is nested deeper than ${this.#maxDepth} levels` });
    throw new NotJson();
  }

  #object(pointer: string, depth: number): JsonValue {
    const found: [string, JsonValue][] = [];
    const seen = new Set<string>();
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return {};
    do {
      this.#space();
      const key = this.#string(pointer);
      const at = pointer + jsonPointer([key]);
      if (seen.has(key)) this.faults.push({ pointer: at, detail: 'stands twice' });
      if (key === '__proto__') this.faults.push({ pointer: at, detail: 'is not an allowed name' });
      seen.add(key);
      this.#space();
      if (!this.#take(':')) throw new NotJson();
      found.push([key, this.#value(at, depth)]);
      this.#space();
    } while (this.#take(','));
    if (!this.#take('}')) throw new NotJson();
    return Object.fromEntries(found);
  }

  #array(pointer: string, depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return items;
    do {
      items.push(this.#value(`${pointer}/${items.length}`, depth));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(']')) throw new NotJson();
    return items;
  }

  #string(pointer: string): string {
    const plain = this.#match(PLAIN_STRING);
    const quoted = plain ?? this.#match(STRING);
    if (quoted === null) throw new NotJson();
    const text: string = plain === null ? JSON.parse(quoted) : quoted.slice(1, -1);
    if (this.#anyText) return text;
    if (text.includes('\u0000')) this.faults.push({ pointer, detail: 'holds U+0000' });
    if (!text.isWellFormed()) this.faults.push({ pointer, detail: 'holds a lone surrogate' });
    return text;
  }

  #number(pointer: string, depth: number): number {
    const text = this.#match(NUMBER);
    if (text === null) throw new NotJson();
    const value = Number(text);
    if (!Number.isFinite(value)) this.faults.push({ pointer, detail: 'is not a finite number' });
    if (depth === 1) this.topLevelNumbers.set(pointer.slice(1), text);
    return value;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    this.#match(SPACE);
  }
}

/**
 * Reads a document of at most `maxDepth` levels. `not-json` is a syntax error; `faults` are all the others. With `anyText`
 * U+0000 and lone surrogates are none: whoever asks for that cleans the texts that it keeps.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number, { anyText = false } = {}): ParsedJson {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: 'not-json' };
  }
  const reader = new Reader(text, maxDepth, anyText);
  try {
    const value = reader.document();
    if (reader.faults.length > 0) return { kind: 'faults', faults: reader.faults };
    return { kind: 'json', value, topLevelNumbers: reader.topLevelNumbers };
  } catch (e) {
    if (!(e instanceof NotJson)) throw e;
    return reader.faults.length > 0 ? { kind: 'faults', faults: reader.faults } : { kind: 'not-json' };
  }
}
