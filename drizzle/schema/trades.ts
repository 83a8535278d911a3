import { sql } from 'drizzle-orm';
import type { ExtraConfigColumn } from 'drizzle-orm/pg-core';
import {
  check,
  index,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';
import { approvals } from './approvals.ts';
import { commands } from './commands.ts';
import { signals } from './signals.ts';
import { users } from './users.ts';

const amount = (name: string) => numeric(name, { precision: 20, scale: 8 });
const descending = (column: ExtraConfigColumn) => column.desc().nullsFirst();
/** Lists put what is still open before what was closed last. */
const closedOrOpen = (column: ExtraConfigColumn) => sql`coalesce(${column}, 'infinity'::timestamptz) DESC`;

/**
 * The life of one broker position, projected from its deals: derived data, rebuilt at any time to the same rows. An `episode`
 * is one life of a position's number: a reversal, or a number that appears again after its end, begins the next.
 * `user_id` and `instrument` are the account's and the command's, kept here so that lists filter and sort by an index.
 */
export const trades = pgTable(
  'trades',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    positionId: text('position_id').notNull(),
    episode: smallint('episode').notNull().default(0),
    commandId: uuid('command_id').references(() => commands.id, { onDelete: 'restrict' }),
    signalId: uuid('signal_id').references(() => signals.id, { onDelete: 'restrict' }),
    approvalId: uuid('approval_id').references(() => approvals.id, { onDelete: 'restrict' }),
    source: text('source', { enum: ['bot', 'manual'] }).notNull(),
    strategy: text('strategy'),
    timeframe: text('timeframe'),
    /** Ours, as the command named it; the broker's own name where no instrument of ours is mapped to it. */
    instrument: text('instrument').notNull(),
    symbol: text('symbol').notNull(),
    side: text('side', { enum: ['buy', 'sell'] }).notNull(),
    status: text('status', { enum: ['open', 'closed', 'closing_unconfirmed'] }).notNull(),
    volume: amount('volume').notNull(),
    volumeOpen: amount('volume_open').notNull(),
    entryPrice: amount('entry_price').notNull(),
    exitPrice: amount('exit_price'),
    stopLoss: amount('stop_loss'),
    takeProfit: amount('take_profit'),
    /** Of the order that opened it; later moves of the stop do not change what was risked. */
    initialStop: amount('initial_stop'),
    /** The position that closed it, where one was closed by another. */
    closedBy: text('closed_by'),
    pips: amount('pips'),
    /** Net in units of what was risked at entry. */
    rMultiple: numeric('r_multiple', { precision: 20, scale: 8 }),
    /** What all deals before it left on the account; null until it is worked out, in the transaction that stores the trade. */
    entryBalance: amount('entry_balance'),
    /** Net in percent of the balance at entry. */
    equityPercent: numeric('equity_percent', { precision: 20, scale: 8 }),
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
    check('ck_trades_source', sql`${t.source} in ('bot', 'manual')`),
    check('ck_trades_episode', sql`${t.episode} >= 0`),
    uniqueIndex('ux_trades_position').on(t.accountId, t.positionId, t.episode),
    index('ix_trades_account_opened').on(
      t.accountId,
      t.openedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('ix_trades_account_closed').on(t.accountId, closedOrOpen(t.closedAt), descending(t.id)),
    index('ix_trades_account_net').on(t.accountId, descending(t.net), descending(t.id)),
    index('ix_trades_user_opened').on(t.userId, descending(t.openedAt), descending(t.id)),
    index('ix_trades_user_closed').on(t.userId, closedOrOpen(t.closedAt), descending(t.id)),
    index('ix_trades_user_net').on(t.userId, descending(t.net), descending(t.id)),
    // With the state, so that a count of one and the other needs no row.
    index('ix_trades_user_instrument').on(
      t.userId,
      t.instrument,
      descending(t.openedAt),
      descending(t.id),
      t.status,
    ),
    index('ix_trades_user_status').on(t.userId, t.status, descending(t.openedAt), descending(t.id)),
    index('ix_trades_user_source').on(t.userId, t.source, descending(t.openedAt), descending(t.id)),
    index('ix_trades_opened').on(descending(t.openedAt), descending(t.id)),
    index('ix_trades_closed').on(closedOrOpen(t.closedAt), descending(t.id)),
    index('ix_trades_net').on(descending(t.net), descending(t.id)),
    index('ix_trades_unsettled').on(t.accountId, t.positionId).where(sql`${t.status} <> 'closed'`),
    index('ix_trades_signal').on(t.signalId),
  ],
);

/**
 * What only snapshots say of a life of a position, by the deal that opened it, kept when the position is gone. What was at stake
 * at its entry is written once and never changed; the stops are those that it was shown with last.
 */
export const positionTerms = pgTable(
  'position_terms',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    dealTicket: text('deal_ticket').notNull(),
    initialStop: amount('initial_stop'),
    tickSize: amount('tick_size'),
    tickValueLoss: amount('tick_value_loss'),
    stopLoss: amount('stop_loss'),
    takeProfit: amount('take_profit'),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.dealTicket] })],
);

/**
 * What was realised of a trade, a row for each closing deal (`leg` counts them): what the statistics count, by the time of its close. Costs of
 * the entry are shared among them by volume, what is left over to the last. Derived data, as trades are.
 */
export const tradeLegs = pgTable(
  'trade_legs',
  {
    tradeId: uuid('trade_id')
      .notNull()
      .references(() => trades.id, { onDelete: 'restrict' }),
    leg: smallint('leg').notNull(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    dealTicket: text('deal_ticket').notNull(),
    source: text('source', { enum: ['bot', 'manual'] }).notNull(),
    /** The trade's, as `source` and `instrument` are, so that sums of legs need no join. */
    strategy: text('strategy'),
    instrument: text('instrument').notNull(),
    side: text('side', { enum: ['buy', 'sell'] }).notNull(),
    volume: amount('volume').notNull(),
    exitPrice: amount('exit_price').notNull(),
    profit: amount('profit').notNull(),
    swap: amount('swap').notNull(),
    commission: amount('commission').notNull(),
    fee: amount('fee').notNull(),
    net: amount('net').notNull(),
    rMultiple: numeric('r_multiple', { precision: 20, scale: 8 }),
    openedAt: timestamp('opened_at', { withTimezone: true, mode: 'string' }).notNull(),
    closedAt: timestamp('closed_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.dealTicket] }),
    check('ck_trade_legs_source', sql`${t.source} in ('bot', 'manual')`),
    index('ix_trade_legs_trade').on(t.tradeId, t.leg),
    index('ix_trade_legs_closed').on(t.accountId, t.closedAt),
  ],
);

/**
 * What an account was worth at a moment, as a snapshot that passed the gate stated it; and what its deals had booked until then, as
 * far as they were known with it (`accounts.booked`). Null: nobody knows that of this point.
 */
export const equityPoints = pgTable(
  'equity_points',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'restrict' }),
    at: timestamp('at', { withTimezone: true, mode: 'string' }).notNull(),
    balance: amount('balance').notNull(),
    credit: amount('credit').notNull(),
    equity: amount('equity').notNull(),
    booked: numeric('booked'),
    flowed: numeric('flowed'),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.at] }),
    check('ck_equity_points_sums', sql`(${t.booked} is null) = (${t.flowed} is null)`),
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
