import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Approval,
  insertApproval,
  listApprovals,
  readApproval,
  readDecisionContext,
} from '../../functions/approvals/approval-store.ts';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { expireSignals } from '../../functions/signals/expire-signals.ts';
import {
  approveSignal,
  auditOf,
  CLIENT,
  decisionOf,
  makeAccount,
  makeBridge,
  makeDesk,
  makeProducer,
  makeUser,
  publishConsent,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let signalId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
beforeEach(async () => {
  desk = await makeDesk(stage);
  signalId = (await storeSignal(stage, desk.producer.id)).id;
});
afterAll(() => t?.drop());

const insert = (a: Approval) =>
  insertApproval(t.db, a, CLIENT, stage.deps.ids.next(), auditOf(stage.deps, a.signalId, 'decide'));
const decision = (given: Partial<Approval> = {}) => decisionOf(stage, signalId, desk.userId, given);
const deliveryStatus = async (userId = desk.userId) =>
  (
    await t.sql('SELECT status FROM deliveries WHERE signal_id = $1 AND user_id = $2', [signalId, userId])
  )[0]?.['status'];

/** What stands of the decisions on the signal, by table. */
async function rowsOfDecision(): Promise<Record<string, unknown>> {
  const [row] = await t.sql(
    `SELECT (SELECT count(*)::int FROM approvals WHERE signal_id = $1) AS approvals,
       (SELECT count(*)::int FROM approval_clients c JOIN approvals a ON a.id = c.approval_id WHERE a.signal_id = $1) AS clients,
       (SELECT count(*)::int FROM audit_log WHERE action = 'decide' AND subject_id = $1::text) AS audit,
       (SELECT count(*)::int FROM outbox WHERE payload->>'signal_id' = $1::text AND topic LIKE 'approval.%') AS events`,
    [signalId],
  );
  return row ?? {};
}
const ONE = { approvals: 1, clients: 1, audit: 1, events: 1 };
const NONE = { approvals: 0, clients: 0, audit: 0, events: 0 };

describe('a decision', () => {
  it('stands with its delivery’s state, the client, one audit row and one event, and reads back as made', async () => {
    const approval = await decision({ reason: 'good', termsShown: true });
    expect(await insert(approval)).toBe(true);
    expect(await readApproval(t.db, approval.id)).toEqual(approval);
    expect(await deliveryStatus()).toBe(1);
    expect(await rowsOfDecision()).toEqual(ONE);
    expect(
      await t.sql('SELECT address, user_agent FROM approval_clients WHERE approval_id = $1', [approval.id]),
    ).toEqual([{ address: CLIENT.address, user_agent: CLIENT.userAgent }]);
    expect(
      await t.sql(`SELECT topic, payload FROM outbox WHERE payload->>'approval_id' = $1`, [approval.id]),
    ).toEqual([
      {
        topic: 'approval.approved',
        payload: { approval_id: approval.id, signal_id: signalId, user_id: desk.userId },
      },
    ]);
  });

  it('rejects without an account, and is its own topic', async () => {
    const rejection = await decision({ decision: 'rejected' });
    expect(await insert(rejection)).toBe(true);
    expect(await deliveryStatus()).toBe(2);
    expect(await readApproval(t.db, rejection.id)).toMatchObject({
      decision: 'rejected',
      accountId: null,
      terms: {},
    });
    expect(
      await t.sql(`SELECT topic FROM outbox WHERE payload->>'approval_id' = $1`, [rejection.id]),
    ).toEqual([{ topic: 'approval.rejected' }]);
  });

  it.each(['approved', 'rejected'] as const)('is never followed by a second one (%s)', async (second) => {
    await insert(await decision());
    expect(
      await insert(
        await decision({ decision: second, accountId: second === 'approved' ? desk.account.id : null }),
      ),
    ).toBe(false);
    expect(await rowsOfDecision()).toEqual(ONE);
  });

  it('is late from the very millisecond of the deadline, though no schedule has written that down', async () => {
    const approval = await decision();
    const deadlineMs = stage.deps.clock.nowMs() + 1_000;
    await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [
      signalId,
      new Date(deadlineMs).toISOString(),
    ]);
    expect(await insert({ ...approval, createdMs: deadlineMs })).toBe(false);
    expect(await rowsOfDecision()).toEqual(NONE);
    expect(await insert({ ...approval, createdMs: deadlineMs - 1 })).toBe(true);
  });

  it('leaves nothing where the signal was cancelled, or the delivery has moved on', async () => {
    const approval = await decision();
    await t.sql('UPDATE signals SET status = 5 WHERE id = $1', [signalId]);
    expect(await insert(approval)).toBe(false);
    await t.sql('UPDATE signals SET status = 0 WHERE id = $1', [signalId]);
    for (const status of [1, 2, 3, 4, 5, 6, 7]) {
      await t.sql('UPDATE deliveries SET status = $2 WHERE signal_id = $1', [signalId, status]);
      expect(await insert(approval), `delivery ${status}`).toBe(false);
    }
    expect(await rowsOfDecision()).toEqual(NONE);
  });

  it('holds only for the consent that is in force when it is written, neither an older nor an unknown one', async () => {
    const approval = await decision();
    const next = await publishConsent(stage, desk.userId);
    expect(await insert(approval)).toBe(false);
    expect(await insert({ ...approval, consentVersion: next + 1 })).toBe(false);
    expect(await rowsOfDecision()).toEqual(NONE);
    expect(await insert({ ...approval, consentVersion: next })).toBe(true);
  });

  it('names only an account of the deciding user that follows the signal’s producer', async () => {
    const other = await makeUser(stage);
    const [mine, theirs] = [await makeBridge(stage, desk.userId), await makeBridge(stage, other)];
    const elsewhere = await makeProducer(stage, desk.userId);
    const subscription = { producerId: desk.producer.id, userId: other, createdMs: stage.deps.clock.nowMs() };
    await insertSubscription(t.db, subscription, auditOf(stage.deps, other));
    const of = (userId: string, bridgeId: string, producerId: string) =>
      makeAccount(stage, { userId, bridgeId, producerIds: [producerId] });
    const unrelated = await of(desk.userId, mine.id, elsewhere.id);
    const foreign = await of(other, theirs.id, desk.producer.id);
    for (const accountId of [unrelated.id, foreign.id, stage.deps.ids.next()])
      expect(await insert(await decision({ accountId }))).toBe(false);
    expect(await rowsOfDecision()).toEqual(NONE);
    expect(await deliveryStatus()).toBe(0);
  });

  it('is no outsider’s: without a delivery there is nothing to decide', async () => {
    const outsider = await makeUser(stage);
    const approval = await decision();
    expect(await insert({ ...approval, userId: outsider, decision: 'rejected', accountId: null })).toBe(
      false,
    );
    expect(await rowsOfDecision()).toEqual(NONE);
  });
});

