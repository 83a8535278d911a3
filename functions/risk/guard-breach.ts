/** What in a sample is a reason to close, and whether it leaves no time to be sure. Pure. */
import { Big } from '../platform/decimal.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { GuardCause, GuardSample, GuardState } from './guard-state.ts';

/** A fall beyond the trip by so much is executed at once. */
export const HARD_BPS = 500;
/** An account is near the broker's own stop-out below so many times its level. */
const NEAR_STOP_OUT = '1.1';
const WHOLE_BPS = 10_000;
const PERCENT = /^\d+(\.\d+)?$/;

type Bounds = Pick<GuardSettings, 'tripBps' | 'floorEquity'>;
type Seen = Pick<GuardState, 'drawdownBps' | 'units' | 'floor'>;

/**
 * The causes that an accepted sample shows, the fall first. With `slackBps` also what is short of a bound by less than that:
 * an account has recovered once nothing is left of them.
 */
export function breachesOf(
  { tripBps, floorEquity }: Bounds,
  seen: Seen,
  sample: Pick<GuardSample, 'equity' | 'positions' | 'limits' | 'market'>,
  slackBps = 0,
): GuardCause[] {
  const equity = new Big(sample.equity);
  const isOpen = sample.positions.length > 0;
  const isBelow = (bound: string): boolean => {
    const slack = new Big(bound).abs().times(slackBps).div(WHOLE_BPS);
    return equity.lt(new Big(bound).plus(slack));
  };
  const causes: GuardCause[] = [];
  if (seen.drawdownBps >= tripBps - slackBps) causes.push('drawdown');
  if (isOpen && (equity.lte(0) || new Big(seen.units).lte(0))) causes.push('equity');
  if (isOpen && floorEquity !== null && seen.floor?.reached && isBelow(floorEquity)) causes.push('floor');
  for (const limit of sample.limits) if (isBelow(limit.actBelow)) causes.push(`daily:${limit.name}`);
  if (isOpen) causes.push(...(sample.market ?? []));
  return causes;
}

/**
 * Whether a breach is executed by one sample: the fall is far beyond the trip, nothing is left, or the broker is about to
 * close by itself. `vouched`: without a price to compare with the fall may be a bad tick's.
 */
export function isHardBreach(
  { tripBps }: Pick<GuardSettings, 'tripBps'>,
  causes: readonly GuardCause[],
  seen: Pick<GuardState, 'drawdownBps'>,
  sample: Pick<GuardSample, 'marginLevel' | 'marginStopOut'>,
  vouched: boolean,
): boolean {
  if (causes.includes('equity')) return true;
  if (causes.length === 0) return false;
  if (vouched && causes.includes('drawdown') && seen.drawdownBps >= tripBps + HARD_BPS) return true;
  const { marginLevel, marginStopOut } = sample;
  if (marginLevel === null || marginStopOut === null) return false;
  if (!PERCENT.test(marginLevel) || !PERCENT.test(marginStopOut)) return false;
  return new Big(marginLevel).lt(new Big(marginStopOut).times(NEAR_STOP_OUT));
}

/** When all daily rules among the causes have begun anew; null where another cause, or a rule without a reset, is among them. */
export function resetOf(causes: readonly GuardCause[], limits: GuardSample['limits']): number | null {
  const resets = causes.map((cause) => limits.find((l) => cause === `daily:${l.name}`)?.resetsAtMs ?? null);
  return resets.reduce<number | null>(
    (last, ms) => (last === null || ms === null ? null : Math.max(last, ms)),
    resets.length === 0 ? null : 0,
  );
}
