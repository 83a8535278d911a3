/**
 * What a bridge is told to guard by itself, also while we are away: the same units and peak, the same bounds, and the
 * closing that is under way. A shadow orders nothing. Daily rules stay with us: their levels move at resets that a bridge
 * which cannot reach us would not hear of. Pure.
 */
import type { GuardOrder } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import { HARD_BPS } from './guard-breach.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { GuardState } from './guard-state.ts';

export type OrderedAccount = {
  /** The account's version: it grows with each change of the guard. */
  version: number;
  login: string;
  server: string;
  /** Of the magic numbers that are ours. */
  namespace: number;
  /** The highest deal ticket of the books, where no sample has told it; null: none. */
  bookedTo: string | null;
};

const MOST_BPS = 10_000;

/** The order of the moment; null while nothing is known of the account that could be guarded. */
export function guardOrder(
  settings: GuardSettings,
  state: GuardState | null,
  account: OrderedAccount,
): GuardOrder | null {
  if (state === null || state.last === null || state.settled === null) return null;
  const { phase, shadow, floor } = state;
  const trip = shadow ? null : state.trip;
  const isClosing = trip !== null && (phase === 'warned' || phase === 'tripped');
  return {
    ...{ version: account.version, login: account.login, server: account.server },
    // Of an account in shadow or without money there is nothing that it may close by itself.
    armed: settings.mode === 'armed' && phase !== 'empty' && state.units !== '0',
    scope: trip?.scope ?? settings.scope,
    namespace: account.namespace,
    ...{ units: state.units, peak: state.peak },
    ...{ balance: state.settled.balance, credit: state.settled.credit },
    booked_to: state.settled.bookedTo ?? account.bookedTo,
    trip_bps: settings.tripBps,
    hard_bps: Math.min(settings.tripBps + HARD_BPS, MOST_BPS),
    equity_floor: settings.floorEquity !== null && floor?.reached ? settings.floorEquity : null,
    warning_ms: settings.warningMs,
    close: isClosing
      ? {
          trip_id: trip.tripId,
          not_before: isoTime(trip.triggeredMs ?? trip.deadlineMs),
          revocable: phase === 'warned' && settings.abortOnRecovery && !trip.hard,
        }
      : null,
    latched: trip !== null && phase === 'flat_latched' && !trip.stopped,
  };
}
