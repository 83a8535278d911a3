import { sql } from 'drizzle-orm';
import { boolean, check, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { approvals } from './approvals.ts';

/**
 * Approved closes from their countersignature to their end: what still has to leave the market. One row per approval; its
 * orders are the approval's commands. `next_at`: when somebody has to look at it again at the latest; `acted`: whether it
 * took anything back that had not been filled; `reason`: what it waits for, and in the end why it could not.
 */
export const exits = pgTable(
  'exits',
  {
    approvalId: uuid('approval_id')
      .primaryKey()
      .references(() => approvals.id, { onDelete: 'restrict' }),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    state: text('state', { enum: ['open', 'done', 'failed'] }).notNull(),
    reason: text('reason'),
    acted: boolean('acted').notNull().default(false),
    nextAt: timestamp('next_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    endedAt: timestamp('ended_at', { withTimezone: true, mode: 'string' }),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_exits_state', sql`${t.state} in ('open', 'done', 'failed')`),
    check('ck_exits_end', sql`(${t.state} = 'open') = (${t.endedAt} is null)`),
    check('ck_exits_reason', sql`${t.state} <> 'failed' or ${t.reason} is not null`),
    index('ix_exits_open').on(t.accountId, t.createdAt).where(sql`${t.state} = 'open'`),
  ],
);
