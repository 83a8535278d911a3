/**
 * When a market trades and when it takes entries. Sessions are half-open: at its opening a market is open, at its close
 * it is closed. A calendar is expanded in chunks when they are first asked for, so that a question costs a search.
 *
 * Entries fail closed: without a calendar, or with one that cannot be read, there are none. Nothing here is asked
 * before a position is closed.
 */
import type { VersionedCalendar } from './calendar-definition.ts';
import { begunBy, holding, type Interval, joined, within } from './interval-set.ts';
import { blocklist, type Expansion, expandSessions } from './session-expansion.ts';

const DAY_MS = 86_400_000;
const CHUNK_MS = 91 * DAY_MS;
/** How many chunks a search looks through: more than a year either way. */
const HORIZON = 5;

export type TradingCalendar = VersionedCalendar & {
  /** The sets of a chunk, cut at its ends. Throws where the calendar's zone is not known. */
  chunk(index: number): Expansion;
};
/** An end is null where the market does not open or close within a year. */
export type Session = { openMs: number | null; closeMs: number | null };
export const MARKET_MODES = ['open', 'close_only', 'closed'] as const;
export type MarketMode = (typeof MARKET_MODES)[number];
export const ENTRY_BLOCKS = [
  'no-calendar',
  'calendar-unreadable',
  'market-closed',
  'rollover',
  'blocklist',
  'session-opening',
  'session-closing',
] as const;
export type EntryBlock = (typeof ENTRY_BLOCKS)[number];
/** `closesMs`: until when entries are taken; `opensMs`: when next; null where neither happens within a year. */
export type EntryWindow =
  | { open: true; closesMs: number | null }
  | { open: false; reason: EntryBlock; opensMs: number | null };

/** Makes a calendar of its definition. Never throws; its answers do where the definition cannot be followed. */
export function tradingCalendar(versioned: VersionedCalendar): TradingCalendar {
  const chunks = new Map<number, Expansion>();
  const chunk = (index: number): Expansion => {
    const known = chunks.get(index);
    if (known !== undefined) return known;
    const whole = { openMs: index * CHUNK_MS, closeMs: (index + 1) * CHUNK_MS };
    // A day further, so that no edge near the chunk's ends is one of the expansion's own.
    const wide = { openMs: whole.openMs - DAY_MS, closeMs: whole.closeMs + DAY_MS };
    const { open, rollover, entry } = expandSessions(versioned.definition, wide);
    const cut = {
      open: within(open, whole),
      rollover: within(rollover, whole),
      entry: within(entry, whole),
    };
    chunks.set(index, cut);
    return cut;
  };
  return { ...versioned, chunk };
}

/**
 * Whether an order may be placed at `atMs`. Closed before the calendar's margins have passed after an opening and before
 * a close, in the daily rollover and on its blocklist, and where there is no calendar or it cannot be followed.
 */
export function entryWindow(calendar: TradingCalendar | 'unreadable' | null, atMs: number): EntryWindow {
  if (calendar === null) return { open: false, reason: 'no-calendar', opensMs: null };
  if (calendar === 'unreadable') return { open: false, reason: 'calendar-unreadable', opensMs: null };
  try {
    const entry = setHolding(calendar, 'entry', atMs);
    if (entry !== null) return { open: true, closesMs: entry.closeMs };
    return {
      open: false,
      reason: blockAt(calendar, atMs),
      opensMs: nextEdge(calendar, 'entry', 'openMs', atMs),
    };
  } catch {
    return { open: false, reason: 'calendar-unreadable', opensMs: null };
  }
}

function blockAt(calendar: TradingCalendar, atMs: number): EntryBlock {
  const session = sessionAt(calendar, atMs);
  if (session === null) return 'market-closed';
  if (holding(blocklist(calendar.definition), atMs) !== null) return 'blocklist';
  if (setHolding(calendar, 'rollover', atMs) !== null) return 'rollover';
  const delayMs = calendar.definition.open_delay_minutes * 60_000;
  return session.openMs !== null && atMs < session.openMs + delayMs ? 'session-opening' : 'session-closing';
}

/** Whether the market trades at an instant. */
export const isOpen = (calendar: TradingCalendar, atMs: number): boolean =>
  holding(calendar.chunk(chunkOf(atMs)).open, atMs) !== null;

/** The session that holds an instant; breaks part sessions. Null where the market is closed. */
export const sessionAt = (calendar: TradingCalendar, atMs: number): Session | null =>
  setHolding(calendar, 'open', atMs);

