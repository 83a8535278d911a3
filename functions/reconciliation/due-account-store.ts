/**
 * The accounts that the schedule comes to: which they are, page by page, and what a run must know before it calls a bridge,
 * of many accounts in one round trip.
 */
import { sql } from 'drizzle-orm';
import type { GuardOrder } from '../bridge/bridge-protocol.ts';
import { type Account, accountOf, accountsWhere } from '../execution/account-store.ts';
import { type Command, commandOf, openCommands } from '../execution/command-store.ts';
import { bridgesOfAccounts, type KnownBridge, knownBridgeOf } from '../identity/bridge-store.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { guardOrderOf, guardOrders } from '../risk/guard-order-store.ts';
import { type Turn, type TurnLease, takeTurnLeases, turnLeaseOf } from './turn-lease-store.ts';

export type DueAccount = { id: string; slow: boolean; exposed: boolean };

/**
 * A page of the accounts that the schedule reconciles, in the order of their ids after `afterId` (null: from the first):
 * those with a live bridge that it need not leave alone for now. One whose bridge polls comes by itself, and is here only
 * for commands that may be waiting in vain. Where another bridge is to take over, the present one's silence is no reason to
 * wait. `slow`: its bridge is known to take long. `exposed`: it can be called, and something stood or worked there when it
 * was looked at last.
 */
export async function dueAccounts(
  db: Database,
  nowMs: number,
  { afterId, limit }: { afterId: string | null; limit: number },
): Promise<DueAccount[]> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const waits = sql`(EXISTS (SELECT 1 FROM commands w WHERE w.account_id = a.id AND w.state = 'created')
    OR EXISTS (SELECT 1 FROM exits x WHERE x.account_id = a.id AND x.state = 'open'))`;
  const after = afterId === null ? sql`` : sql`AND a.id > ${afterId}::uuid`;
  const rows = await db.run(sql`SELECT a.id, coalesce(c.slow_for, 0) > 0 AS slow, b.url IS NOT NULL
      AND (coalesce((a.state->>'orders')::int, 0) > 0 OR EXISTS (SELECT 1 FROM positions p WHERE p.account_id = a.id)) AS exposed
    FROM accounts a JOIN bridges b ON b.id = a.bridge_id LEFT JOIN bridge_contacts c ON c.bridge_id = b.id
    WHERE a.released_at IS NULL ${after} AND (
      b.revoked_at IS NULL AND CASE WHEN b.url IS NULL THEN ${waits} ELSE c.next_at IS NULL OR c.next_at <= ${now} END
      OR EXISTS (SELECT 1 FROM bridges n WHERE n.id = a.next_bridge_id AND n.revoked_at IS NULL AND n.url IS NOT NULL))
    ORDER BY a.id LIMIT ${limit}::int`);
  return rows.map((r) => ({
    id: String(r['id']),
    slow: r['slow'] === true,
    exposed: r['exposed'] === true,
  }));
}

/** What a run knows before it calls. */
export type Prepared = {
  account: Account;
  /** Null where its bridge is revoked, or it has none. */
  bridge: KnownBridge | null;
  open: Command[];
  /** What its bridge is to guard by itself; null where there is nothing to say. */
  guard: GuardOrder | null;
  /** Null where the run holds none. */
  lease: TurnLease | null;
};

/**
 * Reads what runs of these accounts must know, and takes the leases of those among them whose turn it is (`turns`); the
 * accounts that there are, by id.
 */
export async function prepareAccounts(
  db: Database,
  accountIds: readonly string[],
  turns: readonly Turn[],
  nowMs: number,
): Promise<Map<string, Prepared>> {
  const ids = sqlArray('uuid', accountIds);
  // The leases first, and the reading after: what the holder before stored is seen.
  const taking = turns.length === 0 ? [] : [takeTurnLeases(turns, nowMs)];
  const reading = [
    accountsWhere(sql`accounts.id = ANY(${ids})`),
    bridgesOfAccounts(ids),
    openCommands(ids),
    guardOrders(ids),
  ];
  const answers = await db.batch([...taking, ...reading]);
  const [accounts = [], bridges = [], commands = [], guards = []] = answers.slice(taking.length);
  const leases = taking.length === 0 ? [] : (answers[0] ?? []);
  const leaseOf = new Map(leases.map(turnLeaseOf).map((l) => [l.accountId, l]));
  const bridgeOf = new Map(bridges.map((r) => [String(r['account_id']), knownBridgeOf(r)]));
  const guardOf = new Map(guards.map((r) => [String(r['account_id']), guardOrderOf(r)]));
  const open = commands.map(commandOf);
  return new Map(
    accounts.map(accountOf).map((account) => [
      account.id,
      {
        account,
        bridge: bridgeOf.get(account.id) ?? null,
        open: open.filter((c) => c.accountId === account.id),
        guard: guardOf.get(account.id) ?? null,
        lease: leaseOf.get(account.id) ?? null,
      },
    ]),
  );
}

/** What one run must know that holds no lease; null where there is no such account. */
export const prepareAccount = async (db: Database, accountId: string): Promise<Prepared | null> =>
  (await prepareAccounts(db, [accountId], [], 0)).get(accountId) ?? null;
