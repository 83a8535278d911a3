// The account's value net of what was paid in and out (domain.md 3.1): units are bought and redeemed at the value that a
// unit has at that moment, so that a flow moves no drawdown.
// Invariants: a flow counts once, and only together with its money; money that no deal explains makes the sample unsettled,
// and while it is, no peak rises; of a cancelled deal the version before counts.
import Big from 'big.js';
import type { GuardOrder, GuardSample, GuardState } from './guard-order.ts';

/** 12 places, half to even: what the other implementation of this guard rounds to. */
const Exact = Big();
Exact.DP = 12;
Exact.RM = Big.roundHalfEven;

const FLOW_TYPES: readonly string[] = ['balance', 'credit', 'bonus', 'correction'];
const CANCELLED_TYPES: readonly string[] = ['buy_canceled', 'sell_canceled'];
/** Money without its deal, or a deal without its money, is waited for so long before it is judged. */
const UNSETTLED_MS = 5_000;

export const exact = (value: string | number): Big => new Exact(value);
/** Without an exponent or a negative zero. */
export const text = (value: Big): string => (value.eq(0) ? '0' : value.toFixed());

/** The state with the figures that an order states, in place of its own; flows that it does not know are kept. */
export function anchored(state: GuardState, order: GuardOrder): GuardState {
  const before = state.order;
  const keys = ['units', 'peak', 'balance', 'credit', 'booked_to'] as const;
  if (before !== null && keys.every((key) => before[key] === order[key])) return state;
  const isLater = ([ticket]: [string, unknown]) =>
    order.booked_to === null || BigInt(ticket) > BigInt(order.booked_to);
  const flows = Object.fromEntries(Object.entries(state.flows).filter(isLater));
  const bought = Object.values(flows).map((flow) => exact(flow.money).div(flow.nav));
  const units = bought.reduce((sum, some) => sum.plus(some), exact(order.units));
  return {
    ...state,
    ...{ units: text(units), peak: order.peak, nav: null, flows, drift: '0', floor_off: false },
    deals: Object.fromEntries(Object.entries(state.deals).filter(isLater)),
  };
}

/** The state with a sample's money taken in; `isSettled`: whether it may be judged. */
export function settled(state: GuardState, sample: GuardSample): { state: GuardState; isSettled: boolean } {
  const { order } = state;
  if (order === null) return { state, isSettled: false };
  const deals = withDeals(state, order, sample);
  const booked = Object.values(deals).reduce((sum, deal) => sum.plus(deal.money), exact(0));
  const money = exact(sample.balance).plus(sample.credit).minus(order.balance).minus(order.credit);
  const drift = money.minus(booked);
  const isWhole = drift.eq(0);
  const has = (ticket: string) => state.deals[ticket]?.money === deals[ticket]?.money;
  const isUnpaid = (ticket: string) => state.flows[ticket]?.money !== deals[ticket]?.money;
  const due = Object.keys(deals).filter((ticket) => deals[ticket]?.is_flow === true && isUnpaid(ticket));
  // What came since the last sample has brought its money where nothing else is missing now than was then.
  const arrived = isWhole ? due : drift.eq(state.drift) ? due.filter((ticket) => !has(ticket)) : [];
  const late = due.filter((ticket) => !arrived.includes(ticket));
  const owing = late.reduce((sum, ticket) => sum.plus(deals[ticket]?.money ?? '0'), drift);
  const unsettledMs = isWhole ? null : (state.unsettled_ms ?? sample.at_ms);
  const next = { ...state, deals, drift: text(drift), unsettled_ms: unsettledMs };
  return {
    state: paid(next, exact(sample.equity), { arrived, owing }),
    isSettled: unsettledMs === null || sample.at_ms - unsettledMs >= UNSETTLED_MS,
  };
}

function withDeals(state: GuardState, order: GuardOrder, sample: GuardSample): GuardState['deals'] {
  const deals = { ...state.deals };
  for (const { ticket, type, money } of sample.deals) {
    if (order.booked_to !== null && BigInt(ticket) <= BigInt(order.booked_to)) continue;
    if (CANCELLED_TYPES.includes(type) && deals[ticket] !== undefined) continue;
    deals[ticket] = { money: text(exact(money)), is_flow: FLOW_TYPES.includes(type) };
  }
  return deals;
}

/**
 * Units for the flows that have arrived, at the value that a unit had without them, and without the money that no deal
 * explains (`owing`): it may be a flow as well, which buys or redeems at that value later.
 */
function paid(state: GuardState, equity: Big, of: { arrived: readonly string[]; owing: Big }): GuardState {
  const { arrived, owing } = of;
  if (arrived.length === 0) return state;
  const owed = arrived.map((ticket) => {
    const money = exact(state.deals[ticket]?.money ?? '0');
    return { ticket, money, missing: money.minus(state.flows[ticket]?.money ?? '0') };
  });
  const before = owed.reduce((rest, { missing }) => rest.minus(missing), equity);
  const units = exact(state.units);
  const value = units.gt(0) ? before.minus(owing).div(units) : exact(0);
  const noted = (nav: Big) => ({
    ...state.flows,
    ...Object.fromEntries(owed.map(({ ticket, money }) => [ticket, { money: text(money), nav: text(nav) }])),
  });
  // An empty account begins anew with what is paid in.
  if (value.lte(0))
    return {
      ...state,
      units: equity.gt(0) ? text(equity) : '0',
      peak: '1',
      nav: null,
      flows: noted(exact(1)),
    };
  const made = owed.reduce((sum, { missing }) => sum.plus(missing.div(value)), units);
  const floor = state.order?.equity_floor ?? null;
  const fellByIt = floor !== null && before.gte(floor) && equity.lt(floor);
  return {
    ...state,
    ...{ units: text(made.gt(0) ? made : exact(0)), flows: noted(value) },
    floor_off: state.floor_off || fellByIt,
  };
}

/** The state with the value of a unit in a sample that is judged; a peak needs two samples, all of whose money is explained. */
export function valued(state: GuardState, sample: GuardSample): GuardState {
  const units = exact(state.units);
  if (state.unsettled_ms !== null || units.lte(0)) return state;
  const nav = exact(sample.equity).div(units);
  const last = exact(state.nav ?? '0');
  const seen = last.lt(nav) ? last : nav;
  return { ...state, nav: text(nav), peak: seen.gt(state.peak) ? text(seen) : state.peak };
}

/** Whether the value of a unit has fallen from its peak by so many basis points. */
export function hasFallen(state: GuardState, equity: string, byBps: number): boolean {
  const level = exact(state.units)
    .times(state.peak)
    .times(10_000 - byBps);
  return exact(equity).times(10_000).lte(level);
}

/** Whether positions, balance and credit make up the equity: within a unit of money or half a percent. */
export function addsUp(sample: GuardSample): boolean {
  const floating = sample.positions.reduce((sum, row) => sum.plus(row.profit).plus(row.swap), exact(0));
  const expected = exact(sample.balance).plus(sample.credit).plus(floating);
  const share = expected.abs().times('0.005');
  return expected
    .minus(sample.equity)
    .abs()
    .lte(share.gt(1) ? share : 1);
}
