/**
 * The guard of an account (domain 3.1 to 3.3): from sample to sample it knows what trading has lost of the highest that a
 * unit was worth, and closes everything in scope before more is lost.
 * ARMED -> SUSPECT (one breach) -> WARNED (two) -> TRIPPED -> FLAT_LATCHED -> a person re-arms. Invariants:
 *  1. no deposit, withdrawal or credit is a loss or covers one;
 *  2. nothing is closed by one sample, but where the breach leaves no time or the bridge has acted already;
 *  3. a figure that is none, zero or negative never disarms; a deeper fall never clears a breach;
 *  4. a trip stands until everything in its scope is gone, and its latch until a person opens it, or the next reset where
 *     daily rules alone were the cause.
 * Pure and deterministic; the caller stores the state with what else the snapshot changed.
 */
import { Big } from '../platform/decimal.ts';
import { breachesOf, isHardBreach, resetOf } from './guard-breach.ts';
import { type Reading, readSample, rebased } from './guard-reading.ts';
import { isNewer, resultBySymbol } from './guard-sample-filter.ts';
import type { GuardSettings } from './guard-settings.ts';
import {
  BLANK_STATE,
  type GuardCause,
  type GuardEffect,
  type GuardSample,
  type GuardState,
  inScopeOf,
  type RecentSample,
  type Rejection,
} from './guard-state.ts';
import { become, endTrip, pull, say, type Turn, warn } from './guard-turn.ts';

export type { GuardEffect, GuardPhase, GuardSample, GuardState } from './guard-state.ts';
export type { GuardSettings };

export type GuardStep = {
  state: GuardState;
  /** Whether the sample was judged; otherwise why not. */
  accepted: boolean;
  rejectedFor: Rejection | null;
  effects: GuardEffect[];
  /** How soon another snapshot is wanted; null: at the schedule's own pace. */
  resampleMs: number | null;
};

const RESAMPLE_MS = 2_000;
const SLOW_RESAMPLE_MS = 10_000;
/** After so many in a row another look soon would show the same. */
const MOST_RESAMPLES = 8;
const CLOSING_SOON_MS = 60_000;
const CLOSING_LONG_MS = 600_000;
const CONFIRM_FROM_MS = 1_000;
const CONFIRM_TO_MS = 15_000;
/** How far below a bound an account must be for it to be clear of it. */
const SLACK_BPS = 50;
const SAMPLES_TO_REVOKE = 2;
const SAMPLES_TO_BE_FLAT = 2;
const RECENT = 20;

/**
 * Takes the next sample at `nowMs`. `state`: null before the first. `tripId`: an id for a trip, should one begin; never one
 * that was used. The answer's state is to be stored whatever became of the sample.
 */
export function guardStep(
  settings: GuardSettings,
  state: GuardState | null,
  sample: GuardSample,
  at: { nowMs: number; tripId: string },
): GuardStep {
  const turn: Turn = { settings, sample, ...at, state: state ?? BLANK_STATE, effects: [] };
  takeMode(turn);
  const reading = readSample(turn.state, sample);
  turn.state = reading.state;
  if (reading.isWhole) noteScope(turn, sample);
  if (reading.rejectedFor === null) takeFloor(turn, sample, reading);
  const causes = judge(turn, sample, reading);
  if (reading.rejectedFor === null) tellWarnLevel(turn);
  if (reading.rejectedFor !== 'not-newer') remember(turn, sample, reading, causes);
  const { rejectedFor } = reading;
  return {
    state: turn.state,
    ...{ accepted: rejectedFor === null, rejectedFor, effects: turn.effects },
    resampleMs: resampleMs(turn),
  };
}

/** A change of the mode counts from the next sample on, but never opens a trip that is under way. */
function takeMode(turn: Turn): void {
  const { mode } = turn.settings;
  const { phase, shadow, trip } = turn.state;
  const isBinding = !shadow && (phase === 'tripped' || phase === 'flat_latched');
  if (isBinding || (mode !== 'off' && shadow === (mode === 'shadow'))) return;
  if (trip !== null && phase === 'warned') say(turn, { kind: 'revoked', trip, by: 'settings' });
  else if (trip !== null) say(turn, { kind: 'rearmed', trip, by: 'settings' });
  else if (phase === 'suspect') say(turn, { kind: 'cleared' });
  if (phase !== 'empty') endTrip(turn);
  become(turn, { shadow: mode === 'shadow' });
}

function noteScope(turn: Turn, sample: GuardSample): void {
  const { positions, orders } = inScopeOf(sample, turn.state.trip?.scope ?? turn.settings.scope);
  become(turn, { inScope: positions.length + orders.length, orders });
}

