import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bridges } from './bridges.ts';
import { producers } from './producers.ts';
import { users } from './users.ts';

/**
 * Trading accounts. Bound to (server, login) by the bridge's first signed snapshot, never by typing; `version` is
 * the compare-and-set that makes one writer of the books per account; `halted` blocks entries, never closes.
 */
export const accounts = pgTable(
  'accounts',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    bridgeId: uuid('bridge_id')
      .notNull()
      .references(() => bridges.id, { onDelete: 'restrict' }),
    name: text('name').notNull(),
    server: text('server'),
    login: text('login'),
    currency: text('currency'),
    marginMode: text('margin_mode', { enum: ['hedging', 'netting', 'exchange'] }),
    tradeMode: text('trade_mode', { enum: ['demo', 'contest', 'real'] }),
    boundAt: timestamp('bound_at', { withTimezone: true, mode: 'string' }),
    halted: boolean('halted').notNull(),
    orderVolume: numeric('order_volume', { precision: 18, scale: 8 }).notNull(),
    version: integer('version').notNull(),
    bootId: text('boot_id'),
    bridgeSeq: bigint('bridge_seq', { mode: 'bigint' }),
    snapshotAt: timestamp('snapshot_at', { withTimezone: true, mode: 'string' }),
    dealsCursor: timestamp('deals_cursor', { withTimezone: true, mode: 'string' }),
    state: jsonb('state'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    uniqueIndex('ux_accounts_binding').on(t.server, t.login).where(sql`${t.login} is not null`),
    uniqueIndex('ux_accounts_bridge').on(t.bridgeId),
    check('ck_accounts_volume', sql`${t.orderVolume} > 0`),
    check('ck_accounts_binding', sql`(${t.login} is null) = (${t.boundAt} is null)`),
    index('ix_accounts_user').on(t.userId, t.createdAt),
  ],
);

/** Which producers an account follows: where an approval of that producer's signal is executed. */
export const accountProducers = pgTable(
  'account_producers',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.producerId] }),
    index('ix_account_producers_producer').on(t.producerId),
  ],
);
