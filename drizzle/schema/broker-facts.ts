import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';

const money = (name: string) => numeric(name, { precision: 20, scale: 8 }).notNull();

/**
 * Executions as the broker states them. Append-only facts, keyed by the broker's own ticket; what it later states otherwise
 * (a cancellation, a late swap) is a further `revision` beside the first, and readers take the highest.
 */
export const brokerDeals = pgTable(
  'broker_deals',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    ticket: text('ticket').notNull(),
    revision: smallint('revision').notNull().default(0),
    orderTicket: text('order_ticket').notNull(),
    positionId: text('position_id').notNull(),
    time: timestamp('time', { withTimezone: true, mode: 'string' }).notNull(),
    type: text('type').notNull(),
    entry: text('entry', { enum: ['in', 'out', 'inout', 'out_by'] }),
    magic: bigint('magic', { mode: 'bigint' }).notNull(),
    reason: text('reason').notNull(),
    symbol: text('symbol').notNull(),
    volume: money('volume'),
    price: money('price'),
    commission: money('commission'),
    swap: money('swap'),
    profit: money('profit'),
    fee: money('fee'),
    comment: text('comment').notNull(),
    externalId: text('external_id').notNull(),
    recordedAt: timestamp('recorded_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.ticket, t.revision] }),
    check('ck_broker_deals_revision', sql`${t.revision} >= 0`),
    // Money of the account and not of a position: cash flows and costs.
    index('ix_broker_deals_account').on(t.accountId, t.time).where(sql`${t.positionId} = '0'`),
    // Both deals of a close-by carry its order.
    index('ix_broker_deals_close_by').on(t.accountId, t.orderTicket).where(sql`${t.entry} = 'out_by'`),
    index('ix_broker_deals_position').on(t.accountId, t.positionId),
    index('ix_broker_deals_time').on(t.accountId, t.time),
  ],
);

/** Orders of the broker's history, one row per state seen. Append-only facts. */
export const brokerOrders = pgTable(
  'broker_orders',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    ticket: text('ticket').notNull(),
    state: text('state').notNull(),
    type: text('type').notNull(),
    symbol: text('symbol').notNull(),
    magic: bigint('magic', { mode: 'bigint' }).notNull(),
    positionId: text('position_id').notNull(),
    volumeInitial: money('volume_initial'),
    volumeCurrent: money('volume_current'),
    priceOpen: money('price_open'),
    timeSetup: timestamp('time_setup', { withTimezone: true, mode: 'string' }).notNull(),
    timeDone: timestamp('time_done', { withTimezone: true, mode: 'string' }),
    comment: text('comment').notNull(),
    recordedAt: timestamp('recorded_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.ticket, t.state] }),
    index('ix_broker_orders_magic').on(t.accountId, t.magic),
  ],
);
