import { boolean, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/** Catalogue of charts: what was asked for and whose it is. The picture itself is in object storage under its digest. */
export const charts = pgTable(
  'charts',
  {
    digest: text('digest').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    kind: text('kind').notNull(),
    private: boolean('private').notNull(),
    spec: jsonb('spec').notNull(),
    alt: text('alt').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }),
    revokedAt: timestamp('revoked_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [index('ix_charts_user').on(t.userId, t.createdAt)],
);
