/**
 * How much of a position one order takes out, where the broker takes no more than `volume_max` at once (domain 1.1, 3.3).
 * Pure. Invariants, for a position that stands on whole steps:
 *  1. an order is never for more than is wanted, nor for more than the broker takes;
 *  2. what is cut is a whole number of steps, and so is what is left of it;
 *  3. what is left is not less than the least that the broker takes, nor is the order, as long as `max` holds two of those;
 *  4. one order after the other comes to what was wanted, exactly, in as few orders as `max` allows.
 */
import { Big, plain } from '../platform/decimal.ts';
import { stepsIn } from './tick-price.ts';

/** What a broker takes in one order of a symbol, in lots; null where it has not said. */
export type VolumeLimits = { min: string | null; max: string | null; step: string | null };

/** Lots of the next order of a close of which `wanted` lots are left to be taken out, more than none. */
export function legVolume(wanted: Big, { min, max, step }: VolumeLimits): string {
  const most = said(max);
  if (most === null || wanted.lte(most)) return plain(wanted);
  const cap = onSteps(most, step);
  const least = said(min) ?? new Big(0);
  const rest = wanted.minus(cap);
  const cut = rest.lt(least) ? onSteps(wanted.minus(least), step) : cap;
  return plain(cut.gte(least) ? cut : cap);
}

/** MT5 writes 0 for what is not limited. */
function said(limit: string | null): Big | null {
  const value = limit === null ? null : new Big(limit);
  return value?.gt(0) ? value : null;
}

/** The most on whole steps that is no more than `volume`; all of it where it is less than one. */
function onSteps(volume: Big, step: string | null): Big {
  const size = said(step);
  if (size === null || volume.lt(size)) return volume;
  return stepsIn(volume, size).times(size);
}
