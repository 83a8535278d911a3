/**
 * A circuit: whether an outside system that keeps failing is called at all. CLOSED calls; after `failuresToOpen` failures
 * in a row it is OPEN and fails fast; when its rest is over it is HALF_OPEN, and one caller tries while the others still
 * fail fast. The trial closes it, or opens it for twice as long. Pure; `circuit-breaker.ts` shares it.
 */
export type CircuitPolicy = {
  failuresToOpen: number;
  /** The first rest; each failed trial doubles it up to `mostOpenMs`. */
  openMs: number;
  mostOpenMs: number;
  /** How long a trial may last before another caller may try. */
  trialMs: number;
};
/** `openUntilMs` 0: closed. `trips`: how often it opened without closing in between. */
export type Circuit = { failures: number; openUntilMs: number; trips: number };
export type CircuitState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

export const CLOSED: Circuit = { failures: 0, openUntilMs: 0, trips: 0 };

/** The state of a circuit at `nowMs`. */
export const circuitState = (c: Circuit, nowMs: number): CircuitState => {
  if (c.openUntilMs === 0) return 'CLOSED';
  return nowMs < c.openUntilMs ? 'OPEN' : 'HALF_OPEN';
};

/** The circuit after a failure at `nowMs`, which was its trial or one more in a row. */
export function afterFailure(c: Circuit, policy: CircuitPolicy, nowMs: number): Circuit {
  const failures = c.failures + 1;
  if (c.openUntilMs === 0 && failures < policy.failuresToOpen) return { ...c, failures };
  // Somebody called before it opened and has come back late: the rest is not prolonged by that.
  if (circuitState(c, nowMs) === 'OPEN') return c;
  const restMs = Math.min(policy.openMs * 2 ** Math.min(c.trips, 30), policy.mostOpenMs);
  return { failures, openUntilMs: nowMs + restMs, trips: c.trips + 1 };
}
