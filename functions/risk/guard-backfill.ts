/**
 * What a guard with these settings would have done in an account's own past: the guard itself, run over equity points and
 * their flows. Nothing was closed then, so after each trip the account is taken to be flat and armed anew, and what follows
 * is what the real positions went on to do. Between two points the account stood where the first had left it, so a breach
 * is looked at again as it would have been. Pure.
 */
import { amountOf } from '../ledger/exact-money.ts';
import type { Sample } from '../ledger/nav-series.ts';
import type { EquityLimit } from './daily-loss.ts';
import { guardStep } from './drawdown-guard.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { GuardCause, GuardEffect, GuardSample, GuardState } from './guard-state.ts';
import { drawdownOf } from './unit-nav.ts';

export type WouldBe = {
  atMs: number;
  kind: 'warn-level' | 'warned' | 'revoked' | 'tripped';
  causes: GuardCause[];
  equity: string;
  drawdownBps: number;
};
export type Backfill = {
  /** Oldest first. */
  events: WouldBe[];
  samples: number;
  /** The deepest that a unit stood below its peak, and when; peaks begin anew after a trip. */
  deepestBps: number;
  deepestMs: number | null;
};

/** Two samples of a trip's end, and of its beginning; more of one moment say nothing new. */
const MOST_LOOKS = 12;

/**
 * `points` come oldest first, as `equitySamples` gives them. `limitsAt`: where the daily rules stood at a moment; without
 * it they are not judged. `mode` of the settings does not matter.
 */
export function guardBackfill(
  settings: GuardSettings,
  points: readonly Sample[],
  limitsAt: (atMs: number) => EquityLimit[] = () => [],
): Backfill {
  const shadowed: GuardSettings = { ...settings, mode: 'shadow' };
  const found: Backfill = { events: [], samples: points.length, deepestBps: 0, deepestMs: null };
  let state: GuardState | null = null;
  let flowed = 0n;
  let first: Sample | undefined;
  points.forEach((point, i) => {
    first ??= point;
    if (point !== first) flowed += point.flow;
    const untilMs = points[i + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    let atMs = point.atMs;
    for (let look = 0; look < MOST_LOOKS && (look === 0 || atMs < untilMs); look += 1) {
      const sample = sampleOf(point, flowed, atMs, state, limitsAt(atMs));
      const step = guardStep(shadowed, state, sample, { nowMs: atMs, tripId: `shadow-${i}` });
      state = step.state;
      if (step.accepted) deepen(found, state, atMs);
      found.events.push(...step.effects.flatMap(eventOf));
      const waitMs = state.phase === 'tripped' ? 1_000 : step.resampleMs;
      if (waitMs === null) break;
      atMs += waitMs;
    }
  });
  return found;
}

/** Equity alone is known of the past: it stands as the balance, and a position without a result for that there was one. */
function sampleOf(
  { equity, flow }: Sample,
  flowed: bigint,
  atMs: number,
  state: GuardState | null,
  limits: EquityLimit[],
): GuardSample {
  const worth = amountOf(equity);
  // All of it taken out is no loss; all of it lost is one that had to be of something open.
  const isTakenOut = equity <= 0n && equity - flow > 0n;
  const isOpen = state !== null && state.phase !== 'tripped' && state.phase !== 'empty' && !isTakenOut;
  const open = { identifier: '0', ticket: '0', symbol: '', side: 'buy', volume: '0', profit: '0', swap: '0' };
  return {
    ...{ atMs, balance: worth, credit: '0', equity: worth, marginLevel: null, marginStopOut: null },
    positions: isOpen ? [{ ...open, side: 'buy', priceCurrent: '0', ours: true }] : [],
    ...{ orders: [], quotes: {}, booked: worth, flowed: amountOf(flowed), limits, bridge: null },
  };
}

function deepen(found: Backfill, state: GuardState, atMs: number): void {
  const downBps = drawdownOf(state);
  if (downBps > found.deepestBps) Object.assign(found, { deepestBps: downBps, deepestMs: atMs });
}

function eventOf(effect: GuardEffect): WouldBe[] {
  const { atMs, equity, drawdownBps } = effect.figures;
  const at = { atMs, equity, drawdownBps };
  switch (effect.kind) {
    case 'warn-level':
      return [{ ...at, kind: effect.kind, causes: [] }];
    case 'warned':
    case 'revoked':
    case 'tripped':
      return [{ ...at, kind: effect.kind, causes: effect.trip.causes }];
    default:
      return [];
  }
}
