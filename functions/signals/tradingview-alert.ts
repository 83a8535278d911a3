/**
 * What a TradingView alert says, as signals of ours. `market_position` is the position after the order: flat is a close;
 * turned round (`prev_market_position` was the other way) is two signals, the exit before the entry; made smaller, but
 * not flat, is a fault, since no signal of ours closes a part. Names, placeholders and the certainty of the rest are in
 * the help pages of TradingView (43000529348, 43000481368). Pure.
 */
import { isoTime } from '../platform/clock.ts';
import type { Fault } from '../platform/problem.ts';
import { type JsonValue, parseStrictJson } from '../platform/strict-json.ts';
import { type AlertMembers, alertMembers, type OwnName, plainName } from './alert-members.ts';
import { alertText } from './alert-text.ts';
import { readSignalBody, type SignalBody } from './signal-body.ts';

/** The payload may have 32 levels, and stands in the body. */
const MAX_DEPTH = 33;

export type Alert =
  | { kind: 'signals'; signals: SignalBody[] }
  | { kind: 'not-json' }
  | { kind: 'faults'; faults: Fault[]; schema: boolean };

/** Reads an alert received at `nowMs`; `isJson` is what its sender called it. One signal, or two: exit, then entry. */
export function tradingviewAlert(bytes: Uint8Array, isJson: boolean, nowMs: number): Alert {
  const text = new TextDecoder().decode(bytes);
  // TradingView calls broken JSON text. It is told so, and not that its words cannot be read.
  if (isJson || text.trimStart().startsWith('{')) {
    const parsed = parseStrictJson(bytes, MAX_DEPTH);
    if (parsed.kind === 'not-json') return parsed;
    if (parsed.kind === 'faults') return faulty(parsed.faults);
    const { value } = parsed;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return faulty([{ pointer: '', detail: 'must be an object' }]);
    return judged(alertMembers(value, parsed.topLevelNumbers), nowMs);
  }
  const words = alertText(bytes);
  return words.ok ? judged(alertMembers(words.members, new Map()), nowMs) : faulty(words.faults);
}

const faulty = (faults: Fault[]): Alert => ({
  kind: 'faults',
  faults,
  schema: faults.some((f) => f.pointer === '/schema'),
});

function judged(members: AlertMembers, nowMs: number): Alert {
  const move = moveOf(members);
  const faults = [...members.faults, ...move.faults];
  const own = ownBody(members, move.side);
  const bodies = move.intents.map((intent, i) => {
    const isExit = i < move.intents.length - 1;
    return { ...(isExit ? exitBefore(own) : own), intent };
  });
  const read = bodies.map((body) => readSignalBody(body, new Map(), nowMs));
  const found = read.flatMap((r) => (r.ok ? [] : r.faults.map((f) => asSent(f, members))));
  const all = [...faults, ...found];
  // Two signals of one alert have most faults in common, and a side that a fault above explains needs no second word.
  const known = new Set<string>();
  const told = all.filter((f) => !known.has(f.pointer) && known.add(f.pointer));
  if (told.length > 0) return faulty(told);
  return { kind: 'signals', signals: read.flatMap((r) => (r.ok ? [r.signal] : [])) };
}

const SIDES: Record<string, 'buy' | 'sell'> = { buy: 'buy', long: 'buy', sell: 'sell', short: 'sell' };
const CLOSING = /^(close|exit|flat)$/;
const POSITIONS = ['long', 'short', 'flat'];

type Move = { side: string | undefined; intents: ('open' | 'close')[]; faults: Fault[] };

