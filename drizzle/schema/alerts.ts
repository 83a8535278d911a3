import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './users.ts';

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });

/**
 * What a person must hear of. `ux_alerts_once` is why it is said once: `period` names the outage or the day. `user_id` is
 * whose business it is; null: the deployment's.
 */
export const alerts = pgTable(
  'alerts',
  {
    id: uuid('id').primaryKey(),
    kind: text('kind').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: text('subject_id').notNull(),
    period: text('period').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'restrict' }),
    detail: jsonb('detail').notNull(),
    /** The outbox event that carries it. */
    eventId: uuid('event_id').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('ux_alerts_once').on(t.kind, t.subjectId, t.period),
    index('ix_alerts_user').on(t.userId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('ix_alerts_created').on(t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
);

/** Where alerts go: a Telegram chat, or an address that its owner gave. `user_id` null: every alert there is. */
export const alertDestinations = pgTable(
  'alert_destinations',
  {
    id: uuid('id').primaryKey(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'restrict' }),
    channel: text('channel', { enum: ['telegram', 'webhook'] }).notNull(),
    name: text('name').notNull(),
    address: text('address').notNull(),
    createdAt: at('created_at').notNull(),
    revokedAt: at('revoked_at'),
  },
  (t) => [
    check('ck_alert_destinations_channel', sql`${t.channel} in ('telegram', 'webhook')`),
    index('ix_alert_destinations_created').on(t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
);

/** Signing secrets of webhooks under AES-GCM; the associated data is `alert_destination_secrets`, the row's id, its version. */
export const alertDestinationSecrets = pgTable(
  'alert_destination_secrets',
  {
    destinationId: uuid('destination_id')
      .notNull()
      .references(() => alertDestinations.id, { onDelete: 'restrict' }),
    version: integer('version').notNull(),
    keyId: text('key_id').notNull(),
    iv: text('iv').notNull(),
    ciphertext: text('ciphertext').notNull(),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at'),
  },
  (t) => [primaryKey({ columns: [t.destinationId, t.version] })],
);

/**
 * What became of an alert at one destination. Whoever sends it holds the row until `not_before`; `word` says in one of the
 * fixed words how the last attempt failed.
 */
export const alertDeliveries = pgTable(
  'alert_deliveries',
  {
    alertId: uuid('alert_id')
      .notNull()
      .references(() => alerts.id, { onDelete: 'restrict' }),
    destinationId: uuid('destination_id')
      .notNull()
      .references(() => alertDestinations.id, { onDelete: 'restrict' }),
    attempts: smallint('attempts').notNull(),
    /** Whether an earlier attempt may have arrived all the same. */
    doubtful: boolean('doubtful').notNull(),
    word: text('word'),
    notBefore: at('not_before').notNull(),
    sentAt: at('sent_at'),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.alertId, t.destinationId] })],
);
