import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/** Senders of signals. `dedup_scope` equals the id unless producers share one (an alert and its standby). */
export const producers = pgTable(
  'producers',
  {
    id: uuid('id').primaryKey(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    name: text('name').notNull(),
    instruments: text('instruments').array().notNull(),
    dedupScope: uuid('dedup_scope').notNull(),
    dedupWindowSeconds: integer('dedup_window_seconds').notNull(),
    maxAgeSeconds: integer('max_age_seconds').notNull(),
    ratePerMinute: integer('rate_per_minute').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    revokedAt: timestamp('revoked_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [
    check('ck_producers_window', sql`${t.dedupWindowSeconds} between 10 and 3600`),
    check('ck_producers_max_age', sql`${t.maxAgeSeconds} between 1 and 604800`),
    check('ck_producers_rate', sql`${t.ratePerMinute} between 1 and 100000`),
    index('ix_producers_owner').on(t.ownerId, t.createdAt),
  ],
);

/** Signing secrets under AES-GCM; the associated data is `producer_secrets`, the row's id and its version. */
export const producerSecrets = pgTable(
  'producer_secrets',
  {
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    version: integer('version').notNull(),
    keyId: text('key_id').notNull(),
    iv: text('iv').notNull(),
    ciphertext: text('ciphertext').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [primaryKey({ columns: [t.producerId, t.version] })],
);
