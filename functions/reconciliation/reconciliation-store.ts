/**
 * Reading what the plan needs and applying it. `applyPlan` is one statement whose first part is the compare-and-set on
 * the account's version: another writer in between, and nothing of the plan is stored. Facts are only ever inserted;
 * a fact that stands already is left as it stands.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type Contact, contactUpsert, noteContact } from '../bridge/contact-store.ts';
import { type Account, accountOf } from '../execution/account-store.ts';
import { LAST_NUMBER } from '../execution/restore-epoch-store.ts';
import type { BookedSums } from '../ledger/booked-sums.ts';
import { addedSums, dealInsert } from '../ledger/deal-store.ts';
import { commandNumber } from '../ledger/planned-trade.ts';
import { positionFactStatements, positionFactsOf } from '../ledger/position-facts-store.ts';
import { entryBalances, tradeParts } from '../ledger/trade-book-store.ts';
import { pictureParts } from '../ledger/trade-picture-store.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import {
  GUARD_COLUMNS,
  type GuardNews,
  guardJoin,
  guardOf,
  guardParts,
  guardPhase,
  type StoredGuard,
} from '../risk/guard-store.ts';
import { divergenceSettlement, divergenceUpsert } from './divergence-store.ts';
import { gateDivergence } from './gate-divergence.ts';
import { cursorAfter, isPage } from './history-cursor.ts';
import { heartbeat } from './metric-store.ts';
import { openState } from './open-state-store.ts';
import { deliveryUpdate, orderInsert } from './plan-facts-store.ts';
import type { ReconcilePlan, ReconcileState } from './reconcile.ts';
import type { StoredBooks } from './stored-books.ts';
import { booksOf, storedBooks } from './stored-books-store.ts';
import { heldTurn, type TurnLease, turnEnd } from './turn-lease-store.ts';

/** The account and everything stored that the snapshot touches, in one round trip and one transaction. */
export async function readReconcileState(
  db: Database,
  accountId: string,
  snapshot: Snapshot,
): Promise<{
  account: Account;
  state: ReconcileState;
  books: StoredBooks;
  lastNumber: bigint;
  doubts: number;
  guard: StoredGuard;
  /** Of the stored deals. */
  sums: Omit<BookedSums, 'credited'>;
} | null> {
  const account = sql`${accountId}::uuid`;
  const named = [...snapshot.positions.map((p) => p.identifier), ...snapshot.deals.map((d) => d.position_id)];
  const tickets = sqlArray('text', new Set(snapshot.deals.map((d) => d.ticket)));
  // Whichever attempt of a command it was.
  const numbers = new Set([...snapshot.positions, ...snapshot.deals].map((x) => commandNumber(x.magic)));
  // As arrays made beforehand, so that each row is found by its index.
  const positions = sql`ARRAY(SELECT unnest(${sqlArray('text', new Set(named.filter((id) => id !== '0')))})
    UNION SELECT t.position_id FROM trades t WHERE t.account_id = ${account} AND t.status <> 'closed'
    UNION SELECT o.position_id FROM broker_deals o WHERE o.account_id = ${account} AND o.ticket = ANY(${tickets})
      AND o.position_id <> '0')`;
  const [accounts = [], beside = [], ...facts] = await db.batch([
    sql`SELECT a.*, d.magic_namespace, ${LAST_NUMBER} AS last_number, d.epoch_doubts AS doubts, ${GUARD_COLUMNS}
      FROM accounts a CROSS JOIN deployment d ${guardJoin} WHERE a.id = ${account}`,
    storedBooks(accountId, snapshot),
    ...positionFactStatements(accountId, {
      deals: sql`(d.position_id = ANY(${positions}) OR d.position_id = '0' AND d.ticket = ANY(${tickets}))`,
      commands: sql`(c.magic >> 4 = ANY(${sqlArray('bigint', numbers)}) OR c.position_id = ANY(${positions}))`,
      positions,
    }),
  ]);
  const [row] = accounts;
  const [books] = beside;
  if (row === undefined || books === undefined) return null;
  const [deals = [], commands = [], adoptions = []] = facts;
  const known = accountOf(row);
  return {
    account: known,
    lastNumber: BigInt(String(row['last_number'])),
    doubts: Number(row['doubts']),
    guard: guardOf(row),
    sums: { booked: plain(String(row['booked'])), flowed: plain(String(row['flowed'])) },
    books: booksOf(books),
    state: {
      accountId,
      namespace: Number(row['magic_namespace']),
      symbols: known.settings.symbols,
      ...positionFactsOf(deals, commands, adoptions),
    },
  };
}

