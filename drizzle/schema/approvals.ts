import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { consents } from './consents.ts';
import { signals } from './signals.ts';
import { users } from './users.ts';

/** Decisions of people, one per signal and user for ever. Append-only: the runtime may only insert. */
export const approvals = pgTable(
  'approvals',
  {
    id: uuid('id').primaryKey(),
    signalId: uuid('signal_id')
      .notNull()
      .references(() => signals.id, { onDelete: 'restrict' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    decision: smallint('decision').notNull(),
    accountId: uuid('account_id').references(() => accounts.id, { onDelete: 'restrict' }),
    channel: text('channel', { enum: ['token', 'console', 'telegram'] }).notNull(),
    consentVersion: integer('consent_version')
      .notNull()
      .references(() => consents.version, { onDelete: 'restrict' }),
    consentSha256: text('consent_sha256').notNull(),
    terms: jsonb('terms').notNull(),
    termsSha256: text('terms_sha256').notNull(),
    termsShown: smallint('terms_shown').notNull(),
    reason: text('reason'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_approvals_decision', sql`${t.decision} in (0, 1)`),
    check('ck_approvals_account', sql`${t.decision} = 0 or ${t.accountId} is not null`),
    uniqueIndex('ix_approvals_signal_user').on(t.signalId, t.userId),
    index('ix_approvals_user_created').on(
      t.userId,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
);

/** Where a decision came from: kept apart because it is personal data, and deleted after 400 days. */
export const approvalClients = pgTable(
  'approval_clients',
  {
    approvalId: uuid('approval_id')
      .primaryKey()
      .references(() => approvals.id, { onDelete: 'restrict' }),
    address: text('address'),
    userAgent: text('user_agent'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [index('ix_approval_clients_created').on(t.createdAt)],
);
