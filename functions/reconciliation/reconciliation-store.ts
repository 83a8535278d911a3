/**
 * Reading what the plan needs and applying it. `applyPlan` is one statement whose first part is the compare-and-set on
 * the account's version: another writer in between, and nothing of the plan is stored. Facts are only ever inserted;
 * a fact that stands already is left as it stands.
 */
import { sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type Account, accountOf } from '../execution/account-store.ts';
import { LAST_NUMBER } from '../execution/restore-epoch-store.ts';
import type { Deal } from '../ledger/trade-projection.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { derivedId } from '../platform/ids.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { cursorAfter, isPage } from './history-cursor.ts';
import { heartbeat } from './metric-store.ts';
import { openState } from './open-state-store.ts';
import type { KnownCommand, ReconcilePlan, ReconcileState } from './reconcile.ts';

const textArray = (values: readonly string[]) => `{${values.map((v) => `"${v}"`).join(',')}}`;

const dealOf = (row: Row): Deal => ({
  ticket: String(row['ticket']),
  orderTicket: String(row['order_ticket']),
  positionId: String(row['position_id']),
  timeMs: rowTime(row, 'time'),
  type: String(row['type']),
  entry: row['entry'] as Deal['entry'],
  magic: String(row['magic']),
  reason: String(row['reason']),
  symbol: String(row['symbol']),
  volume: plain(String(row['volume'])),
  price: plain(String(row['price'])),
  commission: plain(String(row['commission'])),
  swap: plain(String(row['swap'])),
  profit: plain(String(row['profit'])),
  fee: plain(String(row['fee'])),
  comment: String(row['comment']),
  externalId: String(row['external_id']),
});

const knownCommandOf = (row: Row): KnownCommand => ({
  id: String(row['id']),
  signalId: row['signal_id'] === null ? null : String(row['signal_id']),
  approvalId: row['approval_id'] === null ? null : String(row['approval_id']),
  magic: String(row['magic']),
  symbol: String(row['symbol']),
  positionId: row['position_id'] === null ? null : String(row['position_id']),
});

