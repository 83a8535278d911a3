import { sql } from 'drizzle-orm';
import { bigint, check, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/**
 * The chain over the audit log: each seal covers the rows after the last one's (upto_xact, upto_id) up to its own, and
 * hashes the seal before it together with their ids and hashes, which it keeps. Append-only.
 */
export const auditSeals = pgTable(
  'audit_seals',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    uptoXact: bigint('upto_xact', { mode: 'bigint' }).notNull(),
    uptoId: uuid('upto_id').notNull(),
    rows: integer('rows').notNull(),
    /** A line `<id> <sha256>` for each row, in order. */
    entries: text('entries').notNull(),
    sha256: text('sha256').notNull(),
    sealedAt: timestamp('sealed_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [check('ck_audit_seals_seq', sql`${t.seq} >= 1`), check('ck_audit_seals_rows', sql`${t.rows} >= 1`)],
);
