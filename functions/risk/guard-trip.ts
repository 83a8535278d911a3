/** The row of a trip (`guard_trips`) as an effect of the guard leaves it. Pure. */
import { isoTime } from '../platform/clock.ts';
import type { GuardEffect } from './guard-state.ts';

export type TripRow = {
  id: string;
  cause: string;
  shadow: boolean;
  scope: 'all' | 'own';
  evidence: Record<string, unknown>;
  warned_at: string;
  deadline_at: string;
  triggered_at: string | null;
  revoked_at: string | null;
  flat_at: string | null;
  /** Something came to stand there again: it is flat no more. */
  reopened: boolean;
  ended_at: string | null;
  end_reason: string | null;
};

/** The row at `nowMs`; null where the effect is about no trip. */
export function tripChange(effect: GuardEffect, nowMs: number): TripRow | null {
  if (!('trip' in effect)) return null;
  const { trip, shadow, figures } = effect;
  const now = isoTime(nowMs);
  const isOver =
    effect.kind === 'revoked' || effect.kind === 'rearmed' || (effect.kind === 'flat' && !effect.latched);
  const isTriggered = trip.triggeredMs !== null;
  return {
    id: trip.tripId,
    cause: trip.causes.join(','),
    shadow,
    scope: trip.scope,
    evidence: { ...figures, causes: trip.causes, hard: trip.hard },
    warned_at: isoTime(trip.warnedMs),
    deadline_at: isoTime(trip.deadlineMs),
    triggered_at: isTriggered ? isoTime(trip.triggeredMs ?? nowMs) : null,
    revoked_at: effect.kind === 'revoked' ? now : null,
    flat_at: effect.kind === 'flat' ? now : null,
    reopened: effect.kind === 'tripped' && effect.again,
    ended_at: isOver ? now : null,
    end_reason: isOver && 'by' in effect ? effect.by : null,
  };
}
