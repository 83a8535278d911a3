/**
 * What the messages that came together in a lane of accounts ask for. Invariants:
 *  1. an account is called once however often it is named, and one whose turn somebody else has taken, or has had, not at all;
 *  2. what something asked for that has happened (`reconcile`) is done in any case, whoever holds the turn: their call may
 *     have been before it;
 *  3. whoever is not begun, or fails, gives back the turn, so that the next may take it; and who dies with it is followed
 *     when the lease is over.
 */
import type { Deps } from '../platform/deps.ts';
import type { WorkMessage } from '../platform/work-queue.ts';
import { type Prepared, prepareAccounts } from './due-account-store.ts';
import { reconcileAccount } from './reconcile-account.ts';
import { togetherAgain, turnsOf } from './reconcile-accounts.ts';
import { endTurns, TURN_LEASE_MS, type Turn, type TurnLease } from './turn-lease-store.ts';

/** The schedule waits no longer among the quick ones; who takes longer is called again among the slow, in its own time. */
const PATIENCE_MS = 3_000;
/** What does not come within that. */
const CUT_SHORT = new Set(['bridge-timeout', 'bridge-too-large']);

type AccountMessage = Exclude<WorkMessage, { kind: 'outbox' }>;
export type AccountWork = {
  accountId: string;
  /** Whose it is; null where there is no such account. */
  userId: string | null;
  /** The messages that name it. */
  from: readonly AccountMessage[];
  /** What has it done again, and it alone. */
  again: readonly WorkMessage[];
  turn: TurnLease | null;
  /** Does it; the outcome of the run. */
  run(): Promise<string>;
};

/** The accounts that are to be called now, of those that the messages of one lane name. */
export async function takeTurns(deps: Deps, messages: readonly AccountMessage[]): Promise<AccountWork[]> {
  const asked = new Map<string, AccountMessage[]>();
  for (const m of messages) for (const id of idsOf(m)) asked.set(id, [...(asked.get(id) ?? []), m]);
  const turns = [...asked].flatMap(([accountId, from]) => turnOf(accountId, from) ?? []);
  const prepared = await prepareAccounts(deps.db, [...asked.keys()], turns, deps.clock.nowMs());
  const hadIt: TurnLease[] = [];
  const held: AccountMessage[] = [];
  const work: AccountWork[] = [];
  for (const [accountId, from] of asked) {
    const known = prepared.get(accountId);
    const turn = turnOf(accountId, from);
    if (turn === null) work.push(asWished(deps, accountId, from, known));
    else if (known !== undefined) {
      const { lease, account } = known;
      const hadTurn = (account.contact?.calledMs ?? Number.NEGATIVE_INFINITY) >= turn.dueMs;
      if (lease !== null && !hadTurn) work.push(inTurn(deps, { turn, from, lease }, known));
      // Whoever held it has stored what he saw while its end was waited for.
      else if (lease !== null) hadIt.push(lease);
      else if (!hadTurn) held.push(...againOf(turn, from));
    }
  }
  await endTurns(deps.db, hadIt);
  // Whoever holds it may be dead; then this is its turn still. Where the queue does not take that, the next tick does.
  if (held.length > 0) await deps.queue.send(togetherAgain(held), TURN_LEASE_MS / 1_000).catch(() => {});
  return work;
}

/** What has it called again, and it alone, in the lane that it was in. */
const againOf = ({ accountId, dueMs }: Turn, from: readonly AccountMessage[]) =>
  turnsOf([{ id: accountId, slow: isSlow(from) }], dueMs);

const isSlow = (from: readonly AccountMessage[]): boolean =>
  from.some((m) => m.kind === 'schedule' && m.slow === true);

/** The accounts that a message names. */
export const idsOf = (m: AccountMessage): readonly string[] =>
  m.kind === 'schedule' ? m.account_ids : [m.account_id];

/** Its turn; null where it is to be called in any case. */
function turnOf(accountId: string, from: readonly AccountMessage[]): Turn | null {
  const dues = from.flatMap((m) => (m.kind === 'schedule' ? [m.due_ms] : []));
  return dues.length < from.length ? null : { accountId, dueMs: Math.max(...dues) };
}

function asWished(
  deps: Deps,
  accountId: string,
  from: readonly AccountMessage[],
  prepared: Prepared | undefined,
): AccountWork {
  return {
    ...{ accountId, userId: prepared?.account.userId ?? null, from, turn: null },
    again: from.filter((m) => m.kind === 'reconcile'),
    run: async () => (await reconcileAccount(deps, accountId, prepared && { prepared })).outcome,
  };
}

function inTurn(
  deps: Deps,
  { turn, from, lease }: { turn: Turn; from: readonly AccountMessage[]; lease: TurnLease },
  prepared: Prepared,
): AccountWork {
  const { accountId } = turn;
  const slow = isSlow(from);
  const run = async (): Promise<string> => {
    const { outcome } = await reconcileAccount(deps, accountId, {
      prepared,
      ...(slow ? {} : { patienceMs: PATIENCE_MS }),
    });
    // This call counts as a look at it, so that its other turn comes after. Where the queue does not take that, the tick does.
    if (!slow && CUT_SHORT.has(outcome))
      await deps.queue.send(turnsOf([{ id: accountId, slow: true }], deps.clock.nowMs() + 1)).catch(() => {});
    return outcome;
  };
  return {
    ...{ accountId, userId: prepared.account.userId, from, turn: lease },
    again: againOf(turn, from),
    run: async () => {
      try {
        return await run();
      } catch (e) {
        await endTurns(deps.db, [lease]).catch(() => {});
        throw e;
      }
    },
  };
}
