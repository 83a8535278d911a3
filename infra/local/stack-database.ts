import { neon, neonConfig } from '@neondatabase/serverless';
import pg from 'pg';
import { migrateUp, setRuntimePassword } from '../../drizzle/migrate.ts';
import type { EmbeddedPostgres } from './embedded-postgres.ts';
import type { StackSecrets } from './stack-secrets.ts';

const DATABASE = 'countersign';
const OWNER = 'countersign_owner';
const RUNTIME = 'countersign_runtime';

export type StackDatabase = { ownerUrl: string; runtimeUrl: string };

/**
 * Makes the owner's role and the database where they are missing, migrates over the `/sql` endpoint as a deployment
 * does, and gives the runtime's role its password. With `fresh` the database is dropped first.
 */
export async function prepareDatabase(
  postgres: EmbeddedPostgres,
  sqlUrl: string,
  secrets: StackSecrets,
  fresh: boolean,
): Promise<StackDatabase> {
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
  const ownerUrl = postgres.url(DATABASE, OWNER, secrets.ownerPassword);
  neonConfig.fetchEndpoint = sqlUrl;
  const sql = neon(ownerUrl);
  await migrateUp(sql, () => new Date());
  await setRuntimePassword(sql, secrets.runtimePassword);
  return { ownerUrl, runtimeUrl: postgres.url(DATABASE, RUNTIME, secrets.runtimePassword) };
}
