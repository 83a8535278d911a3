/**
 * A sample taken into what a guard knows: rejected by name, or accepted with its flows, NAV and drawdown. Invariants: a
 * rejected sample changes no figure; zeros that no deal explains are never an empty account; a peak never rises while money
 * is unexplained, nor by the same quote twice. Pure.
 */
import { Big, plain } from '../platform/decimal.ts';
import { type FlowBook, type Settlement, settlement, startFlows } from './flow-settlement.ts';
import { isNewer, midsOf, priceVerdict, resultBySymbol, unsoundMoney } from './guard-sample-filter.ts';
import type { GuardSample, GuardState, Rejection } from './guard-state.ts';
import { drawdownOf, NO_UNITS, navOf, startUnits, type UnitBook, withFlow, withNav } from './unit-nav.ts';

export type Reading = {
  state: GuardState;
  rejectedFor: Rejection | null;
  /** What arrived (or left) with the sample. */
  flow: string;
  /** Whether its price was one that could be compared. */
  vouched: boolean;
  /** Whether its lists and sums are those of the account, whatever its prices are. */
  isWhole: boolean;
  /** Accepted, and nothing is left and nothing open: by loss or withdrawal. */
  isEmptied: boolean;
};

const SEEN_NOTHING = { flow: '0', vouched: false, isEmptied: false };

/** Reads the next sample. One that is not newer than the last leaves everything as it was. */
export function readSample(state: GuardState, sample: GuardSample): Reading {
  if (state.seenMs !== null && sample.atMs <= state.seenMs)
    return { ...SEEN_NOTHING, state, rejectedFor: 'not-newer', isWhole: false };
  const seen = { ...state, seenMs: sample.atMs };
  const refuse = (rejectedFor: Rejection, flows: FlowBook | null, isWhole: boolean): Reading => ({
    ...{ ...SEEN_NOTHING, rejectedFor, isWhole },
    state: { ...seen, flows, rejections: state.rejections + 1 },
  });
  const unsound = unsoundMoney(sample);
  if (unsound !== null) return refuse(unsound, state.flows, false);
  if (state.flows === null) return firstReading(seen, sample);
  const money = settlement(state.flows, sample);
  const isNothing = new Big(sample.equity).lte(0) && sample.positions.length === 0;
  if (isNothing && money.kind !== 'settled') return refuse('zero-equity', money.refused, false);
  if (money.kind === 'waiting') return refuse('unposted-flow', money.refused, true);
  const price = priceVerdict(sample, state);
  if (price.jump !== null) {
    const refused = refuse('price-jump', money.refused, true);
    return { ...refused, state: { ...refused.state, jump: price.jump } };
  }
  return accepted(seen, sample, money, price.vouched);
}

function firstReading(state: GuardState, sample: GuardSample): Reading {
  const isNothing = new Big(sample.equity).lte(0) && sample.positions.length === 0;
  const phase = isNothing ? 'empty' : state.phase;
  return {
    ...{ rejectedFor: null, flow: '0', vouched: false, isWhole: true, isEmptied: false },
    state: {
      ...withFigures(state, sample, beginning(sample)),
      ...{ flows: startFlows(sample), settled: settledBy(sample) },
      phase: state.phase === 'armed' ? phase : state.phase,
    },
  };
}

function accepted(state: GuardState, sample: GuardSample, money: Settlement, vouched: boolean): Reading {
  const equity = new Big(sample.equity);
  const flow = money.arrived.plus(money.assumed);
  const nav = navOf(state, equity, flow);
  const rises = money.kind === 'settled' ? risesBy(state, sample) : 'no';
  const priced = withNav(state, nav, rises);
  const traded = money.arrived.eq(0) ? priced : withFlow(priced, equity.minus(money.assumed), money.arrived);
  const book = state.phase === 'empty' ? beginning(sample) : traded;
  return {
    state: {
      ...withFigures(state, sample, book),
      flows: money.taken,
      settled: money.taken.unsettled === null ? settledBy(sample) : state.settled,
      candidateQuote: candidateQuote(state, book, sample),
    },
    rejectedFor: null,
    flow: plain(flow),
    vouched,
    isWhole: true,
    isEmptied: state.phase !== 'empty' && sample.positions.length === 0 && (equity.lte(0) || nav.lte(0)),
  };
}

/** The units of an account as a sample shows it. */
function beginning({ equity, positions }: Pick<GuardSample, 'equity' | 'positions'>): UnitBook {
  const worth = new Big(equity);
  return worth.gt(0) ? startUnits(worth, positions.length > 0) : NO_UNITS;
}

const settledBy = ({ balance, credit, bookedTo }: GuardSample): GuardState['settled'] => ({
  ...{ balance, credit, bookedTo: bookedTo ?? null },
});

/** The state with a book of units and the sample as the last accepted one. */
function withFigures(state: GuardState, sample: GuardSample, book: UnitBook): GuardState {
  const { atMs, balance, credit, equity } = sample;
  const { units, nav, peak, candidate, provisional } = book;
  return {
    ...state,
    ...{ units, nav, peak, candidate, provisional, drawdownBps: drawdownOf(book) },
    ...{
      last: { atMs, balance, credit, equity },
      mids: midsOf(sample, state.mids),
      jump: null,
      rejections: 0,
    },
  };
}

/** A state whose units begin anew at what the account is worth, while nothing is open. */
export function rebased(state: GuardState): GuardState {
  const book = beginning({ equity: state.last?.equity ?? '0', positions: [] });
  return { ...state, ...book, drawdownBps: 0, candidateQuote: null };
}

/** A peak needs a price of its own for the second time, or one that nothing open depends on any more. */
function risesBy({ candidateQuote: first }: GuardState, sample: GuardSample): 'candidate' | 'confirms' {
  if (first === null || !sample.positions.some((p) => p.symbol === first.symbol)) return 'confirms';
  return isNewer(sample.quotes, [first.symbol], { [first.symbol]: first.timeMs }) ? 'confirms' : 'candidate';
}

function candidateQuote(
  before: GuardState,
  book: UnitBook,
  sample: GuardSample,
): GuardState['candidateQuote'] {
  if (book.candidate === null) return null;
  if (book.candidate === before.candidate && book.peak === before.peak) return before.candidateQuote;
  let best: { symbol: string; result: Big } | null = null;
  for (const [symbol, result] of resultBySymbol(sample))
    if (best === null || result.gt(best.result)) best = { symbol, result };
  const timeMs = best === null ? undefined : sample.quotes[best.symbol]?.timeMs;
  return best === null || timeMs === undefined ? null : { symbol: best.symbol, timeMs };
}
