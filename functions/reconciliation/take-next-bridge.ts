/**
 * How an account changes its bridge: the new one must show, by a sound snapshot of its own, that it stands at the very
 * broker's account that the account is bound to. Until then the present one goes on.
 */
import { bridgeClient } from '../bridge/bridge-client.ts';
import type { Reply } from '../bridge/bridge-port.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type Account, type DrivenAccount, isDriven, readAccount } from '../execution/account-store.ts';
import { accountPromised, adoptBridge } from '../execution/binding-store.ts';
import type { Deps } from '../platform/deps.ts';
import { recordRefusedRun } from './reconciliation-store.ts';
import { snapshotGate } from './snapshot-gate.ts';

/**
 * Asks the bridge that an account is promised to, where that one is called. The account as the new bridge drives it, with its
 * reply; null where it does not take over, with a run that says why.
 */
export async function takeNextBridge(
  deps: Deps,
  account: Account,
  fromMs: number | null,
): Promise<{ account: DrivenAccount; reply: Reply<Snapshot> } | null> {
  const { nextBridgeId } = account;
  if (nextBridgeId === null) return null;
  const startedMs = deps.clock.nowMs();
  const reply = await bridgeClient(deps, nextBridgeId).snapshot(fromMs);
  if (reply.kind === 'no-reply' && reply.word === 'polled') return null;
  const outcome = reply.kind === 'reply' ? await adopt(deps, account, nextBridgeId, reply.value) : reply.word;
  const adopted = outcome === 'adopted' ? await readAccount(deps.db, account.id) : null;
  if (adopted !== null && isDriven(adopted)) return { account: adopted, reply };
  const run = { id: deps.ids.next(), startedMs, finishedMs: deps.clock.nowMs() };
  await recordRefusedRun(deps.db, account.id, `next-bridge-${outcome}`, run);
  return null;
}

/** The account that a bridge which polls is promised, where its snapshot lets it take over; null where there is none. */
export async function takePolledBridge(
  deps: Deps,
  bridgeId: string,
  snapshot: Snapshot | null,
): Promise<DrivenAccount | null> {
  const id = snapshot === null ? null : await accountPromised(deps.db, bridgeId);
  const account = id === null ? null : await readAccount(deps.db, id);
  if (account === null || snapshot === null) return null;
  if ((await adopt(deps, account, bridgeId, snapshot)) !== 'adopted') return null;
  const adopted = await readAccount(deps.db, account.id);
  return adopted !== null && isDriven(adopted) ? adopted : null;
}

/** `adopted`, or what stood in the way. */
async function adopt(
  { db, clock, ids }: Deps,
  { id, binding, bridgeId: before }: Account,
  bridgeId: string,
  snapshot: Snapshot,
): Promise<string> {
  const verdict = snapshotGate({ binding, bootId: null, seq: null }, snapshot, clock.nowMs());
  if (verdict.kind === 'refused') return verdict.reason;
  if (binding === null) return 'not-bound';
  const auditId = ids.next();
  const audit = {
    ...{ id: auditId, nowMs: clock.nowMs(), actorKind: 'bridge' as const, actorId: bridgeId },
    ...{ action: 'account.bridge-adopted', subjectKind: 'account', subjectId: id },
    ...{ detail: { before }, requestId: auditId },
  };
  return (await adoptBridge(db, { accountId: id, bridgeId, binding }, audit)) ? 'adopted' : 'taken-back';
}
