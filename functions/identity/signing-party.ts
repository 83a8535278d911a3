/**
 * The kinds that have a secret to sign with, producers, bridges and the destinations of alerts, have the same life: a row
 * with an owner, secrets in versions of which at most two are live, a revocation that is final. This names where each is
 * kept.
 */
import { type SQL, sql } from 'drizzle-orm';

export type SigningParty = {
  kind: 'producer' | 'bridge' | 'alert-destination';
  /** Where its routes begin. */
  path: string;
  /** Table of the rows, and of their secrets: also the place that the secret box binds a ciphertext to. */
  table: SQL;
  secretsTable: 'producer_secrets' | 'bridge_secrets' | 'alert_destination_secrets';
  secrets: SQL;
  /** Column of the secrets table that names the row. */
  key: SQL;
  ring: 'PRODUCER_KEYS' | 'BRIDGE_KEYS' | 'ALERT_KEYS';
  /** What rotating and revoking needs, beside owning it. */
  scope: 'trading:act' | 'admin';
};

export const PRODUCER: SigningParty = {
  kind: 'producer',
  path: '/api/v1/producers',
  table: sql`producers`,
  secretsTable: 'producer_secrets',
  secrets: sql`producer_secrets`,
  key: sql`producer_id`,
  ring: 'PRODUCER_KEYS',
  scope: 'trading:act',
};

export const BRIDGE: SigningParty = {
  kind: 'bridge',
  path: '/api/v1/bridges',
  table: sql`bridges`,
  secretsTable: 'bridge_secrets',
  secrets: sql`bridge_secrets`,
  key: sql`bridge_id`,
  ring: 'BRIDGE_KEYS',
  scope: 'trading:act',
};

export const ALERT_DESTINATION: SigningParty = {
  kind: 'alert-destination',
  path: '/api/v1/alerts/destinations',
  table: sql`alert_destinations`,
  secretsTable: 'alert_destination_secrets',
  secrets: sql`alert_destination_secrets`,
  key: sql`destination_id`,
  ring: 'ALERT_KEYS',
  // Others' accounts are told of there: whoever made it keeps no power over it when he is no admin any more.
  scope: 'admin',
};
