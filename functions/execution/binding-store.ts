/**
 * Which bridge drives an account, and which account holds a broker's login. Invariants: a bridge drives one account at most
 * and is promised to one at most (`ux_accounts_bridge`, `ux_accounts_next_bridge`); a bound account changes its bridge only
 * by the new one's own proof that it stands at the same broker's account; a login is held by one account at a time
 * (`ux_accounts_binding`); what was released keeps its books, is halted for ever and never bound again, so that one account's
 * books never hold two brokers' facts.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import { type Database, databaseFault } from '../platform/database.ts';
import type { Binding } from './account-store.ts';

export type BridgeChange =
  /** It drives the account now (which was not bound, or driven by it already), or will with its first snapshot. */
  | 'set'
  | 'promised'
  | 'not-theirs'
  | 'released'
  /** It holds an imported history alone, which no broker's facts may join. */
  | 'imported'
  /** It is no live bridge of this user. */
  | 'bridge'
  /** It drives another account, or is promised to one. */
  | 'bridge-taken';

/** Names the bridge that is to drive a user's account. The present one takes an earlier promise back. */
export async function promiseBridge(
  db: Database,
  of: { id: string; userId: string; bridgeId: string },
  audit: AuditEntry,
): Promise<BridgeChange> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const unbound = (then: string, otherwise: string) =>
    sql.raw(`CASE WHEN a.login IS NULL AND a.bridge_id <> b.id THEN ${then} ELSE ${otherwise} END`);
  try {
    const [row] = await db.run(sql`WITH b AS (
      SELECT id FROM bridges WHERE id = ${of.bridgeId}::uuid AND owner_id = ${of.userId}::uuid AND revoked_at IS NULL
    ), upd AS (
      UPDATE accounts a SET next_bridge_id = CASE WHEN a.login IS NULL OR a.bridge_id = b.id THEN NULL ELSE b.id END,
        bridge_id = ${unbound('b.id', 'a.bridge_id')}, boot_id = ${unbound('NULL', 'a.boot_id')},
        bridge_seq = ${unbound('NULL', 'a.bridge_seq')}, version = a.version + 1, updated_at = ${now}
      FROM b WHERE a.id = ${of.id}::uuid AND a.user_id = ${of.userId}::uuid AND a.released_at IS NULL AND a.bridge_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts o WHERE o.id <> a.id AND b.id IN (o.bridge_id, o.next_bridge_id))
      RETURNING a.id, a.next_bridge_id
    ), aud AS (${auditInsert(audit, sql`upd`)})
    SELECT a.released_at IS NOT NULL AS released, a.bridge_id IS NULL AS imported, (SELECT count(*) FROM b)::int AS bridges, upd.id IS NOT NULL AS changed,
      upd.next_bridge_id IS NOT NULL AS promised
    FROM accounts a LEFT JOIN upd ON true WHERE a.id = ${of.id}::uuid AND a.user_id = ${of.userId}::uuid`);
    if (row === undefined) return 'not-theirs';
    if (row['changed'] === true) return row['promised'] === true ? 'promised' : 'set';
    if (row['released'] === true) return 'released';
    if (row['imported'] === true) return 'imported';
    return Number(row['bridges']) === 0 ? 'bridge' : 'bridge-taken';
  } catch (e) {
    if (isTaken(e)) return 'bridge-taken';
    throw e;
  }
}

const isTaken = (e: unknown): boolean => {
  const fault = databaseFault(e);
  return (
    fault?.kind === 'constraint' &&
    ['ux_accounts_bridge', 'ux_accounts_next_bridge'].includes(fault.constraint)
  );
};

/** The account that a bridge is promised to; null: none. */
export async function accountPromised(db: Database, bridgeId: string): Promise<string | null> {
  const [row] = await db.run(sql`SELECT id FROM accounts WHERE next_bridge_id = ${bridgeId}::uuid`);
  return row === undefined ? null : String(row['id']);
}

/**
 * The bridge that was promised an account drives it from here on, where it has just shown that it stands at `binding`. False
 * where the account is bound elsewhere, the promise was taken back, or the bridge is revoked. No entry whose fate the bridge
 * before it left open is ever attempted again (`bridge_since`): the new one's journal does not know it.
 */
export async function adoptBridge(
  db: Database,
  of: { accountId: string; bridgeId: string; binding: Binding },
  audit: AuditEntry,
): Promise<boolean> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const { server, login, currency, marginMode, tradeMode } = of.binding;
  const rows = await db.run(sql`WITH upd AS (
    UPDATE accounts a SET bridge_id = r.id, next_bridge_id = NULL, bridge_since = ${now}, boot_id = NULL, bridge_seq = NULL,
      version = a.version + 1, updated_at = ${now}
    FROM bridges r WHERE a.id = ${of.accountId}::uuid AND a.next_bridge_id = ${of.bridgeId}::uuid AND r.id = a.next_bridge_id
      AND r.owner_id = a.user_id AND r.revoked_at IS NULL AND a.released_at IS NULL
      AND (a.server, a.login, a.currency, a.margin_mode, a.trade_mode) = (${server}, ${login}, ${currency}, ${marginMode}, ${tradeMode})
    RETURNING a.id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}

/** Takes its broker's login from an account, for ever. False where it holds none. */
export const releaseBinding = (db: Database, id: string, audit: AuditEntry): Promise<boolean> =>
  release(db, sql`a.id = ${id}::uuid`, audit);

/** Over an account `a`: its bridge is revoked, and it has never traded. */
const abandoned = sql`EXISTS (SELECT 1 FROM bridges r WHERE r.id = a.bridge_id AND r.revoked_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM trades t WHERE t.account_id = a.id)
  AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.account_id = a.id)`;

/** The account that holds a broker's login and has abandoned it, so that whoever stands there now may have it; null: none. */
export async function abandonedHolder(
  db: Database,
  { server, login }: Pick<Binding, 'server' | 'login'>,
): Promise<string | null> {
  const [row] = await db.run(sql`SELECT a.id FROM accounts a
    WHERE a.server = ${server} AND a.login = ${login} AND a.released_at IS NULL AND ${abandoned}`);
  return row === undefined ? null : String(row['id']);
}

/** The same as `releaseBinding`, for an account that has abandoned its login. False where it has not. */
export const releaseAbandoned = (db: Database, id: string, audit: AuditEntry): Promise<boolean> =>
  release(db, sql`a.id = ${id}::uuid AND ${abandoned}`, audit);

async function release(db: Database, which: SQL, audit: AuditEntry): Promise<boolean> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const rows = await db.run(sql`WITH upd AS (
    UPDATE accounts a SET released_at = ${now}, halted = true, next_bridge_id = NULL, version = a.version + 1, updated_at = ${now}
    WHERE ${which} AND a.login IS NOT NULL AND a.released_at IS NULL RETURNING a.id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}
