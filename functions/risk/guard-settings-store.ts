/**
 * The guard of one account as its people see and set it. Invariants: a change of the settings is stored with its audit row
 * and raises the account's version in one statement, so that a plan which was judged by the old ones is made again, and never
 * while a warning, a closing or a latch goes by them.
 */
import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { GuardSettingsChange, StatedGuardSettings } from './guard-settings.ts';
import { statedGuardSettings } from './guard-settings.ts';
import type { GuardPhase } from './guard-state.ts';
import { GUARD_COLUMNS, guardJoin, guardOf, type StoredGuard } from './guard-store.ts';
import type { SeenSymbol } from './market-state.ts';

/** Phases in which settings stand as they are: somebody goes by them. */
export const HELD_PHASES: ReadonlySet<GuardPhase> = new Set(['warned', 'tripped', 'flat_latched']);

export type ReadGuard = StoredGuard & {
  accountId: string;
  /** Of the account: whoever changes the guard states it. */
  version: number;
  /** What binds: of a shadow it is `armed`. */
  phase: GuardPhase;
  halted: boolean;
  stated: StatedGuardSettings;
  /** What its people have set, as it is stored. */
  set: Readonly<Record<string, unknown>>;
};

/** The guard of an account; null where there is no such account. */
export async function readGuard(db: Database, accountId: string): Promise<ReadGuard | null> {
  const [row] = await db.run(sql`SELECT a.id, a.version, a.guard_phase, a.halted, ${GUARD_COLUMNS}
    FROM accounts a ${guardJoin} WHERE a.id = ${accountId}::uuid`);
  if (row === undefined) return null;
  return {
    ...guardOf(row),
    accountId: String(row['id']),
    version: Number(row['version']),
    phase: row['guard_phase'] as GuardPhase,
    halted: row['halted'] === true,
    stated: statedGuardSettings(row['guard_settings']),
    set: (row['guard_settings'] ?? {}) as ReadGuard['set'],
  };
}

/** The account's books may move meanwhile; so often in a row only where something hammers it. */
const ATTEMPTS = 8;

/**
 * Has the guard of an account changed as it is read, and again where another writer came between (`change` answers null).
 * Null: that happened each time. Throws what `change` throws.
 */
export async function withGuard<T>(
  db: Database,
  accountId: string,
  change: (guard: ReadGuard) => Promise<T | null>,
): Promise<T | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const guard = await readGuard(db, accountId);
    if (guard === null) throw new Error('the guard of an account that was read cannot be read');
    const done = await change(guard);
    if (done !== null) return done;
  }
  return null;
}

/** What the guards of the market go by, of each symbol of an account; in their order. */
export async function readSeenSymbols(db: Database, accountId: string): Promise<SeenSymbol[]> {
  const rows =
    await db.run(sql`SELECT y.symbol, y.spec->>'bid' AS bid, (y.spec->>'quoted_at')::timestamptz AS quoted_at, y.spreads,
      (SELECT (l.detail->>'no_entries_until')::timestamptz FROM alerts l WHERE l.kind = 'market-gap'
        AND l.subject_id = y.account_id::text || '/' || y.symbol ORDER BY l.created_at DESC LIMIT 1) AS gapped_until
    FROM account_symbols y WHERE y.account_id = ${accountId}::uuid ORDER BY y.symbol`);
  const time = (row: Row, name: string) => (row[name] === null ? null : rowTime(row, name));
  return rows.map((row) => ({
    symbol: String(row['symbol']),
    bid: row['bid'] === null ? null : String(row['bid']),
    quotedMs: time(row, 'quoted_at'),
    gappedUntilMs: time(row, 'gapped_until'),
    spreads: row['spreads'],
  }));
}

/** Lays a change over the settings that were read. Null where another writer changed the account since. */
export async function changeGuardSettings(
  db: Database,
  { accountId, set, version }: Pick<ReadGuard, 'accountId' | 'set' | 'version'>,
  change: GuardSettingsChange,
  audit: AuditEntry,
): Promise<'changed' | null> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const rows = await db.run(sql`WITH acc AS (
      UPDATE accounts SET version = version + 1, updated_at = ${now}
      WHERE id = ${accountId}::uuid AND version = ${version}::int AND guard_phase <> ALL(${sqlArray('text', HELD_PHASES)})
      RETURNING id
    ), guard AS (
      INSERT INTO guards (account_id, settings, updated_at)
      SELECT acc.id, ${JSON.stringify({ ...set, ...change })}::jsonb, ${now} FROM acc
      ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
    ), aud AS (${auditInsert(audit, sql`acc`)}) SELECT id FROM acc`);
  return rows.length === 1 ? 'changed' : null;
}