describe('decisions at once', () => {
  const MANY = 40;

  it(`of ${MANY} approvals and rejections one wins and leaves one of each row`, async () => {
    const decisions = await Promise.all(
      Array.from({ length: MANY }, (_, i) =>
        i % 2 === 0 ? decision() : decision({ decision: 'rejected', accountId: null }),
      ),
    );
    const won = await Promise.all(decisions.map(insert));
    expect(won.filter(Boolean).length).toBe(1);
    const winner = decisions[won.indexOf(true)];
    expect(await rowsOfDecision()).toEqual(ONE);
    expect(await deliveryStatus()).toBe(winner?.decision === 'approved' ? 1 : 2);
    expect((await readDecisionContext(t.db, signalId, desk.userId))?.existingId).toBe(winner?.id);
  });

  it('and the schedule writing the expiry: the delivery is the one or the other, and never both', async () => {
    const approvals = await Promise.all(Array.from({ length: 20 }, () => decision()));
    await t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [
      signalId,
      new Date(stage.deps.clock.nowMs() + 1_000).toISOString(),
    ]);
    stage.deps.clock.advance(1_000);
    const ends = await Promise.all([
      ...approvals.map(insert),
      ...Array.from({ length: 10 }, () => expireSignals(stage.deps)),
    ]);
    const approved = ends.slice(0, 20).filter((won) => won === true).length;
    const expired = ends.slice(20).reduce<number>((sum, n) => sum + Number(n), 0);
    expect([approved, expired].sort()).toEqual([0, 1]);
    expect(await deliveryStatus()).toBe(approved === 1 ? 1 : 6);
    expect(await rowsOfDecision()).toEqual(approved === 1 ? ONE : NONE);
  });

  it('and an expiry that is being written: the decision waits for it and then stands back', async () => {
    const approval = await decision();
    const schedule = await t.connect('owner');
    await schedule.query('BEGIN');
    await schedule.query('UPDATE deliveries SET status = 6 WHERE signal_id = $1', [signalId]);
    const waiting = insert(approval);
    await untilBlocked(t);
    await schedule.query('COMMIT');
    expect(await waiting).toBe(false);
    expect(await rowsOfDecision()).toEqual(NONE);
  });

  it('of two members are two decisions', async () => {
    const member = await makeUser(stage);
    await t.sql(
      'INSERT INTO deliveries SELECT signal_id, $2, 0, NULL, created_at, updated_at FROM deliveries WHERE signal_id = $1',
      [signalId, member],
    );
    const rejection = await decisionOf(stage, signalId, member, { decision: 'rejected' });
    expect(await Promise.all([insert(await decision()), insert(rejection)])).toEqual([true, true]);
    expect([await deliveryStatus(), await deliveryStatus(member)]).toEqual([1, 2]);
  });
});

describe('what a decision depends on', () => {
  it('is read in one look: the delivery, the consent, the digits and the user’s accounts that follow', async () => {
    expect(await readDecisionContext(t.db, signalId, desk.userId)).toMatchObject({
      signal: { id: signalId, status: 'new', price: '2035.10000000' },
      digits: 2,
      mine: true,
      signalCancelled: false,
      existingId: null,
      consent: { version: desk.consentVersion },
      accounts: [
        { id: desk.account.id, trading: { symbol: 'XAUUSD', account: { orderVolume: '0.10000000' } } },
      ],
    });
    const { approval } = await approveSignal(stage, signalId, desk.userId);
    await t.sql('UPDATE signals SET status = 5 WHERE id = $1', [signalId]);
    expect(await readDecisionContext(t.db, signalId, desk.userId)).toMatchObject({
      signal: { status: 'approved' },
      existingId: approval.id,
      signalCancelled: true,
    });
  });

  it('says that a stranger is not in the audience, and nothing of a signal that is not there', async () => {
    expect(await readDecisionContext(t.db, signalId, await makeUser(stage))).toMatchObject({
      mine: false,
      accounts: [],
    });
    expect(await readDecisionContext(t.db, stage.deps.ids.next(), desk.userId)).toBeNull();
    expect(await readApproval(t.db, stage.deps.ids.next())).toBeNull();
  });

  it('is listed to its maker, and to nobody else but those who read everything', async () => {
    const { approval } = await approveSignal(stage, signalId, desk.userId);
    const page = { page: 1, page_size: 100 };
    expect((await listApprovals(t.db, desk.userId, page)).items).toEqual([approval]);
    expect((await listApprovals(t.db, await makeUser(stage), page)).items).toEqual([]);
    expect((await listApprovals(t.db, null, page)).items.map((a) => a.id)).toContain(approval.id);
  });
});
