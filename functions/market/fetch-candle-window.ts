import { bridgeClient } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import type { Candle, Interval } from './candle.ts';
import { checkedCandles } from './candle-check.ts';
import { candleGaps, pieces, spanOf } from './candle-gaps.ts';
import { candlesWithin, type Series, storeCandles } from './candle-store.ts';
import { storedMs } from './timeframe.ts';

/** Bars that a bridge gives in one reply, and replies of one fetch; they are asked for at once. */
const BARS_PER_REPLY = 5_000;
const MAX_REPLIES = 4;
/** The longest window of one fetch, in bars. */
export const MAX_BARS = BARS_PER_REPLY * MAX_REPLIES;

/** What was asked for a moment ago and is not there will not be there now. Per isolate; it only saves calls. */
const FRESH_MS = 15_000;
const MAX_ASKED = 5_000;
const asked = new Map<string, { atMs: number; closedMs: number }>();

export type CandleWindow =
  | {
      kind: 'ok';
      candles: Candle[];
      /** Open hours without bars, as far as bars have ended; null where the hours are not known. */
      gaps: Interval[] | null;
      /** Up to when bars have ended, by the broker's clock where it states one. */
      closedMs: number;
      /** Openings of bars that the broker now states otherwise than when they were stored. */
      restated: number[];
    }
  /** Nothing was stored. `word` says why, in the words of the bridge client or of the check. */
  | { kind: 'missing'; missing: Interval[]; word: string };

type Of = Series & { bridgeId: string | null };
type Fetched =
  | { kind: 'ok'; closedMs: number; restated: number[] }
  | Extract<CandleWindow, { kind: 'missing' }>;

/**
 * The closed bars that begin in a window of at most `MAX_BARS`: what is stored, and where the market was open and
 * nothing is, what the account's bridge says, which is stored first. `open`: when the market was, ascending; null asks
 * for all that is not stored. All pieces arrive and are sound, or none is kept.
 */
export async function fetchCandleWindow(
  deps: Deps,
  of: Of,
  window: Interval,
  open: readonly Interval[] | null,
): Promise<CandleWindow> {
  const size = storedMs(of.timeframe);
  const stored = await candlesWithin(deps.db, of, window);
  const lacking = (found: readonly Candle[], upTo: Interval) =>
    candleGaps(
      found.map((c) => c.timeMs),
      size,
      upTo,
      open ?? [upTo],
    );
  const span = spanOf(lacking(stored, window));
  const fetched: Fetched =
    span === null
      ? { kind: 'ok', closedMs: deps.clock.nowMs(), restated: [] }
      : await fetchSpan(deps, of, { fromMs: span.fromMs, toMs: Math.min(span.toMs, window.toMs) });
  if (fetched.kind === 'missing') return fetched;
  const candles = span === null ? stored : await candlesWithin(deps.db, of, window);
  const ended = Math.floor(fetched.closedMs / size) * size;
  const gaps = open && lacking(candles, { ...window, toMs: Math.min(window.toMs, ended) });
  return { kind: 'ok', candles, gaps, closedMs: fetched.closedMs, restated: fetched.restated };
}

async function fetchSpan(deps: Deps, of: Of, span: Interval): Promise<Fetched> {
  const nowMs = deps.clock.nowMs();
  const key = [of.accountId, of.symbol, of.timeframe, span.fromMs, span.toMs].join('|');
  const before = asked.get(key);
  if (before && nowMs - before.atMs < FRESH_MS)
    return { kind: 'ok', closedMs: before.closedMs, restated: [] };
  const windows = pieces(span, BARS_PER_REPLY * storedMs(of.timeframe));
  const replies = await Promise.all(windows.map((window) => askPiece(deps, of, window, nowMs)));
  const failed = replies.filter((r) => r.kind === 'missing');
  const [first] = failed;
  if (first) return { ...first, missing: failed.flatMap((r) => r.missing) };
  const sound = replies.filter((r) => r.kind === 'ok');
  const candles = sound.flatMap((r) => r.candles);
  const restated = candles.length === 0 ? [] : await storeCandles(deps.db, of, candles);
  const closedMs = Math.min(...sound.map((r) => r.closedMs));
  if (asked.size >= MAX_ASKED) asked.clear();
  asked.set(key, { atMs: nowMs, closedMs });
  return { kind: 'ok', closedMs, restated };
}

type Piece = { kind: 'ok'; candles: Candle[]; closedMs: number } | Extract<CandleWindow, { kind: 'missing' }>;

async function askPiece(deps: Deps, of: Of, window: Interval, nowMs: number): Promise<Piece> {
  if (of.bridgeId === null) return { kind: 'missing', missing: [window], word: 'no-bridge' };
  const wanted = {
    symbol: of.symbol,
    timeframe: of.timeframe,
    window,
    count: BARS_PER_REPLY,
  };
  const reply = await bridgeClient(deps, of.bridgeId).candles(wanted);
  if (reply.kind === 'no-reply') return { kind: 'missing', missing: [window], word: reply.word };
  const closedMs = reply.value.server_now ?? nowMs;
  const stated = reply.value.candles.map(({ time, ...figures }) => ({ timeMs: time, ...figures }));
  const checked = checkedCandles(stated, { timeframe: of.timeframe, window, nowMs: closedMs });
  if (checked.kind === 'ok') return { ...checked, closedMs };
  return { kind: 'missing', missing: [window], word: `a bar ${checked.fault}` };
}
