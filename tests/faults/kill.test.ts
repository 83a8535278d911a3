// kill -9 of parts of the stack and of all of it in the middle of a load: what was acknowledged is there, once and
// whole, its event delivered and its audit row sealed. `FC_SEED=<seed> npx vitest ...` repeats the order and the
// moments of the kills; `npm run test:soak` goes on for KILL_ROUNDS seeds.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { createDatabase } from '../../functions/platform/database.ts';
import { type AuditReport, verifyAudit } from '../../infra/audit-verify.ts';
import { apiClient } from '../../infra/local/api-client.ts';
import { type DevFile, type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { runs } from '../support/property.ts';
import { type Senders, startSenders } from './persistent-senders.ts';
import { lostOf, query, type Standing, standingOf } from './signals.ts';
import { StackProcess } from './stack-process.ts';

const SIGNALS = 5_000;
const CALLERS = 24;
const FOLLOWERS = ['admin', 'other'] as const;
const SETTLE_MS = 120_000;
/** What a sweep has sent again is waited for this long before the next. */
const SWEPT_MS = 4_000;
const ROUND_MS = 300_000;

const PARTS = {
  workerd: /workerd serve/,
  'the way to the database': /neon-sql-main/,
  'the database': /postgres -D/,
} as const;
const EVERYTHING = 'everything';
type Victim = keyof typeof PARTS | typeof EVERYTHING;
const VICTIMS: readonly Victim[] = ['workerd', 'the way to the database', 'the database', EVERYTHING];

/** `againMs`: everything is killed once more so long after the next start began, mostly before it is ready. */
type Kill = { victim: Victim; after: number; delayMs: number; againMs: number | null };
const moment = fc.noBias(
  fc.record({
    permille: fc.integer({ min: 50, max: 950 }),
    delayMs: fc.integer({ min: 0, max: 30 }),
    againMs: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.integer({ min: 50, max: 3_000 })),
  }),
);
/** Each victim once, in any order, each somewhere in its stretch of the load; the last stretch ends in peace. */
const plans: fc.Arbitrary<Kill[]> = fc
  .tuple(
    fc.shuffledSubarray([...VICTIMS], { minLength: VICTIMS.length }),
    fc.array(moment, { minLength: VICTIMS.length, maxLength: VICTIMS.length }),
  )
  .map(([order, moments]) =>
    moments.map(({ permille, ...rest }, i) => ({
      victim: order[i] ?? EVERYTHING,
      after: Math.floor(((i + permille / 1000) * SIGNALS) / (VICTIMS.length + 1)),
      ...rest,
    })),
  );
const said = ({ victim, after, delayMs, againMs }: Kill): string =>
  `${victim} ${delayMs} ms after signal ${after}${againMs === null ? '' : ` and everything ${againMs} ms into the next start`}`;

const { seed } = runs();
const rounds = Array.from({ length: Number(process.env['KILL_ROUNDS'] ?? 1) }, (_, i) => seed + i);
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Puts people into the demo producer's audience, so that a signal's event has deliveries to make. */
async function subscribe(dev: DevFile): Promise<void> {
  for (const follower of FOLLOWERS) {
    const me = await apiClient(dev.base_url, dev.tokens[follower]).get('/api/v1/me');
    await apiClient(dev.base_url, dev.tokens.owner).post('/api/v1/subscriptions', {
      producer_id: dev.producer.id,
      user_id: me.id,
    });
  }
}

async function kill(stack: StackProcess, victim: Victim): Promise<void> {
  if (victim === EVERYTHING) return stack.killAll();
  expect(await stack.killMember(PARTS[victim])).toBe(1);
  expect(stack.stderr.at(-1), `the stack says what ended it after ${victim}`).toMatch(
    /the stack ended: \w+ ended/,
  );
}

/** Holds at any moment after a restart, also while the senders go on. */
async function expectTruth(databaseUrl: string, senders: Senders): Promise<Standing> {
  expect(await lostOf(databaseUrl, new Map(senders.acknowledged))).toEqual([]);
  const standing = await standingOf(databaseUrl);
  expect(standing).toMatchObject({ halves: 0, skipped: 0, twice: 0, strays: 0 });
  return standing;
}

