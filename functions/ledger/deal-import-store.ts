/**
 * A page of an imported history, read beside and written. What is written is one statement whose first part is the
 * compare-and-set on the account's version: somebody else in between, and nothing of the page is stored.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { DealImport, StoredFacts } from './deal-import.ts';
import { addedSums, dealInsert } from './deal-store.ts';
import { positionFactStatements, positionFactsOf } from './position-facts-store.ts';
import { entryBalances, tradeParts } from './trade-book-store.ts';
import type { Deal } from './trade-projection.ts';

export type ImportAccount = {
  id: string;
  userId: string;
  /** It has a bridge: its history is its broker's to tell. */
  driven: boolean;
  version: number;
  facts: StoredFacts;
};

/** The account, and what is stored of the positions and tickets of a page; null where there is no such account. */
export async function readImportAccount(
  db: Database,
  accountId: string,
  page: readonly Deal[],
): Promise<ImportAccount | null> {
  const positions = sqlArray('text', new Set(page.map((d) => d.positionId).filter((id) => id !== '0')));
  const tickets = sqlArray('text', new Set(page.map((d) => d.ticket)));
  const [accounts = [], deals = [], commands = [], adoptions = []] = await db.batch([
    sql`SELECT id, user_id, bridge_id, version, currency, symbols FROM accounts WHERE id = ${accountId}::uuid`,
    ...positionFactStatements(accountId, {
      deals: sql`(d.position_id = ANY(${positions}) OR d.ticket = ANY(${tickets}))`,
      commands: sql`c.position_id = ANY(${positions})`,
      positions,
    }),
  ]);
  const [row] = accounts;
  if (row === undefined) return null;
  return {
    id: String(row['id']),
    userId: String(row['user_id']),
    driven: row['bridge_id'] !== null,
    version: Number(row['version']),
    facts: {
      ...positionFactsOf(deals, commands, adoptions),
      symbols: row['symbols'] as Record<string, string>,
      currency: row['currency'] === null ? null : String(row['currency']),
    },
  };
}

/** Stores what a page changes; false where the account has changed since it was read, or has a bridge. */
export async function applyDealImport(
  db: Database,
  { id, version }: Pick<ImportAccount, 'id' | 'version'>,
  plan: Extract<DealImport, { kind: 'plan' }>,
  audit: AuditEntry,
): Promise<boolean> {
  const { nowMs } = audit;
  const sinceMs = plan.newDeals.reduce((first, d) => Math.min(first, d.timeMs), Number.POSITIVE_INFINITY);
  const [rows = []] = await db.batch([
    sql`WITH acc AS (
        UPDATE accounts SET version = version + 1, ${addedSums(plan.sums)}, updated_at = ${isoTime(nowMs)}::timestamptz
        WHERE id = ${id}::uuid AND version = ${version}::int AND bridge_id IS NULL RETURNING id, user_id
      ), facts AS (${dealInsert(plan.newDeals, nowMs)}), ${tradeParts(id, { ...plan, terms: [] }, nowMs)},
      aud AS (${auditInsert(audit, sql`acc`)}) SELECT id FROM acc`,
    entryBalances(id, sinceMs),
  ]);
  return rows.length === 1;
}