/** The floor counts once it was reached; a withdrawal that takes the account below it takes it away. */
function takeFloor(turn: Turn, sample: GuardSample, { flow }: Reading): void {
  const { floorEquity } = turn.settings;
  const { floor } = turn.state;
  if (floorEquity === null) {
    become(turn, { floor: null });
    return;
  }
  const equity = new Big(sample.equity);
  const before = floor !== null && floor.equity === floorEquity && floor.reached;
  const isWithdrawn = equity.lt(floorEquity) && equity.minus(flow).gte(floorEquity);
  become(turn, {
    floor: { equity: floorEquity, reached: isWithdrawn ? false : before || equity.gte(floorEquity) },
  });
  if (before && isWithdrawn) say(turn, { kind: 'floor-disarmed', floorEquity });
}

/** Goes through the phases; the causes that the sample shows, for whoever asks later. */
function judge(turn: Turn, sample: GuardSample, reading: Reading): Judged {
  const isAccepted = reading.rejectedFor === null;
  const causes = isAccepted ? breachesOf(turn.settings, turn.state, sample) : [];
  const hard = isHardBreach(turn.settings, causes, turn.state, sample, reading.vouched);
  const judged = { causes, hard };
  if (takeBridge(turn, sample)) return judged;
  if (turn.state.phase === 'tripped') whileTripped(turn, reading);
  else if (turn.state.phase === 'flat_latched') whileLatched(turn, reading);
  else if (turn.settings.mode === 'off') takeEmptiness(turn, sample, reading);
  else if (turn.state.phase === 'warned') whileWarned(turn, sample, reading, judged);
  else if (isAccepted && !takeEmptiness(turn, sample, reading)) whileWatching(turn, sample, judged);
  return judged;
}
type Judged = { causes: GuardCause[]; hard: boolean };

/** A bridge that closes by itself has its reasons; whether it did so for a trip of ours that is over is known by its id. */
function takeBridge(turn: Turn, { bridge }: GuardSample): boolean {
  if (bridge === null || (bridge.phase !== 'closing' && bridge.phase !== 'flat')) return false;
  const { state } = turn;
  const isOver = bridge.trip_id !== null && bridge.trip_id === state.endedTripId;
  const isKnown = bridge.since !== null && bridge.since === state.bridgeSinceMs;
  become(turn, { bridgeSinceMs: bridge.since });
  if (state.phase === 'tripped' || state.phase === 'flat_latched') return false;
  if (isOver || isKnown) return false;
  become(turn, { shadow: false });
  if (state.phase !== 'warned' || state.trip === null || state.shadow) warn(turn, ['bridge'], true);
  if (turn.state.trip !== null) pull(turn, turn.state.trip);
  return true;
}

/** Where nothing is left and nothing open there is nothing to guard until money comes, which then is a beginning. */
function takeEmptiness(turn: Turn, sample: GuardSample, { rejectedFor, isEmptied }: Reading): boolean {
  if (rejectedFor !== null) return false;
  if (isEmptied) {
    become(turn, { phase: 'empty', breach: null, warnLevelTold: false });
    say(turn, { kind: 'emptied' });
    turn.state = rebased(turn.state);
  }
  if (turn.state.phase !== 'empty') return false;
  if (new Big(sample.equity).gt(0)) become(turn, { phase: 'armed' });
  return sample.positions.length === 0;
}

/** Armed or suspect. */
function whileWatching(turn: Turn, sample: GuardSample, { causes, hard }: Judged): void {
  const { breach } = turn.state;
  if (causes.length === 0) {
    become(turn, { phase: 'armed', breach: null });
    if (breach !== null) say(turn, { kind: 'cleared' });
    return;
  }
  if (hard) {
    warn(turn, causes, true);
    if (turn.state.trip !== null) pull(turn, turn.state.trip);
    return;
  }
  const losing = [...resultBySymbol(sample)].flatMap(([symbol, result]) => (result.lt(0) ? [symbol] : []));
  const apartMs = sample.atMs - (breach?.atMs ?? 0);
  if (breach === null || apartMs > CONFIRM_TO_MS || !causes.some((c) => breach.causes.includes(c))) {
    const isStale = breach !== null && losing.length > 0 && !isNewer(sample.quotes, losing, breach.quotes);
    const now = losing.flatMap((s) => (sample.quotes[s] ? [[s, sample.quotes[s].timeMs] as const] : []));
    // Of a breach that never cleared the first quotes stay: a market that ticks each minute confirms it too.
    const quotes = { ...Object.fromEntries(now), ...breach?.quotes };
    // A closed market shows the same breach each time: it is looked at again at the schedule's pace.
    const samples = isStale ? MOST_RESAMPLES : 1;
    become(turn, { phase: 'suspect', breach: { atMs: sample.atMs, causes, quotes, samples } });
    if (breach === null) say(turn, { kind: 'suspect', causes });
    return;
  }
  const isConfirmed =
    apartMs >= CONFIRM_FROM_MS && (losing.length === 0 || isNewer(sample.quotes, losing, breach.quotes));
  if (!isConfirmed) {
    become(turn, { breach: { ...breach, samples: breach.samples + 1 } });
    return;
  }
  warn(turn, causes, false);
  if (turn.settings.warningMs === 0 && turn.state.trip !== null) pull(turn, turn.state.trip);
}

