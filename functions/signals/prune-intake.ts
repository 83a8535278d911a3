import type { Deps } from '../platform/deps.ts';
import { pruneBatches } from './batch-store.ts';
import { pruneRefusals } from './refusal-store.ts';

/** Deletes refusals and batches past their time, a bounded number a run; what is left the next run takes. */
export async function pruneIntake(deps: Deps): Promise<void> {
  const nowMs = deps.clock.nowMs();
  await deps.db.batch([...pruneRefusals(nowMs), pruneBatches(nowMs)]);
}
