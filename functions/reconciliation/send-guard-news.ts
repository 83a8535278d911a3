import { bridgeClient } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import type { WorkMessage } from '../platform/work-queue.ts';
import { readGuardOrder } from '../risk/guard-order-store.ts';
import { guardAlertEvents, type StoredGuard } from '../risk/guard-store.ts';
import type { GuardVerdict } from '../risk/guard-verdict.ts';

/** A look that comes so soon after another leaves it to that one's successor to come again. */
const TOGETHER_MS = 400;
/** What has just come to stand at risk is looked at again as soon as what the schedule knows to be. */
const SECOND_BEAT_SECONDS = 30;
/** Who was to come again has been lost when nobody has looked for so long. */
const LOST_MS = 15_000;

type Look = {
  account: { id: string; bridgeId: string };
  polled: boolean;
  /** Whether its bridge guards too. */
  bridgeGuards: boolean;
  /** Whether it was the schedule's. */
  inTurn: boolean;
  atMs: number;
};

/**
 * After the commit of what a guard decided: its alerts go on their way, before anything is closed; and where another sample is
 * wanted somebody is sent to take it. Looks follow each other in one line: those of the schedule begin none, but where
 * something was seen just now or whoever was on the way is lost. The bridge's own guard hears of it at once.
 */
export async function sendGuardNews(
  deps: Deps,
  { account, polled, bridgeGuards, inTurn, atMs }: Look,
  before: StoredGuard,
  verdict: GuardVerdict,
): Promise<void> {
  const { queue } = deps;
  const accountId = account.id;
  const events = verdict.isNews ? guardAlertEvents(accountId, verdict, atMs) : [];
  if (events.length > 0) await queue.send(events.map((id): WorkMessage => ({ kind: 'outbox', id })));
  // It comes by itself, and hears it then.
  if (polled) return;
  if (bridgeGuards && verdict.effects.length > 0) await orderGuard(deps, account);
  const { resampleMs, state } = verdict;
  if (verdict.effects.some((e) => e.kind === 'tripped' && !e.shadow))
    await queue.send([{ kind: 'reconcile', account_id: accountId }]);
  // Where the queue does not take it the schedule's next turn looks again.
  const lookIn = (seconds: number) =>
    queue.send([{ kind: 'reconcile', account_id: accountId }], seconds).catch(() => {});
  if (resampleMs === null) {
    if ((before.state?.inScope ?? 0) === 0 && state.inScope > 0) await lookIn(SECOND_BEAT_SECONDS);
    return;
  }
  const sinceMs = (state.seenMs ?? 0) - (before.state?.seenMs ?? 0);
  const leads = verdict.effects.length > 0 || sinceMs > LOST_MS || (!inTurn && sinceMs > TOGETHER_MS);
  if (!leads) return;
  await lookIn(Math.max(1, Math.round(resampleMs / 1_000)));
}

/** The bridge's timer goes on with what it heard last where this does not reach it, and the next snapshot's request says it again. */
async function orderGuard(deps: Deps, { id, bridgeId }: Look['account']): Promise<void> {
  const order = await readGuardOrder(deps.db, id);
  if (order !== null) await bridgeClient(deps, bridgeId).guard(order);
}
