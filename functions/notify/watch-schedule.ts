/**
 * Whether the schedule still runs, asked by whoever is there: a schedule that is dead can neither notice it nor sweep the
 * outbox. So the one who notices raises the alert and sends it himself, behind his answer.
 */
import type { Deps } from '../platform/deps.ts';
import { causeOf } from '../platform/log.ts';
import { raiseScheduleDead } from './alert-store.ts';
import { AGAIN_SECONDS, tellAlert } from './send-alert.ts';

const DEAD_AFTER_MS = 180_000;
/** How often an isolate looks: one round trip behind one of its answers. */
const LOOK_EVERY_MS = 10_000;

/** The watch of an isolate. What it returns is called once a request or job, and never fails it. */
export function createScheduleWatch(): (deps: Deps) => void {
  let lookAgainMs = Number.NEGATIVE_INFINITY;
  return (deps) => {
    const nowMs = deps.clock.nowMs();
    // A duty without the keys of alerts (charts) can tell nobody.
    if (deps.config.ALERT_KEYS === undefined) return;
    // One that was set back starts the pause anew, or nobody would look until it is again what it was.
    if (nowMs < lookAgainMs && nowMs >= lookAgainMs - LOOK_EVERY_MS) return;
    lookAgainMs = nowMs + LOOK_EVERY_MS;
    deps.after(() =>
      look(deps, nowMs).catch((e) => {
        deps.log({
          kind: 'fault',
          name: 'schedule watch',
          outcome: 'failed',
          request_id: '',
          cause: causeOf(e),
        });
      }),
    );
  };
}

async function look(deps: Deps, nowMs: number): Promise<void> {
  const alert = { id: deps.ids.next(), eventId: deps.ids.next() };
  if (!(await raiseScheduleDead(deps.db, alert, nowMs, nowMs - DEAD_AFTER_MS))) return;
  // Whoever is not reached now is reached by the queue, which lives without the schedule; neither depends on the other,
  // because nobody raises this alert again. On Lambda the answer waits for both.
  const ends = await Promise.allSettled([
    tellAlert(deps, alert.id, true),
    deps.queue.send([{ kind: 'outbox', id: alert.eventId }], AGAIN_SECONDS),
  ]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
