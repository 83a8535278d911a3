/** What a snapshot means to the guard of its account, and whether that is worth a row. Pure. */
import { guardStep } from './drawdown-guard.ts';
import { orderedTrip } from './guard-intervention.ts';
import type { GuardSettings } from './guard-settings.ts';
import { figuresOf, type GuardEffect, type GuardSample, type GuardState } from './guard-state.ts';

export type GuardVerdict = {
  state: GuardState;
  effects: readonly GuardEffect[];
  /** Whether to store it: of an account at rest each sample says what the one before said. */
  isNews: boolean;
  /** When another sample is wanted, from now on; null: in its turn. */
  resampleMs: number | null;
};

type Stored = { settings: GuardSettings; state: GuardState | null };

/**
 * `tripId`: of a trip that may begin now. `stopOut`: the snapshot brought a deal by which the broker closed for want of
 * margin. What it left goes as well, and the latch keeps entries out until a person has looked (domain 2.5).
 */
export function guardVerdict(
  { settings, state: before }: Stored,
  sample: GuardSample,
  at: { nowMs: number; tripId: string; stopOut: boolean },
): GuardVerdict {
  const step = guardStep(settings, before, sample, at);
  // An account that is seen for the first time brings its whole past.
  const stopped = at.stopOut && before !== null && settings.mode === 'armed' && !isClosing(step.state);
  const { state, effects } = stopped ? afterStopOut(settings, step, at) : step;
  const isNews = before === null || effects.length > 0 || !isAtRest(before, state);
  return { state, effects, resampleMs: stopped ? SOON_MS : step.resampleMs, isNews };
}

const SOON_MS = 2_000;

const isClosing = ({ phase }: GuardState): boolean => phase === 'tripped' || phase === 'flat_latched';

function afterStopOut(
  { scope }: GuardSettings,
  step: Pick<GuardVerdict, 'state' | 'effects'>,
  { nowMs, tripId }: { nowMs: number; tripId: string },
): Pick<GuardVerdict, 'state' | 'effects'> {
  const { state, trip } = orderedTrip(step.state, { cause: 'stop-out', tripId, scope, nowMs });
  const said = { trip, shadow: false, figures: figuresOf(state) };
  return { state, effects: [...step.effects, { ...said, kind: 'tripped', again: false }] };
}

/** Nothing open, nothing under way, and every figure but the times and the prices as it was. */
function isAtRest(before: GuardState, after: GuardState): boolean {
  if (before.inScope + after.inScope > 0 || after.trip !== null) return false;
  return said(before) === said(after);
}

function said({ seenMs: _seen, recent: _recent, mids: _mids, last, ...state }: GuardState): string {
  const { atMs: _at, ...figures } = last ?? { atMs: 0 };
  return JSON.stringify({ ...state, ...figures });
}