export type Run = {
  id: string;
  startedMs: number;
  finishedMs: number;
  /** How often a restore had been suspected when the state was read: this account has been looked at since. */
  doubts?: number;
  /** Listed only where it found something: of runs that follow each other within seconds one a minute tells enough. */
  newsOnly?: boolean;
  /** The call that it followed, noted with it. */
  contact?: Contact;
  /** What the guard made of it; null: nothing that is worth a row. */
  guard?: GuardNews | null;
  /** The turn that it ends; once somebody has overtaken it, nothing is stored. */
  turn?: TurnLease | null;
};

/**
 * Applies a plan; false where another writer changed the account since it was read, or has its turn now. Of one page of a longer history the
 * facts are kept and how far they go; what stands open, and how much money there is, waits for the last one.
 */
export async function applyPlan(
  db: Database,
  account: Account,
  snapshot: Snapshot,
  plan: ReconcilePlan,
  run: Run,
): Promise<boolean> {
  const page = isPage(snapshot);
  const listed = !run.newsOnly || plan.newDeals.length + plan.events.length > 0;
  const { contact, turn = null, guard = null } = run;
  const held = turn === null ? sql`` : sql`held AS (${heldTurn(turn)}), `;
  const noted = contact === undefined ? sql`` : sql`noted AS (${contactUpsert(contact, sql`acc`)}), `;
  // There are more pages to come, and it goes on with its turn.
  const ended = turn === null || page ? sql`` : sql`ended AS (${turnEnd(turn, sql`acc`)}), `;
  const statement = sql`WITH ${held}acc AS (${accountUpdate(account, snapshot, plan, run)}), ${noted}${ended}
    facts AS (${dealInsert(plan.newDeals, run.finishedMs)}), orders AS (${orderInsert(snapshot, run.finishedMs)}),
    ${tradeParts(account.id, plan, run.finishedMs)}, ${pictureParts(account.id, plan.trades, run.finishedMs)}${page ? sql`` : sql`${openState(account, snapshot)}, `}
    ${guard === null ? sql`` : sql`${guardParts(account.id, guard, run.finishedMs)}, `}
    cmd AS (${commandUpdate(plan, run)}), del AS (${deliveryUpdate(plan, run.finishedMs)}), ${divergenceParts(account, snapshot, plan, run)},
    run AS (${runInsert(account.id, page ? 'catching-up' : 'applied', plan, run, listed ? sql`acc` : sql`acc WHERE false`)})
    SELECT id FROM acc`;
  const sinceMs = plan.newDeals.reduce((first, d) => Math.min(first, d.timeMs), Number.POSITIVE_INFINITY);
  const [rows = []] = await db.batch(
    plan.newDeals.length === 0 ? [statement] : [statement, entryBalances(account.id, sinceMs)],
  );
  return rows.length === 1;
}

