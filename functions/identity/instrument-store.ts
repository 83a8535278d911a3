import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

export type Instrument = { symbol: string; digits: number; enabled: boolean };

/** Adds an instrument or changes the digits and the state of a known one, with its audit row. */
export async function putInstrument(
  db: Database,
  instrument: Instrument,
  nowMs: number,
  audit: AuditEntry,
): Promise<void> {
  await db.run(sql`WITH ins AS (
    INSERT INTO instruments (symbol, digits, enabled, created_at)
    VALUES (${instrument.symbol}, ${instrument.digits}, ${instrument.enabled}, ${isoTime(nowMs)}::timestamptz)
    ON CONFLICT (symbol) DO UPDATE SET digits = excluded.digits, enabled = excluded.enabled RETURNING symbol
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT symbol FROM ins`);
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
