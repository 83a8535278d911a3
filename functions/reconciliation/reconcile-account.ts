import { askSnapshot } from '../bridge/bridge-client.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { noteContact } from '../bridge/contact-store.ts';
import { type Account, readAccount } from '../execution/account-store.ts';
import { readOpenCommands } from '../execution/command-store.ts';
import { historyFromMs, resolveCommands } from '../execution/resolve-commands.ts';
import { highestOwnMagic, isEpochBehind } from '../execution/restore-epoch.ts';
import { freezeCommands } from '../execution/restore-epoch-store.ts';
import { sendDueCommands } from '../execution/send-due-commands.ts';
import { storePushedCandles } from '../market/pushed-candle-store.ts';
import { databaseFault } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { reconcile } from './reconcile.ts';
import { applyPlan, readReconcileState, recordRefusedRun } from './reconciliation-store.ts';
import { snapshotGate } from './snapshot-gate.ts';

/** Deals are asked for again this far back (domain 1.5). */
const DEAL_OVERLAP_MS = 48 * 3_600_000;
const ATTEMPTS = 3;

export type RunOutcome = { accountId: string; outcome: string };

/**
 * Reconciles one account: one call to its bridge, the gate, the pure plan, one statement that applies it. Another
 * writer in between makes it plan again from what is stored then. Repeats and overlaps change nothing. Without `commands`
 * it leaves those of the account to the next run, for whoever only needs to know what stands there.
 */
export async function reconcileAccount(
  deps: Deps,
  accountId: string,
  { commands } = { commands: true },
): Promise<RunOutcome> {
  const { db, clock, ids, queue } = deps;
  const account = await readAccount(db, accountId);
  if (account === null) return { accountId, outcome: 'unknown-account' };
  const outcome = await runFor(deps, account, commands);
  const contact = { accountId, bridgeId: account.bridgeId, outcome, nowMs: clock.nowMs() };
  const alert = { id: ids.next(), eventId: ids.next() };
  if (await noteContact(db, contact, alert)) await queue.send([{ kind: 'outbox', id: alert.eventId }]);
  return { accountId, outcome };
}

/** The run itself and then the account's commands; the outcome of the run. */
async function runFor(deps: Deps, account: Account, commands: boolean): Promise<string> {
  const { db, clock, ids } = deps;
  const startedMs = clock.nowMs();
  const open = await readOpenCommands(db, account.id);
  const fromMs = dealsFromMs(account.dealsCursorMs, historyFromMs(open));
  const { outcome, snapshot } = await compare(deps, account, fromMs, startedMs);
  if (outcome !== 'applied')
    await recordRefusedRun(db, account.id, outcome, { id: ids.next(), startedMs, finishedMs: clock.nowMs() });
  if (commands && open.length > 0)
    await (outcome === 'applied' && snapshot !== null
      ? resolveCommands(deps, account.id, { snapshot, fromMs })
      : sendDueCommands(deps, account.id));
  return outcome;
}

/** Brokers book some deals late, and an open command needs the history since before it was sent. */
function dealsFromMs(cursorMs: number | null, neededMs: number | null): number | null {
  if (cursorMs === null) return null;
  const overlapMs = cursorMs - DEAL_OVERLAP_MS;
  return neededMs === null ? overlapMs : Math.min(overlapMs, neededMs);
}

/** Compares the books with a snapshot and applies what follows; the outcome, and what was seen. */
async function compare(
  deps: Deps,
  account: Account,
  fromMs: number | null,
  startedMs: number,
): Promise<{ outcome: string; snapshot: Snapshot | null }> {
  const reply = await askSnapshot(deps, account.bridgeId, fromMs);
  if (reply.kind === 'no-reply') return { outcome: `bridge-${reply.word}`, snapshot: null };
  const snapshot = reply.value;
  let outcome = 'raced';
  for (let attempt = 1; attempt <= ATTEMPTS && outcome === 'raced'; attempt += 1)
    outcome = await planAndApply(deps, account.id, snapshot, startedMs);
  if (outcome === 'applied') {
    const { candles = [], captured_at } = snapshot;
    const { symbols } = account.settings;
    await storePushedCandles(deps.db, { id: account.id, symbols }, candles, captured_at);
  }
  return { outcome, snapshot };
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
  await freezeIfBehind(deps, accountId, highestOwnMagic(snapshot, state.namespace), read.lastNumber);
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

/** A broker that knows what we have yet to give: this database is older than what happened there. */
async function freezeIfBehind(
  { db, clock, ids, queue }: Deps,
  accountId: string,
  magic: string | null,
  lastNumber: bigint,
): Promise<void> {
  if (magic === null || !isEpochBehind(magic, lastNumber)) return;
  const alert = { id: ids.next(), eventId: ids.next() };
  if (await freezeCommands(db, { accountId, magic, nowMs: clock.nowMs() }, alert))
    await queue.send([{ kind: 'outbox', id: alert.eventId }]);
}
