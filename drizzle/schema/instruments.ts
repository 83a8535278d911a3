import { sql } from 'drizzle-orm';
import { boolean, check, pgTable, smallint, text, timestamp } from 'drizzle-orm/pg-core';

/** What may be signalled. The organisation's own names; a broker's name for it is mapped per account. */
export const instruments = pgTable(
  'instruments',
  {
    symbol: text('symbol').primaryKey(),
    digits: smallint('digits').notNull(),
    enabled: boolean('enabled').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_instruments_symbol', sql`${t.symbol} ~ '^[A-Z0-9_.]{2,20}$'`),
    check('ck_instruments_digits', sql`${t.digits} between 0 and 8`),
  ],
);
