import { sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { approvals } from './approvals.ts';
import { guardTrips } from './guards.ts';
import { signals } from './signals.ts';

/**
 * What we told a broker to do: one row per intent, committed with its id and magic before anything is sent.
 * `ux_commands_approval` is why an approval is executed at most once, however often its event arrives; `leg` counts the
 * orders of one close (`exits`). A cancellation names the command whose working order it takes back, or the trip for which
 * anybody's goes, and is one at a time.
 */
export const commands = pgTable(
  'commands',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    approvalId: uuid('approval_id').references(() => approvals.id, { onDelete: 'restrict' }),
    signalId: uuid('signal_id').references(() => signals.id, { onDelete: 'restrict' }),
    kind: text('kind', { enum: ['open', 'place', 'close', 'cancel', 'modify_sltp'] }).notNull(),
    leg: smallint('leg').notNull().default(0),
    symbol: text('symbol').notNull(),
    /** Ours, as the signal named it, whatever the account's user maps to what afterwards; null: no signal made it. */
    instrument: text('instrument'),
    instruction: jsonb('instruction').notNull(),
    magic: bigint('magic', { mode: 'bigint' }).notNull(),
    comment: text('comment').notNull(),
    attempt: smallint('attempt').notNull(),
    state: text('state', {
      enum: [
        ...(['created', 'sent', 'placed', 'done', 'partial'] as const),
        ...(['failed', 'expired', 'unknown', 'not_executed', 'ended'] as const),
      ],
    }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }).notNull(),
    sentAt: timestamp('sent_at', { withTimezone: true, mode: 'string' }),
    resolvedAt: timestamp('resolved_at', { withTimezone: true, mode: 'string' }),
    negativeLookups: smallint('negative_lookups').notNull(),
    lookedUpAt: timestamp('looked_up_at', { withTimezone: true, mode: 'string' }),
    /** After a refusal that passes: the next attempt waits until then. */
    notBefore: timestamp('not_before', { withTimezone: true, mode: 'string' }),
    /** Of the account's lease under which it was last sent. */
    leaseEpoch: bigint('lease_epoch', { mode: 'bigint' }),
    retcode: integer('retcode'),
    brokerComment: text('broker_comment'),
    reason: text('reason'),
    orderTicket: text('order_ticket'),
    positionId: text('position_id'),
    /** Lots that the broker said were traded; null where it said none. */
    volumeFilled: numeric('volume_filled', { precision: 20, scale: 8 }),
    targetId: uuid('target_id').references((): AnyPgColumn => commands.id, { onDelete: 'restrict' }),
    /** The guard's trip that closes by it. */
    tripId: uuid('trip_id').references(() => guardTrips.id, { onDelete: 'restrict' }),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check(
      'ck_commands_state',
      sql`${t.state} in ('created', 'sent', 'placed', 'done', 'partial', 'failed', 'expired', 'unknown', 'not_executed', 'ended')`,
    ),
    check('ck_commands_kind', sql`${t.kind} in ('open', 'place', 'close', 'cancel', 'modify_sltp')`),
    check(
      'ck_commands_target',
      sql`case when ${t.kind} = 'cancel' then ${t.targetId} is not null or ${t.tripId} is not null else ${t.targetId} is null end`,
    ),
    check('ck_commands_trip', sql`${t.tripId} is null or ${t.kind} in ('close', 'cancel')`),
    check('ck_commands_leg', sql`${t.leg} >= 0 and (${t.leg} = 0 or ${t.kind} = 'close')`),
    check('ck_commands_comment', sql`length(${t.comment}) <= 26`),
    uniqueIndex('ux_commands_approval').on(t.approvalId, t.leg).where(sql`${t.approvalId} is not null`),
    uniqueIndex('ux_commands_magic').on(t.magic),
    uniqueIndex('ux_commands_target').on(t.targetId).where(sql`${t.state} in ('created', 'sent', 'unknown')`),
    // One order under way of each thing that a trip closes; an order that was filled in part has its position's number.
    uniqueIndex('ux_commands_trip')
      .on(
        t.tripId,
        t.kind,
        sql`coalesce(${t.instruction}->'pre'->>'position_id', ${t.instruction}->'order'->>'order_ticket')`,
      )
      .where(sql`${t.tripId} is not null and ${t.state} in ('created', 'sent', 'unknown')`),
    index('ix_commands_trip').on(t.tripId, t.createdAt).where(sql`${t.tripId} is not null`),
    index('ix_commands_target').on(t.targetId).where(sql`${t.targetId} is not null`),
    index('ix_commands_position').on(t.accountId, t.positionId).where(sql`${t.positionId} is not null`),
    // Attempts of one command differ in the lowest four bits alone.
    index('ix_commands_number').on(sql`(${t.magic} >> 4)`),
    index('ix_commands_account_state').on(t.accountId, t.state, t.createdAt),
    index('ix_commands_signal').on(t.signalId),
    index('ix_commands_created').on(t.createdAt),
  ],
);
