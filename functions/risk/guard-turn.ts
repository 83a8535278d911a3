/**
 * One step of a guard under way: the state as it changes, and what is said of it. Pure; a turn belongs to one call.
 */
import { resetOf } from './guard-breach.ts';
import type { GuardSettings } from './guard-settings.ts';
import {
  figuresOf,
  type GuardCause,
  type GuardEffect,
  type GuardSample,
  type GuardState,
  type GuardTrip,
} from './guard-state.ts';

type Said<E> = E extends unknown ? Omit<E, 'shadow' | 'figures'> : never;

export type Turn = {
  readonly settings: GuardSettings;
  readonly sample: Pick<GuardSample, 'quotes' | 'limits'>;
  readonly nowMs: number;
  /** The id of a trip that begins in this step. */
  readonly tripId: string;
  state: GuardState;
  readonly effects: GuardEffect[];
};

/** Says something of the account as it stands in the turn. */
export function say(turn: Turn, what: Said<GuardEffect>): void {
  turn.effects.push({ ...what, shadow: turn.state.shadow, figures: figuresOf(turn.state) });
}

/** Goes on in another state. */
export function become(turn: Turn, change: Partial<GuardState>): void {
  turn.state = { ...turn.state, ...change };
}

/** Warns: what is closed, and until when a person may say no. */
export function warn(turn: Turn, causes: GuardCause[], hard: boolean): void {
  const { settings, nowMs, tripId, sample } = turn;
  const trip: GuardTrip = {
    ...{ tripId, causes, scope: settings.scope, hard, warnedMs: nowMs },
    deadlineMs: hard ? nowMs : nowMs + settings.warningMs,
    ...{ triggeredMs: null, resetsAtMs: resetOf(causes, sample.limits), stopped: false, recovered: 0 },
  };
  become(turn, { phase: 'warned', trip, breach: null, flatSamples: 0 });
  say(turn, { kind: 'warned', trip });
}

/** Closes what is in the scope of the trip, from now on. */
export function pull(turn: Turn, trip: GuardTrip, again = false): void {
  const deadlineMs = Math.min(trip.deadlineMs, turn.nowMs);
  const triggered = { ...trip, deadlineMs, triggeredMs: trip.triggeredMs ?? turn.nowMs };
  become(turn, { phase: 'tripped', trip: triggered, breach: null, flatSamples: 0 });
  say(turn, { kind: 'tripped', trip: triggered, again });
}

/** The trip is over, and the guard watches again. */
export function endTrip(turn: Turn): void {
  const endedTripId = turn.state.trip?.tripId ?? turn.state.endedTripId;
  become(turn, { phase: 'armed', trip: null, breach: null, flatSamples: 0, orders: [], endedTripId });
}