/** Ticks until every event is done and every audit row sealed. */
async function settle({ dev, environment, tick }: Stack): Promise<AuditReport> {
  const db = createDatabase({
    url: dev.database_url,
    httpUrl: environment['DATABASE_HTTP_URL'],
    timeoutMs: 30_000,
  });
  // A picture that nobody asked for is drawn when there is time, and nothing is lost without it.
  const open = `topic <> 'picture.wanted' AND done_at IS NULL`;
  const undone = async (condition: string) =>
    (await query(dev.database_url, `SELECT id FROM outbox WHERE ${open} AND ${condition}`)).length;
  for (const deadline = Date.now() + SETTLE_MS; ; ) {
    // Events that were on their way are overdue 15 s after their making; the test does not wait that long.
    await query(dev.database_url, 'UPDATE outbox SET available_at = created_at WHERE attempts = 0');
    await query(dev.database_url, 'DELETE FROM schedule_ticks');
    await tick();
    for (const until = Date.now() + SWEPT_MS; (await undone('attempts > 0')) > 0 && Date.now() < until; )
      await sleep(50);
    const report = await verifyAudit(db);
    const settled = report.fault !== null || ((await undone('true')) === 0 && report.waiting === 0);
    if (settled || Date.now() > deadline) return report;
  }
}

it.each(rounds)(
  'a kill -9 in the middle of a load loses, doubles and halves no signal (FC_SEED=%i)',
  async (round) => {
    const [plan = []] = fc.sample(plans, { seed: round, numRuns: 1 });
    console.info(`FC_SEED=${round} kills ${plan.map(said).join(', ')}`);
    const folder = await mkdtemp(join(tmpdir(), 'countersign-kill-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const dataDir = join(folder, 'data');
    const [port = 0] = await freePorts(1);
    const start = () => {
      const stack = new StackProcess(dataDir, port, [], {}, true);
      cleanups.push(() => stack.stop());
      return stack;
    };
    let stack = start();
    const dev = await stack.ready();
    await subscribe(dev);
    const senders = startSenders(dev, SIGNALS, CALLERS);
    cleanups.push(() => senders.stop());

    const killed: Victim[] = [];
    let again = 0;
    for (const { victim, after, delayMs, againMs } of plan) {
      // The tick of the next start finds its minute free and seals and sweeps in the middle of the load.
      await query(dev.database_url, 'DELETE FROM schedule_ticks');
      await senders.reached(after);
      await sleep(delayMs);
      await kill(stack, victim);
      killed.push(victim);
      stack = start();
      if (againMs !== null) {
        await sleep(againMs);
        await stack.killAll();
        again += 1;
        stack = start();
      }
      expect(await stack.ready()).toStrictEqual(dev);
      await expectTruth(dev.database_url, senders);
    }
    await senders.done();
    await stack.stop();

    // The same folder once more, with a clock of the test's own for the schedule.
    const last = await startStack({ dataDir, port, ticker: false });
    cleanups.push(() => last.stop());
    const audit = await settle(last);
    const standing = await expectTruth(dev.database_url, senders);
    const { tally, acknowledged } = senders;
    console.info(
      `FC_SEED=${round}: ${killed.length} kills and ${again} of a start, ${acknowledged.size} acknowledged, ` +
        `${tally.retried} retried (${tally.unavailable} answered 503, ${tally.unanswered} not at all), ` +
        `${tally.replays + tally.repeats} answered 409 (${tally.unheard} of them stored with the answer lost), ` +
        `${standing.delivered} events delivered (${standing.swept} after a sweep), ` +
        `${audit.rows} audit rows under ${audit.seals} seals`,
    );
    expect(killed.toSorted()).toEqual(VICTIMS.toSorted());
    expect(standing).toMatchObject({ signals: SIGNALS, delivered: SIGNALS });
    expect(acknowledged.size).toBe(SIGNALS);
    expect(new Set(acknowledged.values()).size).toBe(SIGNALS);
    expect(audit).toMatchObject({ fault: null, waiting: 0 });
    expect(audit.rows).toBeGreaterThan(SIGNALS);
    // A run in which nothing was interrupted would prove nothing.
    expect(tally.unanswered).toBeGreaterThan(0);
    expect(tally.retried).toBeGreaterThan(0);
    expect(tally.replays).toBeGreaterThan(0);
    expect(tally.repeats).toBeGreaterThan(0);
    expect(standing.swept).toBeGreaterThan(0);
    // The first start sealed before the load, and a chain that nothing was ever added to would prove nothing either.
    expect(audit.seals).toBeGreaterThan(1);
  },
  ROUND_MS,
);
