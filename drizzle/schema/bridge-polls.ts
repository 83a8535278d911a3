import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bridges } from './bridges.ts';

/** Nonces of the requests of bridges that proved themselves: one that comes again within 15 minutes is a replay. */
export const bridgeNonces = pgTable(
  'bridge_nonces',
  {
    bridgeId: uuid('bridge_id')
      .notNull()
      .references(() => bridges.id, { onDelete: 'restrict' }),
    nonce: text('nonce').notNull(),
    seenAt: timestamp('seen_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.bridgeId, t.nonce] }), index('ix_bridge_nonces_seen').on(t.seenAt)],
);

/**
 * Bars that somebody asked for and only a bridge that polls can give: told to it with our reply to its next request, once.
 * What is not answered is forgotten; whoever still wants it asks again.
 */
export const bridgeCandleWishes = pgTable(
  'bridge_candle_wishes',
  {
    id: uuid('id').primaryKey(),
    bridgeId: uuid('bridge_id')
      .notNull()
      .references(() => bridges.id, { onDelete: 'restrict' }),
    symbol: text('symbol').notNull(),
    timeframe: text('timeframe').notNull(),
    bars: integer('bars').notNull(),
    fromAt: timestamp('from_at', { withTimezone: true, mode: 'string' }),
    toAt: timestamp('to_at', { withTimezone: true, mode: 'string' }),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    index('ix_bridge_candle_wishes_bridge').on(t.bridgeId, t.createdAt),
    index('ix_bridge_candle_wishes_created').on(t.createdAt),
  ],
);
