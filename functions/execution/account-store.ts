import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import { type Database, databaseFault, type Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';

export type Binding = {
  server: string;
  login: string;
  currency: string;
  marginMode: 'hedging' | 'netting' | 'exchange';
  tradeMode: 'demo' | 'contest' | 'real';
};
export type Account = {
  id: string;
  userId: string;
  bridgeId: string;
  name: string;
  binding: Binding | null;
  halted: boolean;
  orderVolume: string;
  version: number;
  bootId: string | null;
  bridgeSeq: number | null;
  snapshotMs: number | null;
  dealsCursorMs: number | null;
  /** Balance, equity and margin as the last valid snapshot states them; null before the first. */
  state: Record<string, string> | null;
  createdMs: number;
};

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));
const timeOrNull = (value: unknown): number | null => (value === null ? null : timestampMs(String(value)));

/** A row of accounts. */
export const accountOf = (row: Row): Account => ({
  id: String(row['id']),
  userId: String(row['user_id']),
  bridgeId: String(row['bridge_id']),
  name: String(row['name']),
  binding:
    row['login'] === null
      ? null
      : {
          server: String(row['server']),
          login: String(row['login']),
          currency: String(row['currency']),
          marginMode: row['margin_mode'] as Binding['marginMode'],
          tradeMode: row['trade_mode'] as Binding['tradeMode'],
        },
  halted: row['halted'] === true,
  orderVolume: String(row['order_volume']),
  version: Number(row['version']),
  bootId: textOrNull(row['boot_id']),
  bridgeSeq: row['bridge_seq'] === null ? null : Number(row['bridge_seq']),
  snapshotMs: timeOrNull(row['snapshot_at']),
  dealsCursorMs: timeOrNull(row['deals_cursor']),
  state: row['state'] as Record<string, string> | null,
  createdMs: rowTime(row, 'created_at'),
});

/**
 * Adds an account, halted and not yet bound, with the producers it follows. `refused` where the bridge is not a live
 * one of this user, drives another account already, or a producer's audience does not hold the user.
 */
export async function insertAccount(
  db: Database,
  a: {
    id: string;
    userId: string;
    bridgeId: string;
    name: string;
    orderVolume: string;
    producerIds: string[];
  },
  nowMs: number,
  audit: AuditEntry,
): Promise<{ kind: 'created' } | { kind: 'bridge' } | { kind: 'bridge-taken' } | { kind: 'producer' }> {
  const at = isoTime(nowMs);
  const ids = `{${a.producerIds.join(',')}}`;
  try {
    const [row] = await db.run(sql`WITH b AS (
      SELECT id FROM bridges WHERE id = ${a.bridgeId}::uuid AND owner_id = ${a.userId}::uuid AND revoked_at IS NULL
    ), p AS (
      SELECT id FROM producers WHERE id = ANY(${ids}::uuid[]) AND (owner_id = ${a.userId}::uuid OR EXISTS (
        SELECT 1 FROM subscriptions s WHERE s.producer_id = producers.id AND s.user_id = ${a.userId}::uuid))
    ), ins AS (
      INSERT INTO accounts (id, user_id, bridge_id, name, halted, order_volume, version, created_at, updated_at)
      SELECT ${a.id}::uuid, ${a.userId}::uuid, b.id, ${a.name}, true, ${a.orderVolume}::numeric, 0,
        ${at}::timestamptz, ${at}::timestamptz
      FROM b WHERE (SELECT count(*) FROM p) = ${a.producerIds.length}::int RETURNING id
    ), fol AS (
      INSERT INTO account_producers (account_id, producer_id, created_at)
      SELECT ins.id, p.id, ${at}::timestamptz FROM ins, p
    ), aud AS (${auditInsert(audit, sql`ins`)})
    SELECT (SELECT id FROM ins) AS id, (SELECT count(*) FROM b)::int AS bridges`);
    if (row?.['id']) return { kind: 'created' };
    return { kind: Number(row?.['bridges']) === 0 ? 'bridge' : 'producer' };
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.constraint === 'ux_accounts_bridge')
      return { kind: 'bridge-taken' };
    throw e;
  }
}

/** One account. */
export async function readAccount(db: Database, id: string): Promise<Account | null> {
  const [row] = await db.run(sql`SELECT * FROM accounts WHERE id = ${id}::uuid`);
  return row === undefined ? null : accountOf(row);
}

/** A page of one user's accounts, or of all where `userId` is null. */
export const listAccounts = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`accounts.*`,
      from: sql`FROM accounts WHERE ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`}`,
      at: sql`created_at`,
      id: sql`id`,
    },
    accountOf,
  );

/**
 * Halts or resumes. The row's lock orders it against the statements that make and send commands, so that no entry is
 * made after a halt has been committed. False where there is no such account.
 */
export async function setHalted(
  db: Database,
  id: string,
  halted: boolean,
  nowMs: number,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await db.run(sql`WITH upd AS (
    UPDATE accounts SET halted = ${halted}::boolean, updated_at = ${isoTime(nowMs)}::timestamptz
    WHERE id = ${id}::uuid RETURNING id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}
