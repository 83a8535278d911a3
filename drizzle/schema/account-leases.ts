import { bigint, pgTable, timestamp, uuid } from 'drizzle-orm/pg-core';
import { accounts } from './accounts.ts';

/**
 * Who may send and settle the commands of an account: the holder of its newest `epoch`, until `expires_at`. Every change of
 * a command's state names its epoch, so that a holder who was overtaken changes nothing.
 */
export const accountLeases = pgTable('account_leases', {
  accountId: uuid('account_id')
    .primaryKey()
    .references(() => accounts.id, { onDelete: 'restrict' }),
  epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }).notNull(),
});

/**
 * Who compares the books of an account for the schedule: the holder of its newest `epoch`, until `expires_at`. Apart from the
 * lease above, so that a bridge that takes long to answer holds up no command.
 */
export const reconcileLeases = pgTable('reconcile_leases', {
  accountId: uuid('account_id')
    .primaryKey()
    .references(() => accounts.id, { onDelete: 'restrict' }),
  epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }).notNull(),
});
