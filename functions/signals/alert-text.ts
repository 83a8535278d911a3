/**
 * An alert in plain words: `buy XAUUSD @ 2035.1`, and after it any number of `name=value`, or `sl 2030 tp 2040`. Read
 * strictly: TradingView's own default text ("order buy @ 1 filled on XAUUSD") has a volume where a price would stand,
 * and taking it for one would be a wrong order. Pure.
 */
import type { Fault } from '../platform/problem.ts';

const SIDES = /^(buy|sell|long|short)$/i;
const CLOSE = /^(close|exit)$/i;
const NAMED = /^([a-z_]{1,40})=(.+)$/i;
const PAIRED = /^(sl|tp|stop_loss|take_profit)$/i;

export type AlertText =
  | { ok: true; members: Record<string, string> }
  | { ok: false; faults: [Fault, ...Fault[]] };

/** The members that the words say, under the names that JSON would give them. */
export function alertText(bytes: Uint8Array): AlertText {
  const text = new TextDecoder().decode(bytes);
  // What is no UTF-8, and what no table can hold.
  if (text.includes('\u0000') || text.includes('\uFFFD')) return unreadable();
  const words = text.replaceAll('@', ' @ ').trim().split(/\s+/);
  const closes = CLOSE.test(words[0] ?? '');
  if (closes) words.shift();
  const [action = '', ticker = '', at = '', price = '', ...rest] = words;
  if (!SIDES.test(action) || price === '' || !/^(@|at)$/i.test(at)) return unreadable();
  const members: Record<string, string> = { action, ticker, price, ...(closes ? { intent: 'close' } : {}) };
  while (rest.length > 0) {
    const word = rest.shift() ?? '';
    const named = NAMED.exec(word);
    const name = (named?.[1] ?? word).toLowerCase();
    const value = named?.[2] ?? (PAIRED.test(word) ? rest.shift() : undefined);
    if (value === undefined) return unreadable();
    if (Object.hasOwn(members, name))
      return { ok: false, faults: [{ pointer: `/${name}`, detail: 'stands twice' }] };
    members[name] = value;
  }
  return { ok: true, members };
}

const unreadable = (): AlertText => ({
  ok: false,
  faults: [{ pointer: '', detail: 'must be JSON, or read like: buy XAUUSD @ 2035.1 sl=2030 tp=2040' }],
});
