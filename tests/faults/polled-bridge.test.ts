// Random schedules of what happens between us and a bridge that polls: requests and replies that are lost, repeated or
// overtaken, deaths of its process in the middle of a command, a second process beside the same account, refusals of the
// broker. Through the application, the stores and PostgreSQL on one side, the bridge's journal and the broker on the other:
// no command is carried out twice, none is handed out twice, and none is lost.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTick } from '../../functions/jobs.ts';
import type { BrokerPoller } from '../../infra/local/broker/broker-poller.ts';
import { storeSignal } from '../support/organisation.ts';
import { PolledDesk, type Wire } from '../support/polled-desk.ts';
import { caseCensus, runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const RUN_MS = 300_000;
const SCHEDULES = 20;
const ENDED = ['done', 'partial', 'failed', 'expired', 'not_executed', 'placed', 'ended'];
const ACTED = ['done', 'partial', 'placed', 'ended'];
/** Words after which another attempt may follow without a look. */
const DEFINITE = ['failed', 'refused', 'expired'];
/** Enough for the horizon of an unknown command, its two look-ups and the longest deadline. */
const QUIET_ROUNDS = 40;
const QUIET_MS = 15_000;
const HORIZON_SECONDS = 180;

const wire = fc.constantFrom<Wire>('ok', 'ok', 'ok', 'lost', 'lost', 'dropped');
const FAULTS = ['reject:10004', 'reject:10019', 'reject:10012', 'crash_after_intent', 'crash_after_send'];
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('approve' as const), pending: fc.boolean() }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('sync' as const), wire, second: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fault' as const), kind: fc.constantFrom(...FAULTS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
  },
  ...(['close', 'replay', 'tell-again', 'restart', 'tick'] as const).map((name) => ({
    ...{ weight: 1, arbitrary: fc.record({ do: fc.constant(name) }) },
  })),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const OK: Step = { do: 'sync', wire: 'ok', second: false };
const APPROVE: Step = { do: 'approve', pending: false };
const LOST: Step = { do: 'sync', wire: 'lost', second: false };
/** Schedules of every run, so that each case comes up. */
const EXAMPLES: [Step[]][] = [
  [[{ do: 'fault', kind: 'reject:10004' }, APPROVE, OK, LOST, { do: 'tell-again' }, OK, OK]],
  [[APPROVE, LOST, { do: 'replay' }, OK]],
  [
    [
      { do: 'fault', kind: 'reject:10004' },
      APPROVE,
      OK,
      OK,
      OK,
      { do: 'tell-again' },
      { do: 'close' },
      OK,
      OK,
    ],
  ],
  [[{ do: 'approve', pending: true }, OK, { do: 'restart' }, OK, OK, { do: 'tell-again' }]],
];

const census = caseCensus(
  'executed',
  'looked up',
  'not executed',
  'handed out and lost',
  'a second attempt',
  'placed',
);
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

class Schedule {
  readonly desk: PolledDesk;
  readonly second: BrokerPoller;

  constructor(desk: PolledDesk) {
    this.desk = desk;
    this.second = desk.secondProcess();
  }

  async take(s: Step): Promise<void> {
    const { at } = this.desk;
    const { producer, account } = at.desk;
    switch (s.do) {
      case 'approve': {
        const limit = { order_type: 'limit' as const, price: '2030.10' };
        await at.approve((await storeSignal(at, producer.id, s.pending ? limit : {})).id);
        return;
      }
      case 'close':
        await at.approve((await storeSignal(at, producer.id, { intent: 'close', side: 'sell' })).id);
        return;
      case 'sync':
        await this.desk.sync(s.wire, s.second ? this.second : this.desk.poller);
        return;
      case 'replay': {
        // The very bytes once more: whoever recorded them gains nothing.
        const last = this.desk.exchanges.at(-1);
        if (last !== undefined) expect((await this.desk.repeat(last)).status).toBe(401);
        return;
      }
      case 'tell-again':
        return this.#tellAgain();
      case 'fault':
        at.control('/fault', { kind: s.kind, login: account.login });
        return;
      case 'restart':
        at.host.restart();
        return;
      case 'pass':
        at.deps.clock.advance(s.ms);
        return;
      case 'tick':
        await this.tick();
    }
  }

  async tick(): Promise<void> {
    const { deps } = this.desk.at;
    await t.sql('DELETE FROM schedule_ticks');
    await runTick(deps, deps.clock.nowMs());
    await deps.drain();
  }

  /** What was told before, once more, with a new look at the terminal. */
  async #tellAgain(): Promise<void> {
    await this.desk.bring(this.desk.exchanges.flatMap((e) => e.sent.replies).slice(-50));
  }

  async comeToRest(): Promise<void> {
    const { at } = this.desk;
    for (const kind of FAULTS) at.control('/fault', { kind, login: at.desk.account.login, times: 0 });
    await at.deps.drain();
    for (let round = 0; round < QUIET_ROUNDS; round += 1) {
      await this.desk.sync();
      const open = `SELECT 1 FROM commands WHERE account_id = $1 AND state IN ('created', 'sent', 'unknown')`;
      if (round > 2 && (await t.sql(open, [at.desk.account.id])).length === 0) return;
      at.deps.clock.advance(QUIET_MS);
    }
  }
}

