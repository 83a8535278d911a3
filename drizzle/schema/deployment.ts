import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  integer,
  pgTable,
  smallint,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/**
 * The one row of settings of the whole deployment: its halt with whose it is and why (null where it was set by hand), the
 * namespace of its magic numbers (13 bits), and their restore epoch (8 bits). While `epoch_behind_at` is set no entry is
 * sent: brokers of several users have seen numbers up to that of `epoch_behind_magic`, which we have yet to give.
 * `epoch_doubts` counts how often one of them did: an account takes entries when its books were compared since.
 */
export const deployment = pgTable(
  'deployment',
  {
    id: smallint('id').primaryKey(),
    halted: boolean('halted').notNull(),
    haltedAt: timestamp('halted_at', { withTimezone: true, mode: 'string' }),
    haltedBy: uuid('halted_by').references(() => users.id, { onDelete: 'restrict' }),
    haltReason: text('halt_reason'),
    /** While it is halted: orders of ours that still work are taken back, on every account. */
    withdrawPending: boolean('withdraw_pending').notNull().default(false),
    magicNamespace: smallint('magic_namespace').notNull(),
    magicEpoch: smallint('magic_epoch').notNull().default(0),
    epochBehindAt: timestamp('epoch_behind_at', { withTimezone: true, mode: 'string' }),
    epochBehindMagic: bigint('epoch_behind_magic', { mode: 'bigint' }),
    epochDoubts: integer('epoch_doubts').notNull().default(0),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_deployment_one', sql`${t.id} = 1`),
    check('ck_deployment_namespace', sql`${t.magicNamespace} between 1 and 8191`),
    check('ck_deployment_epoch', sql`${t.magicEpoch} between 0 and 255`),
    check(
      'ck_deployment_halt',
      sql`num_nulls(${t.haltedAt}, ${t.haltedBy}, ${t.haltReason}) = 3 or (${t.halted} and
        num_nulls(${t.haltedAt}, ${t.haltedBy}, ${t.haltReason}) = 0)`,
    ),
    check('ck_deployment_withdraw', sql`${t.halted} or not ${t.withdrawPending}`),
    check('ck_deployment_behind', sql`(${t.epochBehindAt} is null) = (${t.epochBehindMagic} is null)`),
  ],
);
