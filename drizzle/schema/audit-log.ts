import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { AUDIT_SHA256_SQL } from '../../functions/platform/audit.ts';

/**
 * Who did what, in the commit that did it. Append-only: the runtime may only insert and read. `xact` is the transaction
 * that wrote the row: the seals go by it, because no row can appear below the oldest transaction that is still running.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    id: uuid('id').primaryKey(),
    at: timestamp('at', { withTimezone: true, mode: 'string' }).notNull(),
    actorKind: text('actor_kind', { enum: ['user', 'producer', 'bridge', 'system'] }).notNull(),
    actorId: uuid('actor_id'),
    action: text('action').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: text('subject_id').notNull(),
    detail: jsonb('detail').notNull(),
    requestId: text('request_id').notNull(),
    xact: bigint('xact', { mode: 'bigint' }).notNull().default(sql`(pg_current_xact_id()::text::bigint)`),
    sha256: text('sha256').notNull().generatedAlwaysAs(sql.raw(AUDIT_SHA256_SQL)),
  },
  (t) => [
    index('ix_audit_log_at').on(t.at.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('ix_audit_log_subject').on(t.subjectKind, t.subjectId),
    index('ix_audit_log_xact').on(t.xact, t.id),
  ],
);
