import { integer, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { producers } from './producers.ts';

/** Hook URLs of producers that can send no headers; of a token of 256 random bits only the SHA-256 is kept. */
export const producerHooks = pgTable(
  'producer_hooks',
  {
    producerId: uuid('producer_id')
      .notNull()
      .references(() => producers.id, { onDelete: 'restrict' }),
    version: integer('version').notNull(),
    tokenSha256: text('token_sha256').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [
    primaryKey({ columns: [t.producerId, t.version] }),
    uniqueIndex('ux_producer_hooks_token').on(t.tokenSha256),
  ],
);
