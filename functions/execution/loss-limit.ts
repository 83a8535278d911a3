/**
 * What a day may still lose decides whether an order may risk it (domain 3.5): an entry whose stop lies beyond the level at
 * which the account's guard closes everything is not made. Pure; what else stands open may lose too, and the guard sees to that.
 */
import { Big } from '../platform/decimal.ts';
import type { OrderRefusal } from './order-refusal.ts';

/** An equity below `actBelow` is acted on. */
export type LossLimit = { actBelow: string };

/** Why an order with this loss at its stop is not made; null: it may be. `risk` null: it has no stop whose loss is known. */
export function lossRefusal(
  limits: readonly LossLimit[],
  equity: string | null,
  risk: string | null,
): OrderRefusal | null {
  if (limits.length === 0) return null;
  if (equity === null) return 'account-figures-unknown';
  if (risk === null) return 'stop-required';
  const left = (limit: LossLimit) => new Big(equity).minus(limit.actBelow);
  return limits.some((limit) => left(limit).lte(0) || left(limit).lt(risk)) ? 'daily-loss-too-near' : null;
}
