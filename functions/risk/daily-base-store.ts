/**
 * What daily-loss rules are measured from: an account's balance at any instant, by the deals dated before it and nothing
 * else, so that no snapshot need have been taken then. What was booked since is taken from the running sums: a day's deals
 * are read and not a history. Only the highest balance that any reset found asks for all of them.
 */
import { type SQL, sql } from 'drizzle-orm';
import { CASHFLOW_TYPES } from '../ledger/deal-class.ts';
import { countedDeals } from '../ledger/deal-store.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import {
  type AccountFlows,
  type DailyLimit,
  type DailyRule,
  dailyLimit,
  dailyWindow,
  type ResetFacts,
  resetsBetween,
} from './daily-loss.ts';
import { GUARD_COLUMNS, guardJoin, guardOf } from './guard-store.ts';

const CASHFLOWS = sqlArray('text', CASHFLOW_TYPES);
const times = (instants: readonly number[]): SQL => sqlArray('timestamptz', instants.map(isoTime));
const flowsOf = (which: SQL): SQL =>
  sql`SELECT coalesce(sum(b.money), 0) AS flowed FROM (${countedDeals(which)}) b WHERE b.type = ANY(${CASHFLOWS})`;

/**
 * SELECT of a row for each of these instants (one at least), in their order, for `dailyBaseOf`; none of an unknown account. It
 * is one statement, so that the sums and the deals are those that were stored together. Each instant stands in it as a
 * constant: joined from a list, the planner takes a day's deals for a third of all and reads every one.
 */
export const dailyBases = (accountId: string, instants: readonly number[]): SQL =>
  sql`${sql.join(
    instants.map((ms, n) => baseAt(sql`${accountId}::uuid`, sql`${isoTime(ms)}::timestamptz`, n)),
    sql` UNION ALL `,
  )} ORDER BY n`;

const baseAt = (
  account: SQL,
  at: SQL,
  n: number,
): SQL => sql`SELECT ${n}::int AS n, a.booked - s.booked AS booked,
    a.flowed - s.flowed AS flowed, a.flowed AS flowed_now, i.flowed AS initial, f.first, e.equity,
    coalesce(a.flowed - s.flowed - e.flowed, g.flowed) AS flowed_after
  FROM accounts a CROSS JOIN (SELECT coalesce(sum(b.money), 0) AS booked,
        coalesce(sum(b.money) FILTER (WHERE b.type = ANY(${CASHFLOWS})), 0) AS flowed
      FROM (${countedDeals(sql`d.account_id = ${account} AND d.time >= ${at}`)}) b) AS s
    LEFT JOIN LATERAL (SELECT p.at, p.equity, p.flowed FROM equity_points p WHERE p.account_id = ${account} AND p.at <= ${at}
      ORDER BY p.at DESC LIMIT 1) AS e ON true
    CROSS JOIN LATERAL (${flowsOf(sql`d.account_id = ${account} AND d.position_id = '0' AND d.time > e.at AND d.time < ${at}`)}) AS g
    CROSS JOIN (SELECT min(d.time) AS first FROM broker_deals d WHERE d.account_id = ${account}) AS f
    CROSS JOIN (${flowsOf(sql`d.account_id = ${account} AND d.position_id = '0' AND d.time <= coalesce(
      (SELECT t.time FROM broker_deals t WHERE t.account_id = ${account} AND t.position_id <> '0' ORDER BY t.time LIMIT 1),
      'infinity')`)}) AS i
  WHERE a.id = ${account}`;

/** What such a row says; `firstMs`: when its first deal was, null where there is none. */
export type DailyBase = {
  at: Omit<ResetFacts, 'highestResult'>;
  account: Omit<AccountFlows, 'unexplained'>;
  firstMs: number | null;
};

/** The row of the instant `resetMs`. */
export const dailyBaseOf = (row: Row, resetMs: number): DailyBase => ({
  at: {
    resetMs,
    booked: plain(String(row['booked'])),
    flowed: plain(String(row['flowed'])),
    worth:
      row['equity'] === null
        ? null
        : { equity: plain(String(row['equity'])), flowed: plain(String(row['flowed_after'])) },
  },
  account: { flowed: plain(String(row['flowed_now'])), initial: plain(String(row['initial'])) },
  firstMs: row['first'] === null ? null : rowTime(row, 'first'),
});

