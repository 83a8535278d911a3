import { bridgeClient } from '../bridge/bridge-client.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { noteContact } from '../bridge/contact-store.ts';
import { type Account, readAccount } from '../execution/account-store.ts';
import { abandonedHolder, releaseAbandoned } from '../execution/binding-store.ts';
import { readOpenCommands } from '../execution/command-store.ts';
import { suspectRestore } from '../execution/epoch-suspicion-store.ts';
import { historyFromMs, resolveCommands } from '../execution/resolve-commands.ts';
import { type EpochEvidence, epochEvidence } from '../execution/restore-epoch.ts';
import { sendDueCommands } from '../execution/send-due-commands.ts';
import { storePushedCandles } from '../market/pushed-candle-store.ts';
import { databaseFault } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { dealsFromMs, isPage } from './history-cursor.ts';
import { reconcile } from './reconcile.ts';
import { applyPlan, type Run, readReconcileState, recordRefusedRun } from './reconciliation-store.ts';
import { snapshotGate } from './snapshot-gate.ts';
import { type Shown, takeHistory } from './take-history.ts';
import { takeNextBridge } from './take-next-bridge.ts';

const ATTEMPTS = 3;
/** PostgreSQL's data exceptions. */
const UNSTORABLE = /^22/;
/** What stored something, and its run with it. */
const APPLIED = new Set(['applied', 'catching-up']);
const MINUTE_MS = 60_000;

export type RunOutcome = { accountId: string; outcome: string };

/**
 * Reconciles one account: one call to its bridge, the gate, the pure plan, one statement that applies it. Another
 * writer in between makes it plan again from what is stored then. Repeats and overlaps change nothing. Without `commands`
 * it leaves those of the account to the next run, for whoever only needs to know what stands there. A bridge that polls is
 * not called, and its silence is judged by when it last came: only what waited too long for it is ended (`awaits-sync`).
 */
export async function reconcileAccount(
  deps: Deps,
  accountId: string,
  { commands } = { commands: true },
): Promise<RunOutcome> {
  const account = await readAccount(deps.db, accountId);
  if (account === null) return { accountId, outcome: 'unknown-account' };
  if (account.released) return { accountId, outcome: 'account-released' };
  const taken = await takeNextBridge(deps, account, dealsFromMs(account, null));
  if (account.polled && taken === null) {
    if (commands) await sendDueCommands(deps, accountId);
    return { accountId, outcome: 'awaits-sync' };
  }
  const first = taken && { reply: taken.reply, fromMs: dealsFromMs(account, null) };
  const outcome = await runFor(deps, taken?.account ?? account, commands, first);
  await noteOutcome(deps, taken?.account ?? account, outcome);
  return { accountId, outcome };
}

/** Notes that the account's bridge was called or came, and what that led to. */
export async function noteOutcome(
  { db, clock, ids, queue }: Deps,
  account: Account,
  outcome: string,
  nextMs?: number,
): Promise<void> {
  const contact = {
    ...{ accountId: account.id, bridgeId: account.bridgeId, outcome, nowMs: clock.nowMs() },
    ...(nextMs === undefined ? {} : { nextMs }),
  };
  const alert = { id: ids.next(), eventId: ids.next() };
  if (await noteContact(db, contact, alert)) await queue.send([{ kind: 'outbox', id: alert.eventId }]);
}

/** The run itself, beginning with what was shown already (`first`), and then the account's commands; its outcome. */
async function runFor(deps: Deps, account: Account, commands: boolean, first: Shown | null): Promise<string> {
  const { db, clock } = deps;
  const open = await readOpenCommands(db, account.id);
  const of = { port: bridgeClient(deps, account.bridgeId), neededMs: historyFromMs(open), first };
  const { reply, fromMs, outcome } = await takeHistory(deps, account, of, (known, shown) =>
    takeSnapshot(deps, known, shown, clock.nowMs()),
  );
  if (commands && (open.length > 0 || account.leaving === true))
    await (outcome === 'applied' && reply.kind === 'reply'
      ? resolveCommands(deps, account.id, { snapshot: reply.value, fromMs })
      : sendDueCommands(deps, account.id));
  return outcome;
}

/**
 * Compares the books with what a bridge showed and applies what follows, or records why nothing did; the outcome:
 * `applied`, `catching-up` where it was one page of a longer history, what refused the snapshot, or `bridge-` and the word
 * of the reply that did not come.
 */
