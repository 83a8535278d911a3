// Whether every fall that lasted was answered in time (domain 3.3): by a trip where we are there, and by the bridge's own guard
// where we are not.
import { guardBound } from '../../../functions/risk/guard-bound.ts';
import { clock, fallAt, type Link } from './guard-chain.ts';
import type { Judged } from './guard-judgement.ts';
import type { Moment } from './guard-truth.ts';

const TRIP_BPS = 2_000;
const HARD_BPS = 2_500;
/** So much further an account has fallen by any reckoning. */
const CLEAR_BPS = 10;
const WARNING_MS = 10_000;
/** Delays of the queue are whole seconds, and a price that jumped is looked at once more. */
const ROUND_MS = 4_000;
/** Of what went wrong before, or goes wrong meanwhile: pauses of the schedule, leases and look-ups of what is unknown. */
const UNDISTURBED_MS = 120_000;
const RECOVERY_MS = 600_000;
/** How long a bridge hears nothing before it acts by itself, and how often it looks until it is sure. */
const SILENT_MS = 60_000;
const THREE_LOOKS_MS = 6_000;

type Span = { fromMs: number; toMs: number; hard: boolean; lots: number };

export function judgeBounds(judged: Judged): string[] {
  const spans = spansOf(judged);
  return [...spans.flatMap((s) => answered(judged, s)), ...spans.flatMap((s) => answeredByBridge(judged, s))];
}

/** From when until when an account was clearly down while its market traded; apart for falls that leave no time. */
function spansOf({ account, chain }: Judged): Span[] {
  const { moments } = account.world.truth;
  const endMs = account.world.nowMs;
  const spans: Span[] = [];
  for (const hard of [false, true]) {
    let open: Span | null = null;
    for (const [i, moment] of moments.entries()) {
      const isDown = clearlyDown(chain.links, moment, hard ? HARD_BPS : TRIP_BPS);
      const untilMs = moments[i + 1]?.atMs ?? endMs;
      if (!isDown) open = null;
      else if (open !== null) open.toMs = untilMs;
      else {
        open = { fromMs: moment.atMs, toMs: untilMs, hard, lots: moment.lots };
        spans.push(open);
      }
    }
  }
  return spans;
}

/** Whether an account stands clearly down at this moment, where its market trades. */
export const isDownNow = ({ account, chain }: Pick<Judged, 'account' | 'chain'>): boolean =>
  clearlyDown(chain.links, account.world.truth.now(), TRIP_BPS);

function clearlyDown(links: readonly Link[], moment: Moment, bps: number): boolean {
  if (moment.lots === 0 || moment.tradable < moment.lots) return false;
  const last = links.findLast((l) => l.settled && l.capture.atMs <= moment.atMs);
  return (
    last !== undefined && last.capture.equity > 0 && fallAt(last, last.peak.least, moment) >= bps + CLEAR_BPS
  );
}

/** 2. */
function answered({ account, notes, trips }: Judged, { fromMs, toMs, hard }: Span): string[] {
  const { disturbedMs, guards, outages, polled } = account.world;
  const phase = notes.findLast((n) => n.kind === 'phase' && n.atMs <= fromMs)?.body.is ?? 'armed';
  if (phase !== 'armed' && phase !== 'suspect') return [];
  const lane = polled === null ? 'webhook' : 'poll';
  const { ordinaryMs } = guardBound({ lane, bridgeGuards: guards }, WARNING_MS);
  // Where the bridge closes what leaves no time, we hear of it when we look.
  const { hardMs } = guardBound({ lane: 'webhook', bridgeGuards: false }, WARNING_MS);
  const strictMs = (hard ? hardMs : ordinaryMs) + ROUND_MS;
  const ends = outages.filter((o) => o.fromMs <= toMs).map((o) => o.toMs);
  const troubles = [...disturbedMs, ...ends].toSorted((a, b) => a - b);
  const disturbed = troubles.find((d) => d >= fromMs - UNDISTURBED_MS && d <= fromMs + strictMs);
  const isOut = outages.some((o) => o.fromMs <= fromMs + strictMs && o.toMs >= fromMs);
  const isCalm = disturbed === undefined && !isOut;
  const dueMs = isCalm ? fromMs + strictMs : Math.max(fromMs, lastOf(troubles, toMs)) + RECOVERY_MS;
  const isAnswered = trips.some((t) => {
    const atMs = t['triggered_at'] === null ? null : new Date(t['triggered_at'] as string).getTime();
    return atMs !== null && atMs <= dueMs && atMs >= fromMs;
  });
  if (toMs < dueMs && !isAnswered) return [];
  const kind = hard ? 'hard' : 'ordinary';
  account.world.count(isCalm ? `bound held: ${kind}` : 'bound held after trouble');
  return isAnswered
    ? []
    : [`(2) down${hard ? ' far' : ''} since ${clock(fromMs)}, and no trip by ${clock(dueMs)}`];
}

const lastOf = (times: readonly number[], untilMs: number): number =>
  times.findLast((ms) => ms <= untilMs) ?? 0;

/** 7. Where a bridge guards, what leaves no time is closed at once, and all else once it has heard nothing of us. */
function answeredByBridge({ account, notes }: Judged, { fromMs, toMs, hard, lots }: Span): string[] {
  const { world } = account;
  if (!world.guards) return [];
  const gone = world.outages.find((o) => o.of === 'cloud' && o.fromMs <= toMs && o.toMs > fromMs);
  if (gone === undefined && !hard) return [];
  const goneMs = gone?.fromMs ?? fromMs;
  const phase = notes.findLast((n) => n.kind === 'phase' && n.atMs <= goneMs)?.body.is ?? 'armed';
  if (phase !== 'armed' && phase !== 'suspect') return [];
  const beganMs = hard ? fromMs : Math.max(fromMs, goneMs);
  const { hardMs } = guardBound({ lane: 'webhook', bridgeGuards: true }, WARNING_MS);
  const dueMs = hard
    ? beganMs + hardMs
    : Math.max(beganMs, goneMs + SILENT_MS) + THREE_LOOKS_MS + WARNING_MS + 2_000;
  const isTroubled = [...world.outages].some(
    (o) => o.of === 'trading' && o.fromMs <= dueMs && o.toMs > beganMs,
  );
  const disturbed = world.disturbedMs.some(
    (d) => d >= beganMs - UNDISTURBED_MS && d <= dueMs && d !== goneMs,
  );
  const before = world.truth.moments.findLast((m) => m.atMs <= beganMs)?.lots ?? lots;
  const isClosing = world.truth.moments.some((m) => m.atMs > beganMs && m.atMs <= dueMs && m.lots < before);
  if ((gone !== undefined && gone.toMs < dueMs) || isTroubled || disturbed || (toMs < dueMs && !isClosing))
    return [];
  world.count(`bridge alone: ${hard ? 'hard' : 'ordinary'}`);
  return isClosing
    ? []
    : [
        `(7) ${gone === undefined ? '' : 'with us gone '}down${hard ? ' far' : ''} since ${clock(beganMs)}, and nothing closed by ${clock(dueMs)}`,
      ];
}
