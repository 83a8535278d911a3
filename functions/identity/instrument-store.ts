import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

export type Instrument = { symbol: string; digits: number; enabled: boolean };
/**
 * `symbol-taken`: an account calls another instrument (`takenFor`) by this name at its broker, and says nothing of this one,
 * which it would then trade by the same symbol.
 */
export type InstrumentOutcome =
  | { kind: 'stored' }
  | { kind: 'symbol-taken'; accountId: string; accountName: string; takenFor: string };

/**
 * What is enabled and what brokers call it exclude each other: whoever writes one of the two takes this first, in a statement
 * of its own. What a statement waits for, its own snapshot cannot see.
 */
export const SYMBOL_NAMES_LOCK: SQL = sql`SELECT pg_advisory_xact_lock(hashtextextended('symbol-names', 2))`;

/**
 * Adds an instrument or changes the digits and the state of a known one, with its audit row. One that is enabled must be no
 * account's name for another; accounts that were released trade no more.
 */
export async function putInstrument(
  db: Database,
  instrument: Instrument,
  nowMs: number,
  audit: AuditEntry,
): Promise<InstrumentOutcome> {
  const { symbol, digits, enabled } = instrument;
  const [, [row = {}] = []] = await db.batch([
    SYMBOL_NAMES_LOCK,
    sql`WITH taken AS (
      SELECT a.id, a.name, m.key AS instrument FROM accounts a CROSS JOIN jsonb_each_text(a.symbols) m
      WHERE ${enabled}::boolean AND a.released_at IS NULL AND m.value = ${symbol} AND m.key <> m.value
        AND a.symbols ->> ${symbol} IS NULL ORDER BY a.created_at, a.id, m.key LIMIT 1
    ), ins AS (
      INSERT INTO instruments (symbol, digits, enabled, created_at)
      SELECT ${symbol}, ${digits}::smallint, ${enabled}::boolean, ${isoTime(nowMs)}::timestamptz
      WHERE NOT EXISTS (SELECT 1 FROM taken)
      ON CONFLICT (symbol) DO UPDATE SET digits = excluded.digits, enabled = excluded.enabled RETURNING symbol
    ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id, name, instrument FROM taken`,
  ]);
  if ((row['id'] ?? null) === null) return { kind: 'stored' };
  const [accountId, accountName, takenFor] = [row['id'], row['name'], row['instrument']].map(String);
  return { kind: 'symbol-taken', accountId, accountName, takenFor } as InstrumentOutcome;
}

/** All instruments, by symbol. An organisation has tens of them. */
export async function listInstruments(db: Database): Promise<Instrument[]> {
  const rows = await db.run(sql`SELECT symbol, digits, enabled FROM instruments ORDER BY symbol LIMIT 1000`);
  return rows.map((r) => ({
    symbol: String(r['symbol']),
    digits: Number(r['digits']),
    enabled: r['enabled'] === true,
  }));
}