/** The account and everything stored that the snapshot touches, in one round trip and one transaction. */
export async function readReconcileState(
  db: Database,
  accountId: string,
  snapshot: Snapshot,
): Promise<{ account: Account; state: ReconcileState; lastNumber: bigint; doubts: number } | null> {
  const positions = textArray([
    ...new Set([...snapshot.positions.map((p) => p.identifier), ...snapshot.deals.map((d) => d.position_id)]),
  ]);
  // Whichever attempt of a command it was.
  const numbers = textArray([
    ...new Set([...snapshot.positions, ...snapshot.deals].map((x) => String(BigInt(x.magic) >> 4n))),
  ]);
  const [accounts = [], deals = [], commands = []] = await db.batch([
    sql`SELECT a.*, d.magic_namespace, ${LAST_NUMBER} AS last_number, d.epoch_doubts AS doubts FROM accounts a CROSS JOIN deployment d
      WHERE a.id = ${accountId}::uuid`,
    sql`SELECT * FROM broker_deals WHERE account_id = ${accountId}::uuid AND (position_id = ANY(${positions}::text[])
      OR position_id IN (SELECT t.position_id FROM trades t WHERE t.account_id = ${accountId}::uuid
        AND t.status <> 'closed'))`,
    // What leaves the market never opened a position, though it may name one; nor did a command whose magic was another's.
    sql`SELECT id, signal_id, approval_id, magic, symbol, position_id FROM commands
      WHERE account_id = ${accountId}::uuid AND kind IN ('open', 'place') AND reason IS DISTINCT FROM 'magic_in_use'
        AND (magic >> 4 = ANY(${numbers}::bigint[]) OR position_id = ANY(${positions}::text[]) OR position_id IN (
          SELECT t.position_id FROM trades t WHERE t.account_id = ${accountId}::uuid AND t.status <> 'closed'))`,
  ]);
  const row = accounts[0];
  if (row === undefined) return null;
  return {
    account: accountOf(row),
    lastNumber: BigInt(String(row['last_number'])),
    doubts: Number(row['doubts']),
    state: {
      accountId,
      namespace: Number(row['magic_namespace']),
      deals: deals.map(dealOf),
      commands: commands.map(knownCommandOf),
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
};

/**
 * Applies a plan; false where another writer changed the account since it was read. Of one page of a longer history the
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
  const listed = !run.newsOnly || plan.newDeals.length + plan.divergences.length > 0;
  const rows = await db.run(sql`WITH acc AS (${accountUpdate(account, snapshot, run)}),
    facts AS (${dealInsert(plan.newDeals, run)}), orders AS (${orderInsert(snapshot, run)}),
    trade AS (${tradeUpsert(account.id, plan, run)}), ${page ? sql`` : sql`${openState(account, snapshot)}, `}
    cmd AS (${commandUpdate(plan, run)}), del AS (${deliveryUpdate(plan, run)}), div AS (${divergenceUpsert(plan, run)}),
    run AS (${runInsert(account.id, page ? 'catching-up' : 'applied', plan, run, listed ? sql`acc` : sql`acc WHERE false`)})
    SELECT id FROM acc`);
  return rows.length === 1;
}

function accountUpdate(account: Account, s: Snapshot, run: Run) {
  const a = s.account;
  const state = JSON.stringify({
    balance: a.balance,
    credit: a.credit,
    equity: a.equity,
    profit: a.profit,
    margin: a.margin,
    margin_free: a.margin_free,
    orders: String(s.orders.length),
  });
  const captured = isoTime(s.captured_at);
  const { dealsCursorMs, historyUntilMs } = cursorAfter(account, s);
  const time = (ms: number | null) => sql`${ms === null ? null : isoTime(ms)}::timestamptz`;
  const seen = sql`snapshot_at = ${captured}::timestamptz, state = ${state}::jsonb,
    epoch_doubts = greatest(epoch_doubts, ${run.doubts ?? 0}::int), `;
  return sql`UPDATE accounts SET version = version + 1, boot_id = ${s.boot_id}, bridge_seq = ${String(s.seq)}::bigint,
      ${isPage(s) ? sql`` : seen} deals_cursor = ${time(dealsCursorMs)}, history_until = ${time(historyUntilMs)},
      server = ${a.server}, login = ${a.login}, currency = ${a.currency}, margin_mode = ${a.margin_mode},
      trade_mode = ${a.trade_mode}, bound_at = coalesce(bound_at, ${captured}::timestamptz),
      updated_at = ${isoTime(run.finishedMs)}::timestamptz
    WHERE id = ${account.id}::uuid AND version = ${account.version}::int RETURNING id, user_id, symbols`;
}

function dealInsert(deals: readonly Deal[], run: Run) {
  const rows = deals.map((d) => ({ ...d, time: isoTime(d.timeMs) }));
  return sql`INSERT INTO broker_deals (account_id, ticket, order_ticket, position_id, time, type, entry, magic, reason,
      symbol, volume, price, commission, swap, profit, fee, comment, external_id, recorded_at)
    SELECT acc.id, x.ticket, x."orderTicket", x."positionId", x.time, x.type, x.entry, x.magic, x.reason, x.symbol,
      x.volume, x.price, x.commission, x.swap, x.profit, x.fee, x.comment, x."externalId",
      ${isoTime(run.finishedMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(ticket text, "orderTicket" text,
      "positionId" text, time timestamptz, type text, entry text, magic bigint, reason text, symbol text,
      volume numeric, price numeric, commission numeric, swap numeric, profit numeric, fee numeric, comment text,
      "externalId" text)
    ON CONFLICT DO NOTHING`;
}

function orderInsert(s: Snapshot, run: Run) {
  const rows = s.history_orders.map((o) => ({
    ...o,
    time_setup: isoTime(o.time_setup),
    time_done: o.time_done === null || o.time_done === undefined ? null : isoTime(o.time_done),
  }));
  return sql`INSERT INTO broker_orders (account_id, ticket, state, type, symbol, magic, position_id, volume_initial,
      volume_current, price_open, time_setup, time_done, comment, recorded_at)
    SELECT acc.id, x.ticket, x.state, x.type, x.symbol, x.magic, x.position_id, x.volume_initial, x.volume_current,
      x.price_open, x.time_setup, x.time_done, x.comment, ${isoTime(run.finishedMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(ticket text, state text, type text, symbol text,
      magic bigint, position_id text, volume_initial numeric, volume_current numeric, price_open numeric,
      time_setup timestamptz, time_done timestamptz, comment text)
    ON CONFLICT DO NOTHING`;
}

function tradeUpsert(accountId: string, plan: ReconcilePlan, run: Run) {
  const rows = plan.trades.map((t) => ({
    ...t,
    id: derivedId(accountId, t.positionId),
    opened: isoTime(t.openedMs),
    closed: t.closedMs === null ? null : isoTime(t.closedMs),
  }));
  const at = sql`${isoTime(run.finishedMs)}::timestamptz`;
  return sql`INSERT INTO trades (id, account_id, user_id, position_id, command_id, signal_id, source, instrument, symbol, side, status, volume,
      volume_open, entry_price, exit_price, stop_loss, take_profit, profit, swap, commission, fee, net, opened_at,
      closed_at, exit_reason, updated_at)
    SELECT x.id, acc.id, acc.user_id, x."positionId", x."commandId", x."signalId", x.source, coalesce(
        (SELECT c.instrument FROM commands c WHERE c.id = x."commandId"), instrument_of(acc.symbols, x.symbol)), x.symbol, x.side, x.status, x.volume,
      x."volumeOpen", x."entryPrice", x."exitPrice", x."stopLoss", x."takeProfit", x.profit, x.swap, x.commission,
      x.fee, x.net, x.opened, x.closed, x."exitReason", ${at}
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id uuid, "positionId" text, "commandId" uuid,
      "signalId" uuid, source text, symbol text, side text, status text, volume numeric, "volumeOpen" numeric,
      "entryPrice" numeric, "exitPrice" numeric, "stopLoss" numeric, "takeProfit" numeric, profit numeric, swap numeric,
      commission numeric, fee numeric, net numeric, opened timestamptz, closed timestamptz, "exitReason" text)
    ON CONFLICT (account_id, position_id, episode) DO UPDATE SET command_id = excluded.command_id,
      signal_id = excluded.signal_id, source = excluded.source, side = excluded.side, status = excluded.status,
      volume = excluded.volume, volume_open = excluded.volume_open, entry_price = excluded.entry_price,
      exit_price = excluded.exit_price, stop_loss = coalesce(excluded.stop_loss, trades.stop_loss),
      take_profit = coalesce(excluded.take_profit, trades.take_profit), profit = excluded.profit, swap = excluded.swap,
      commission = excluded.commission, fee = excluded.fee, net = excluded.net, closed_at = excluded.closed_at,
      exit_reason = excluded.exit_reason, updated_at = excluded.updated_at`;
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

/** A member's signal is executed with its first fill and closed when all its volume is out. */
function deliveryUpdate(plan: ReconcilePlan, run: Run) {
  const rows = plan.trades
    .filter((t) => t.commandId !== null)
    .map((t) => ({
      commandId: t.commandId,
      status: statusCode(t.status === 'closed' ? 'closed' : 'executed'),
    }));
  return sql`UPDATE deliveries d SET status = x.status, refusal = NULL, updated_at = ${isoTime(run.finishedMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x("commandId" uuid, status smallint)
      JOIN commands c ON c.id = x."commandId" JOIN approvals p ON p.id = c.approval_id
    WHERE d.signal_id = p.signal_id AND d.user_id = p.user_id AND d.status <> x.status
      AND d.status IN (${statusCode('approved')}, ${statusCode('executed')}, ${statusCode('failed')})`;
}

function divergenceUpsert(plan: ReconcilePlan, run: Run) {
  const rows = plan.divergences.map((d) => ({ ...d, evidence: JSON.stringify(d.evidence) }));
  return sql`INSERT INTO divergences (id, account_id, code, broker_key, evidence, status, detected_at)
    SELECT gen_random_uuid(), acc.id, x.code, x."brokerKey", x.evidence::jsonb, 'open',
      ${isoTime(run.finishedMs)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(code text, "brokerKey" text, evidence text)
    ON CONFLICT DO NOTHING`;
}

function runInsert(
  accountId: string,
  outcome: string,
  plan: Pick<ReconcilePlan, 'newDeals' | 'divergences'>,
  run: Run,
  from: ReturnType<typeof sql>,
) {
  const events = JSON.stringify(plan.divergences.map((d) => ({ code: d.code, broker_key: d.brokerKey })));
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
  const one = sql`(SELECT 1) AS one`;
  await db.run(runInsert(accountId, outcome, { newDeals: [], divergences: [] }, run, one));
}

/**
 * Ids of the accounts that the schedule reconciles: those with a live bridge that it need not leave alone for now. One whose
 * bridge polls comes by itself, and is here only for commands that may be waiting in vain. Where another bridge is to take
 * over, the present one's silence is no reason to wait.
 */
export async function accountsToReconcile(db: Database, nowMs: number): Promise<string[]> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const waits = sql`(EXISTS (SELECT 1 FROM commands w WHERE w.account_id = a.id AND w.state = 'created')
    OR EXISTS (SELECT 1 FROM exits x WHERE x.account_id = a.id AND x.state = 'open'))`;
  const rows = await db.run(sql`SELECT a.id FROM accounts a JOIN bridges b ON b.id = a.bridge_id
      LEFT JOIN bridge_contacts c ON c.bridge_id = b.id
    WHERE a.released_at IS NULL AND (
      b.revoked_at IS NULL AND CASE WHEN b.url IS NULL THEN ${waits} ELSE c.next_at IS NULL OR c.next_at <= ${now} END
      OR EXISTS (SELECT 1 FROM bridges n WHERE n.id = a.next_bridge_id AND n.revoked_at IS NULL AND n.url IS NOT NULL))
    ORDER BY a.id`);
  return rows.map((r) => String(r['id']));
}

/** Whose the accounts are: user by account. */
export async function accountUsers(db: Database, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.run(sql`SELECT id, user_id FROM accounts WHERE id = ANY(${textArray(ids)}::uuid[])`);
  return new Map(rows.map((r) => [String(r['id']), String(r['user_id'])]));
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

/** A page of divergences of a user's accounts, or of all where `userId` is null. */
export const listDivergences = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`v.*`,
      from: sql`FROM divergences v JOIN accounts a ON a.id = v.account_id
        WHERE ${userId === null ? sql`true` : sql`a.user_id = ${userId}::uuid`}`,
      at: sql`v.detected_at`,
      id: sql`v.id`,
    },
    (row) => ({
      id: String(row['id']),
      accountId: String(row['account_id']),
      code: String(row['code']),
      brokerKey: String(row['broker_key']),
      evidence: row['evidence'] as Record<string, string>,
      status: row['status'] === 'open' ? ('open' as const) : ('resolved' as const),
      detectedMs: rowTime(row, 'detected_at'),
    }),
  );
