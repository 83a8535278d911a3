import { sql } from 'drizzle-orm';
import { check, index, pgTable, primaryKey, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { signals } from './signals.ts';
import { users } from './users.ts';

/** One row per member of a signal's audience: that member's own status. Written with the signal or by the fan-out. */
export const deliveries = pgTable(
  'deliveries',
  {
    signalId: uuid('signal_id')
      .notNull()
      .references(() => signals.id, { onDelete: 'restrict' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    status: smallint('status').notNull(),
    refusal: text('refusal'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.signalId, t.userId] }),
    check('ck_deliveries_status', sql`${t.status} between 0 and 7`),
    index('ix_deliveries_user_created').on(
      t.userId,
      t.createdAt.desc().nullsFirst(),
      t.signalId.desc().nullsFirst(),
    ),
  ],
);
