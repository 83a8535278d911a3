import { sql } from 'drizzle-orm';
import { check, pgTable, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bridges } from './bridges.ts';

/**
 * When a bridge was last heard, and how the last call to it ended. Apart from its account, whose row is locked by what
 * makes and sends commands. `failures` are those in a row; before `next_at` the schedule does not call it.
 * `slow_for`: how many prompt answers in a row it owes before the schedule calls it among the quick ones again.
 */
export const bridgeContacts = pgTable(
  'bridge_contacts',
  {
    bridgeId: uuid('bridge_id')
      .primaryKey()
      .references(() => bridges.id, { onDelete: 'restrict' }),
    heardAt: timestamp('heard_at', { withTimezone: true, mode: 'string' }),
    outcome: text('outcome').notNull(),
    failures: smallint('failures').notNull(),
    nextAt: timestamp('next_at', { withTimezone: true, mode: 'string' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
    slowFor: smallint('slow_for').notNull().default(0),
  },
  (t) => [check('ck_bridge_contacts_slow', sql`${t.slowFor} between 0 and 3`)],
);
