import { sql } from 'drizzle-orm';
import {
  check,
  index,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { commands } from './commands.ts';
import { signals } from './signals.ts';

const amount = (name: string) => numeric(name, { precision: 20, scale: 8 });

/** The life of one broker position, projected from its deals: derived data, rebuilt at any time to the same rows. */
export const trades = pgTable(
  'trades',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    positionId: text('position_id').notNull(),
    commandId: uuid('command_id').references(() => commands.id, { onDelete: 'restrict' }),
    signalId: uuid('signal_id').references(() => signals.id, { onDelete: 'restrict' }),
    source: text('source', { enum: ['bot', 'manual'] }).notNull(),
    symbol: text('symbol').notNull(),
    side: text('side', { enum: ['buy', 'sell'] }).notNull(),
    status: text('status', { enum: ['open', 'closed', 'closing_unconfirmed'] }).notNull(),
    volume: amount('volume').notNull(),
    volumeOpen: amount('volume_open').notNull(),
    entryPrice: amount('entry_price').notNull(),
    exitPrice: amount('exit_price'),
    stopLoss: amount('stop_loss'),
    takeProfit: amount('take_profit'),
    profit: amount('profit').notNull(),
    swap: amount('swap').notNull(),
    commission: amount('commission').notNull(),
    fee: amount('fee').notNull(),
    net: amount('net').notNull(),
    openedAt: timestamp('opened_at', { withTimezone: true, mode: 'string' }).notNull(),
    closedAt: timestamp('closed_at', { withTimezone: true, mode: 'string' }),
    exitReason: text('exit_reason'),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_trades_status', sql`${t.status} in ('open', 'closed', 'closing_unconfirmed')`),
    uniqueIndex('ux_trades_position').on(t.accountId, t.positionId),
    index('ix_trades_account_opened').on(
      t.accountId,
      t.openedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('ix_trades_signal').on(t.signalId),
  ],
);

/** Open positions as the last valid snapshot shows them; replaced as a whole with each one. */
export const positions = pgTable(
  'positions',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    identifier: text('identifier').notNull(),
    ticket: text('ticket').notNull(),
    symbol: text('symbol').notNull(),
    side: text('side', { enum: ['buy', 'sell'] }).notNull(),
    volume: amount('volume').notNull(),
    priceOpen: amount('price_open').notNull(),
    priceCurrent: amount('price_current').notNull(),
    stopLoss: amount('stop_loss'),
    takeProfit: amount('take_profit'),
    swap: amount('swap').notNull(),
    profit: amount('profit').notNull(),
    magic: text('magic').notNull(),
    comment: text('comment').notNull(),
    openedAt: timestamp('opened_at', { withTimezone: true, mode: 'string' }).notNull(),
    snapshotAt: timestamp('snapshot_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.identifier] })],
);
