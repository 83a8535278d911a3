import { numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';

const price = (name: string) => numeric(name, { precision: 18, scale: 8 }).notNull();

/**
 * Closed bars as an account's broker states them, by the broker's own name of the symbol: which instrument of ours that is
 * may change. `time` is the bar's opening in UTC.
 */
export const candles = pgTable(
  'candles',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    symbol: text('symbol').notNull(),
    timeframe: text('timeframe').notNull(),
    time: timestamp('time', { withTimezone: true, mode: 'string' }).notNull(),
    open: price('open'),
    high: price('high'),
    low: price('low'),
    close: price('close'),
    volume: price('volume'),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.symbol, t.timeframe, t.time] })],
);
