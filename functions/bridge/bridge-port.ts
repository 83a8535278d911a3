/**
 * How we speak to the program beside a terminal, whatever carries the words. Two adapters: the webhook, which we call and
 * which answers (`bridge-client.ts`), and the poll, whose program fetches what we ask and brings the answer with a later
 * request (`polled-bridge.ts`). What both keep is `tests/bridge/bridge-contract.ts`.
 */
import { isoTime } from '../platform/clock.ts';
import {
  type BridgeCommand,
  type BridgeRequest,
  type CandlesReply,
  type ExecutionResult,
  type GuardOrder,
  type GuardReport,
  type Lookup,
  PROTOCOL_VERSION,
  type Snapshot,
} from './bridge-protocol.ts';

export type NoReply = {
  kind: 'no-reply';
  /** `none`: surely nothing was done. `unknown`: it may have been. */
  effect: 'none' | 'unknown';
  word:
    | 'unregistered'
    | 'blocked'
    | 'unreachable'
    | 'timeout'
    | 'too-large'
    | 'refused'
    | 'unsigned'
    | 'malformed'
    | 'circuit-open'
    /** It polls: nobody can call it. */
    | 'polled'
    /** It will be told with our reply to a request of its own, and a later one brings the answer. */
    | 'deferred';
};
export type Reply<T> =
  | {
      kind: 'reply';
      value: T;
      /** When it was asked for, where that is not just now: what it says may be as old. */
      askedMs?: number;
    }
  | NoReply;

/** `called`: when the ask ends nobody holds the request any more. `polled`: whoever fetched it may still act on it. */
export type Lane = 'called' | 'polled';
/** Without a window the newest closed bars, with one the first of those that begin in it. */
export type WantedCandles = {
  symbol: string;
  timeframe: string;
  count: number;
  window?: { fromMs: number; toMs: number };
};

export type BridgePort = {
  readonly lane: Lane;
  /**
   * The account's state and its deals since `dealsFromMs` (null: from the beginning) and before `dealsToMs` (null: all). One
   * that polls brings as many as it has room for.
   */
  snapshot(dealsFromMs: number | null, dealsToMs?: number | null): Promise<Reply<Snapshot>>;
  /** Has a command carried out. The bridge's journal makes a repeat of the same command id harmless. */
  execute(command: BridgeCommand): Promise<Reply<ExecutionResult>>;
  /** What became of a command: the bridge's journal and everything at the broker that carries its magic. */
  lookup(command: { cmdId: string; attempt: number; magic: string }): Promise<Reply<Lookup>>;
  candles(wanted: WantedCandles): Promise<Reply<CandlesReply>>;
  /**
   * By what the bridge's own guard judges from now on. Only for one whose snapshot carried a report: others know no such
   * request. The version makes a repeat harmless.
   */
  guard(order: GuardOrder): Promise<Reply<GuardReport>>;
};

/** What is asked, before it has an id and a time. */
export type Ask = BridgeRequest extends infer R
  ? R extends BridgeRequest
    ? Omit<R, 'v' | 'request_id' | 'sent_at'>
    : never
  : never;

/** The ask as it travels. */
export const requestOf = <A extends Ask>(ask: A, requestId: string, nowMs: number) => ({
  v: PROTOCOL_VERSION,
  request_id: requestId,
  sent_at: isoTime(nowMs),
  ...ask,
});

/** The ask for bars. */
export const candlesAsk = ({ window, ...wanted }: WantedCandles): Extract<Ask, { kind: 'candles' }> => ({
  kind: 'candles',
  ...wanted,
  from: window ? isoTime(window.fromMs) : null,
  to: window ? isoTime(window.toMs) : null,
});
