/** What people are told of a guard: which of its effects, as which alert. Pure. */
import type { GuardEffect } from './guard-state.ts';

/** `period`: by which the same is said once (`platform/alert.ts`). */
export type GuardAlert = { kind: string; period: string; detail: Record<string, string | number> };

/** The alert of an effect; null where nobody need hear of it. A shadow's effects are told as what would have been. */
export function guardAlert(effect: GuardEffect): GuardAlert | null {
  const { figures, shadow } = effect;
  const detail = {
    equity: figures.equity,
    drawdown_percent: figures.drawdownBps / 100,
    ...(shadow ? { shadow: 'nothing was done' } : {}),
  };
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
