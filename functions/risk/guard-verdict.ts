/** What a snapshot means to the guard of its account, and whether that is worth a row. Pure. */
import { guardStep } from './drawdown-guard.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { GuardEffect, GuardSample, GuardState } from './guard-state.ts';

export type GuardVerdict = {
  state: GuardState;
  effects: readonly GuardEffect[];
  /** Whether to store it: of an account at rest each sample says what the one before said. */
  isNews: boolean;
  /** When another sample is wanted, from now on; null: in its turn. */
  resampleMs: number | null;
};

/** `tripId`: of a trip that may begin now. */
export function guardVerdict(
  { settings, state: before }: { settings: GuardSettings; state: GuardState | null },
  sample: GuardSample,
  at: { nowMs: number; tripId: string },
): GuardVerdict {
  const { state, effects, resampleMs } = guardStep(settings, before, sample, at);
  const isNews = before === null || effects.length > 0 || !isAtRest(before, state);
  return { state, effects, resampleMs, isNews };
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
