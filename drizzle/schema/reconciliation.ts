import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { signals } from './signals.ts';
import { users } from './users.ts';

/** One row per comparison of our books with the broker's, applied or refused. */
export const reconciliationRuns = pgTable(
  'reconciliation_runs',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    outcome: text('outcome').notNull(),
    newDeals: integer('new_deals').notNull(),
    events: jsonb('events').notNull(),
    startedAt: timestamp('started_at', { withTimezone: true, mode: 'string' }).notNull(),
    finishedAt: timestamp('finished_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    index('ix_reconciliation_runs_account').on(
      t.accountId,
      t.startedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

/**
 * Where books and broker differ: class, evidence, what is done about it (`policy`) and how and by whom it was settled. The key
 * makes a repeat the same row. What a person adopted for a signal is that signal's (`signal_id`) in the projection too.
 */
export const divergences = pgTable(
  'divergences',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    code: text('code').notNull(),
    brokerKey: text('broker_key').notNull(),
    evidence: jsonb('evidence').notNull(),
    /** `notice`: told, nothing to do; `automatic`: we settle it; `person`: it waits for somebody. */
    policy: text('policy', { enum: ['notice', 'automatic', 'person'] })
      .notNull()
      .default('person'),
    status: text('status', { enum: ['open', 'resolved'] }).notNull(),
    detectedAt: timestamp('detected_at', { withTimezone: true, mode: 'string' }).notNull(),
    seenAt: timestamp('seen_at', { withTimezone: true, mode: 'string' }),
    resolvedAt: timestamp('resolved_at', { withTimezone: true, mode: 'string' }),
    resolution: text('resolution', {
      enum: ['noted', 'settled', 'adopted', 'ignored', 'closed'],
    }),
    /** Null where we settled it ourselves. */
    resolvedBy: uuid('resolved_by').references(() => users.id, { onDelete: 'restrict' }),
    resolutionReason: text('resolution_reason'),
    signalId: uuid('signal_id').references(() => signals.id, { onDelete: 'restrict' }),
  },
  (t) => [
    check('ck_divergences_status', sql`${t.status} in ('open', 'resolved')`),
    check('ck_divergences_policy', sql`${t.policy} in ('notice', 'automatic', 'person')`),
    check(
      'ck_divergences_resolution',
      sql`${t.resolution} in ('noted', 'settled', 'adopted', 'ignored', 'closed')`,
    ),
    check('ck_divergences_resolved', sql`(${t.status} = 'resolved') = (${t.resolvedAt} is not null)`),
    uniqueIndex('ux_divergences_key').on(t.accountId, t.code, t.brokerKey),
    index('ix_divergences_account').on(
      t.accountId,
      t.detectedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('ix_divergences_detected').on(t.detectedAt),
  ],
);

/** Minutes claimed by the schedule: the key makes a tick that comes twice harmless. */
export const scheduleTicks = pgTable('schedule_ticks', {
  minute: timestamp('minute', { withTimezone: true, mode: 'string' }).primaryKey(),
  claimedAt: timestamp('claimed_at', { withTimezone: true, mode: 'string' }).notNull(),
  finishedAt: timestamp('finished_at', { withTimezone: true, mode: 'string' }),
});
