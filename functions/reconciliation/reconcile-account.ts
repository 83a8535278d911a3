import { type Acquaintance, bridgeClient } from '../bridge/bridge-client.ts';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type Contact, noteContact } from '../bridge/contact-store.ts';
import { type Account, type DrivenAccount, isDriven } from '../execution/account-store.ts';
import { abandonedHolder, releaseAbandoned } from '../execution/binding-store.ts';
import { suspectRestore } from '../execution/epoch-suspicion-store.ts';
import { historyFromMs, resolveCommands } from '../execution/resolve-commands.ts';
import { type EpochEvidence, epochEvidence } from '../execution/restore-epoch.ts';
import { sendDueCommands } from '../execution/send-due-commands.ts';
import { storePushedCandles } from '../market/pushed-candle-store.ts';
import { databaseFault } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { raiseGapAlerts } from '../risk/raise-gap-alerts.ts';
import { takeGuardSample } from '../risk/take-guard-sample.ts';
import { type Prepared, prepareAccount } from './due-account-store.ts';
import { dueMessages } from './due-messages.ts';
import { dealsFromMs, isPage } from './history-cursor.ts';
import { reconcile } from './reconcile.ts';
import {
  applyPlan,
  type Run,
  readReconcileState,
  recordRefusedCall,
  recordRefusedRun,
} from './reconciliation-store.ts';
import { sendGuardNews } from './send-guard-news.ts';
import { snapshotGate } from './snapshot-gate.ts';
import { type Shown, takeHistory } from './take-history.ts';
import { takeNextBridge } from './take-next-bridge.ts';
import type { TurnLease } from './turn-lease-store.ts';

const ATTEMPTS = 3;
/** PostgreSQL's data exceptions. */
const UNSTORABLE = /^22/;
/** What stored something, and its run with it. */
const APPLIED = new Set(['applied', 'catching-up']);
const MINUTE_MS = 60_000;

export type RunOutcome = { accountId: string; outcome: string };
export type How = { commands?: boolean; prepared?: Prepared; patienceMs?: number };
/** A run that calls: what it stores, it stores with the contact and the end of its turn. */
type Called = { turn: TurnLease | null };

/**
 * Reconciles one account: one call to its bridge, the gate, the pure plan, one statement that applies it. Another
 * writer in between makes it plan again from what is stored then. Repeats and overlaps change nothing. Without `commands`
 * it leaves those of the account to the next run, for whoever only needs to know what stands there. A bridge that polls is
 * not called, and its silence is judged by when it last came: only what waited too long for it is ended (`awaits-sync`).
 * `prepared`: what it must know, where that was read together with others'. With it a run of which nothing comes but what
 * is new costs two round trips to the database, and three without. `patienceMs`: how long its bridge may take.
 */
export async function reconcileAccount(
  deps: Deps,
  accountId: string,
  { commands = true, patienceMs, ...how }: How = {},
): Promise<RunOutcome> {
  const prepared = how.prepared ?? (await prepareAccount(deps.db, accountId));
  if (prepared === null) return { accountId, outcome: 'unknown-account' };
  const { account } = prepared;
  if (!isDriven(account)) return { accountId, outcome: 'account-imported' };
  if (account.released) return { accountId, outcome: 'account-released' };
  const taken = await takeNextBridge(deps, account, dealsFromMs(account, null));
  if (account.polled && taken === null) {
    if (commands) await sendDueCommands(deps, accountId);
    return { accountId, outcome: 'awaits-sync' };
  }
  const first = taken && { reply: taken.reply, fromMs: dealsFromMs(account, null) };
  const known = taken === null ? { known: prepared.bridge } : {};
  const of = { ...prepared, account: taken?.account ?? account };
  const { guard } = prepared;
  const bridge = { ...known, ...patience(patienceMs), guard };
  const outcome = await runFor(deps, of, { commands, first, bridge });
  return { accountId, outcome };
}

const patience = (patienceMs: number | undefined) => (patienceMs === undefined ? {} : { patienceMs });

/** Notes a contact of a bridge that came by itself. */
export const noteOutcome = (deps: Deps, contact: Contact): Promise<void> =>
  alerting(deps, (alert) => noteContact(deps.db, contact, alert));

/** Has a contact stored; the alert that it may raise goes on its way at once. */
async function alerting(
  { ids, queue }: Deps,
  store: (alert: { id: string; eventId: string }) => Promise<boolean>,
): Promise<void> {
  const alert = { id: ids.next(), eventId: ids.next() };
  if (await store(alert)) await queue.send([{ kind: 'outbox', id: alert.eventId }]);
}

