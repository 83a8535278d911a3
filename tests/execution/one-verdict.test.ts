// Two consumers of one approval may judge it differently: their clocks differ, a halt came and went between them. Whatever
// each of them saw, the approval is refused or has commands, and never both.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setHalted } from '../../functions/execution/account-store.ts';
import { consume } from '../../functions/jobs.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import { approveSignal, auditOf, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import { runs } from '../support/property.ts';
import { START_MS, testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

const LIFE_MS = 5_000;

let t: TestDatabase;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
/** Another instance, whose clock is beyond the signal's deadline: it sees a refusal where the first sees an order. */
let late: TestDeps;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  late = testDeps(t, { clock: testClock(START_MS + 2 * LIFE_MS) });
  desk = await makeDesk(stage);
});
afterAll(() => t?.drop());

type Approved = { signalId: string; approvalId: string; eventId: string };
async function approved(): Promise<Approved> {
  const { id } = await storeSignal(stage, desk.producer.id, { expiresMs: START_MS + LIFE_MS });
  const { approval, eventId } = await approveSignal(stage, id, desk.userId);
  return { signalId: id, approvalId: approval.id, eventId };
}
/** Delivers the approval's event to an instance; false where it has to come again. */
const deliver = async (to: TestDeps, { eventId }: Approved): Promise<boolean> =>
  (await consume(to, [{ kind: 'outbox', id: eventId }])).size === 0;

/** What is stored of the approval: how many commands, its delivery, the refusals noted, whether its event is done. */
async function standing({ signalId, approvalId, eventId }: Approved) {
  const [row] = await t.sql(
    `SELECT (SELECT count(*)::int FROM commands WHERE approval_id = $1) AS commands, d.status, d.refusal,
       (SELECT count(*)::int FROM order_refusals r WHERE r.signal_id = d.signal_id) AS refusals,
       (SELECT done_at IS NOT NULL FROM outbox WHERE id = $3) AS done
     FROM deliveries d WHERE d.signal_id = $2`,
    [approvalId, signalId, eventId],
  );
  return row;
}
const EXECUTED = { commands: 1, status: 1, refusal: null, refusals: 0, done: true };
const refusedAs = (refusal: unknown) => ({ commands: 0, status: 7, refusal, refusals: 1, done: true });
const CANCELLED = { commands: 0, status: 5, refusal: null, refusals: 0, done: true };

/** Holds a row so that consumers queue for it in the order in which they come; gives what lets go of it. */
async function hold(text: string, id: string): Promise<() => Promise<unknown>> {
  const holder = await t.connect('owner');
  await holder.query('BEGIN');
  await holder.query(text, [id]);
  return () => holder.query('COMMIT').finally(() => holder.end());
}
const delivery = 'SELECT 1 FROM deliveries WHERE signal_id = $1 FOR UPDATE';
const event = 'SELECT 1 FROM outbox WHERE id = $1 FOR UPDATE';

describe('of an approval that one consumer refuses and another executes', () => {
  it('the order stands where it came first, though the refusal was judged before it', async () => {
    const a = await approved();
    const letGo = await hold(delivery, a.signalId);
    const executing = deliver(stage.deps, a);
    await untilBlocked(t);
    const refusing = deliver(late, a);
    await untilBlocked(t, 2);
    await letGo();
    expect(await Promise.all([executing, refusing])).toEqual([true, true]);
    expect(await standing(a)).toEqual(EXECUTED);
  });

  it('the refusal stands where it came first, though the order was judged before it', async () => {
    const a = await approved();
    const letGo = await hold(delivery, a.signalId);
    const refusing = deliver(late, a);
    await untilBlocked(t);
    const executing = deliver(stage.deps, a);
    await untilBlocked(t, 2);
    await letGo();
    expect(await Promise.all([executing, refusing])).toEqual([true, true]);
    expect(await standing(a)).toEqual(refusedAs('signal-expired'));
    expect(stage.deps.sent).toEqual([]);
  });

  it('the order waits for a refusal that is being committed, and does not follow it', async () => {
    const a = await approved();
    const letGo = await hold(event, a.eventId);
    const refusing = deliver(late, a);
    await untilBlocked(t);
    const executing = deliver(stage.deps, a);
    await untilBlocked(t, 2);
    await letGo();
    expect(await Promise.all([executing, refusing])).toEqual([true, true]);
    expect(await standing(a)).toEqual(refusedAs('signal-expired'));
  });

  it('the refusal waits for an order that is being committed, and does not follow it', async () => {
    const a = await approved();
    const letGo = await hold(event, a.eventId);
    const executing = deliver(stage.deps, a);
    await untilBlocked(t);
    const refusing = deliver(late, a);
    await untilBlocked(t, 2);
    await letGo();
    expect(await Promise.all([executing, refusing])).toEqual([true, true]);
    expect(await standing(a)).toEqual(EXECUTED);
  });

  it('a message that comes once more, also where it was never marked done, changes nothing', async () => {
    const a = await approved();
    await deliver(late, a);
    await t.sql('UPDATE outbox SET done_at = NULL WHERE id = $1', [a.eventId]);
    expect(await deliver(stage.deps, a)).toBe(true);
    expect(await standing(a)).toEqual(refusedAs('signal-expired'));
  });
});

describe('any number of consumers at once', () => {
  const act = fc.constantFrom('execute', 'refuse', 'execute', 'refuse', 'halt', 'resume', 'cancel' as const);

  it('make of each approval commands, a refusal or a cancellation, and one of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(act, { minLength: 4, maxLength: 12 }), { minLength: 3, maxLength: 4 }),
        async (plan) => {
          const halted = (on: boolean) =>
            setHalted(t.db, desk.account.id, on, START_MS, auditOf(stage.deps, desk.account.id, 'halt'));
          await halted(false);
          const approvals = await Promise.all(plan.map(approved));
          const say = async (a: Approved, what: (typeof plan)[number][number]): Promise<unknown> => {
            if (what === 'execute') return deliver(stage.deps, a);
            if (what === 'refuse') return deliver(late, a);
            if (what === 'cancel') return cancelSignal(t.db, a.signalId, auditOf(stage.deps, a.signalId));
            return halted(what === 'halt');
          };
          const acts = approvals.flatMap((a, i) =>
            ['execute' as const, ...(plan[i] ?? [])].map((what) => ({ a, what })),
          );
          const ends = await Promise.all(acts.map(({ a, what }) => say(a, what)));
          expect(ends.filter((end, i) => end === false && acts[i]?.what === 'execute')).toEqual([]);
          for (const a of approvals) {
            const found = await standing(a);
            const refused = refusedAs(found?.['refusal']);
            const wanted =
              found?.['commands'] === 1 ? EXECUTED : found?.['status'] === 5 ? CANCELLED : refused;
            expect(found).toEqual(wanted);
            expect([null, 'signal-expired', 'account-halted']).toContain(found?.['refusal']);
          }
        },
      ),
      runs(20),
    );
  });
});
