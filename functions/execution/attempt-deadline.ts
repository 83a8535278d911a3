import { leaves } from './bridge-refusal.ts';
import type { Command } from './command-store.ts';

/** How long one attempt of a close or a cancellation may be on its way. */
const ATTEMPT_MS = 30_000;

/**
 * Until when an attempt may be carried out, in ms. A close lives for a day, but no attempt of it does: a request that hung
 * about for minutes must not act when the next attempt may be on its way. One not yet sent has all of the command's time.
 */
export const attemptDeadlineMs = ({
  instruction,
  sentMs,
  expiresMs,
}: Pick<Command, 'instruction' | 'sentMs' | 'expiresMs'>): number =>
  leaves(instruction.kind) && sentMs !== null ? Math.min(expiresMs, sentMs + ATTEMPT_MS) : expiresMs;