function accountUpdate(account: Account, s: Snapshot, plan: ReconcilePlan, run: Run) {
  const a = s.account;
  const state = JSON.stringify({
    balance: a.balance,
    credit: a.credit,
    equity: a.equity,
    profit: a.profit,
    margin: a.margin,
    margin_free: a.margin_free,
    orders: String(s.orders.length),
    trade_allowed: String(a.trade_allowed),
    // What its own guard says of itself; left out by a bridge that has none.
    ...(s.guard ? { bridge_guard: s.guard.phase } : {}),
  });
  const captured = isoTime(s.captured_at);
  const { dealsCursorMs: reachedMs, historyUntilMs } = cursorAfter(account, s);
  const dealsCursorMs = plan.resyncFromMs === undefined ? reachedMs : plan.resyncFromMs;
  const gap = plan.divergences.some((d) => d.code === 'EQUITY_GAP');
  const at = sql`${isoTime(run.finishedMs)}::timestamptz`;
  const time = (ms: number | null) => sql`${ms === null ? null : isoTime(ms)}::timestamptz`;
  const seen = sql`snapshot_at = ${captured}::timestamptz, state = ${state}::jsonb,
    epoch_doubts = greatest(epoch_doubts, ${run.doubts ?? 0}::int),
    unverified_at = CASE WHEN ${gap}::boolean THEN coalesce(unverified_at, ${at}) END, `;
  return sql`UPDATE accounts SET version = version + 1, boot_id = ${s.boot_id}, bridge_seq = ${String(s.seq)}::bigint,
      ${isPage(s) ? sql`` : seen} ${run.guard ? guardPhase(run.guard) : sql``} deals_cursor = ${time(dealsCursorMs)}, history_until = ${time(historyUntilMs)},
      server = ${a.server}, login = ${a.login}, currency = ${a.currency}, margin_mode = ${a.margin_mode},
      trade_mode = ${a.trade_mode}, ${addedSums(plan.sums)}, bound_at = coalesce(bound_at, ${captured}::timestamptz),
      updated_at = ${isoTime(run.finishedMs)}::timestamptz
    WHERE id = ${account.id}::uuid AND version = ${account.version}::int
      ${run.turn ? sql`AND EXISTS (SELECT 1 FROM held)` : sql``} RETURNING id, user_id, name, symbols, booked, flowed`;
}

/** The ledger is stronger evidence than silence: a command with an opening deal is done, unless its order goes on working. */
function commandUpdate(plan: ReconcilePlan, run: Run) {
  const at = sql`${isoTime(run.finishedMs)}::timestamptz`;
  return sql`UPDATE commands c SET updated_at = ${at}, position_id = x."positionId", order_ticket = x."orderTicket",
      state = CASE WHEN x.works THEN 'placed' WHEN c.state = 'partial' THEN 'partial' ELSE 'done' END,
      resolved_at = CASE WHEN NOT x.works THEN coalesce(c.resolved_at, ${at}) END
    FROM acc, jsonb_to_recordset(${JSON.stringify(plan.executedCommands)}::jsonb) AS x(id uuid, "positionId" text,
      "orderTicket" text, works boolean)
    WHERE c.id = x.id AND (c.state IN ('sent', 'unknown', 'not_executed') OR c.position_id IS NULL)`;
}

/** What was found; and where all of the history was seen, what is not found any more is over. */
function divergenceParts(account: Account, s: Snapshot, { divergences }: ReconcilePlan, run: Run): SQL {
  const nowMs = run.finishedMs;
  const at = { seenMs: s.captured_at, beforeMs: account.snapshotMs, nowMs };
  const kept = divergenceUpsert(account.id, divergences, at);
  return isPage(s) ? kept : sql`${kept}, ${divergenceSettlement(divergences, nowMs)}`;
}

function runInsert(
  accountId: string,
  outcome: string,
  plan: Pick<ReconcilePlan, 'newDeals' | 'events'>,
  run: Run,
  from: ReturnType<typeof sql>,
) {
  const events = JSON.stringify(plan.events.map((d) => ({ code: d.code, broker_key: d.brokerKey })));
  return sql`INSERT INTO reconciliation_runs (id, account_id, outcome, new_deals, events, started_at, finished_at)
    SELECT ${run.id}::uuid, ${accountId}::uuid, ${outcome}, ${plan.newDeals.length}::int, ${events}::jsonb,
      ${isoTime(run.startedMs)}::timestamptz, ${isoTime(run.finishedMs)}::timestamptz FROM ${from}`;
}