/** How often the broker itself executed each command, whichever process sent it. */
function executions({ at }: PolledDesk): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { login, cmd_id, executed } of at.host.engine.state.tables.execution.values())
    if (login === at.desk.account.login) counts.set(cmd_id, (counts.get(cmd_id) ?? 0) + executed);
  return counts;
}

/**
 * No attempt is handed out twice, and none follows another but after a definite word on that, or where its time is over for
 * whoever has it and two look-ups have found nothing of it.
 */
function onceEach(desk: PolledDesk): string[] {
  const handed = desk.handedOut();
  const replies = desk.exchanges.flatMap((e) => e.sent.replies);
  return handed.flatMap(({ cmd_id, attempt, atMs }, i) => {
    const earlier = handed.slice(0, i).filter((h) => h.cmd_id === cmd_id);
    const name = `attempt ${attempt} of ${cmd_id}`;
    if (earlier.some((h) => h.attempt >= attempt)) return [`${name} was handed out again`];
    if (!census.note('a second attempt', attempt > 0)) return [];
    const words = replies.filter((r) => r.result?.cmd_id === cmd_id && r.result.attempt === attempt - 1);
    if (words.some((r) => DEFINITE.includes(r.result.outcome))) return [];
    const asked = `lookup:${cmd_id}:${attempt - 1}:`;
    const looks = new Set(replies.map((r) => r.request_id).filter((id) => id.startsWith(asked)));
    const before = earlier.find((h) => h.attempt === attempt - 1);
    const isOver = before !== undefined && Date.parse(before.expires_at) < atMs;
    return isOver && looks.size >= 2 ? [] : [`${name} followed one that may still be carried out`];
  });
}

async function judge(desk: PolledDesk): Promise<string[]> {
  const accountId = desk.at.desk.account.id;
  const commands = await t.sql('SELECT * FROM commands WHERE account_id = $1', [accountId]);
  const executed = executions(desk);
  const handed = desk.handedOut();
  const wrong = [
    ...[...executed].filter(([, n]) => n > 1).map(([id, n]) => `${id} was executed ${n} times`),
    ...onceEach(desk),
  ];
  for (const c of commands) {
    const id = String(c['id']);
    const state = String(c['state']);
    const times = executed.get(id) ?? 0;
    const gone = c['kind'] === 'close' && state === 'done';
    if (!ENDED.includes(state)) wrong.push(`${id} is ${state} at the end`);
    else if ((times === 1) !== ACTED.includes(state) && !gone)
      wrong.push(`${id} is ${state}, executed ${times} times`);
    if (times > 0 && !handed.some((h) => h.cmd_id === id))
      wrong.push(`${id} was executed and never handed out`);
    census.note('executed', times === 1);
    census.note('placed', state === 'placed');
    if (census.note('not executed', state === 'not_executed')) wrong.push(...givenUpTooSoon(desk, c));
  }
  census.note(
    'looked up',
    desk.exchanges.some((e) => kindsOf(e.said).includes('lookup')),
  );
  return [...wrong, ...(await books(desk))];
}

const kindsOf = (said: { requests?: { kind: string }[] }): string[] =>
  (said.requests ?? []).map((r) => r.kind);

/** Whoever says that a command was not executed has waited out its horizon and looked twice. */
function givenUpTooSoon({ exchanges }: PolledDesk, c: Record<string, unknown>): string[] {
  const asked = `lookup:${c['id']}:${c['attempt']}:`;
  const ids = exchanges.flatMap((e) => e.sent.replies).map((r) => String(r.request_id));
  const looks = new Set(ids.filter((id) => id.startsWith(asked)));
  const seconds = (Number(c['resolved_at']) - Number(c['sent_at'])) / 1000;
  return seconds >= HORIZON_SECONDS && looks.size >= 2
    ? []
    : [`${c['id']} was given up after ${seconds} s and ${looks.size} look-ups`];
}

/** Our open trades are the broker's positions. */
async function books({ at }: PolledDesk): Promise<string[]> {
  const open = `SELECT position_id FROM trades WHERE account_id = $1 AND status <> 'closed' ORDER BY 1`;
  const ours = (await t.sql(open, [at.desk.account.id])).map((r) => r['position_id']);
  const account = at.book().accounts.find((a) => a.login === at.desk.account.login);
  const theirs = (account?.positions ?? []).map((p) => p['identifier']).toSorted();
  return ours.join() === theirs.join() ? [] : [`our open trades are [${ours}], the broker's [${theirs}]`];
}

it(
  'keeps every promise whatever is lost between a polling bridge and us',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
        const schedule = new Schedule(await PolledDesk.make(t));
        const { desk } = schedule;
        await desk.sync();
        await desk.sync();
        for (const s of steps) {
          const before = desk.handedOut().length;
          await schedule.take(s);
          census.note('handed out and lost', desk.wire === 'lost' && desk.handedOut().length > before);
        }
        await schedule.comeToRest();
        expect(await judge(desk)).toEqual([]);
      }),
      { ...runs(SCHEDULES), examples: EXAMPLES },
    );
    census.expectAllMet();
  },
  RUN_MS,
);
