import { sql } from 'drizzle-orm';
import { check, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/** Versions of the text that people agree to when they countersign. Append-only: the runtime may only insert. */
export const consents = pgTable(
  'consents',
  {
    version: integer('version').primaryKey(),
    text: text('text').notNull(),
    sha256: text('sha256').notNull(),
    createdBy: uuid('created_by')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [check('ck_consents_version', sql`${t.version} >= 1`)],
);
