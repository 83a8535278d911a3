/**
 * The members of an alert under our own names. Every name is known: ours, the customary ones of TradingView's
 * placeholders, and those that sound like a password, which are dropped and never stored. Any other is a fault, because
 * a mistyped stop loss that is passed over would be an order without one. Pure.
 */
import { type Fault, jsonPointer } from '../platform/problem.ts';
import type { JsonValue } from '../platform/strict-json.ts';
import { SECRET_NAME } from './refusal-excerpt.ts';

/** Ours, each with the names that it is taken from, the first that is filled in. */
const TAKEN_FROM = {
  instrument: ['instrument', 'ticker', 'symbol'],
  side: ['side', 'action', 'order_action'],
  price: ['price', 'order_price', 'close'],
  time: ['timenow', 'time'],
  timeframe: ['timeframe', 'interval'],
  stop_loss: ['stop_loss', 'sl'],
  take_profit: ['take_profit', 'tp'],
  intent: ['intent'],
  order_type: ['order_type'],
  order_expires_at: ['order_expires_at'],
  expires_at: ['expires_at'],
  max_slippage_points: ['max_slippage_points'],
  version: ['version'],
  external_id: ['external_id'],
  strategy: ['strategy', 'strategy_name'],
  schema: ['schema'],
} as const;
export type OwnName = keyof typeof TAKEN_FROM;
/** Where several may be filled in and say different things: the price of the order and of the bar, two moments. */
const MAY_DIFFER: readonly OwnName[] = ['price', 'time'];
/** What else TradingView has placeholders for, and what alerts customarily carry; shown to whoever decides. */
const CUSTOMARY = new Set([
  ...['contracts', 'order_contracts', 'order_id', 'order_comment', 'comment', 'alert_message', 'alert_name'],
  ...['market_position', 'prev_market_position', 'market_position_size', 'prev_market_position_size'],
  ...['position_size', 'exchange', 'open', 'high', 'low', 'volume', 'bar_time', 'currency', 'base_currency'],
  ...['id', 'message', 'quantity', 'qty'],
]);
const PLOT = /^plot_\d{1,2}$/;
/** Templates that nest the order and the bar. A member of `bar` named `time` is the bar's, not the alert's. */
const NESTED: Record<string, (name: string) => string> = {
  strategy: (name) => name,
  bar: (name) => (name === 'time' ? 'bar_time' : name),
};
/** What an empty placeholder leaves behind. */
const EMPTY = /^(|nan|null|na|n\/a|undefined|\{\{.*\}\})$/i;

type Given = { pointer: string; text: string };
export type AlertMembers = {
  own: Partial<Record<OwnName, Given>>;
  /** What is not one of ours, as sent. */
  others: Record<string, string>;
  payload: JsonValue | undefined;
  faults: Fault[];
};

/** Sorts the members; `numbers` holds the digits of top-level numbers as sent. */
export function alertMembers(
  value: { [name: string]: JsonValue },
  numbers: ReadonlyMap<string, string>,
): AlertMembers {
  const faults: Fault[] = [];
  const { payload, ...rest } = value;
  const given = filledIn(rest, numbers, faults);
  const own: Partial<Record<OwnName, Given>> = {};
  const used = new Set<string>();
  for (const [ours, names] of Object.entries(TAKEN_FROM) as [OwnName, readonly string[]][]) {
    const found = names.flatMap((name) => (given.has(name) ? [{ name, ...(given.get(name) as Given) }] : []));
    const [first, ...more] = found;
    if (first === undefined) continue;
    own[ours] = { pointer: first.pointer, text: first.text };
    used.add(first.name);
    if (MAY_DIFFER.includes(ours)) continue;
    for (const other of more) {
      used.add(other.name);
      if (plainName(other.text) !== plainName(first.text))
        faults.push({ pointer: other.pointer, detail: `says otherwise than ${first.pointer}` });
    }
  }
  const others = [...given].filter(([name]) => !used.has(name)).map(([name, g]) => [name, g.text] as const);
  return { own, others: Object.fromEntries(others), payload: payload ?? undefined, faults };
}

/** A text without its exchange and in one case: `OANDA:XAUUSD` and `xauusd` are the same instrument. */
export const plainName = (text: string): string => text.slice(text.lastIndexOf(':') + 1).toUpperCase();

function filledIn(
  value: { [name: string]: JsonValue },
  numbers: ReadonlyMap<string, string>,
  faults: Fault[],
): Map<string, Given> {
  const given = new Map<string, Given>();
  const nested: [string, JsonValue, string][] = [];
  const flat = Object.entries(value).flatMap(([name, v]): [string, JsonValue, string][] => {
    const rename = Object.hasOwn(NESTED, name) ? NESTED[name] : undefined;
    if (rename === undefined || typeof v !== 'object' || v === null || Array.isArray(v))
      return [[name, v, jsonPointer([name])]];
    for (const [inner, iv] of Object.entries(v)) nested.push([rename(inner), iv, jsonPointer([name, inner])]);
    return [];
  });
  // What stands at the top goes before what is nested.
  for (const [name, v, pointer] of [...flat, ...nested]) {
    if (!isKnown(name)) {
      if (!SECRET_NAME.test(name)) faults.push({ pointer, detail: 'is not a known member' });
    } else if (typeof v === 'object' && v !== null)
      faults.push({ pointer, detail: 'must be a text or a number' });
    else {
      const text = (typeof v === 'number' ? (numbers.get(pointer.slice(1)) ?? String(v)) : String(v)).trim();
      if (!EMPTY.test(text) && !given.has(name)) given.set(name, { pointer, text });
    }
  }
  return given;
}

const OWN_NAMES = new Set<string>(Object.values(TAKEN_FROM).flat());
const isKnown = (name: string): boolean => OWN_NAMES.has(name) || CUSTOMARY.has(name) || PLOT.test(name);
