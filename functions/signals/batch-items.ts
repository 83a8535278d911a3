/**
 * A batch's body taken apart into the bytes of its items, so that each stands alone: each is measured, parsed and
 * judged by itself, and a fault or a depth of one says nothing of the others. Only marks are read here, without
 * recursion; whether an item is JSON its own parser says. Pure.
 */
import { utf8 } from '../platform/encoding.ts';
import { type Fault, jsonPointer } from '../platform/problem.ts';

export const MAX_ITEMS = 100;

export type BatchItems =
  | { kind: 'items'; items: Uint8Array<ArrayBuffer>[] }
  | { kind: 'not-json' }
  | { kind: 'faults'; faults: Fault[] };

class NotJson extends Error {}

const SPACE = /[ \t\n\r]*/y;
const WORD = /[^\s,[\]{}":]+/y;
const MARK = /["[\]{}]/g;

/** Reads `{"signals": [...]}` of 1 to 100 items. */
export function batchItems(bytes: Uint8Array<ArrayBuffer>): BatchItems {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return judged(new Spans(text).document());
  } catch (e) {
    // A TypeError is the decoder's, these bytes are no text; a SyntaxError that of a member's name.
    if (e instanceof NotJson || e instanceof TypeError || e instanceof SyntaxError)
      return { kind: 'not-json' };
    throw e;
  }
}

type Member = { name: string; items: string[] | null };

function judged(members: Member[] | null): BatchItems {
  if (members === null) return { kind: 'faults', faults: [{ pointer: '', detail: 'must be an object' }] };
  const faults: Fault[] = members
    .filter((m) => m.name !== 'signals')
    .map((m) => ({ pointer: jsonPointer([m.name]), detail: 'is not a known member' }));
  const [signals, again] = members.filter((m) => m.name === 'signals');
  const count = signals?.items?.length ?? 0;
  const wrong = (detail: string) => faults.push({ pointer: '/signals', detail });
  if (again !== undefined) wrong('stands twice');
  else if (signals?.items == null) wrong(`must be an array of 1 to ${MAX_ITEMS} signals`);
  else if (count < 1 || count > MAX_ITEMS) wrong(`has ${count} items; 1 to ${MAX_ITEMS} are taken`);
  if (faults.length > 0 || signals?.items == null) return { kind: 'faults', faults };
  return { kind: 'items', items: signals.items.map(utf8) };
}

class Spans {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The members of the one object that the text is; null where it is something else. */
  document(): Member[] | null {
    this.#space();
    const isObject = this.#text[this.#at] === '{';
    const members: Member[] = [];
    if (isObject)
      this.#list('}', () => {
        const name: unknown = JSON.parse(this.#quoted());
        this.#space();
        this.#expect(':');
        this.#space();
        members.push({ name: String(name), items: this.#elements() });
      });
    else this.#value();
    this.#space();
    if (this.#at !== this.#text.length) throw new NotJson();
    return isObject ? members : null;
  }

  /** The texts of an array's elements; null for any other value, which is passed over. */
  #elements(): string[] | null {
    if (this.#text[this.#at] !== '[') {
      this.#value();
      return null;
    }
    const found: string[] = [];
    this.#list(']', () => found.push(this.#value()));
    return found;
  }

  /** What stands between brackets, parted by commas. */
  #list(end: string, read: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#space();
      read();
      this.#space();
      if (this.#text[this.#at] === end) break;
      this.#expect(',');
    }
    this.#at += 1;
  }

  /** Passes over one value and gives its text. */
  #value(): string {
    const from = this.#at;
    const c = this.#text[from];
    if (c === '"') return this.#quoted();
    if (c === '{' || c === '[') this.#nested();
    else {
      WORD.lastIndex = from;
      if (WORD.exec(this.#text) === null) throw new NotJson();
      this.#at = WORD.lastIndex;
    }
    return this.#text.slice(from, this.#at);
  }

  #nested(): void {
    let depth = 0;
    do {
      MARK.lastIndex = this.#at;
      const mark = MARK.exec(this.#text);
      if (mark === null) throw new NotJson();
      this.#at = mark.index;
      if (mark[0] === '"') this.#quoted();
      else {
        depth += mark[0] === '{' || mark[0] === '[' ? 1 : -1;
        this.#at += 1;
      }
    } while (depth > 0);
  }

  #quoted(): string {
    const from = this.#at;
    this.#expect('"');
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined) throw new NotJson();
      this.#at += c === '\\' ? 2 : 1;
      if (c === '"') return this.#text.slice(from, this.#at);
    }
  }

  #expect(c: string): void {
    if (this.#text[this.#at] !== c) throw new NotJson();
    this.#at += 1;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }
}
