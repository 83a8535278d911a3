import { askSnapshot } from '../bridge/bridge-client.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { readAccount } from '../execution/account-store.ts';
import { resolveCommands } from '../execution/resolve-commands.ts';
import { databaseFault } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { reconcile } from './reconcile.ts';
import { applyPlan, readReconcileState, recordRefusedRun } from './reconciliation-store.ts';
import { snapshotGate } from './snapshot-gate.ts';

/** Deals are asked for again this far back: brokers book some of them late (domain 1.5). */
const DEAL_OVERLAP_MS = 48 * 3_600_000;
const ATTEMPTS = 3;

export type RunOutcome = { accountId: string; outcome: string };

/**
 * Reconciles one account: one call to its bridge, the gate, the pure plan, one statement that applies it. Another
 * writer in between makes it plan again from what is stored then. Repeats and overlaps change nothing.
 */
export async function reconcileAccount(deps: Deps, accountId: string): Promise<RunOutcome> {
  const { db, clock, ids } = deps;
  const startedMs = clock.nowMs();
  const account = await readAccount(db, accountId);
  if (account === null) return { accountId, outcome: 'unknown-account' };
  await resolveCommands(deps, accountId);
  const from = account.dealsCursorMs === null ? null : account.dealsCursorMs - DEAL_OVERLAP_MS;
  const reply = await askSnapshot(deps, account.bridgeId, from);
  const run = (outcome: string) =>
    recordRefusedRun(db, accountId, outcome, { id: ids.next(), startedMs, finishedMs: clock.nowMs() }).then(
      () => ({ accountId, outcome }),
    );
  if (reply.kind === 'no-reply') return run(`bridge-${reply.word}`);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const outcome = await planAndApply(deps, accountId, reply.value, startedMs);
    if (outcome === 'applied') return { accountId, outcome };
    if (outcome !== 'raced') return run(outcome);
  }
  return run('raced');
}

/** `applied`, `raced`, or the name of what refused the snapshot. */
async function planAndApply(
  deps: Deps,
  accountId: string,
  snapshot: Snapshot,
  startedMs: number,
): Promise<string> {
  const { db, clock, ids } = deps;
  const read = await readReconcileState(db, accountId, snapshot);
  if (read === null) return 'unknown-account';
  const { account, state } = read;
  const verdict = snapshotGate(
    { binding: account.binding, bootId: account.bootId, seq: account.bridgeSeq },
    snapshot,
    clock.nowMs(),
  );
  if (verdict.kind === 'refused') return verdict.reason;
  const plan = reconcile(state, snapshot);
  try {
    const run = { id: ids.next(), startedMs, finishedMs: clock.nowMs() };
    return (await applyPlan(db, account, snapshot, plan, run)) ? 'applied' : 'raced';
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.constraint === 'ux_accounts_binding') return 'bound-elsewhere';
    throw e;
  }
}