/** Which way, and whether in, out or both. */
function moveOf({ own, others }: AlertMembers): Move {
  const faults: Fault[] = [];
  const position = (name: 'market_position' | 'prev_market_position') => {
    const text = others[name]?.toLowerCase();
    if (text !== undefined && !POSITIONS.includes(text))
      faults.push({ pointer: `/${name}`, detail: 'must be long, short or flat' });
    return text;
  };
  const now = position('market_position');
  const before = position('prev_market_position');
  const said = own.side?.text.toLowerCase();
  const closing = said !== undefined && CLOSING.test(said);
  const side = closing ? oppositeOf(before) : said === undefined ? undefined : (SIDES[said] ?? said);
  if (closing && side === undefined)
    faults.push({ pointer: own.side?.pointer ?? '', detail: 'needs buy or sell, or prev_market_position' });
  const intent = own.intent?.text.toLowerCase();
  const wanted = closing || intent === 'close' ? 'close' : 'open';
  const disagrees = (detail: string) =>
    faults.push({ pointer: own.intent?.pointer ?? '/market_position', detail });
  if (now === 'flat') {
    if (intent === 'open') disagrees('is open, and market_position is flat');
    return { side, intents: ['close'], faults };
  }
  if ((now !== 'long' && now !== 'short') || wanted === 'close') return { side, intents: [wanted], faults };
  if (side !== SIDES[now] && side !== undefined && side in SIDES)
    faults.push({
      pointer: '/market_position',
      detail: `stays ${now}: a part of a position cannot be closed`,
    });
  const turned = before !== undefined && before !== 'flat' && before !== now;
  return { side, intents: turned ? ['close', 'open'] : ['open'], faults };
}

const oppositeOf = (position: string | undefined): 'buy' | 'sell' | undefined =>
  position === 'long' ? 'sell' : position === 'short' ? 'buy' : undefined;

const TIMES: readonly OwnName[] = ['time', 'expires_at', 'order_expires_at'];
const NUMBERS: readonly OwnName[] = ['schema', 'max_slippage_points'];
const LOWER: readonly OwnName[] = ['order_type'];

/** The members under our names and in our forms; what does not fit stays as sent, and our own schema says so. */
function ownBody(members: AlertMembers, side: string | undefined): Record<string, JsonValue> {
  const texts = Object.entries(members.own)
    .filter(([name]) => name !== 'side' && name !== 'intent')
    .map(([name, given]): [string, JsonValue] => [name, formed(name as OwnName, given.text)]);
  const payload = shownPayload(members);
  return {
    ...Object.fromEntries(texts),
    ...(side === undefined ? {} : { side }),
    ...(payload === undefined ? {} : { payload }),
  };
}

/** The sender's own payload, and beside it what else the alert carried. */
function shownPayload({ payload, others }: AlertMembers): JsonValue | undefined {
  if (Object.keys(others).length === 0) return payload;
  if (payload === undefined) return { tradingview: others };
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return payload;
  return { ...payload, tradingview: others };
}

function formed(name: OwnName, text: string): JsonValue {
  if (name === 'instrument') return plainName(text);
  if (LOWER.includes(name)) return text.toLowerCase();
  if (NUMBERS.includes(name) && /^\d{1,9}$/.test(text)) return Number(text);
  if (TIMES.includes(name) && /^\d{10}(\d{3})?$/.test(text))
    return isoTime(text.length === 10 ? Number(text) * 1000 : Number(text));
  return text;
}

const OF_ENTRY: readonly string[] = ['order_type', 'stop_loss', 'take_profit', 'order_expires_at'];

/** The exit that goes before an entry: at market, without stops, under an id of its own. */
function exitBefore(own: Record<string, JsonValue>): Record<string, JsonValue> {
  const kept = Object.fromEntries(Object.entries(own).filter(([name]) => !OF_ENTRY.includes(name)));
  const id = own['external_id'];
  return id === undefined ? kept : { ...kept, external_id: `${String(id)}:exit` };
}

/** A fault by the name under which its sender wrote the member. */
function asSent(fault: Fault, members: AlertMembers): Fault {
  const given = members.own[fault.pointer.slice(1) as OwnName];
  return given === undefined ? fault : { ...fault, pointer: given.pointer };
}
