/** What goes on the queue once a plan has been applied, because of what it found. Pure. */
import type { WorkMessage } from '../platform/work-queue.ts';
import { alarmAfterMs, alertEventId } from './divergence-code.ts';
import { asksForAct } from './divergences.ts';
import type { ReconcilePlan } from './reconcile.ts';

/** The alerts that were raised at once, and where something is to be done about what was found, another look at the account. */
export function dueMessages(accountId: string, { events }: ReconcilePlan, appliedMs: number): WorkMessage[] {
  const alerts = events
    .filter((d) => alarmAfterMs(d) === 0)
    .map((d) => ({ kind: 'outbox' as const, id: alertEventId(accountId, d, appliedMs) }));
  return asksForAct(events) ? [...alerts, { kind: 'reconcile', account_id: accountId }] : alerts;
}
