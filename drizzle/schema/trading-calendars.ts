import { sql } from 'drizzle-orm';
import { check, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { instruments } from './instruments.ts';

/** Trading calendars as posted, each change a version of its own; append-only. Those of the code are version 0. */
export const tradingCalendars = pgTable(
  'trading_calendars',
  {
    id: text('id').notNull(),
    version: integer('version').notNull(),
    definition: jsonb('definition').notNull(),
    validFrom: timestamp('valid_from', { withTimezone: true, mode: 'string' }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.version] }),
    check('ck_trading_calendars_version', sql`${t.version} >= 1`),
  ],
);

/** Which calendar an instrument has at a broker's server, or at every one (`*`); null is that of its class again. */
export const symbolCalendars = pgTable(
  'symbol_calendars',
  {
    brokerServer: text('broker_server').notNull(),
    symbol: text('symbol')
      .notNull()
      .references(() => instruments.symbol, { onDelete: 'restrict' }),
    source: text('source', { enum: ['broker', 'override'] }).notNull(),
    calendarId: text('calendar_id'),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.brokerServer, t.symbol, t.source] }),
    check('ck_symbol_calendars_source', sql`${t.source} in ('broker', 'override')`),
    check('ck_symbol_calendars_server', sql`${t.source} = 'override' or ${t.brokerServer} <> '*'`),
  ],
);
