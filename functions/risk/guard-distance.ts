/**
 * How far an account is from each of its guard's bounds: in money, and in percent of what it is worth. Money is rounded so
 * that no distance is shown as more than it is. Pure.
 */
import { Big, plain } from '../platform/decimal.ts';
import type { GuardState } from './guard-state.ts';

/** Decimals of the account's currency that are shown. */
const PLACES = 8;
const WHOLE_BPS = 10_000;

/** `below`: the equity under which it counts. `to`: the money until then, below zero past it. `percent` of the equity; null where that is nothing. */
export type BoundDistance = { below: string; to: string; percent: number | null };

/** The distance of `equity` from a bound. */
export function distanceTo(bound: Big | string, equity: string): BoundDistance {
  const below = new Big(bound).round(PLACES, Big.roundUp);
  const to = new Big(equity).minus(below);
  const percent = new Big(equity).gt(0) ? (Number(to) / Number(equity)) * 100 : null;
  return { below: plain(below), to: plain(to), percent };
}

/** The equity at which the units of an account have fallen by `bps` from their peak. */
export const equityAtFall = ({ units, peak }: Pick<GuardState, 'units' | 'peak'>, bps: number): Big =>
  new Big(units)
    .times(peak)
    .times(WHOLE_BPS - bps)
    .div(WHOLE_BPS);

/** The distance to a fall of `bps`; null before the first sample, and where there is nothing to lose. */
export function fallDistance(
  state: Pick<GuardState, 'units' | 'peak' | 'last'> | null,
  bps: number,
): BoundDistance | null {
  if (state === null || state.last === null || new Big(state.units).lte(0)) return null;
  return distanceTo(equityAtFall(state, bps), state.last.equity);
}
