/**
 * Accounts that hold an imported history alone. Invariants: no bridge ever drives one and no login is held by it, so that a
 * history that somebody typed is never mistaken for a broker's word; it is halted for ever (`ck_accounts_imported`), and
 * follows no producer, so that no approval reaches it; a user's names of such accounts are distinct (`ux_accounts_imported`).
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import { type Database, databaseFault } from '../platform/database.ts';
import type { Binding } from './account-store.ts';

/** Adds such an account; false where its user has one of this name. `currency`: of all its money. */
export async function insertImportedAccount(
  db: Database,
  a: {
    id: string;
    userId: string;
    name: string;
    currency: string;
    marginMode: Binding['marginMode'];
    orderVolume: string;
  },
  nowMs: number,
  audit: AuditEntry,
): Promise<boolean> {
  const at = sql`${isoTime(nowMs)}::timestamptz`;
  try {
    await db.run(sql`WITH ins AS (
      INSERT INTO accounts (id, user_id, name, currency, margin_mode, halted, order_volume, version, created_at, updated_at)
      VALUES (${a.id}::uuid, ${a.userId}::uuid, ${a.name}, ${a.currency}, ${a.marginMode}, true,
        ${a.orderVolume}::numeric, 0, ${at}, ${at}) RETURNING id
    ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
    return true;
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.constraint === 'ux_accounts_imported') return false;
    throw e;
  }
}
