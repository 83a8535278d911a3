// The bridge's own guard (domain.md 3.3): when it closes everything in scope without being asked again, and what it does
// next. Pure: the same states and samples give the same answers here and in the reference bridge.
// Invariants: nothing is done at a terminal that is logged in to another account than the order's; a close that was ordered
// is carried out whether the other side is heard again or not, unless a newer order takes it back; a breach of one sample
// closes nothing; closing goes on until two samples show nothing in scope, whatever the broker answered; money that was
// paid in or out is no breach.
import { addsUp, anchored, exact, hasFallen, settled, text, valued } from './guard-money.ts';
import {
  type Breach,
  type GuardAction,
  type GuardOrder,
  type GuardPosition,
  type GuardSample,
  type GuardState,
  idleGuard,
} from './guard-order.ts';

/** An order for the account that stands in the terminal, or none. */
export type Terminal = { login: string; server: string };

export interface GuardStep {
  state: GuardState;
  /** To be done now, in this order. */
  actions: GuardAction[];
  /** Why the sample was not judged. */
  rejected: string | null;
  /** Something that the other side should hear at once. */
  is_urgent: boolean;
}

/** A sample sooner than this after the last breaching one is no second one, and one later than that begins anew. */
const SOONEST_MS = 1_000;
const LATEST_MS = 15_000;
const SILENT_MS = 60_000;
const HARD_SAMPLES = 2;
const ORDINARY_SAMPLES = 3;
const EMPTY_SAMPLES = 2;
const RECOVERED_SAMPLES = 2;
const RECOVERED_BPS = 50;
const DEVIATION_POINTS = [20, 50, 100] as const;
/** What the broker may do yet, or have done all the same, is left alone for a while. */
const AMBIGUOUS: readonly number[] = [10008, 10011, 10012, 10031];
const AMBIGUOUS_PAUSE_MS = 10_000;
/** Another price, at once. */
const REQUOTED: readonly number[] = [10004, 10020, 10021];
/** Done, done in part, nothing to do, or gone. */
const DONE: readonly number[] = [10009, 10010, 10025, 10035, 10036];
const PAUSE_MS = 2_000;
const MOST_PAUSE_MS = 30_000;

/** Takes an order, where it is newer than the last and for this account; its figures replace ours. */
export function guardOrdered(state: GuardState, order: GuardOrder, terminal: Terminal): GuardState {
  if (order.login !== terminal.login) return { ...state, refused: 'login' };
  if (order.server !== terminal.server) return { ...state, refused: 'server' };
  const before = state.order;
  const sameAccount = before?.login === order.login && before.server === order.server;
  if (before !== null && sameAccount && order.version <= before.version) return { ...state, refused: null };
  const from = sameAccount ? state : idleGuard();
  const next = { ...anchored(from, order), order, refused: null };
  return ends(state, order) ? atRest(next) : next;
}

/** Whether an order ends what the guard is about. What it began by itself it ends only for who can know of it. */
function ends(state: GuardState, order: GuardOrder): boolean {
  if (order.close !== null) return state.trip_id !== null && state.trip_id !== order.close.trip_id;
  if (order.latched || state.trip_id !== null) return true;
  const isOwn = state.phase === 'closing' || state.phase === 'flat';
  return isOwn && (!order.armed || (state.phase === 'flat' && state.told));
}

const atRest = (state: GuardState): GuardState => ({
  ...state,
  ...{ phase: 'idle', cause: null, trip_id: null, since_ms: null, told: false },
  ...{ breach: null, recovered: 0, empty_samples: 0, tries: {} },
});

const entered = (
  state: GuardState,
  sample: GuardSample,
  into: Pick<GuardState, 'phase'> & Partial<GuardState>,
): GuardState => ({ ...state, since_ms: sample.at_ms, told: false, empty_samples: 0, ...into });

/** One look at the terminal. */
export function guardStep(before: GuardState, sample: GuardSample): GuardStep {
  const { order } = before;
  const idle = { state: before, actions: [], is_urgent: false };
  if (order === null) return { ...idle, rejected: 'no-order' };
  if (sample.login !== order.login) return { ...idle, rejected: 'login' };
  if (sample.server !== order.server) return { ...idle, rejected: 'server' };
  const seen = judged(before, order, sample);
  const acting =
    order.close !== null
      ? orderedPhase(seen.state, order.close, sample)
      : seen.rejected === null
        ? ownPhase(seen.state, order, sample)
        : seen.state;
  const state = emptied(acting, order, sample);
  return {
    state,
    actions: state.phase === 'closing' ? due(state, order, sample) : [],
    rejected: seen.rejected,
    is_urgent:
      state.phase !== before.phase ||
      (state.breach !== null && before.breach === null && state.phase === 'idle'),
  };
}

