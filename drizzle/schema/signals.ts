import { sql } from 'drizzle-orm';
import {
  boolean,
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
import { producers } from './producers.ts';
import { users } from './users.ts';

/**
 * Accepted signals. Deduplication is held here and nowhere else: `ux_signals_mac` (the same signed request),
 * `ix_signals_external_id` (the producer's own key, for ever), `ux_signals_time` (same explicit time) and the
 * exclusion constraint `ex_signals_window` (no time: received less than the window apart; in its own migration
 * because drizzle-kit cannot express it). `dedup_key` is part of the latter two: the hash of a TradingView alert's
 * fields, and the empty text for whatever is signed, which so is told apart by its instrument, side and version alone.
 * Column `status` is the signal's own state; each member's is in deliveries.
 */
export const signals = pgTable(
  'signals',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    dedupScope: uuid('dedup_scope').notNull(),
    dedupWindowMs: integer('dedup_window_ms').notNull(),
    dedupKey: text('dedup_key').notNull().default(''),
    instrument: text('instrument').notNull(),
    side: smallint('side').notNull(),
    intent: text('intent', { enum: ['open', 'close'] }).notNull(),
    orderType: text('order_type', { enum: ['market', 'limit', 'stop'] }).notNull(),
    price: numeric('price', { precision: 18, scale: 8 }).notNull(),
    stopLoss: numeric('stop_loss', { precision: 18, scale: 8 }),
    takeProfit: numeric('take_profit', { precision: 18, scale: 8 }),
    orderExpiresAt: timestamp('order_expires_at', { withTimezone: true, mode: 'string' }),
    maxSlippagePoints: integer('max_slippage_points'),
    time: timestamp('time', { withTimezone: true, mode: 'string' }).notNull(),
    timeGiven: boolean('time_given').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }).notNull(),
    version: text('version').notNull(),
    externalId: text('external_id'),
    strategy: text('strategy'),
    timeframe: text('timeframe'),
    schema: smallint('schema').notNull(),
    payload: jsonb('payload'),
    contentSha256: text('content_sha256').notNull(),
    mac: text('mac').notNull(),
    trust: text('trust', { enum: ['signed', 'tradingview'] }).notNull(),
    stale: boolean('stale').notNull(),
    status: smallint('status').notNull(),
    receivedAt: timestamp('received_at', { withTimezone: true, mode: 'string' }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_signals_side', sql`${t.side} in (0, 1)`),
    check('ck_signals_status', sql`${t.status} between 0 and 7`),
    check('ck_signals_price', sql`${t.price} > 0 and ${t.price} < 1000000`),
    uniqueIndex('ux_signals_mac').on(t.mac),
    uniqueIndex('ix_signals_external_id')
      .on(t.dedupScope, t.externalId)
      .where(sql`${t.externalId} is not null`),
    uniqueIndex('ux_signals_time')
      .on(t.dedupScope, t.instrument, t.side, t.version, t.dedupKey, t.time)
      .where(sql`${t.timeGiven}`),
    index('ix_signals_user_created').on(t.userId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('ix_signals_instrument_status').on(t.instrument, t.status, t.createdAt.desc().nullsFirst()),
  ],
);
