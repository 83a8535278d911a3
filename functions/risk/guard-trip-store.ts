/** Trips of an account as they are read; what changes them is in `guard-store.ts` and `guard-intervention-store.ts`. */
import { sql } from 'drizzle-orm';
import { timestampMs } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';

export type StoredTrip = {
  id: string;
  accountId: string;
  cause: string;
  shadow: boolean;
  scope: 'all' | 'own';
  evidence: Record<string, unknown>;
  warnedMs: number;
  deadlineMs: number;
  triggeredMs: number | null;
  revokedMs: number | null;
  flatMs: number | null;
  stoppedMs: number | null;
  endedMs: number | null;
  endedBy: string | null;
  endReason: string | null;
};

const timeOrNull = (value: unknown): number | null => (value === null ? null : timestampMs(String(value)));

const tripOf = (row: Row): StoredTrip => ({
  id: String(row['id']),
  accountId: String(row['account_id']),
  cause: String(row['cause']),
  shadow: row['shadow'] === true,
  scope: row['scope'] === 'own' ? 'own' : 'all',
  evidence: row['evidence'] as StoredTrip['evidence'],
  warnedMs: rowTime(row, 'warned_at'),
  deadlineMs: rowTime(row, 'deadline_at'),
  triggeredMs: timeOrNull(row['triggered_at']),
  revokedMs: timeOrNull(row['revoked_at']),
  flatMs: timeOrNull(row['flat_at']),
  stoppedMs: timeOrNull(row['stopped_at']),
  endedMs: timeOrNull(row['ended_at']),
  endedBy: row['ended_by'] === null ? null : String(row['ended_by']),
  endReason: row['end_reason'] === null ? null : String(row['end_reason']),
});

/** A trip of an account; null where it has no such one. */
export async function readTrip(db: Database, accountId: string, id: string): Promise<StoredTrip | null> {
  const [row] = await db.run(sql`SELECT * FROM guard_trips
    WHERE id = ${id}::uuid AND account_id = ${accountId}::uuid`);
  return row === undefined ? null : tripOf(row);
}

/** The trip under way, which binds the account; null where there is none. */
export async function readOpenTrip(db: Database, accountId: string): Promise<StoredTrip | null> {
  const [row] = await db.run(sql`SELECT * FROM guard_trips
    WHERE account_id = ${accountId}::uuid AND ended_at IS NULL AND NOT shadow`);
  return row === undefined ? null : tripOf(row);
}

/** A page of an account's trips, those that a shadow would have made too, newest first. */
export const listTrips = (
  db: Database,
  accountId: string,
  query: { page: number; page_size: number; cursor?: string | undefined },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`t.*`,
      from: sql`FROM guard_trips t WHERE t.account_id = ${accountId}::uuid`,
      at: sql`t.warned_at`,
      id: sql`t.id`,
    },
    tripOf,
  );
