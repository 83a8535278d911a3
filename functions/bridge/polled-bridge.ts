/**
 * The polling adapter of the bridge port: what is asked is answered by what the bridge has brought, and what it has not
 * brought goes into our reply (`deferred`). It lives as long as one request. An execution is never answered here: its
 * result counts by the command and the attempt that it names (`results`). What a look-up's and a candle's answer is about
 * stands in its `request_id`, and a look-up is dated by when it was asked for, so that one which is brought again is no
 * second look. Pure.
 */
import { type BridgePort, candlesAsk, type NoReply, requestOf, type WantedCandles } from './bridge-port.ts';
import type { BridgeRequest, CandlesReply, ExecutionResult, GuardOrder, Lookup } from './bridge-protocol.ts';
import type { SyncRequest } from './sync-protocol.ts';

/** A look-up that was under way for longer is made anew. */
const LOOKUP_KEPT_MS = 60_000;
/** As of any symbol that a bridge names. */
const MAX_SYMBOL_LENGTH = 100;
const DEFERRED: NoReply = { kind: 'no-reply', effect: 'unknown', word: 'deferred' };

export type BroughtCandles = { symbol: string; timeframe: string; reply: CandlesReply };
export type PolledBridge = BridgePort & {
  /** What was asked and not answered, in the order of asking. */
  readonly requests: readonly BridgeRequest[];
  /** Results of commands that were handed out earlier. */
  readonly results: readonly ExecutionResult[];
  readonly broughtCandles: readonly BroughtCandles[];
  /** What its guard is to judge by, to go out with our reply; the last that was given. */
  readonly guardOrder: GuardOrder | null;
};

type LookupOf = { cmdId: string; attempt: number };
const lookupId = ({ cmdId, attempt }: LookupOf): string => `lookup:${cmdId}:${attempt}:`;
/** A symbol may hold any character. */
const candlesId = ({ symbol, timeframe, count, window }: WantedCandles): string =>
  ['candles', encodeURIComponent(symbol), timeframe, count, window?.fromMs ?? '', window?.toMs ?? ''].join(
    ':',
  );

/** The bridge that sent `brought`, which is read at `nowMs`. */
export function polledBridge(brought: SyncRequest, nowMs: number): PolledBridge {
  const requests: BridgeRequest[] = [];
  const { snapshot, replies } = brought;
  const candleReplies = replies.filter((r) => r.kind === 'candles');
  let guardOrder: GuardOrder | null = null;
  const defer = (request: BridgeRequest): NoReply => {
    requests.push(request);
    return DEFERRED;
  };
  return {
    lane: 'polled',
    requests,
    results: replies.flatMap((r) => (r.kind === 'execute' ? [r.result] : [])),
    broughtCandles: candleReplies.flatMap(aboutOf),
    snapshot: async (dealsFromMs) =>
      snapshot !== null && reachesBackTo(brought.deals_from, dealsFromMs)
        ? { kind: 'reply', value: snapshot }
        : DEFERRED,
    execute: async (command) =>
      defer(requestOf({ kind: 'execute', command }, `${command.cmd_id}:${command.attempt}`, nowMs)),
    lookup: async (command) => {
      const found = newestLookup(replies, lookupId(command), nowMs);
      if (found !== null) return { kind: 'reply', ...found };
      const ask = { kind: 'lookup', cmd_id: command.cmdId, magic: command.magic } as const;
      return defer(requestOf(ask, `${lookupId(command)}${nowMs}`, nowMs));
    },
    candles: async (wanted) => {
      const id = candlesId(wanted);
      const found = candleReplies.find((r) => r.request_id === id);
      return found ? { kind: 'reply', value: found } : defer(requestOf(candlesAsk(wanted), id, nowMs));
    },
    guard: async (order) => {
      guardOrder = order;
      return DEFERRED;
    },
    get guardOrder() {
      return guardOrder;
    },
  };
}

/** Whether a history read since `fromMs` holds all that is needed since `neededMs` (null: the beginning). */
const reachesBackTo = (fromMs: number | null, neededMs: number | null): boolean =>
  fromMs === null || (neededMs !== null && fromMs <= neededMs);

/** The newest answer to a look-up whose id begins so, and when it was asked for. One from the future was not asked by us. */
function newestLookup(
  replies: SyncRequest['replies'],
  idBegins: string,
  nowMs: number,
): { value: Lookup; askedMs: number } | null {
  const found = replies.flatMap((r) => {
    if (r.kind !== 'lookup' || !r.request_id.startsWith(idBegins)) return [];
    const asked = r.request_id.slice(idBegins.length);
    const askedMs = /^\d{1,15}$/.test(asked) ? Number(asked) : Number.NaN;
    return askedMs <= nowMs && nowMs - askedMs <= LOOKUP_KEPT_MS ? [{ value: r, askedMs }] : [];
  });
  return found.toSorted((a, b) => b.askedMs - a.askedMs)[0] ?? null;
}

function aboutOf(reply: CandlesReply): BroughtCandles[] {
  const [kind, encoded = '', timeframe = ''] = reply.request_id.split(':');
  if (kind !== 'candles') return [];
  try {
    const symbol = decodeURIComponent(encoded);
    return symbol.length > MAX_SYMBOL_LENGTH ? [] : [{ symbol, timeframe, reply }];
  } catch {
    return [];
  }
}
