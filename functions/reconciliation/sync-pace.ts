/**
 * How soon a bridge that polls is to come again (domain 7.2). Its silence is told from its rhythm (domain 7.6), so the
 * slowest stays below the five minutes after which a person is alerted; and what is approved while the account is flat must
 * still be fetched before a market order's time is over. Pure.
 */
import { MARKET_TTL_MS } from '../execution/entry-order.ts';

/** It has yet to show as much history as it is asked for. */
const AT_ONCE_MS = 1_000;
/** The guard's second sample: it must be a second younger than the first (`drawdown-guard.ts`), and not much more. */
const CONFIRM_MS = 1_100;
/** A command waits, is on its way, or its fate is open; or the guard has seen a breach. */
const COMMAND_MS = 2_000;
/** Something stands or works at the broker, or a signal may be countersigned any moment. */
const EXPOSED_MS = 5_000;
const FLAT_MS = MARKET_TTL_MS - 10_000;
const CLOSED_MS = 240_000;

export type Pace = {
  lacking: boolean;
  /** The guard has seen something once, which a second sample is to confirm. */
  doubted: boolean;
  commands: boolean;
  exposed: boolean;
  awaited: boolean;
  /** When the first of the account's markets trades; in the past where one does. */
  tradesMs: number;
};

/** Milliseconds from `nowMs` on. */
export function syncPace(
  { lacking, doubted, commands, exposed, awaited, tradesMs }: Pace,
  nowMs: number,
): number {
  if (lacking) return AT_ONCE_MS;
  if (doubted) return CONFIRM_MS;
  if (commands) return COMMAND_MS;
  if (exposed || awaited) return EXPOSED_MS;
  return Math.round(Math.min(Math.max(tradesMs - nowMs, FLAT_MS), CLOSED_MS));
}
