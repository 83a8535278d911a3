/**
 * What people and the ledger do to a guard beside its samples: order a closing, stop one, open a latch. The caller stores
 * the state and raises the account's version in one statement. Invariants: a latch is opened once nothing is in scope, and
 * the peak then is what a unit is worth; of an account one trip is under way, and whoever orders another joins it. Pure.
 */
import { rebased } from './guard-reading.ts';
import { BLANK_STATE, type GuardCause, type GuardState, type GuardTrip } from './guard-state.ts';

export type TripOrder = {
  cause: GuardCause;
  /** Of the trip, if it becomes one. */
  tripId: string;
  scope: GuardTrip['scope'];
  nowMs: number;
};
/** `joined`: the closing is that of a trip which was under way. */
export type OrderedTrip = { kind: 'begun' | 'joined'; state: GuardState; trip: GuardTrip };

/**
 * Closes everything in the scope from now on: because a person says so, the broker has closed for want of margin
 * (`stop-out`), or a guard of the market was told to. A trip that was under way goes on, in the wider of the scopes.
 */
export function orderedTrip(before: GuardState | null, order: TripOrder): OrderedTrip {
  const state = before ?? BLANK_STATE;
  const { cause, tripId, nowMs } = order;
  const under = state.shadow ? null : state.trip;
  const trip: GuardTrip = {
    tripId: under?.tripId ?? tripId,
    causes: [...new Set([...(under?.causes ?? []), cause])],
    scope: under?.scope === 'all' ? 'all' : order.scope,
    hard: true,
    warnedMs: under?.warnedMs ?? nowMs,
    deadlineMs: Math.min(under?.deadlineMs ?? nowMs, nowMs),
    triggeredMs: under?.triggeredMs ?? nowMs,
    // Who joins for a reason of his own does not lengthen what a daily rule began; another cause does.
    resetsAtMs: cause === 'person' ? (under?.resetsAtMs ?? null) : null,
    ...{ stopped: false, recovered: 0 },
  };
  return {
    kind: under === null ? 'begun' : 'joined',
    trip,
    state: { ...state, phase: 'tripped', shadow: false, trip, breach: null, flatSamples: 0 },
  };
}

/**
 * Stops a closing that is under way: what stands is left to its owner. A trip that he ordered himself is over; any other
 * leaves the latch, because its reason is still there. Null: nothing is being closed.
 */
export function stoppedTrip(
  state: GuardState,
): { state: GuardState; trip: GuardTrip; latched: boolean } | null {
  const { phase, shadow } = state;
  if (state.trip === null || shadow || (phase !== 'tripped' && phase !== 'warned')) return null;
  const latched = state.trip.causes.some((cause) => cause !== 'person');
  const trip = { ...state.trip, stopped: true };
  const next: GuardState = latched
    ? { ...state, phase: 'flat_latched', trip }
    : { ...over(state), phase: 'armed' };
  return { state: next, trip, latched };
}

export type Rearmed =
  | { kind: 'rearmed'; state: GuardState; trip: GuardTrip }
  | { kind: 'refused'; reason: 'not-latched' | 'not-flat' };

/** Opens the latch, for an authorised person: the guard watches again from what a unit is worth now, and a floor once it is reached. */
export function rearmed(state: GuardState | null): Rearmed {
  if (state?.phase !== 'flat_latched' || state.trip === null)
    return { kind: 'refused', reason: 'not-latched' };
  if (state.inScope > 0 && !state.shadow) return { kind: 'refused', reason: 'not-flat' };
  const next = rebased({ ...over(state), warnLevelTold: false, floor: null });
  const phase = next.units === '0' ? 'empty' : 'armed';
  return { kind: 'rearmed', trip: state.trip, state: { ...next, phase } };
}

const over = (state: GuardState): GuardState => ({
  ...state,
  ...{
    trip: null,
    breach: null,
    flatSamples: 0,
    orders: [],
    endedTripId: state.trip?.tripId ?? state.endedTripId,
  },
});
