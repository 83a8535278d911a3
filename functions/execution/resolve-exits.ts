import type { Deps } from '../platform/deps.ts';
import type { Lease } from './account-lease-store.ts';
import { type ExitPlan, exitPlan } from './exit-plan.ts';
import { applyExit, type OpenExit, readLeaving, supersedeApprovals } from './exit-store.ts';
import { makeRemedies } from './remedy-store.ts';
import { resolveLiquidation } from './resolve-liquidation.ts';
import { cancelOrders } from './withdrawal-store.ts';

/** An approved close looks again so soon whether a guard's trip has taken out what it was for. */
const AFTER_TRIP_MS = 60_000;

/**
 * The next step of a guard's trip and of every open close of an account, the cancellations of orders that shall not work any
 * more, and what is done about divergences that need nobody's decision, under a lease that is held: what it makes waits to be
 * sent. From what is stored at that moment alone, so that whoever holds the lease next goes on where this one stopped. Of two
 * closes the second sees what the first has made; while a trip takes everything out, it alone makes any. When the trip's
 * first pause ends, null where there is none.
 */
export async function resolveExits(deps: Deps, lease: Lease): Promise<number | null> {
  const { db, ids, clock } = deps;
  const read = () => readLeaving(db, lease.accountId, clock.nowMs());
  let { exits, withdrawn, unsettled, liquidation } = await read();
  const lookMs = liquidation === null ? null : await resolveLiquidation(deps, lease, liquidation);
  const targets = new Set(withdrawn);
  const seen = new Set<string>();
  for (let exit = exits[0]; exit !== undefined; exit = exits.find((e) => !seen.has(e.approvalId))) {
    seen.add(exit.approvalId);
    const nowMs = clock.nowMs();
    const planned = exitPlan(exit, nowMs);
    const plan = liquidation === null ? planned : leftToTrip(planned, nowMs);
    for (const id of plan.withdraw) targets.add(id);
    if (isNews(exit, plan, nowMs)) await take(deps, lease, exit, plan);
    if (plan.orders.length > 0) ({ exits, withdrawn, unsettled } = await read());
  }
  const orders = [...targets].map((id) => ({ id, cancelId: ids.next() }));
  if (orders.length > 0) await cancelOrders(db, lease, orders, clock.nowMs());
  const remedies = unsettled.map((id) => ({ divergenceId: id, commandId: ids.next() }));
  if (remedies.length > 0) await makeRemedies(db, lease, remedies, clock.nowMs());
  return lookMs;
}

/** What is in its stake is in the trip's scope too: two closes of a position would be one too many. */
const leftToTrip = (plan: ExitPlan, nowMs: number): ExitPlan =>
  plan.orders.length === 0
    ? plan
    : { ...plan, orders: [], nextMs: Math.min(plan.nextMs, nowMs + AFTER_TRIP_MS) };

/** Whether there is anything to write: a step, another reason, or another time to look. */
const isNews = (exit: OpenExit, plan: ExitPlan, nowMs: number): boolean =>
  plan.orders.length + plan.drop.length + plan.unmade.length > 0 ||
  plan.end !== null ||
  plan.acted !== exit.acted ||
  plan.reason !== exit.reason ||
  exit.nextMs <= nowMs;

async function take(deps: Deps, lease: Lease, exit: OpenExit, plan: ExitPlan): Promise<void> {
  const { db, ids, clock, queue } = deps;
  const nowMs = clock.nowMs();
  if (plan.unmade.length > 0) await supersedeApprovals(db, lease, plan.unmade, nowMs);
  const alert = { id: ids.next(), eventId: ids.next() };
  const made = { orderIds: plan.orders.map(() => ids.next()), alert };
  if (await applyExit(db, lease, exit, plan, made, nowMs))
    await queue.send([{ kind: 'outbox', id: alert.eventId }]);
}
