import type { Deps } from '../platform/deps.ts';
import { raiseDueAlerts } from './alert-store.ts';

/** A bridge's heartbeat goes on when markets are closed, so silence is always a fault (domain 7.6). */
const SILENT_MS = 300_000;
/** The horizon of an unknown command (three minutes) and two ticks to look it up in. */
const UNKNOWN_MS = 300_000;
/** Where the market is open a close is done within seconds; who waits for longer wants to know what for. */
const DELAYED_MS = 300_000;

/** Scheduled: raises what has become due, and puts it on the queue. Returns how many alerts are new. */
export async function raiseAlerts(deps: Deps): Promise<number> {
  const nowMs = deps.clock.nowMs();
  const events = await raiseDueAlerts(deps.db, nowMs, {
    silentMs: nowMs - SILENT_MS,
    unknownMs: nowMs - UNKNOWN_MS,
    delayedMs: nowMs - DELAYED_MS,
  });
  await deps.queue.send(events.map((id) => ({ kind: 'outbox' as const, id })));
  return events.length;
}
