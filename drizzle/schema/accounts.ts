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
  smallint,
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
 * the compare-and-set that makes one writer of the books per account; `halted` blocks entries, never closes. From
 * `risk_bps` to `symbols`: what its user decides about its orders (`account-settings.ts`). `orders_made` grows with every
 * command, so that of two that counted the same positions one is made. `trusted_at`: when an owner or admin first resumed
 * it. While `epoch_behind_at` is set its broker has shown `epoch_behind_magic`, which we have yet to give
 * (`restore-epoch.ts`); `epoch_witness`: and its word counts for others; an owner has judged that the magics in
 * `epoch_dismissed` mean nothing. `next_bridge_id` takes over with its first snapshot
 * of the same account, and `bridge_since` is when the present one did. From `released_at` on it holds its binding no more.
 */
export const accounts = pgTable(
  'accounts',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    /** None: an account that holds an imported history alone, and never trades. */
    bridgeId: uuid('bridge_id').references(() => bridges.id, { onDelete: 'restrict' }),
    name: text('name').notNull(),
    server: text('server'),
    login: text('login'),
    currency: text('currency'),
    marginMode: text('margin_mode', { enum: ['hedging', 'netting', 'exchange'] }),
    tradeMode: text('trade_mode', { enum: ['demo', 'contest', 'real'] }),
    boundAt: timestamp('bound_at', { withTimezone: true, mode: 'string' }),
    halted: boolean('halted').notNull(),
    /** While it is halted: orders of ours that still work are taken back. */
    withdrawPending: boolean('withdraw_pending').notNull().default(false),
    orderVolume: numeric('order_volume', { precision: 18, scale: 8 }).notNull(),
    riskBps: smallint('risk_bps'),
    riskBase: text('risk_base', { enum: ['lesser', 'equity'] })
      .notNull()
      .default('lesser'),
    maxVolume: numeric('max_volume', { precision: 18, scale: 8 }),
    maxPositions: smallint('max_positions'),
    minStopPoints: integer('min_stop_points').notNull().default(0),
    rewardRatio: numeric('reward_ratio', { precision: 8, scale: 4 }),
    maxSpreadPoints: integer('max_spread_points'),
    commissionPerLot: numeric('commission_per_lot', { precision: 18, scale: 8 }).notNull().default('0'),
    marginShareBps: smallint('margin_share_bps'),
    maxInstrumentVolume: numeric('max_instrument_volume', { precision: 18, scale: 8 }),
    maxExposurePercent: integer('max_exposure_percent'),
    instruments: text('instruments').array(),
    symbols: jsonb('symbols').notNull().default({}),
    ordersMade: bigint('orders_made', { mode: 'bigint' }).notNull().default(sql`0`),
    trustedAt: timestamp('trusted_at', { withTimezone: true, mode: 'string' }),
    epochBehindAt: timestamp('epoch_behind_at', { withTimezone: true, mode: 'string' }),
    epochBehindMagic: bigint('epoch_behind_magic', { mode: 'bigint' }),
    epochWitness: boolean('epoch_witness').notNull().default(false),
    epochDismissed: bigint('epoch_dismissed', { mode: 'bigint' }).array().notNull().default(sql`'{}'`),
    epochDoubts: integer('epoch_doubts').notNull().default(0),
    nextBridgeId: uuid('next_bridge_id').references(() => bridges.id, { onDelete: 'restrict' }),
    bridgeSince: timestamp('bridge_since', { withTimezone: true, mode: 'string' }),
    releasedAt: timestamp('released_at', { withTimezone: true, mode: 'string' }),
    version: integer('version').notNull(),
    bootId: text('boot_id'),
    bridgeSeq: bigint('bridge_seq', { mode: 'bigint' }),
    snapshotAt: timestamp('snapshot_at', { withTimezone: true, mode: 'string' }),
    dealsCursor: timestamp('deals_cursor', { withTimezone: true, mode: 'string' }),
    /** Up to where the history has been read, while it is read page by page; null: up to the last snapshot. */
    historyUntil: timestamp('history_until', { withTimezone: true, mode: 'string' }),
    state: jsonb('state'),
    /** Since when its deals do not add up to the broker's balance: what is computed of them is not verified. */
    /** What its guard lets it do (`guards`): entries are taken while it is armed, or there is nothing to guard. */
    guardPhase: text('guard_phase', {
      enum: ['armed', 'suspect', 'warned', 'tripped', 'flat_latched', 'empty'],
    })
      .notNull()
      .default('armed'),
    unverifiedAt: timestamp('unverified_at', { withTimezone: true, mode: 'string' }),
    /**
     * What all stored deals book (`booked-sums.ts`), what of it is cash flow, and what of that is credit. Without a precision:
     * a sum is never too long to be stored.
     */
    booked: numeric('booked').notNull().default('0'),
    flowed: numeric('flowed').notNull().default('0'),
    credited: numeric('credited').notNull().default('0'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    uniqueIndex('ux_accounts_binding')
      .on(t.server, t.login)
      .where(sql`${t.login} is not null and ${t.releasedAt} is null`),
    uniqueIndex('ux_accounts_bridge').on(t.bridgeId),
    uniqueIndex('ux_accounts_imported').on(t.userId, t.name).where(sql`${t.bridgeId} is null`),
    check('ck_accounts_imported', sql`${t.bridgeId} is not null or (${t.halted} and ${t.login} is null)`),
    uniqueIndex('ux_accounts_next_bridge').on(t.nextBridgeId),
    index('ix_accounts_epoch')
      .on(t.id)
      .where(sql`${t.epochBehindAt} is not null or cardinality(${t.epochDismissed}) > 0`),
    check('ck_accounts_withdraw', sql`${t.halted} or not ${t.withdrawPending}`),
    check('ck_accounts_volume', sql`${t.orderVolume} > 0`),
    check('ck_accounts_risk', sql`${t.riskBps} between 1 and 1000`),
    check('ck_accounts_risk_base', sql`${t.riskBase} in ('lesser', 'equity')`),
    check('ck_accounts_max_volume', sql`${t.maxVolume} > 0`),
    check('ck_accounts_max_positions', sql`${t.maxPositions} > 0`),
    check('ck_accounts_min_stop', sql`${t.minStopPoints} >= 0`),
    check('ck_accounts_reward_ratio', sql`${t.rewardRatio} > 0`),
    check('ck_accounts_max_spread', sql`${t.maxSpreadPoints} > 0`),
    check('ck_accounts_commission', sql`${t.commissionPerLot} >= 0`),
    check('ck_accounts_margin_share', sql`${t.marginShareBps} between 1 and 10000`),
    check('ck_accounts_max_instrument', sql`${t.maxInstrumentVolume} > 0`),
    check('ck_accounts_max_exposure', sql`${t.maxExposurePercent} between 1 and 100000`),
    check('ck_accounts_symbols', sql`jsonb_typeof(${t.symbols}) = 'object'`),
    check('ck_accounts_binding', sql`(${t.login} is null) = (${t.boundAt} is null)`),
    check(
      'ck_accounts_guard_phase',
      sql`${t.guardPhase} in ('armed', 'suspect', 'warned', 'tripped', 'flat_latched', 'empty')`,
    ),
    check('ck_accounts_released', sql`${t.releasedAt} is null or ${t.halted}`),
    check('ck_accounts_behind', sql`(${t.epochBehindAt} is null) = (${t.epochBehindMagic} is null)`),
    check('ck_accounts_witness', sql`not ${t.epochWitness} or ${t.epochBehindAt} is not null`),
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

/**
 * Symbols of an account's broker that signals may be about, as the last valid snapshot stated them, and the lots of
 * working orders in each by side. Replaced with each snapshot that names them.
 */
export const accountSymbols = pgTable(
  'account_symbols',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    symbol: text('symbol').notNull(),
    spec: jsonb('spec').notNull(),
    pendingBuy: numeric('pending_buy', { precision: 20, scale: 8 }).notNull(),
    pendingSell: numeric('pending_sell', { precision: 20, scale: 8 }).notNull(),
    /** What its spread has been lately (`spread-watch.ts`). */
    spreads: jsonb('spreads').notNull().default({}),
    snapshotAt: timestamp('snapshot_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.symbol] }),
    check('ck_account_symbols_pending', sql`${t.pendingBuy} >= 0 and ${t.pendingSell} >= 0`),
    check('ck_account_symbols_spreads', sql`jsonb_typeof(${t.spreads}) = 'object'`),
  ],
);
