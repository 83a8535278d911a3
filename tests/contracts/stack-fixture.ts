// The embedded stack in a folder of its own, and what turns it into each of the two runtimes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type LocalChild, spawnChild } from '../../infra/local/child-process.ts';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import type { Runtime } from './runtime.ts';

const LOCAL = join(import.meta.dirname, '../../infra/local');
/** Limits are ten times the contract's, so that only the tests about limits meet them. */
export const RATE_SCALE = 10;
const SIGNALS_HMAC_KEY = 'the key of a deployment under test, no secret';
const QUEUES = ['work', 'reconcile', 'slow', 'pictures'] as const;

export type StackFixture = {
  stack: Stack;
  folder: string;
  runtime: Pick<Runtime, 'dev' | 'rateScale' | 'jwtKeys' | 'signalsHmacKey' | 'query'>;
  /** Starts a further process that ends with the fixture; `onOutput` hears what it prints once it is ready. */
  child(name: string, script: string, args: string[], onOutput?: (line: string) => void): Promise<LocalChild>;
  /** Lets the next tick work, whatever minute has been claimed before. */
  forgetTicks(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the stack without its ticker: every tick is a test's own. */
export async function startStackFixture(rateScale = RATE_SCALE): Promise<StackFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-contract-'));
  const [port = 0] = await freePorts(1);
  const stack = await startStack({
    dataDir: join(folder, 'data'),
    port,
    ticker: false,
    vars: { RATE_LIMIT_SCALE: String(rateScale), SIGNALS_HMAC_KEY },
  });
  await easeDatabase(join(folder, 'data'));
  const pool = new pg.Pool({ connectionString: stack.dev.database_url, max: 2 });
  // A test that ends every connection ends these too: the next statement opens another.
  pool.on('error', () => {});
  const children: LocalChild[] = [];
  return {
    stack,
    folder,
    runtime: {
      dev: stack.dev,
      rateScale,
      jwtKeys: stack.environment['JWT_KEYS'] ?? '',
      signalsHmacKey: SIGNALS_HMAC_KEY,
      query: async (text, values = []) => (await pool.query(text, values)).rows,
    },
    child: async (name, script, args, onOutput = () => {}) => {
      const started = spawnChild(name, script, args, { onLine: () => {}, onOutput });
      children.push(started);
      await started.ready;
      return started;
    },
    forgetTicks: async () => {
      await pool.query('DELETE FROM schedule_ticks');
    },
    stop: async () => {
      await pool.end();
      await Promise.all(children.map((c) => c.stop()));
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What a crash of the machine would lose is of no interest here, nor a plan for each set of parameters, which takes longer
 * than what it plans. The connections there are end: the next ones know.
 */
async function easeDatabase(dataDir: string): Promise<void> {
  const { superuserPassword, ports } = await readStackSecrets(dataDir);
  const client = new pg.Client(
    `postgresql://postgres:${superuserPassword}@127.0.0.1:${ports.postgres}/countersign`,
  );
  await client.connect();
  await client.query('ALTER DATABASE countersign SET synchronous_commit = off');
  await client.query('ALTER DATABASE countersign SET plan_cache_mode = force_generic_plan');
  await client.query(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = 'countersign' AND pid <> pg_backend_pid() AND backend_type = 'client backend'`);
  await client.end();
}

/** An object store and a queue beside the stack, and the environment of a function that does every duty. */
export async function lambdaEnvironment(
  fixture: StackFixture,
  publicUrl: string,
): Promise<Record<string, string>> {
  const [objects = 0, queues = 0] = await freePorts(2);
  const [accessKey, secretKey] = ['contract', 'contract-secret'];
  await Promise.all([
    fixture.child('objects', join(LOCAL, 'object-store-main.ts'), [
      ...['--port', String(objects), '--data', join(fixture.folder, 'objects')],
      ...['--access-key', accessKey, '--secret-key', secretKey],
    ]),
    fixture.child('queue', join(LOCAL, 'queue-main.ts'), [
      ...['--port', String(queues)],
      ...['--queues', JSON.stringify(QUEUES.map((name) => ({ name, visibilityTimeoutSeconds: 20 })))],
    ]),
  ]);
  const queueUrl = `http://127.0.0.1:${queues}`;
  return {
    ...fixture.stack.environment,
    PUBLIC_BASE_URL: publicUrl,
    MEDIA_PUBLIC_BASE_URL: publicUrl,
    COUNTERSIGN_FUNCTION: 'all',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    QUEUE_URL: `${queueUrl}/000000000000/${QUEUES[0]}`,
    RECONCILE_QUEUE_URL: `${queueUrl}/000000000000/${QUEUES[1]}`,
    SLOW_QUEUE_URL: `${queueUrl}/000000000000/${QUEUES[2]}`,
    PICTURES_QUEUE_URL: `${queueUrl}/000000000000/${QUEUES[3]}`,
    QUEUE_ENDPOINT: queueUrl,
    MEDIA_BUCKET: 'media',
    MEDIA_ENDPOINT: `http://127.0.0.1:${objects}`,
  };
}
