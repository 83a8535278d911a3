import type { Deps } from '../platform/deps.ts';
import { accountsToReconcile } from './reconciliation-store.ts';

/** Scheduled: puts every account with a live bridge on the queue, one message each. Returns how many. */
export async function reconcileAccounts(deps: Deps): Promise<number> {
  const ids = await accountsToReconcile(deps.db, deps.clock.nowMs());
  await deps.queue.send(ids.map((account_id) => ({ kind: 'reconcile' as const, account_id })));
  return ids.length;
}
