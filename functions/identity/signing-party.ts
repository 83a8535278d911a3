/**
 * The two kinds that sign what they send, producers and bridges, have the same life: a row with an owner, secrets in
 * versions of which at most two are live, a revocation that is final. This names where each is kept.
 */
import { type SQL, sql } from 'drizzle-orm';

export type SigningParty = {
  kind: 'producer' | 'bridge';
  /** Table of the rows, and of their secrets: also the place that the secret box binds a ciphertext to. */
  table: SQL;
  secretsTable: 'producer_secrets' | 'bridge_secrets';
  secrets: SQL;
  /** Column of the secrets table that names the row. */
  key: SQL;
  ring: 'PRODUCER_KEYS' | 'BRIDGE_KEYS';
};

export const PRODUCER: SigningParty = {
  kind: 'producer',
  table: sql`producers`,
  secretsTable: 'producer_secrets',
  secrets: sql`producer_secrets`,
  key: sql`producer_id`,
  ring: 'PRODUCER_KEYS',
};

export const BRIDGE: SigningParty = {
  kind: 'bridge',
  table: sql`bridges`,
  secretsTable: 'bridge_secrets',
  secrets: sql`bridge_secrets`,
  key: sql`bridge_id`,
  ring: 'BRIDGE_KEYS',
};
