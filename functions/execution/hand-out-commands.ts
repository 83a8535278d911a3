/**
 * The commands of an account whose bridge polls, while one request of it is answered. Invariants:
 *  1. a command is committed as sent, under the account's lease and by the very statement that sends to any bridge, before
 *     it stands in a reply;
 *  2. it is handed out once for each attempt. Until a later request tells what came of it, or where the reply was lost, its
 *     fate is unknown: it is looked up, and never handed out again for its silence;
 *  3. a result counts for the attempt that it names, while that attempt's fate is open, and otherwise changes nothing. Who
 *     brings it, which process of the bridge and how often, makes no difference.
 */
import type { BridgePort } from '../bridge/bridge-port.ts';
import type { ExecutionResult } from '../bridge/bridge-protocol.ts';
import type { Deps } from '../platform/deps.ts';
import { type Lease, leaseEnd, takeLease } from './account-lease-store.ts';
import { outcomeOf } from './command-outcome.ts';
import { refuseUnsendable, sendNext } from './command-queue-store.ts';
import { readOpenCommands } from './command-store.ts';
import { lookUpCommands } from './resolve-commands.ts';
import { resolveExits } from './resolve-exits.ts';
import { applyOutcome } from './send-due-commands.ts';
import type { SeenSnapshot } from './unknown-command.ts';
import { wireCommand } from './wire-command.ts';

/** A bridge carries them out one after the other, and each has its deadline. */
const MAX_HANDED_OUT = 10;
/** Nobody calls such a bridge under the lease, so that whoever holds it has soon done. */
const LEASE_TRIES = 4;
const LEASE_PAUSE_MS = 150;

/**
 * Settles what `results` tell, has the books compared (`compare`), looks up what is open by `bridge`, and gives it what waits,
 * unless its terminal may not be told (`handsOut`). Null, and nothing done, where somebody holds the lease: what was brought
 * in vain is looked up later. `seen`: a snapshot that passed the gate.
 */
export async function handOutCommands<T extends { seen: SeenSnapshot | null; handsOut: boolean }>(
  deps: Deps,
  accountId: string,
  { bridge, results }: { bridge: BridgePort; results: readonly ExecutionResult[] },
  compare: () => Promise<T>,
): Promise<T | null> {
  const { clock, db } = deps;
  const lease = await leaseInTime(deps, accountId);
  if (lease === null) return null;
  try {
    await settleResults(deps, lease, results);
    const compared = await compare();
    const { seen, handsOut } = compared;
    if (seen !== null)
      await lookUpCommands(deps, { lease, seen }, await readOpenCommands(db, accountId), () => bridge);
    await refuseUnsendable(db, lease, clock.nowMs());
    await resolveExits(deps, lease);
    if (handsOut) await handOut(deps, lease, bridge);
    return compared;
  } finally {
    // Where even this fails the lease ends by itself.
    await db.run(leaseEnd(lease)).catch(() => {});
  }
}

async function leaseInTime({ clock, db }: Deps, accountId: string): Promise<Lease | null> {
  for (let tried = 1; ; tried += 1) {
    const lease = await takeLease(db, accountId, clock.nowMs());
    if (lease !== null || tried === LEASE_TRIES) return lease;
    await clock.sleep(LEASE_PAUSE_MS);
  }
}

/** Taking the lease has made all that was handed out unknown: a result is the answer that came. */
async function settleResults(deps: Deps, lease: Lease, results: readonly ExecutionResult[]): Promise<void> {
  if (results.length === 0) return;
  const open = await readOpenCommands(deps.db, lease.accountId);
  for (const result of results) {
    const command = open.find((c) => c.id === result.cmd_id && c.attempt === result.attempt);
    if (command?.state !== 'unknown') continue;
    const outcome = outcomeOf(command, result, deps.clock.nowMs());
    await applyOutcome(deps, lease, { command, from: ['unknown'] }, outcome);
  }
}

async function handOut(deps: Deps, lease: Lease, bridge: BridgePort): Promise<void> {
  const { clock, db } = deps;
  for (let given = 0; given < MAX_HANDED_OUT; given += 1) {
    const command = await sendNext(db, lease, clock.nowMs(), bridge.lane);
    if (command === null) return;
    await bridge.execute(wireCommand(command));
  }
}
