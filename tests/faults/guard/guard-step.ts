// What may happen to an account that is guarded.
import {
  EXECUTION_FAULTS,
  SECTIONS,
  SNAPSHOT_FAULTS,
  TRANSPORT_FAULTS,
} from '../../../infra/local/broker/fault-book.ts';

/** The two that a person trades by hand; signals come for the first. */
export const SYMBOLS = ['XAUUSD', 'EURUSD'] as const;
export type TradedSymbol = (typeof SYMBOLS)[number];
/** Another account at the same terminal, worth a tenth. */
export const DECOY_LOGIN = '1';

export type Side = 'buy' | 'sell';
export type Envelope = 'snapshot' | 'execute' | 'lookup' | 'guard' | 'sync';
/** When the deal of a flow is shown: with its money, a snapshot later, before it, or by several snapshots. */
export type Timing = 'now' | 'late' | 'early' | 'doubled';

export type Step =
  /** By hand at the terminal. */
  | { do: 'hold'; symbol: TradedSymbol; side: Side; lots: string }
  | { do: 'pending'; lots: string }
  | { do: 'hand-close' }
  | { do: 'approve'; side: Side; type: 'market' | 'limit' }
  /** Gold moves until the account stands so many basis points below the highest that it was worth, and stays. */
  | { do: 'fall'; bps: number }
  /** The same for a single quote, at the very moment of the next snapshot; below zero it is above. */
  | { do: 'spike'; bps: number }
  /** What is shown next has such a figure in place of the account's equity. */
  | { do: 'figure'; equity: string }
  | { do: 'flow'; type: 'deposit' | 'credit'; amount: string; timing: Timing }
  | { do: 'fault'; kind: string; on: Envelope | null; times: number }
  /** For so long: gold does not trade, the broker lets nothing be traded, nobody reaches the bridge, we are gone. */
  | { do: 'outage'; of: 'market' | 'trading' | 'bridge' | 'cloud'; seconds: number }
  /** What becomes of the next messages that are put on the queue. */
  | { do: 'queue'; what: 'lose' | 'double'; times: number }
  /** Whoever works dies between a commit and what follows it: a call to the bridge, or a message. */
  | { do: 'die'; before: 'snapshot' | 'execute' | 'message' }
  | { do: 'restart' }
  | { do: 'person'; what: 'rearm' | 'halt' | 'resume' | 'close-all' }
  /** Two look at once. */
  | { do: 'twice' }
  | { do: 'pass'; seconds: number };
export type Action = Step['do'];
export const ACTIONS: readonly Action[] = [
  ...([
    'hold',
    'pending',
    'hand-close',
    'approve',
    'fall',
    'spike',
    'figure',
    'flow',
    'fault',
    'outage',
  ] as const),
  ...(['queue', 'die', 'restart', 'person', 'twice', 'pass'] as const),
];

export type Fault = Extract<Step, { do: 'fault' }>;
const fault = (kind: string, on: Envelope | null): Fault => ({ do: 'fault', kind, on, times: 1 });
const switched = `switch:${DECOY_LOGIN}`;
const shown = [...SNAPSHOT_FAULTS.filter((k) => !k.endsWith('*')), ...SECTIONS.map((s) => `failed:${s}`)];
/** One of each class of domain 1.4 that a close may be answered with. */
const REFUSALS = [10004, 10006, 10011, 10012, 10014, 10016, 10017, 10018, 10024, 10027, 10029, 10031, 10036];

/** Every fault where it can bite, of a bridge that is called. */
export const HAZARDS: readonly Fault[] = [
  ...[...TRANSPORT_FAULTS, ...shown, switched, 'disconnected'].map((k) => fault(k, 'snapshot')),
  ...[...TRANSPORT_FAULTS, switched, 'disconnected'].map((k) => fault(k, 'execute')),
  ...[...TRANSPORT_FAULTS, switched].map((k) => fault(k, 'lookup')),
  ...[...TRANSPORT_FAULTS, switched].map((k) => fault(k, 'guard')),
  // The broker takes these where it trades, and the bridge's clock is wrong for whatever comes next.
  ...[...EXECUTION_FAULTS, ...REFUSALS.map((code) => `reject:${code}`), 'skew:-400', 'skew:20'].map((k) =>
    fault(k, null),
  ),
];
/** And of one that polls: what the broker and a look-up do is the same. */
export const POLLED_HAZARDS: readonly Fault[] = [
  ...['drop', 'timeout_after', 'bad_signature'].map((k) => fault(k, 'sync')),
  ...['torn', switched, 'disconnected'].map((k) => fault(k, 'snapshot')),
  ...['partial_fill', 'crash_after_intent', 'crash_after_send'].map((k) => fault(k, null)),
];
/** A schedule for a reader. */
export const said = (steps: readonly Step[]): string =>
  steps.map(({ do: name, ...rest }) => [name, ...Object.values(rest)].join(' ')).join('; ');
