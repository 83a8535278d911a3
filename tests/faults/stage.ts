// The stack under a run of schedules: its Worker (or one with a protection taken out), its database as its superuser
// sees it, and its schedule, which many accounts share.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { apiClient, type Json } from '../../infra/local/api-client.ts';
import { startLocalWorker } from '../../infra/local/local-worker.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import { httpCaller } from '../contracts/http-call.ts';
import { type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { createWorld, type World } from '../contracts/world.ts';
import { type BrokerProgram, BrokerSite } from './broker-site.ts';
import { DeploymentHalt } from './execution/deployment-halt.ts';
import { INSTRUMENTS } from './execution/schedule.ts';

export type Stage = {
  fixture: StackFixture;
  world: World;
  consentVersion: number;
  halt: DeploymentHalt;
  /** Rows as the superuser sees them, and lets time pass in them. */
  sql: Sql;
  /** A login that no account of this stack is bound to. */
  nextLogin(): string;
  /** Runs the schedule once, whatever minute it is: one that began before the call does not count. */
  tick(): Promise<void>;
  /** Lets a circuit forget what it saw: its rest is real time, which no schedule has. */
  closeCircuit(bridgeId: string): Promise<void>;
  /** A broker whose clock is held in open hours, or where it is told to be. */
  site(seed: number, heldAtMs?: number): Promise<BrokerSite>;
};
// biome-ignore lint/suspicious/noExplicitAny: rows of many statements.
export type Sql = (text: string, values?: readonly unknown[]) => Promise<any[]>;

/** A stack and the way to its database as superuser. */
export type Ground = {
  fixture: StackFixture;
  sql: Sql;
  superuserUrl(database: string): string;
  stop(): Promise<void>;
};

/**
 * Starts the stack, and has the database note each state of a command. The next command of an account in `test_delays` is
 * made as old as if the queue had kept it for so long, or, where no time is said, its message is one that the queue loses:
 * an event that is found by nobody until the schedule sends it again. No picture is drawn by itself: nobody looks at one.
 */
export async function startGround(): Promise<Ground> {
  const fixture = await startStackFixture(1_000);
  const { superuserPassword, ports } = await readStackSecrets(join(fixture.folder, 'data'));
  const superuserUrl = (database: string) =>
    `postgresql://postgres:${superuserPassword}@127.0.0.1:${ports.postgres}/${database}`;
  const pool = new pg.Pool({ connectionString: superuserUrl('countersign'), max: 8 });
  // A restore ends every connection.
  pool.on('error', () => {});
  await pool.query(WITNESS);
  const owner = apiClient(fixture.stack.dev.base_url, fixture.stack.dev.tokens.owner);
  const known: string[] = (await owner.get('/api/v1/instruments')).items.map((i: Json) => i.symbol);
  for (const symbol of INSTRUMENTS.filter((i) => !known.includes(i)))
    await owner.post('/api/v1/instruments', { symbol, digits: 2 });
  return {
    fixture,
    // Prepared, because looking whether somebody is at work is most of what is asked, and planning it most of its cost.
    sql: async (text, values = []) =>
      (await pool.query({ name: nameOf(text), text, values: [...values] })).rows,
    superuserUrl,
    stop: async () => {
      await pool.end();
      await fixture.stop();
    },
  };
}

const nameOf = (text: string): string => createHash('sha1').update(text).digest('hex');

const FIRST_LOGIN = 70_000_000;
/** Every stage of a test file stands on the same ground. */
let logins = 0;

const WITNESS = `
  CREATE TABLE test_delays (account_id uuid PRIMARY KEY, seconds int);
  CREATE TABLE test_losses (command_id uuid PRIMARY KEY);
  CREATE TABLE test_states (id bigserial PRIMARY KEY, command_id uuid NOT NULL, account_id uuid NOT NULL,
    was text, state text NOT NULL);
  CREATE FUNCTION test_delay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE late int;
    BEGIN
      DELETE FROM test_delays WHERE account_id = NEW.account_id RETURNING seconds INTO late;
      IF NOT FOUND THEN RETURN NEW; END IF;
      IF late IS NULL THEN
        INSERT INTO test_losses (command_id) VALUES (NEW.id);
      ELSE
        NEW.created_at := NEW.created_at - make_interval(secs => late);
        NEW.expires_at := NEW.expires_at - make_interval(secs => late);
      END IF;
      RETURN NEW;
    END $$;
  CREATE FUNCTION test_loss() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM test_losses WHERE command_id = NEW.id) THEN NEW.dead_at := NEW.created_at; END IF;
      RETURN NEW;
    END $$;
  CREATE FUNCTION test_unseen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE FUNCTION test_state() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO test_states (command_id, account_id, was, state)
        VALUES (NEW.id, NEW.account_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state);
      RETURN NULL;
    END $$;
  CREATE TRIGGER test_delay BEFORE INSERT ON commands FOR EACH ROW EXECUTE FUNCTION test_delay();
  CREATE TRIGGER test_loss BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.topic = 'command.created')
    EXECUTE FUNCTION test_loss();
  CREATE TRIGGER test_unseen BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.topic = 'picture.wanted')
    EXECUTE FUNCTION test_unseen();
  CREATE TRIGGER test_made AFTER INSERT ON commands FOR EACH ROW EXECUTE FUNCTION test_state();
  CREATE TRIGGER test_moved AFTER UPDATE ON commands FOR EACH ROW WHEN (OLD.state <> NEW.state)
    EXECUTE FUNCTION test_state();`;

export type Program = { worker: string | null; broker: BrokerProgram | undefined };

/** The stage of a run; with `program.worker`, a folder, a Worker of that bundle takes the place of the stack's own. */
export async function openStage(
  ground: Ground,
  program: Program = { worker: null, broker: undefined },
): Promise<Stage & { close(): Promise<void> }> {
  const { fixture, sql } = ground;
  const worker = program.worker === null ? null : await startWorker(fixture, program.worker);
  const baseUrl = worker?.url ?? fixture.stack.dev.base_url;
  const call = httpCaller(baseUrl, 'cf-connecting-ip');
  const tick = sharedTick(async () => {
    await fixture.forgetTicks();
    await (worker ?? fixture.stack).tick();
  });
  const rt = { ...fixture.runtime, dev: { ...fixture.stack.dev, base_url: baseUrl } };
  const world = createWorld({ ...rt, name: 'Worker', call, tick, stop: async () => {} });
  const { redis } = fixture.stack.dev;
  return {
    ...{ fixture, world, sql, tick, halt: new DeploymentHalt(world, sql) },
    nextLogin: () => {
      logins += 1;
      return String(FIRST_LOGIN + logins);
    },
    consentVersion: await world.consentVersion(),
    closeCircuit: async (bridgeId) => {
      const name = `circuit:bridge:${bridgeId}`;
      const body = JSON.stringify(['DEL', name, `${name}:trial`]);
      const headers = { authorization: `Bearer ${redis.token}` };
      const answer = await fetch(redis.url, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`Redis answered ${answer.status}`);
    },
    site: (seed, heldAtMs) => BrokerSite.start(seed, program.broker, heldAtMs),
    close: async () => worker?.stop(),
  };
}

async function startWorker(fixture: StackFixture, bundle: string) {
  const [port = 0] = await freePorts(1);
  const { environment } = fixture.stack;
  return startLocalWorker({ bundle, port, dataDir: bundle, vars: environment, onLine: () => {} });
}

/** Calls that come together share one tick, and none is content with a tick that began before it. */
function sharedTick(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> => {
    running = run().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return begin();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null;
        return begin();
      });
    return next;
  };
}