/** SELECT of the greatest result, net of flows, that the account had at one of these ascending instants; at least zero. */
const highestResult = (
  accountId: string,
  instants: readonly number[],
): SQL => sql`SELECT greatest(max(r.result), 0) AS highest
  FROM (SELECT c.resets, sum(c.result) OVER (ORDER BY c.resets) AS result
    FROM (SELECT width_bucket(b.time, ${times(instants)}) AS resets,
        coalesce(sum(b.money) FILTER (WHERE b.type <> ALL(${CASHFLOWS})), 0) AS result
      FROM (${countedDeals(sql`d.account_id = ${accountId}::uuid`)}) b GROUP BY 1) AS c) AS r
  WHERE r.resets < ${instants.length}::int`;

/**
 * Where the rules stand at `nowMs` by what is stored, in the rules' order; rules of which there is nothing to lose yet are
 * left out. `unexplained`: balance and credit of before the known history, as it was last settled. A rule from the highest
 * balance costs a second round trip and a sum over the account's deals, once a day.
 */
export async function readDailyLimits(
  db: Database,
  accountId: string,
  rules: readonly DailyRule[],
  { nowMs, unexplained }: { nowMs: number; unexplained: string },
): Promise<DailyLimit[]> {
  if (rules.length === 0) return [];
  const windows = rules.map((rule) => dailyWindow(rule, nowMs));
  const rows = await db.run(
    dailyBases(
      accountId,
      windows.map((w) => w.resetMs),
    ),
  );
  const bases = rows.map((row, i) => dailyBaseOf(row, windows[i]?.resetMs ?? Number.NaN));
  const highest = await readHighest(db, accountId, rules, bases);
  return rules.flatMap((rule, i) => {
    const [window, base] = [windows[i], bases[i]];
    if (window === undefined || base === undefined) return [];
    const at = { ...base.at, highestResult: highest.get(i) ?? '0' };
    return dailyLimit(rule, window, at, { ...base.account, unexplained }) ?? [];
  });
}

/** The same by the rules and the books of an account's guard, whatever it does about them; none of an unknown account. */
export async function readAccountLimits(
  db: Database,
  accountId: string,
  nowMs: number,
): Promise<DailyLimit[]> {
  const [row] = await db.run(
    sql`SELECT ${GUARD_COLUMNS} FROM accounts a ${guardJoin} WHERE a.id = ${accountId}::uuid`,
  );
  if (row === undefined) return [];
  const { settings, state } = guardOf(row);
  return readDailyLimits(db, accountId, settings.dailyRules, {
    nowMs,
    unexplained: state?.flows?.base ?? '0',
  });
}

/**
 * The highest results that were worked out, by the account, the rule's resets and what the account had at the last of them: a
 * deal that is restated later changes that, and the next reset is another. Per isolate; it only saves sums.
 */
const worked = new Map<string, string>();
const MAX_WORKED = 1_000;

/** By the place of its rule. */
async function readHighest(
  db: Database,
  accountId: string,
  rules: readonly DailyRule[],
  bases: readonly DailyBase[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const asked = rules.flatMap((rule, i) => {
    const base = bases[i];
    if (rule.base !== 'highest_eod' || base === undefined || base.firstMs === null) return [];
    const { resetMs, booked, flowed } = base.at;
    const key = [accountId, rule.tz, rule.reset, resetMs, booked, flowed, base.firstMs].join('|');
    const known = worked.get(key);
    if (known === undefined) return [{ i, key, instants: resetsBetween(rule, base.firstMs, resetMs) }];
    found.set(i, known);
    return [];
  });
  if (asked.length === 0) return found;
  const rows = await db.batch(asked.map(({ instants }) => highestResult(accountId, instants)));
  if (worked.size + asked.length > MAX_WORKED) worked.clear();
  for (const [n, { i, key }] of asked.entries()) {
    const highest = plain(String(rows[n]?.[0]?.['highest'] ?? '0'));
    worked.set(key, highest);
    found.set(i, highest);
  }
  return found;
}
