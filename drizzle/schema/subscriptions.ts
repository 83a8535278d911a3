import { index, pgTable, primaryKey, timestamp, uuid } from 'drizzle-orm/pg-core';
import { producers } from './producers.ts';
import { users } from './users.ts';

/** Puts a user into a producer's audience; the producer's owner is in it without a row. */
export const subscriptions = pgTable(
  'subscriptions',
  {
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.producerId, t.userId] }),
    index('ix_subscriptions_user').on(t.userId, t.createdAt),
  ],
);
