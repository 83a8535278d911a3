import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { signals } from './signals.ts';
import { users } from './users.ts';

/**
 * Catalogue of charts: what was asked for and whose it is. The picture itself is in object storage under its digest. One of
 * a signal or a trade names it; a trade may be projected anew, so that its id is no reference. `expires_at` null: for ever,
 * or taken back with its files gone.
 */
export const charts = pgTable(
  'charts',
  {
    digest: text('digest').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    kind: text('kind').notNull(),
    private: boolean('private').notNull(),
    spec: jsonb('spec').notNull(),
    alt: text('alt').notNull(),
    signalId: uuid('signal_id').references(() => signals.id, { onDelete: 'restrict' }),
    tradeId: uuid('trade_id'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }),
    revokedAt: timestamp('revoked_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [
    index('ix_charts_user').on(t.userId, t.createdAt),
    index('ix_charts_signal').on(t.signalId, t.createdAt).where(sql`${t.signalId} is not null`),
    index('ix_charts_trade').on(t.tradeId, t.createdAt).where(sql`${t.tradeId} is not null`),
    index('ix_charts_expiry').on(t.expiresAt).where(sql`${t.expiresAt} is not null`),
  ],
);

/**
 * Who draws which file of a chart: a lease until `drawing_until`, under a number that rises with each holder. `bytes` is
 * how large the file became; null: it was never drawn to its end.
 */
export const chartDrawings = pgTable(
  'chart_drawings',
  {
    digest: text('digest')
      .notNull()
      .references(() => charts.digest, { onDelete: 'restrict' }),
    format: text('format', { enum: ['png', 'svg', 'pdf'] }).notNull(),
    fence: integer('fence').notNull(),
    drawingUntil: timestamp('drawing_until', { withTimezone: true, mode: 'string' }).notNull(),
    bytes: integer('bytes'),
  },
  (t) => [
    primaryKey({ columns: [t.digest, t.format] }),
    check('ck_chart_drawings_format', sql`${t.format} in ('png', 'svg', 'pdf')`),
  ],
);

/** What the charts of a user's day (UTC) cost, in the units of `chart-cost.ts`. */
export const chartCosts = pgTable(
  'chart_costs',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    day: date('day', { mode: 'string' }).notNull(),
    cost: bigint('cost', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.day] }), check('ck_chart_costs_cost', sql`${t.cost} > 0`)],
);
