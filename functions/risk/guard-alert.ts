/** What people are told of a guard: which of its effects, as which alert. Pure. */
import type { GuardEffect } from './guard-state.ts';

/** `period`: by which the same is said once (`platform/alert.ts`). */
export type GuardAlert = { kind: string; period: string; detail: Record<string, string | number> };

/** The alert of an effect; null where nobody need hear of it. Of a shadow only what it would have closed, as just that. */
export function guardAlert(effect: GuardEffect): GuardAlert | null {
  const { figures } = effect;
  const detail = { equity: figures.equity, drawdown_percent: figures.drawdownBps / 100 };
  if (effect.shadow) {
    if (effect.kind !== 'tripped') return null;
    const { tripId, causes } = effect.trip;
    return { kind: 'guard-shadow', period: tripId, detail: { ...detail, cause: causes.join(', ') } };
  }
  const since = String(figures.atMs);
  switch (effect.kind) {
    case 'warn-level':
      return { kind: 'guard-warn-level', period: since, detail };
    case 'warned':
    case 'revoked':
    case 'tripped':
    case 'flat': {
      const { trip } = effect;
      const of = { ...detail, cause: trip.causes.join(', '), trip: trip.tripId };
      const again = effect.kind === 'tripped' && effect.again ? `/${since}` : '';
      return {
        kind: `guard-${effect.kind}`,
        period: `${trip.tripId}${again}`,
        detail: effect.kind === 'warned' ? { ...of, closes_at_ms: trip.deadlineMs } : of,
      };
    }
    case 'rearmed':
      return { kind: 'guard-rearmed', period: effect.trip.tripId, detail: { ...detail, by: effect.by } };
    case 'floor-disarmed':
      return {
        kind: 'guard-floor-disarmed',
        period: since,
        detail: { ...detail, floor: effect.floorEquity },
      };
    case 'suspect':
    case 'cleared':
    case 'emptied':
      return null;
  }
}
