import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** Who did what, in the commit that did it. Append-only: the runtime may only insert and read. */
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
  },
  (t) => [
    index('ix_audit_log_at').on(t.at.desc(), t.id.desc()),
    index('ix_audit_log_subject').on(t.subjectKind, t.subjectId),
  ],
);
