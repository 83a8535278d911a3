import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { producers } from './producers.ts';

/**
 * What proven producers sent and we did not take, with the reason. `excerpt` is the beginning of the body with secrets
 * masked; `reason` is the slug of the problem. Kept 30 days and at most 10,000 per producer.
 */
export const refusals = pgTable(
  'refusals',
  {
    id: uuid('id').primaryKey(),
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    lane: text('lane', { enum: ['native', 'batch', 'standard-webhook', 'tradingview'] }).notNull(),
    reason: text('reason').notNull(),
    errors: jsonb('errors').notNull(),
    excerpt: text('excerpt').notNull(),
    requestId: text('request_id').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  // Nulls first, as `ORDER BY ... DESC` has them: an index in another order of nulls does not serve it.
  (t) => [
    index('ix_refusals_producer').on(t.producerId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('ix_refusals_created').on(t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
);
