/**
 * What a guard is given, what it knows from sample to sample, and what it says. All of it is JSON: money, units and NAV
 * are plain decimals, ratios numbers, times milliseconds since the epoch. Pure.
 */
import type { GuardReport } from '../bridge/bridge-protocol.ts';
import type { EquityLimit } from './daily-loss.ts';
import type { FlowBook } from './flow-settlement.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { MarketCause } from './market-guard.ts';
import { NO_UNITS, type UnitBook } from './unit-nav.ts';

/**
 * `suspect`: one sample breached. `warned`: confirmed, and a person has until the deadline. `tripped`: everything in scope
 * is being closed. `flat_latched`: nothing is left, and no entry is taken until a person re-arms. `empty`: no money.
 */
export type GuardPhase = 'armed' | 'suspect' | 'warned' | 'tripped' | 'flat_latched' | 'empty';

/** Why: the fall from the peak, the floor, no equity left, a daily rule by its name, or who closed or ordered it. */
export type GuardCause =
  | 'drawdown'
  | 'floor'
  | 'equity'
  | 'bridge'
  | 'person'
  | 'stop-out'
  | MarketCause
  | `daily:${string}`;

/** Why a sample was not judged. */
export type Rejection =
  | 'not-newer'
  | 'not-finite'
  | 'zero-equity'
  | 'identity-broken'
  | 'unposted-flow'
  | 'price-jump';

/** An account as a snapshot showed it that had passed the gate. */
export type GuardSample = {
  /** When it was captured. */
  atMs: number;
  balance: string;
  credit: string;
  equity: string;
  /** Percent; null where there is none. */
  marginLevel: string | null;
  marginStopOut: string | null;
  positions: {
    identifier: string;
    ticket: string;
    symbol: string;
    side: 'buy' | 'sell';
    volume: string;
    profit: string;
    swap: string;
    priceCurrent: string;
    ours: boolean;
  }[];
  /** Working orders. */
  orders: { ticket: string; symbol: string; ours: boolean }[];
  quotes: Record<string, { bid: string; ask: string; timeMs: number }>;
  /** Of each symbol the average true range of an hour, as a price; where it is known. */
  ranges?: Record<string, string>;
  /** All deals of the books and the cash flows among them, added up; this snapshot's own are included. */
  booked: string;
  flowed: string;
  /** The highest ticket among those deals; where it is known. */
  bookedTo?: string | null;
  limits: EquityLimit[];
  /** Of the guards of the market those whose word is to close, where a position stands in their symbol. */
  market?: MarketCause[];
  /** What the bridge's own guard says of itself; null: it has none. */
  bridge: GuardReport | null;
};

export type GuardTrip = {
  tripId: string;
  causes: GuardCause[];
  scope: GuardSettings['scope'];
  /** Executed at once: no time for a person, and no way back. */
  hard: boolean;
  warnedMs: number;
  deadlineMs: number;
  triggeredMs: number | null;
  /** When its daily rules begin anew; null where it has other causes, which only a person may dismiss. */
  resetsAtMs: number | null;
  /** Its owner has stopped the closing. */
  stopped: boolean;
  /** Samples in a row that showed the account recovered. */
  recovered: number;
};

/** One sample, for whoever asks later why it fired. */
export type RecentSample = {
  atMs: number;
  equity: string;
  /** What arrived or left with it. */
  flow: string;
  nav: string;
  drawdownBps: number;
  verdict: 'accepted' | 'breach' | 'hard-breach' | Rejection;
};