/** Records a run that changed nothing, with its reason. */
export async function recordRefusedRun(
  db: Database,
  accountId: string,
  outcome: string,
  run: Run,
): Promise<void> {
  await db.run(sql`WITH ${sql.join(refusedRun(accountId, outcome, run), sql`, `)} SELECT 1 AS one`);
}

/**
 * The same of a bridge that was called, in one statement with the contact and the end of the run's turn. True where an alert
 * was raised: its event is then to be sent.
 */
export function recordRefusedCall(
  db: Database,
  { contact, turn = null, ...run }: Run & { contact: Contact },
  alert: { id: string; eventId: string },
): Promise<boolean> {
  const ended = turn === null ? [] : [sql`ended AS (${turnEnd(turn)})`];
  return noteContact(db, contact, alert, [...refusedRun(contact.accountId, contact.outcome, run), ...ended]);
}

/** Parts of a WITH list that record a run which changed nothing, and what its refusal is among the divergences. */
function refusedRun(accountId: string, outcome: string, run: Run): SQL[] {
  const events = gateDivergence(outcome);
  const nowMs = run.finishedMs;
  const insert = runInsert(accountId, outcome, { newDeals: [], events }, run, sql`(SELECT 1) AS one`);
  const noted = sql`run AS (${insert})`;
  if (events.length === 0) return [noted];
  const acc = sql`acc AS (SELECT id, user_id, name FROM accounts WHERE id = ${accountId}::uuid)`;
  return [acc, divergenceUpsert(accountId, events, { seenMs: nowMs, beforeMs: null, nowMs }), noted];
}

/** Claims a minute of the schedule; false where it has been claimed before. */
export async function claimTick(db: Database, minuteMs: number, nowMs: number): Promise<boolean> {
  const rows = await db.run(sql`INSERT INTO schedule_ticks (minute, claimed_at)
    VALUES (${isoTime(minuteMs)}::timestamptz, ${isoTime(nowMs)}::timestamptz) ON CONFLICT DO NOTHING RETURNING 1 AS one`);
  return rows.length === 1;
}

/** Notes that a tick went through to its end, and forgets those of more than a week ago. */
export async function finishTick(db: Database, minuteMs: number, nowMs: number): Promise<void> {
  await db.batch([
    sql`WITH fin AS (UPDATE schedule_ticks SET finished_at = ${isoTime(nowMs)}::timestamptz
        WHERE minute = ${isoTime(minuteMs)}::timestamptz AND finished_at IS NULL RETURNING minute)
        ${heartbeat(sql`fin`)}`,
    sql`DELETE FROM schedule_ticks WHERE minute < ${isoTime(nowMs - 7 * 86_400_000)}::timestamptz`,
  ]);
}

/** When the last tick finished, null before the first; and whether no account takes entries (`restore-epoch.ts`). */
export async function readReadiness(db: Database): Promise<{ lastTickMs: number | null; frozen: boolean }> {
  const [row] = await db.run(sql`SELECT max(finished_at) AS at,
    EXISTS (SELECT 1 FROM deployment WHERE epoch_behind_at IS NOT NULL) AS frozen FROM schedule_ticks`);
  const lastTickMs = row === undefined || row['at'] === null ? null : rowTime(row, 'at');
  return { lastTickMs, frozen: row?.['frozen'] === true };
}

/** A page of runs of a user's accounts, or of all where `userId` is null. */
export const listRuns = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`r.*`,
      from: sql`FROM reconciliation_runs r JOIN accounts a ON a.id = r.account_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`r.started_at`,
      id: sql`r.id`,
    },
    (row) => ({
      id: String(row['id']),
      accountId: String(row['account_id']),
      outcome: String(row['outcome']),
      newDeals: Number(row['new_deals']),
      events: row['events'] as { code: string; broker_key: string }[],
      startedMs: rowTime(row, 'started_at'),
      finishedMs: rowTime(row, 'finished_at'),
    }),
  );
