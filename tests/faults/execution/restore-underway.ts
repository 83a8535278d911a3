// An older database put back under a broker that went on: its counter gives numbers that the broker knows already, until
// that is noticed and a person begins another epoch. What these books know to be open can be closed meanwhile.
import fc from 'fast-check';
import pg from 'pg';
import type { Json } from '../../../infra/local/api-client.ts';
import type { Ground, Stage } from '../stage.ts';
import { Desk } from './desk.ts';
import { judge } from './judgement.ts';
import { comeToRest } from './run-schedules.ts';
import { type Step, scheduleOf } from './schedule.ts';

const DATABASE = 'countersign';
const BACKUP = 'countersign_backup';
const OWNER = 'countersign_owner';
/** The backup is older than any snapshot that an entry would be made on. */
const AGE_SECONDS = 600;
/** Far more numbers than the restored database draws until it hears of them, refused approvals included. */
const TRADED_ON = 6;

const buy: Step = { do: 'approve', instrument: 'BTCUSD', side: 'buy', type: 'market', stops: false };
/** What the older books do not know keeps entries out of its symbol, whatever the epoch is: here nothing was traded. */
const buyOther: Step = { ...buy, instrument: 'ETHUSD' };
const inOneSymbol = (step: Step): Step => ('instrument' in step ? { ...step, instrument: 'BTCUSD' } : step);
const close: Step = { do: 'close', instrument: 'BTCUSD', side: 'sell' };
const ENTRIES = ['open', 'place'];
const SETTLE: Step = { do: 'settle' };
const RECONCILE: Step = { do: 'reconcile', wait: true };

/** Backs the database up, trades on, restores it, and trades again; what is wrong then. `given`: of the account. */
export async function restoreUnderway(
  ground: Ground,
  stage: Stage,
  seed: number,
  given: { margin_mode?: string } = {},
): Promise<string[]> {
  const desk = await Desk.open(stage, seed, given);
  try {
    await takeAll(desk, [buy, SETTLE, buy, SETTLE]);
    await comeToRest(desk);
    const backedUp = magicsOf(desk);
    await backUp(ground);
    const [random = []] = fc.sample(scheduleOf(0), { seed, numRuns: 1 });
    await takeAll(desk, random.map(inOneSymbol));
    await comeToRest(desk);
    const known = executedOf(desk);
    await takeAll(desk, [{ do: 'resume' }, ...Array<Step>(TRADED_ON).fill(buy), SETTLE]);
    await comeToRest(desk);
    const before = desk.site.arrivals.length;
    const stillOpen = magicsOf(desk).filter((magic) => backedUp.includes(magic)).length;
    const wrong = await judge(desk);
    // Or the restored counter would be ahead of all that the broker knows.
    if (executedOf(desk) < known + TRADED_ON) wrong.push('too little was executed after the backup');
    await restore(ground);
    await desk.pass(AGE_SECONDS);
    await takeAll(desk, [{ do: 'resume' }, buy, SETTLE, RECONCILE, RECONCILE]);
    await takeAll(desk, [buy, buyOther, buy, buyOther, SETTLE]);
    await takeAll(desk, [{ do: 'tick' }, SETTLE, close, SETTLE, RECONCILE, { do: 'tick' }, SETTLE]);
    const [entered, left] = [true, false].map(
      (enters) => desk.site.arrivals.slice(before).filter((a) => ENTRIES.includes(a.kind) === enters).length,
    );
    const frozen = desk.site.arrivals.length;
    const { world: w } = stage;
    const { epoch } = await w.json(w.owner('GET', '/api/v1/deployment'));
    await w.json(w.owner('POST', '/api/v1/restore-epoch/raise', { expected_epoch: epoch }));
    // Where positions merge, one that these books do not know would keep entries out of its symbol.
    await takeAll(desk, [
      { do: 'hand', what: 'close' },
      { do: 'hand', what: 'close' },
      RECONCILE,
      buy,
      SETTLE,
    ]);
    await comeToRest(desk);
    console.info(`FC_SEED=${seed}: ${left} closes of ${stillOpen} positions while a restore was suspected`);
    if (entered !== 0) wrong.push(`${entered} entries were sent on a counter that lies behind`);
    if ((left ?? 0) < stillOpen) wrong.push(`${left} of ${stillOpen} positions were closed meanwhile`);
    if (desk.site.arrivals.length === frozen) wrong.push('nothing is sent in the new epoch');
    return [...wrong, ...(await judge(desk))];
  } finally {
    await desk.close();
  }
}

/** Magics of what is open at the broker. */
const magicsOf = (desk: Desk): string[] =>
  desk.site
    .control('GET /state', { login: desk.login })
    .accounts.find((a: Json) => a.login === desk.login)
    .positions.map((p: Json) => p.magic);

const executedOf = (desk: Desk): number => desk.site.arrivals.filter((a) => a.outcome === 'done').length;

async function takeAll(desk: Desk, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await desk.take(step);
}

const backUp = (ground: Ground): Promise<void> =>
  whileClosed(ground, [
    `DROP DATABASE IF EXISTS ${BACKUP}`,
    `CREATE DATABASE ${BACKUP} TEMPLATE ${DATABASE} OWNER ${OWNER}`,
  ]);

const restore = (ground: Ground): Promise<void> =>
  whileClosed(ground, [`DROP DATABASE ${DATABASE}`, `ALTER DATABASE ${BACKUP} RENAME TO ${DATABASE}`]);

/** Runs statements on the cluster while nobody is connected to the database. */
async function whileClosed({ superuserUrl }: Ground, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl('postgres') });
  await client.connect();
  try {
    await client.query(`ALTER DATABASE ${DATABASE} ALLOW_CONNECTIONS false`);
    const ended = `SELECT count(pg_terminate_backend(pid, 10000))::int AS n FROM pg_stat_activity WHERE datname = $1`;
    while ((await client.query(ended, [DATABASE])).rows[0].n > 0);
    for (const statement of statements) await client.query(statement);
    await client.query(`ALTER DATABASE ${DATABASE} ALLOW_CONNECTIONS true`);
  } finally {
    await client.end();
  }
}
