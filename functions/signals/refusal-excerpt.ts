/**
 * What is kept of a body that was refused: its beginning, with every value masked that stands under a name which sounds
 * like a secret. The body may be anything, so this reads marks and not a grammar: JSON whole or broken, `name=value`,
 * `Name: value`. Masking comes before cutting, and a value that has no end is masked to the end. Pure.
 */
import { utf8 } from '../platform/encoding.ts';
import type { Fault } from '../platform/problem.ts';

const MAX_BYTES = 2048;
/** Read beyond what is kept, because masking shortens. */
const READ_BYTES = 4096;
const MAX_FAULTS = 50;
const MAX_POINTER = 200;
const MASK = '***';
/** Names whose values nobody else should see. */
export const SECRET_NAME = /pass|pwd|secret|token|key|auth|credential|signature|session|cookie/i;
/** A name, quoted or bare, and what parts it from its value. Lengths are bounded, so no text makes this slow. */
const NAME = /(?:"((?:[^"\\]|\\.){0,200})"|'([^'\\]{0,200})'|([\w.\\-]{1,200}))['"]?\s*[:=]\s*/gs;
const BARE_VALUE = /(?:(?:bearer|basic|token)\s+)?[^\s,;&}\]"']*/iy;
/** Secrets that are known by their own form, wherever they stand. */
const KNOWN_SECRET = /\b(cs_pat_|whsec_|bearer\s+|hooks\/tradingview\/)[A-Za-z0-9+/=_.-]+/gi;

/** The first 2 KB of a body as text that PostgreSQL can hold, secrets masked. */
export function refusalExcerpt(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, READ_BYTES)).replaceAll('\u0000', '\uFFFD');
  return cutAt(masked(text).replaceAll(KNOWN_SECRET, `$1${MASK}`), MAX_BYTES);
}

/** Faults as they may be stored: as many, as long and of such characters as jsonb takes. */
export const storableFaults = (faults: readonly Fault[] = [], most: number = MAX_FAULTS): Fault[] =>
  faults.slice(0, most).map((f) => ({
    pointer: f.pointer.slice(0, MAX_POINTER).replaceAll('\u0000', '\uFFFD').toWellFormed(),
    detail: f.detail,
  }));

function masked(text: string): string {
  let kept = '';
  let from = 0;
  NAME.lastIndex = 0;
  for (let m = NAME.exec(text); m !== null; m = NAME.exec(text)) {
    const name = m[1] === undefined ? (m[2] ?? m[3] ?? '') : unescaped(m[1]);
    if (!SECRET_NAME.test(name)) continue;
    const start = NAME.lastIndex;
    const end = valueEnd(text, start);
    const quote = /["']/.exec(text[start] ?? '')?.[0] ?? '';
    kept += `${text.slice(from, start)}${quote}${MASK}${quote}`;
    from = end;
    NAME.lastIndex = end;
  }
  return kept + text.slice(from);
}

function unescaped(name: string): string {
  try {
    return String(JSON.parse(`"${name}"`));
  } catch {
    return name;
  }
}

/** Where the value ends that begins at `start`: a quoted text, a nested value, or a word. */
function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"' || first === "'") return quotedEnd(text, start);
  if (first === '{' || first === '[') return nestedEnd(text, start);
  BARE_VALUE.lastIndex = start;
  BARE_VALUE.exec(text);
  return Math.max(start, BARE_VALUE.lastIndex);
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start]) return at + 1;
  }
  return text.length;
}

function nestedEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const c = text[at];
    if (c === '"') at = quotedEnd(text, at) - 1;
    else if (c === '{' || c === '[') depth += 1;
    else if ((c === '}' || c === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

/** At most this many bytes of UTF-8, whole characters. */
function cutAt(text: string, maxBytes: number): string {
  const bytes = utf8(text);
  if (bytes.byteLength <= maxBytes) return text.toWellFormed();
  const whole = new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true });
  return whole.toWellFormed();
}