/** The state with what this sample says of breaches; a sample that cannot be believed changes none of that. */
function judged(
  state: GuardState,
  order: GuardOrder,
  sample: GuardSample,
): { state: GuardState; rejected: string | null } {
  if (!sample.is_readable) return { state, rejected: 'unreadable' };
  if (!addsUp(sample)) return { state, rejected: 'identity' };
  const { state: paid, isSettled } = settled(state, sample);
  if (!isSettled) return { state: paid, rejected: 'unposted-flow' };
  const next = valued({ ...paid, equity: text(exact(sample.equity)) }, sample);
  const breach = order.armed && !order.latched ? breachOf(next, order, sample) : null;
  const isFar = !hasFallen(next, sample.equity, order.trip_bps - RECOVERED_BPS);
  return {
    state: { ...next, breach, recovered: breach === null && isFar ? next.recovered + 1 : 0 },
    rejected: null,
  };
}

/** The breach that a sample shows, counted on from the last one's. */
function breachOf(state: GuardState, order: GuardOrder, sample: GuardSample): Breach | null {
  const cause = causeOf(state, order, sample);
  if (cause === null) return null;
  const isHard = cause === 'equity' || cause === 'hard-drawdown';
  const last = state.breach;
  const sinceMs = last === null ? null : sample.at_ms - last.at_ms;
  if (last !== null && sinceMs !== null && sinceMs >= 0 && sinceMs < SOONEST_MS) return last;
  const losing = sample.positions
    .filter((row) => exact(row.profit).plus(row.swap).lt(0))
    .map((row) => row.symbol);
  const quotes = Object.fromEntries(
    Object.entries(sample.quotes).filter(([symbol]) => losing.includes(symbol)),
  );
  const first = { samples: 1, hard: isHard ? 1 : 0, cause, at_ms: sample.at_ms, quotes };
  if (last === null || sinceMs === null || sinceMs < 0 || sinceMs > LATEST_MS) return first;
  // A price that stands still is one sample, however often it is read.
  if (!isNewer(last.quotes, quotes)) return { ...last, cause, at_ms: sample.at_ms };
  return { ...last, samples: last.samples + 1, hard: isHard ? last.hard + 1 : 0, cause, at_ms: sample.at_ms };
}

function isNewer(before: GuardSample['quotes'], now: GuardSample['quotes']): boolean {
  const symbols = Object.keys(now);
  if (symbols.length === 0) return true;
  return symbols.some((symbol) => {
    const [was, is] = [before[symbol], now[symbol]];
    if (was === undefined || is === undefined) return true;
    return is.time_ms > was.time_ms || is.bid !== was.bid || is.ask !== was.ask;
  });
}

function causeOf(state: GuardState, order: GuardOrder, sample: GuardSample): string | null {
  const { positions, orders } = inScope(order, sample);
  if (positions.length + orders.length === 0) return null;
  const equity = exact(sample.equity);
  if (equity.lte(0) && sample.positions.length > 0) return 'equity';
  if (exact(state.units).lte(0)) return null;
  if (hasFallen(state, sample.equity, order.hard_bps)) return 'hard-drawdown';
  if (hasFallen(state, sample.equity, order.trip_bps)) return 'drawdown';
  const floor = state.floor_off ? null : order.equity_floor;
  return floor !== null && equity.lt(floor) ? 'floor' : null;
}

/** What is ordered waits for its time and for nothing else. */
function orderedPhase(
  state: GuardState,
  close: NonNullable<GuardOrder['close']>,
  sample: GuardSample,
): GuardState {
  const { trip_id } = close;
  const begun = { phase: 'warned', cause: 'ordered', trip_id } as const;
  // What it had begun by itself goes on, and is this trip's from now on.
  const known = state.phase === 'idle' ? entered(state, sample, begun) : { ...state, trip_id };
  const isDue = sample.at_ms >= Date.parse(close.not_before);
  return known.phase === 'warned' && isDue ? entered(known, sample, { phase: 'closing' }) : known;
}

