import { neon, neonConfig } from '@neondatabase/serverless';
import pg from 'pg';
import { migrateUp, setRuntimePassword } from '../../drizzle/migrate.ts';
import type { EmbeddedPostgres } from './embedded-postgres.ts';
import type { StackSecrets } from './stack-secrets.ts';

const DATABASE = 'countersign';
const OWNER = 'countersign_owner';
const RUNTIME = 'countersign_runtime';

/** The connection string of the runtime's role, as the functions get it. */
export const runtimeUrl = (secrets: StackSecrets): string =>
  `postgresql://${RUNTIME}:${secrets.runtimePassword}@127.0.0.1:${secrets.ports.postgres}/${DATABASE}`;

/**
 * Makes the owner's role and the database where they are missing, migrates over the `/sql` endpoint as a deployment
 * does, and gives the runtime's role its password. With `fresh` the database is dropped first.
 */
export async function prepareDatabase(
  postgres: EmbeddedPostgres,
  sqlUrl: string,
  secrets: StackSecrets,
  fresh: boolean,
): Promise<void> {
  const client = new pg.Client({
    connectionString: postgres.url('postgres', 'postgres', secrets.superuserPassword),
  });
  await client.connect();
  try {
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER]);
    if (roles.rowCount === 0)
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD '${secrets.ownerPassword}'`);
    if (fresh) await client.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`);
  } finally {
    await client.end();
  }
  neonConfig.fetchEndpoint = sqlUrl;
  const sql = neon(postgres.url(DATABASE, OWNER, secrets.ownerPassword));
  await migrateUp(sql, () => new Date());
  await setRuntimePassword(sql, secrets.runtimePassword);
}
