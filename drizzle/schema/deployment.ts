import { sql } from 'drizzle-orm';
import { bigint, boolean, check, pgTable, smallint, timestamp } from 'drizzle-orm/pg-core';

/**
 * The one row of settings of the whole deployment: its halt, the namespace of its magic numbers (13 bits), and their restore
 * epoch (8 bits). While `epoch_behind_at` is set nothing is sent: a broker has seen `epoch_behind_magic`, which we have yet
 * to give.
 */
export const deployment = pgTable(
  'deployment',
  {
    id: smallint('id').primaryKey(),
    halted: boolean('halted').notNull(),
    magicNamespace: smallint('magic_namespace').notNull(),
    magicEpoch: smallint('magic_epoch').notNull().default(0),
    epochBehindAt: timestamp('epoch_behind_at', { withTimezone: true, mode: 'string' }),
    epochBehindMagic: bigint('epoch_behind_magic', { mode: 'bigint' }),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_deployment_one', sql`${t.id} = 1`),
    check('ck_deployment_namespace', sql`${t.magicNamespace} between 1 and 8191`),
    check('ck_deployment_epoch', sql`${t.magicEpoch} between 0 and 255`),
    check('ck_deployment_behind', sql`(${t.epochBehindAt} is null) = (${t.epochBehindMagic} is null)`),
  ],
);