/** What the guard does by itself: at once at a hard breach, else after the other side was silent and a warning. */
function ownPhase(state: GuardState, order: GuardOrder, sample: GuardSample): GuardState {
  const { breach } = state;
  const isSilent = sample.silent_ms > SILENT_MS;
  if (state.phase === 'closing' || state.phase === 'flat') return state;
  if (breach !== null && breach.hard >= HARD_SAMPLES)
    return entered(state, sample, { phase: 'closing', cause: breach.cause });
  if (state.phase === 'idle') {
    const isMeant = isSilent && breach !== null && breach.samples >= ORDINARY_SAMPLES;
    return isMeant ? entered(state, sample, { phase: 'warned', cause: breach.cause }) : state;
  }
  // Who is heard again judges for himself, and says so.
  if (!isSilent || !order.armed || state.recovered >= RECOVERED_SAMPLES) return atRest(state);
  const isDue = sample.at_ms >= (state.since_ms ?? 0) + order.warning_ms;
  return isDue ? entered(state, sample, { phase: 'closing' }) : state;
}

/** Counts samples with nothing in scope; what comes back in scope afterwards is closed again. */
function emptied(state: GuardState, order: GuardOrder, sample: GuardSample): GuardState {
  if (state.phase !== 'closing' && state.phase !== 'flat') return state;
  const { positions, orders } = inScope(order, sample);
  if (positions.length + orders.length > 0)
    return state.phase === 'flat'
      ? entered(state, sample, { phase: 'closing' })
      : { ...state, empty_samples: 0 };
  if (state.phase === 'flat') return state;
  const seen = { ...state, empty_samples: state.empty_samples + 1 };
  return seen.empty_samples >= EMPTY_SAMPLES ? entered(seen, sample, { phase: 'flat', tries: {} }) : seen;
}

function inScope(order: GuardOrder, sample: GuardSample): Pick<GuardSample, 'positions' | 'orders'> {
  const isMeant = ({ magic }: { magic: string }) =>
    order.scope === 'all' || BigInt.asUintN(64, BigInt(magic)) >> 40n === BigInt(order.namespace);
  return { positions: sample.positions.filter(isMeant), orders: sample.orders.filter(isMeant) };
}

/** Cancels first, then closes, the largest loss first; what was tried a moment ago is left for later. */
function due(state: GuardState, order: GuardOrder, sample: GuardSample): GuardAction[] {
  const { positions, orders } = inScope(order, sample);
  const isDue = ({ ticket }: { ticket: string }) => (state.tries[ticket]?.next_ms ?? 0) <= sample.at_ms;
  const result = (row: GuardPosition) => exact(row.profit).plus(row.swap);
  const byLoss = (a: GuardPosition, b: GuardPosition) =>
    result(a).cmp(result(b)) || (BigInt(a.ticket) < BigInt(b.ticket) ? -1 : 1);
  return [
    ...orders.filter(isDue).map(({ ticket, symbol }) => ({ kind: 'cancel' as const, ticket, symbol })),
    ...positions
      .filter(isDue)
      .toSorted(byLoss)
      .map(({ ticket, symbol, side, volume }) => {
        const step = Math.min(state.tries[ticket]?.count ?? 0, DEVIATION_POINTS.length - 1);
        const deviation_points = DEVIATION_POINTS[step] ?? 100;
        const closing = side === 'buy' ? ('sell' as const) : ('buy' as const);
        return { kind: 'close' as const, ticket, symbol, side: closing, volume, deviation_points };
      }),
  ];
}

/** What the broker answered to an action: when it is tried again where it is still needed then. None: nothing was heard. */
export function guardActed(
  state: GuardState,
  acted: { ticket: string; retcode: number | null; at_ms: number },
): GuardState {
  const { ticket, retcode, at_ms } = acted;
  const count = (state.tries[ticket]?.count ?? 0) + 1;
  const { [ticket]: _done, ...others } = state.tries;
  if (retcode !== null && DONE.includes(retcode)) return { ...state, tries: others };
  const pauseMs =
    retcode === null || AMBIGUOUS.includes(retcode)
      ? AMBIGUOUS_PAUSE_MS
      : REQUOTED.includes(retcode)
        ? 0
        : Math.min(PAUSE_MS * 2 ** Math.min(count, 10), MOST_PAUSE_MS);
  return { ...state, tries: { ...others, [ticket]: { count, next_ms: at_ms + pauseMs } } };
}

/** Its phase has been told. */
export const guardTold = (state: GuardState): GuardState => (state.told ? state : { ...state, told: true });
