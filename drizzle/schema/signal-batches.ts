import { index, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { producers } from './producers.ts';

/**
 * Batches that were stored, by the MAC of the whole request. `refused` holds what the rules said of items before the
 * database saw any, `outcome` what became of the others; both are written in the transaction that stores the signals.
 * Kept for a day, though a signature is good for minutes.
 */
export const signalBatches = pgTable(
  'signal_batches',
  {
    id: uuid('id').primaryKey(),
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    mac: text('mac').notNull(),
    requestId: text('request_id').notNull(),
    refused: jsonb('refused').notNull(),
    outcome: jsonb('outcome'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [uniqueIndex('ux_signal_batches_mac').on(t.mac), index('ix_signal_batches_created').on(t.createdAt)],
);