export async function takeSnapshot(
  deps: Deps,
  account: Account,
  { reply, fromMs }: Shown,
  startedMs: number,
): Promise<string> {
  const { db, clock, ids } = deps;
  const outcome =
    reply.kind === 'reply'
      ? await compare(deps, account, { snapshot: reply.value, fromMs }, startedMs)
      : `bridge-${reply.word}`;
  const { contact = null } = account;
  const toldBefore = contact?.outcome === outcome && isFrequent(account, contact.heardMs, startedMs);
  if (!APPLIED.has(outcome) && !toldBefore)
    await recordRefusedRun(db, account.id, outcome, { id: ids.next(), startedMs, finishedMs: clock.nowMs() });
  return outcome;
}

/** Whether this is one more within a minute of a bridge that comes every few seconds. */
const isFrequent = ({ polled }: Account, lastMs: number | null, nowMs: number): boolean =>
  polled === true && lastMs !== null && Math.floor(lastMs / MINUTE_MS) === Math.floor(nowMs / MINUTE_MS);

type Seen = { snapshot: Snapshot; fromMs: number | null };

async function compare(deps: Deps, account: Account, seen: Seen, startedMs: number): Promise<string> {
  let outcome = 'raced';
  for (let attempt = 1; attempt <= ATTEMPTS && outcome === 'raced'; attempt += 1)
    outcome = await planAndApply(deps, account.id, seen, {
      startedMs,
      newsOnly: isFrequent(account, account.snapshotMs, startedMs),
      bridgeId: account.bridgeId,
    });
  if (outcome === 'applied') {
    const { candles = [], captured_at } = seen.snapshot;
    await storePushedCandles(deps.db, account.id, candles, captured_at);
  }
  return outcome;
}

/** `applied`, `catching-up`, `raced`, or the name of what refused the snapshot. */
async function planAndApply(
  deps: Deps,
  accountId: string,
  { snapshot, fromMs }: Seen,
  { bridgeId, ...of }: Pick<Run, 'startedMs' | 'newsOnly'> & { bridgeId: string },
): Promise<string> {
  const { db, clock, ids } = deps;
  const read = await readReconcileState(db, accountId, snapshot);
  if (read === null) return 'unknown-account';
  const { account, state } = read;
  if (account.bridgeId !== bridgeId) return 'replaced-bridge';
  const verdict = snapshotGate(
    { binding: account.binding, bootId: account.bootId, seq: account.bridgeSeq, fromMs },
    snapshot,
    clock.nowMs(),
  );
  if (verdict.kind === 'refused') return verdict.reason;
  const { namespace } = state;
  const { dismissed } = account.epoch;
  const evidence = epochEvidence(snapshot, { namespace, lastNumber: read.lastNumber, dismissed });
  if (evidence !== null) await suspect(deps, account, evidence);
  const plan = reconcile(state, snapshot);
  try {
    const run = { id: ids.next(), ...of, doubts: read.doubts, finishedMs: clock.nowMs() };
    if (!(await applyPlan(db, account, snapshot, plan, run))) return 'raced';
    return isPage(snapshot) ? 'catching-up' : 'applied';
  } catch (e) {
    const fault = databaseFault(e);
    // A figure or a sum that no column holds: nothing of the snapshot is stored, and the next may be without it.
    if (fault?.kind === 'other' && UNSTORABLE.test(fault.code)) return 'snapshot-incomplete';
    if (fault?.kind !== 'constraint' || fault.constraint !== 'ux_accounts_binding') throw e;
    return (await freed(deps, accountId, snapshot.account)) ? 'raced' : 'bound-elsewhere';
  }
}

/** Whether whoever claims the login had abandoned it, and holds it no more. */
async function freed(
  { db, clock, ids }: Deps,
  accountId: string,
  login: { server: string; login: string },
): Promise<boolean> {
  const holder = await abandonedHolder(db, login);
  if (holder === null) return false;
  const id = ids.next();
  const audit = {
    ...{ id, nowMs: clock.nowMs(), actorKind: 'system' as const, actorId: null, action: 'account.release' },
    ...{ subjectKind: 'account', subjectId: holder, requestId: id },
    detail: { reason: 'abandoned', taken_over_by: accountId },
  };
  return releaseAbandoned(db, holder, audit);
}

/** A broker that knows what we have yet to give: this database may be older than what happened there. */
async function suspect(
  { db, clock, ids, queue }: Deps,
  { id, epoch }: Account,
  evidence: EpochEvidence,
): Promise<void> {
  if (epoch.behind === evidence.magic) return;
  const testifies = evidence.plausible && epoch.trusted && epoch.dismissed.length === 0;
  const alert = () => ({ id: ids.next(), eventId: ids.next() });
  const seen = { ...evidence, accountId: id, testifies, nowMs: clock.nowMs() };
  const events = await suspectRestore(db, seen, { account: alert(), deployment: alert() });
  if (events.length > 0) await queue.send(events.map((event) => ({ kind: 'outbox', id: event })));
}
