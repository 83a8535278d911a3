/**
 * The lease under which the schedule compares an account's books: of two consumers that were told of the same account one
 * calls its bridge. Its growing `epoch` is the fence: what a holder who was overtaken would store is not stored. Whoever
 * cannot wait for it (a person, an approval, a bridge that polls) takes none: the compare-and-set on the account's version
 * decides between all of them, and the lease only saves what would be done twice.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';

/**
 * Longer than an account waits in a round and is then called, ten seconds each; and so much shorter than a minute that what
 * a holder leaves behind who died is taken up by the next tick.
 */
export const TURN_LEASE_MS = 30_000;

export type TurnLease = { accountId: string; epoch: bigint };
/** An account whose turn came at `dueMs`. */
export type Turn = { accountId: string; dueMs: number };

/** A row of a lease. */
export const turnLeaseOf = (row: Row): TurnLease => ({
  accountId: String(row['account_id']),
  epoch: BigInt(String(row['epoch'])),
});

/**
 * The statement that takes the leases of those accounts whose turn it still is: that nobody has looked at since, and nobody
 * holds. In one order, so that two who take overlapping ones do not wait for each other. `turnLeaseOf` reads a row.
 */
export function takeTurnLeases(turns: readonly Turn[], nowMs: number): SQL {
  const rows = JSON.stringify(turns.map((t) => ({ id: t.accountId, due: isoTime(t.dueMs) })));
  return sql`INSERT INTO reconcile_leases AS l (account_id, epoch, expires_at)
    SELECT a.id, 1, ${isoTime(nowMs + TURN_LEASE_MS)}::timestamptz
    FROM jsonb_to_recordset(${rows}::jsonb) AS x(id uuid, due timestamptz) JOIN accounts a ON a.id = x.id
      LEFT JOIN bridge_contacts c ON c.bridge_id = a.bridge_id
    WHERE c.updated_at IS NULL OR c.updated_at < x.due ORDER BY a.id
    ON CONFLICT (account_id) DO UPDATE SET epoch = l.epoch + 1, expires_at = excluded.expires_at
      WHERE l.expires_at <= ${isoTime(nowMs)}::timestamptz
    RETURNING account_id, epoch`;
}

/** A row while this epoch is the newest, none once somebody has overtaken it. */
export const heldTurn = ({ accountId, epoch }: TurnLease): SQL =>
  sql`SELECT account_id FROM reconcile_leases
    WHERE account_id = ${accountId}::uuid AND epoch = ${String(epoch)}::bigint FOR SHARE`;

/** The statement that lets go of a lease where it is still this holder's, once for each row of `from`. */
export const turnEnd = ({ accountId, epoch }: TurnLease, from: SQL = sql`(SELECT 1) AS one`): SQL =>
  sql`UPDATE reconcile_leases SET expires_at = 'epoch' FROM ${from}
    WHERE reconcile_leases.account_id = ${accountId}::uuid AND epoch = ${String(epoch)}::bigint`;

/** Lets go of several, each where it is still this holder's. */
export async function endTurns(db: Database, leases: readonly TurnLease[]): Promise<void> {
  if (leases.length === 0) return;
  const rows = JSON.stringify(leases.map((l) => ({ id: l.accountId, epoch: String(l.epoch) })));
  await db.run(sql`UPDATE reconcile_leases l SET expires_at = 'epoch'
    FROM jsonb_to_recordset(${rows}::jsonb) AS x(id uuid, epoch bigint)
    WHERE l.account_id = x.id AND l.epoch = x.epoch`);
}