function whileWarned(turn: Turn, sample: GuardSample, reading: Reading, { causes, hard }: Judged): void {
  const { settings, nowMs } = turn;
  const { trip } = turn.state;
  if (trip === null) return;
  const isAccepted = reading.rejectedFor === null;
  const isClear = isAccepted && breachesOf(settings, turn.state, sample, SLACK_BPS).length === 0;
  const recovered = isAccepted ? (isClear ? trip.recovered + 1 : 0) : trip.recovered;
  const all = [...new Set([...trip.causes, ...causes])];
  const resetsAtMs = all.length === trip.causes.length ? trip.resetsAtMs : resetOf(all, sample.limits);
  const next = { ...trip, causes: all, resetsAtMs, recovered, hard: trip.hard || hard };
  become(turn, { trip: next });
  // The bridge closes at the deadline by its own clock, so from then on there is no way back.
  if (hard || nowMs >= trip.deadlineMs) {
    pull(turn, next);
    return;
  }
  if (!settings.abortOnRecovery || recovered < SAMPLES_TO_REVOKE) return;
  endTrip(turn);
  // Taken back and not over: should the bridge have closed for it all the same, that counts.
  become(turn, { endedTripId: null });
  say(turn, { kind: 'revoked', trip: next, by: 'recovery' });
}

function whileTripped(turn: Turn, { isWhole, rejectedFor }: Reading): void {
  const { trip, inScope, flatSamples, shadow } = turn.state;
  if (trip === null || !isWhole || rejectedFor === 'not-newer') return;
  const flat = inScope === 0 ? flatSamples + 1 : 0;
  become(turn, { flatSamples: flat });
  if (flat < SAMPLES_TO_BE_FLAT) return;
  // Who closes everything himself has halted the account with it. A shadow has nobody to wait for, but a limit that is
  // still breached is no news.
  const latched = trip.causes.some((cause) => (shadow ? cause.startsWith('daily:') : cause !== 'person'));
  if (latched) become(turn, { phase: 'flat_latched' });
  else endTrip(turn);
  say(turn, { kind: 'flat', trip, latched });
  if (shadow && !latched) turn.state = { ...rebased(turn.state), floor: null };
}

function whileLatched(turn: Turn, { isWhole, rejectedFor }: Reading): void {
  const { trip, inScope, shadow } = turn.state;
  if (trip === null || !isWhole) return;
  // An order of ours that was filled late, or a robot at the terminal that begins again. Under a shadow people trade on.
  if (!trip.stopped && !shadow && inScope > 0) {
    pull(turn, trip, true);
    return;
  }
  const isReset = trip.resetsAtMs !== null && turn.nowMs >= trip.resetsAtMs;
  if (!isReset || (inScope > 0 && !shadow) || rejectedFor !== null) return;
  endTrip(turn);
  say(turn, { kind: 'rearmed', trip, by: 'reset' });
}

/** The lesser of the two levels is told once, until the account was clear of it; who was warned of the greater knows it. */
function tellWarnLevel(turn: Turn): void {
  const { settings, state } = turn;
  if (state.trip?.causes.includes('drawdown')) become(turn, { warnLevelTold: true });
  if (settings.mode === 'off' || state.phase !== 'armed') return;
  const isDown = state.drawdownBps >= settings.warnBps;
  const isClear = state.drawdownBps < settings.warnBps - SLACK_BPS;
  const isNews = isDown && !state.warnLevelTold;
  become(turn, { warnLevelTold: isDown || (state.warnLevelTold && !isClear) });
  if (isNews) say(turn, { kind: 'warn-level' });
}

function remember(turn: Turn, sample: GuardSample, { rejectedFor, flow }: Reading, judged: Judged): void {
  const { atMs, equity } = sample;
  const { nav, drawdownBps, recent } = turn.state;
  const judgement = judged.hard ? 'hard-breach' : judged.causes.length > 0 ? 'breach' : 'accepted';
  // A figure that is none may be of any length.
  const figures = { atMs, equity: equity.slice(0, 32), flow, nav, drawdownBps };
  const seen: RecentSample = { ...figures, verdict: rejectedFor ?? judgement };
  become(turn, { recent: [...recent, seen].slice(-RECENT) });
}

function resampleMs({ state, nowMs, settings }: Turn): number | null {
  const { phase, trip, breach, rejections, shadow } = state;
  if (phase === 'warned' && trip !== null)
    return Math.max(1_000, Math.min(RESAMPLE_MS, trip.deadlineMs - nowMs));
  if (phase === 'tripped' && trip !== null && !shadow) {
    const closingMs = nowMs - (trip.triggeredMs ?? nowMs);
    if (closingMs >= CLOSING_LONG_MS) return null;
    return closingMs < CLOSING_SOON_MS ? RESAMPLE_MS : SLOW_RESAMPLE_MS;
  }
  if (phase === 'suspect' && breach !== null && breach.samples < MOST_RESAMPLES) return RESAMPLE_MS;
  return rejections > 0 && rejections < MOST_RESAMPLES && settings.mode !== 'off' ? RESAMPLE_MS : null;
}