/** The run itself, beginning with what was shown already (`first`), and then the account's commands; its outcome. */
async function runFor(
  deps: Deps,
  { account, open, lease }: Prepared & { account: DrivenAccount },
  { commands, first, bridge }: { commands: boolean; first: Shown | null; bridge: Acquaintance },
): Promise<string> {
  const port = bridgeClient(deps, account.bridgeId, bridge);
  const of = { port, neededMs: historyFromMs(open), first, patienceMs: bridge.patienceMs };
  const { reply, fromMs, outcome } = await takeHistory(deps, account, of, (known, shown) =>
    takeSnapshot(deps, known, shown, deps.clock.nowMs(), { turn: lease }),
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
 * of the reply that did not come. `called`: by whom it was called for, where it was; the contact is then noted with it.
 */
export async function takeSnapshot(
  deps: Deps,
  account: DrivenAccount,
  { reply, fromMs, tookMs = 0 }: Shown,
  startedMs: number,
  called: Called | null = null,
): Promise<string> {
  const { db, clock, ids } = deps;
  const { id: accountId, bridgeId } = account;
  const contactOf = (outcome: string): Contact => ({
    ...{ accountId, bridgeId, outcome, nowMs: clock.nowMs(), tookMs },
  });
  const noted = called && { turn: called.turn, contactOf };
  const outcome =
    reply.kind === 'reply'
      ? await compare(deps, account, { snapshot: reply.value, fromMs }, { startedMs, noted })
      : `bridge-${reply.word}`;
  const { contact = null } = account;
  const toldBefore = contact?.outcome === outcome && isFrequent(account, contact.heardMs, startedMs);
  if (APPLIED.has(outcome)) return outcome;
  const run = { id: ids.next(), startedMs, finishedMs: clock.nowMs() };
  if (noted !== null) {
    const call = { ...run, turn: noted.turn, contact: contactOf(outcome) };
    await alerting(deps, (alert) => recordRefusedCall(db, call, alert));
  } else if (!toldBefore) await recordRefusedRun(db, accountId, outcome, run);
  return outcome;
}

/** Whether this is one more within a minute of a bridge that comes every few seconds. */
const isFrequent = ({ polled }: Account, lastMs: number | null, nowMs: number): boolean =>
  polled === true && lastMs !== null && Math.floor(lastMs / MINUTE_MS) === Math.floor(nowMs / MINUTE_MS);

type Seen = { snapshot: Snapshot; fromMs: number | null };

type Noted = { turn: TurnLease | null; contactOf: (outcome: string) => Contact };
type Taking = { startedMs: number; noted: Noted | null };

async function compare(
  deps: Deps,
  account: DrivenAccount,
  seen: Seen,
  { startedMs, noted }: Taking,
): Promise<string> {
  let outcome = 'raced';
  for (let attempt = 1; attempt <= ATTEMPTS && outcome === 'raced'; attempt += 1)
    outcome = await planAndApply(deps, account.id, seen, {
      startedMs,
      noted,
      newsOnly: isFrequent(account, account.snapshotMs, startedMs),
      bridgeId: account.bridgeId,
      polled: account.polled === true,
    });
  if (outcome === 'applied') {
    const { candles = [], captured_at } = seen.snapshot;
    await storePushedCandles(deps.db, account.id, candles, captured_at);
    await raiseGapAlerts(deps, account.id, candles);
  }
  return outcome;
}

/** `applied`, `catching-up`, `raced`, or the name of what refused the snapshot. */
async function planAndApply(
  deps: Deps,
  accountId: string,
  { snapshot, fromMs }: Seen,
  {
    bridgeId,
    polled,
    noted,
    ...of
  }: Pick<Run, 'startedMs' | 'newsOnly'> & Taking & { bridgeId: string; polled: boolean },
): Promise<string> {
  const { db, clock, ids } = deps;
  const read = await readReconcileState(db, accountId, snapshot);
  if (read === null) return 'unknown-account';
  const { account, books, state } = read;
  if (account.bridgeId !== bridgeId) return 'replaced-bridge';
  if (account.released) return 'account-released';
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
  const plan = reconcile(state, snapshot, books);
  try {
    const outcome = isPage(snapshot) ? 'catching-up' : 'applied';
    const run = { id: ids.next(), ...of, doubts: read.doubts, finishedMs: clock.nowMs() };
    const call = noted && { contact: noted.contactOf(outcome), turn: noted.turn };
    const bots = new Set(plan.trades.flatMap((t) => (t.source === 'bot' ? [t.positionId] : [])));
    const verdict = isPage(snapshot)
      ? null
      : await takeGuardSample(
          db,
          {
            accountId,
            snapshot,
            guard: read.guard,
            namespace,
            bots,
            sums: { stored: read.sums, news: plan.sums },
          },
          {
            nowMs: run.finishedMs,
            tripId: ids.next(),
            stopOut: plan.events.some((e) => e.code === 'STOP_OUT'),
          },
        );
    const guard = verdict?.isNews ? verdict : null;
    if (!(await applyPlan(db, account, snapshot, plan, { ...run, ...call, guard }))) return 'raced';
    const due = dueMessages(accountId, plan, run.finishedMs);
    if (due.length > 0) await deps.queue.send(due);
    if (verdict !== null) {
      const of = {
        account: { id: accountId, bridgeId },
        polled,
        bridgeGuards: snapshot.guard != null,
        inTurn: noted !== null && noted.turn !== null,
        atMs: run.finishedMs,
      };
      await sendGuardNews(deps, of, read.guard, verdict);
    }
    return outcome;
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
