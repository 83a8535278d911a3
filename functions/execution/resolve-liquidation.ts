import type { Deps } from '../platform/deps.ts';
import type { Lease } from './account-lease-store.ts';
import { type LiquidationFacts, liquidationPlan } from './liquidation-plan.ts';
import { applyLiquidation } from './liquidation-store.ts';

/**
 * The next step of a guard's trip that takes everything out, under a lease that is held: what it makes waits to be sent, and
 * what a person must hear goes on its way. When its first pause ends, null where nothing waits for one.
 */
export async function resolveLiquidation(
  { clock, db, ids, queue }: Deps,
  lease: Lease,
  facts: LiquidationFacts,
): Promise<number | null> {
  const nowMs = clock.nowMs();
  const plan = liquidationPlan(facts, nowMs);
  if (plan.orders.length + plan.alerts.length === 0) return plan.nextMs;
  const made = {
    orderIds: plan.orders.map(() => ids.next()),
    alerts: plan.alerts.map(() => ({ id: ids.next(), eventId: ids.next() })),
  };
  const events = await applyLiquidation(db, lease, facts.tripId, plan, made, nowMs);
  if (events.length > 0) await queue.send(events.map((id) => ({ kind: 'outbox', id })));
  return plan.nextMs;
}
