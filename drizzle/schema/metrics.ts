import { bigint, index, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { signals } from './signals.ts';
import { users } from './users.ts';

/** What a counter of stored rows amounted to below its cursor. `label`: the values joined by `|`; a histogram: bound or `sum`. */
export const metricTotals = pgTable(
  'metric_totals',
  {
    metric: text('metric').notNull(),
    label: text('label').notNull(),
    value: numeric('value', { precision: 30, scale: 3 }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.metric, t.label] })],
);

/**
 * How far the rows of a metric are in its totals. The cursor follows the candidate only when every transaction that
 * ran while the candidate was noted has ended (`candidate_xid`): a row that is committed late is never stepped over.
 */
export const metricCursors = pgTable('metric_cursors', {
  metric: text('metric').primaryKey(),
  countedTo: timestamp('counted_to', { withTimezone: true, mode: 'string' }).notNull(),
  candidate: timestamp('candidate', { withTimezone: true, mode: 'string' }).notNull(),
  candidateXid: bigint('candidate_xid', { mode: 'bigint' }).notNull(),
});

/**
 * Append-only: that an approved signal became no order, once per delivery. A trigger on `deliveries` writes it, because
 * a delivery forgets its refusal when the broker's deals prove it executed after all, and no way of failing may miss it.
 */
export const orderRefusals = pgTable(
  'order_refusals',
  {
    signalId: uuid('signal_id')
      .notNull()
      .references(() => signals.id, { onDelete: 'restrict' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    reason: text('reason').notNull(),
    at: timestamp('at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.signalId, t.userId] }), index('ix_order_refusals_at').on(t.at)],
);
