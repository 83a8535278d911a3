import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/** Programs beside an MT5 terminal that speak our signed protocol. One without an address polls, and cannot be called. */
export const bridges = pgTable(
  'bridges',
  {
    id: uuid('id').primaryKey(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    name: text('name').notNull(),
    url: text('url'),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    revokedAt: timestamp('revoked_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [index('ix_bridges_owner').on(t.ownerId, t.createdAt)],
);

/** Bridge secrets under AES-GCM; the associated data is `bridge_secrets`, the row's id and its version. */
export const bridgeSecrets = pgTable(
  'bridge_secrets',
  {
    bridgeId: uuid('bridge_id')
      .notNull()
      .references(() => bridges.id, { onDelete: 'restrict' }),
    version: integer('version').notNull(),
    keyId: text('key_id').notNull(),
    iv: text('iv').notNull(),
    ciphertext: text('ciphertext').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [primaryKey({ columns: [t.bridgeId, t.version] })],
);