export type GuardState = UnitBook & {
  phase: GuardPhase;
  /** Whether the phase is what it would be, and binds nobody. */
  shadow: boolean;
  drawdownBps: number;
  /** The last accepted sample; null before the first. */
  last: { atMs: number; balance: string; credit: string; equity: string } | null;
  /** When the last snapshot of any kind was captured. */
  seenMs: number | null;
  flows: FlowBook | null;
  /** Balance and credit when flows and units last agreed: what a bridge reckons from. */
  settled: { balance: string; credit: string; bookedTo: string | null } | null;
  /** The last accepted middle of bid and ask, by symbol; and where one jumped to that no second sample has shown. */
  mids: Record<string, string>;
  jump: { symbol: string; mid: string; price: string; timeMs: number | null } | null;
  /** Whose price made the candidate of a peak, and of when it was. */
  candidateQuote: { symbol: string; timeMs: number } | null;
  /** The breach under suspicion: when it began, and the times of the losing symbols' quotes then. */
  breach: { atMs: number; causes: GuardCause[]; quotes: Record<string, number>; samples: number } | null;
  trip: GuardTrip | null;
  /** Snapshots in a row without anything in scope. */
  flatSamples: number;
  /** Positions and working orders in scope when last seen. */
  inScope: number;
  /** Those orders, while something is to be closed. */
  orders: GuardSample['orders'];
  warnLevelTold: boolean;
  floor: { equity: string; reached: boolean } | null;
  /** Rejected samples in a row. */
  rejections: number;
  /** What the bridge last said that it closed, so that the same is not taken for another once a person has re-armed. */
  bridgeSinceMs: number | null;
  /** The last trip that is over. */
  endedTripId: string | null;
  recent: RecentSample[];
};

/** What the account looked like when something was said of it. */
export type GuardFigures = {
  atMs: number;
  equity: string;
  balance: string;
  credit: string;
  nav: string;
  peak: string;
  drawdownBps: number;
};

/** What happened. `shadow`: it would have. */
export type GuardEffect = { shadow: boolean; figures: GuardFigures } & (
  | { kind: 'warn-level' }
  | { kind: 'suspect'; causes: GuardCause[] }
  | { kind: 'cleared' }
  | { kind: 'warned'; trip: GuardTrip }
  | { kind: 'revoked'; trip: GuardTrip; by: 'recovery' | 'settings' }
  /** `again`: something in scope came to stand after everything had gone. */
  | { kind: 'tripped'; trip: GuardTrip; again: boolean }
  /** `latched`: entries wait for a person; otherwise the trip is over. */
  | { kind: 'flat'; trip: GuardTrip; latched: boolean }
  | { kind: 'rearmed'; trip: GuardTrip; by: 'reset' | 'settings' }
  | { kind: 'emptied' }
  | { kind: 'floor-disarmed'; floorEquity: string }
);

/** Before the first sample. */
export const BLANK_STATE: GuardState = {
  ...NO_UNITS,
  ...{ phase: 'armed', shadow: false, drawdownBps: 0, last: null, seenMs: null, flows: null, settled: null },
  ...{ mids: {}, jump: null, candidateQuote: null, breach: null, trip: null, flatSamples: 0, inScope: 0 },
  ...{ orders: [], warnLevelTold: false, floor: null, rejections: 0, bridgeSinceMs: null, endedTripId: null },
  recent: [],
};

/** What entries are judged by (`accounts.guard_phase`): a shadow keeps nobody out. */
export const boundPhase = ({ phase, shadow }: GuardState): GuardPhase =>
  shadow && phase !== 'empty' ? 'armed' : phase;

/** The figures of the last accepted sample. */
export const figuresOf = (s: GuardState): GuardFigures => ({
  atMs: s.last?.atMs ?? s.seenMs ?? 0,
  ...{ equity: s.last?.equity ?? '0', balance: s.last?.balance ?? '0', credit: s.last?.credit ?? '0' },
  ...{ nav: s.nav, peak: s.peak, drawdownBps: s.drawdownBps },
});

/** What of a sample is to be closed in a scope. */
export function inScopeOf(sample: Pick<GuardSample, 'positions' | 'orders'>, scope: GuardSettings['scope']) {
  const meant = ({ ours }: { ours: boolean }): boolean => scope === 'all' || ours;
  return { positions: sample.positions.filter(meant), orders: sample.orders.filter(meant) };
}
