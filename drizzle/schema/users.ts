import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** People of the organisation. Never deleted: their decisions must stay attributable. `max_bridges`: null, as configured. */
export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    email: text('email').notNull().unique('ux_users_email'),
    name: text('name').notNull(),
    role: text('role', { enum: ['owner', 'admin', 'user'] }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    maxBridges: integer('max_bridges'),
    disabledAt: timestamp('disabled_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [
    check('ck_users_role', sql`${t.role} in ('owner', 'admin', 'user')`),
    check('ck_users_bridges', sql`${t.maxBridges} >= 0`),
    check('ck_users_email', sql`${t.email} = lower(${t.email})`),
    index('ix_users_created').on(t.createdAt, t.id),
  ],
);
