import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/**
 * What must happen after a change, written with it. Done only when the consumer's own transaction says so;
 * the sweep sends the rest again with backoff, and a row that was tried too often is dead and visible.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: uuid('id').primaryKey(),
    topic: text('topic').notNull(),
    payload: jsonb('payload').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    availableAt: timestamp('available_at', { withTimezone: true, mode: 'string' }).notNull(),
    attempts: smallint('attempts').notNull(),
    doneAt: timestamp('done_at', { withTimezone: true, mode: 'string' }),
    deadAt: timestamp('dead_at', { withTimezone: true, mode: 'string' }),
    lastError: text('last_error'),
  },
  (t) => [
    index('ix_outbox_pending').on(t.availableAt).where(sql`${t.doneAt} is null and ${t.deadAt} is null`),
    // Pictures wait for everything else, and how many do is counted before one more is asked for.
    index('ix_outbox_pictures')
      .on(t.availableAt)
      .where(sql`${t.topic} = 'picture.wanted' and ${t.doneAt} is null and ${t.deadAt} is null`),
    index('ix_outbox_dead').on(t.deadAt).where(sql`${t.deadAt} is not null`),
  ],
);
