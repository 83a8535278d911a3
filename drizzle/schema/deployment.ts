import { sql } from 'drizzle-orm';
import { boolean, check, pgTable, smallint, timestamp } from 'drizzle-orm/pg-core';

/** The one row of settings of the whole deployment: its halt, and the namespace of its magic numbers (13 bits). */
export const deployment = pgTable(
  'deployment',
  {
    id: smallint('id').primaryKey(),
    halted: boolean('halted').notNull(),
    magicNamespace: smallint('magic_namespace').notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    check('ck_deployment_one', sql`${t.id} = 1`),
    check('ck_deployment_namespace', sql`${t.magicNamespace} between 1 and 8191`),
  ],
);