/** The first moment after `atMs` at which the market goes from closed to open; null if none within a year. */
export const nextOpen = (calendar: TradingCalendar, atMs: number): number | null =>
  nextEdge(calendar, 'open', 'openMs', atMs);

/** The first moment after `atMs` at which the market closes, for a break too; null if none within a year. */
export const nextClose = (calendar: TradingCalendar, atMs: number): number | null =>
  nextEdge(calendar, 'open', 'closeMs', atMs);

/**
 * The last close at or before an instant, of a break too; null if none within a year. An order whose end falls in a
 * closed market (`isOpen` false) ends there instead; one whose end falls in a session keeps it.
 */
export function lastCloseBefore(calendar: TradingCalendar, ms: number): number | null {
  // The close that ends a session is an edge of the chunk before, where it falls on a chunk's beginning.
  for (let index = chunkOf(ms); index >= chunkOf(ms) - HORIZON; index -= 1) {
    const closes = calendar.chunk(index).open.map((s) => s.closeMs);
    const last = closes.findLast((closeMs) => closeMs <= ms && !isOpen(calendar, closeMs));
    if (last !== undefined) return last;
  }
  return null;
}

/** For how many milliseconds of [fromMs, toMs) the market is open; 0 where the span is empty. */
export const openMsBetween = (calendar: TradingCalendar, fromMs: number, toMs: number): number =>
  openBetween(calendar, fromMs, toMs).reduce((sum, i) => sum + i.closeMs - i.openMs, 0);

/** When the market is open in [fromMs, toMs), cut at its ends. */
export function openBetween(calendar: TradingCalendar, fromMs: number, toMs: number): Interval[] {
  const result: Interval[] = [];
  if (fromMs < toMs)
    for (let index = chunkOf(fromMs); index <= chunkOf(toMs); index += 1)
      result.push(...within(calendar.chunk(index).open, { openMs: fromMs, closeMs: toMs }));
  return joined(result);
}

/** `close_only` is an open market in its rollover or on the blocklist: closes are sent, entries are not. */
export function mode(calendar: TradingCalendar, atMs: number): MarketMode {
  if (!isOpen(calendar, atMs)) return 'closed';
  const block = blockAt(calendar, atMs);
  return block === 'blocklist' || block === 'rollover' ? 'close_only' : 'open';
}

function chunkOf(atMs: number): number {
  if (!Number.isSafeInteger(atMs)) throw new RangeError('not an instant');
  return Math.floor(atMs / CHUNK_MS);
}

type SetName = keyof Expansion;

/** The interval of a set that holds an instant, followed over the ends of chunks. */
function setHolding(calendar: TradingCalendar, name: SetName, atMs: number): Session | null {
  const found = holding(calendar.chunk(chunkOf(atMs))[name], atMs);
  if (found === null) return null;
  return {
    openMs: followed(calendar, name, found, -1),
    closeMs: followed(calendar, name, found, 1),
  };
}

function followed(calendar: TradingCalendar, name: SetName, from: Interval, step: 1 | -1): number | null {
  const end = (i: Interval) => (step === 1 ? i.closeMs : i.openMs);
  let edge = end(from);
  for (let n = 0; n < HORIZON; n += 1) {
    if (edge % CHUNK_MS !== 0) return edge;
    const beyond = calendar.chunk(edge / CHUNK_MS + (step === 1 ? 0 : -1))[name];
    const next = step === 1 ? beyond[0] : beyond.at(-1);
    if (next === undefined || (step === 1 ? next.openMs : next.closeMs) !== edge) return edge;
    edge = end(next);
  }
  return null;
}

/** The first edge of a set after an instant. A set cut at a chunk's end has no edge there. */
function nextEdge(
  calendar: TradingCalendar,
  name: SetName,
  which: keyof Interval,
  atMs: number,
): number | null {
  const first = chunkOf(atMs);
  for (let index = first; index <= first + HORIZON; index += 1) {
    const set = calendar.chunk(index)[name];
    for (let i = Math.max(0, begunBy(set, atMs) - 1); i < set.length; i += 1) {
      const edge = set[i]?.[which];
      if (edge === undefined || edge <= atMs) continue;
      if (edge % CHUNK_MS !== 0 || !runsOver(calendar, name, edge)) return edge;
    }
  }
  return null;
}

/** Whether a set holds both sides of a chunk's end. */
function runsOver(calendar: TradingCalendar, name: SetName, edgeMs: number): boolean {
  const index = edgeMs / CHUNK_MS;
  const before = calendar.chunk(index - 1)[name].at(-1);
  return before?.closeMs === edgeMs && calendar.chunk(index)[name][0]?.openMs === edgeMs;
}
