import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { users } from './users.ts';

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });

/**
 * The guard of an account: what its people set, and what it knows (`drawdown-guard.ts`). Written with the account's version
 * as every change of its books is; `accounts.guard_phase` says the same to whoever only asks whether entries are taken.
 * Without a row an account is guarded by the defaults.
 */
export const guards = pgTable(
  'guards',
  {
    accountId: uuid('account_id')
      .primaryKey()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    settings: jsonb('settings').notNull().default({}),
    state: jsonb('state'),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [
    check('ck_guards_settings', sql`jsonb_typeof(${t.settings}) = 'object'`),
    check('ck_guards_state', sql`${t.state} is null or jsonb_typeof(${t.state}) = 'object'`),
  ],
);

/**
 * Each time that a guard warned, and what became of it: revoked, or triggered, flat and over. `shadow`: it would have. At
 * most one is under way per account (`ux_guard_trips_open`). `evidence`: the samples and figures it was decided by.
 */
export const guardTrips = pgTable(
  'guard_trips',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    cause: text('cause').notNull(),
    shadow: boolean('shadow').notNull(),
    scope: text('scope', { enum: ['all', 'own'] }).notNull(),
    evidence: jsonb('evidence').notNull(),
    warnedAt: at('warned_at').notNull(),
    /** When the closing begins, unless it is revoked. */
    deadlineAt: at('deadline_at').notNull(),
    triggeredAt: at('triggered_at'),
    revokedAt: at('revoked_at'),
    /** When two snapshots had shown nothing in its scope. */
    flatAt: at('flat_at'),
    /** When its owner stopped it. */
    stoppedAt: at('stopped_at'),
    /** When its latch was opened, or it was over without one. */
    endedAt: at('ended_at'),
    endedBy: uuid('ended_by').references(() => users.id, { onDelete: 'restrict' }),
    endReason: text('end_reason'),
  },
  (t) => [
    check('ck_guard_trips_scope', sql`${t.scope} in ('all', 'own')`),
    check(
      'ck_guard_trips_revoked',
      sql`${t.revokedAt} is null or (${t.triggeredAt} is null and ${t.endedAt} is not null)`,
    ),
    check('ck_guard_trips_flat', sql`${t.flatAt} is null or ${t.triggeredAt} is not null`),
    check('ck_guard_trips_stopped', sql`${t.stoppedAt} is null or ${t.triggeredAt} is not null`),
    // What was triggered is over only once everything had gone, or its owner had stopped it.
    check(
      'ck_guard_trips_ended',
      sql`${t.shadow} or ${t.endedAt} is null or coalesce(${t.revokedAt}, ${t.flatAt}, ${t.stoppedAt}) is not null`,
    ),
    uniqueIndex('ux_guard_trips_open').on(t.accountId).where(sql`${t.endedAt} is null and not ${t.shadow}`),
    index('ix_guard_trips_account').on(t.accountId, t.warnedAt),
  ],
);
