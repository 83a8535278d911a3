import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { cancelSignal } from '../../functions/signals/cancel-store.ts';
import { approveSignal, auditOf, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let signalId: string;
let approval: Awaited<ReturnType<typeof approveSignal>>;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  await t.sql('UPDATE deployment SET halted = false');
  deps = testDeps(t);
  stage = { t, deps };
  desk = await makeDesk(stage);
  signalId = (await storeSignal(stage, desk.producer.id)).id;
  approval = await approveSignal(stage, signalId, desk.userId);
});
afterAll(() => t?.drop());

const deliver = () => consume(deps, [{ kind: 'outbox', id: approval.eventId }]);
const commands = () => t.sql('SELECT * FROM commands WHERE approval_id = $1', [approval.approval.id]);
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0];
const eventDone = async () =>
  (await t.sql('SELECT done_at IS NOT NULL AS done FROM outbox WHERE id = $1', [approval.eventId]))[0]?.[
    'done'
  ];
const setAccount = (change: string, values: unknown[] = []) =>
  t.sql(`UPDATE accounts SET ${change} WHERE id = $1`, [desk.account.id, ...values]);

describe('the execution of an approval', () => {
  it('makes one command within the terms, with a magic of this deployment, and hands its event on', async () => {
    await deliver();
    const [command, ...more] = await commands();
    expect(more).toEqual([]);
    expect(command).toMatchObject({
      account_id: desk.account.id,
      signal_id: signalId,
      kind: 'open',
      symbol: 'XAUUSD',
      state: 'created',
      expires_at: new Date(deps.clock.nowMs() + 30_000),
      instruction: {
        kind: 'open',
        pre: {
          login: desk.account.login,
          server: 'Demo-1',
          symbol: 'XAUUSD',
          price_low: '2024.93',
          price_high: '2045.27',
        },
        order: { symbol: 'XAUUSD', type: 'buy', volume: '0.10000000' },
      },
    });
    const [{ magic_namespace: namespace } = {}] = await t.sql('SELECT magic_namespace FROM deployment');
    expect(BigInt(String(command?.['magic'])) >> 40n).toBe(BigInt(Number(namespace)));
    expect(String(command?.['comment'])).toBe(`cs${String(command?.['id']).replaceAll('-', '').slice(-12)}`);
    expect(await eventDone()).toBe(true);
    const [next] = await t.sql(`SELECT id FROM outbox WHERE payload->>'command_id' = $1`, [command?.['id']]);
    expect(deps.sent).toEqual([{ kind: 'outbox', id: next?.['id'] }]);
  });

  it('makes one command though the message comes twice, or to 20 consumers at once', async () => {
    await Promise.all(Array.from({ length: 20 }, deliver));
    await deliver();
    expect((await commands()).length).toBe(1);
    expect(deps.sent.length).toBe(1);
    expect(await eventDone()).toBe(true);
  });

  it('draws a different magic for every command', async () => {
    const magics = new Set<unknown>();
    for (let i = 0; i < 5; i += 1) {
      const other = await approveSignal(stage, (await storeSignal(stage, desk.producer.id)).id, desk.userId);
      await consume(deps, [{ kind: 'outbox', id: other.eventId }]);
      const [row] = await t.sql('SELECT magic FROM commands WHERE approval_id = $1', [other.approval.id]);
      magics.add(row?.['magic']);
    }
    expect(magics.size).toBe(5);
  });

  it.each([
    ['account-halted', () => setAccount('halted = true')],
    ['deployment-halted', () => t.sql('UPDATE deployment SET halted = true')],
    ['account-unbound', () => setAccount('login = NULL, bound_at = NULL')],
    ['signal-stale', () => t.sql('UPDATE signals SET stale = true WHERE id = $1', [signalId])],
    [
      'signal-expired',
      () =>
        t.sql('UPDATE signals SET expires_at = $2 WHERE id = $1', [signalId, isoTime(deps.clock.nowMs())]),
    ],
    ['bridge-silent', () => setAccount('snapshot_at = $2', [isoTime(deps.clock.nowMs() - 180_001)])],
    ['volume-above-approved', () => setAccount('order_volume = 0.11')],
    ['intent-unsupported', () => setTerms({ intent: 'close' })],
    ['order-type-unsupported', () => setTerms({ order_type: 'limit' })],
  ])(
    'is refused as %s: no command, the delivery failed with the reason, the event done',
    async (reason, change) => {
      await change();
      await deliver();
      await deliver();
      expect(await commands()).toEqual([]);
      expect(await delivery()).toEqual({ status: 7, refusal: reason });
      expect(await eventDone()).toBe(true);
      expect(deps.sent).toEqual([]);
    },
  );

  it('never follows a cancellation: the delivery stays cancelled', async () => {
    expect(await cancelSignal(t.db, signalId, auditOf(deps, signalId))).toBe('cancelled');
    await deliver();
    expect(await commands()).toEqual([]);
    expect((await delivery())?.['status']).toBe(5);
    expect(await eventDone()).toBe(true);
  });

  it.each([
    ['a halt of the account', () => setAccount('halted = true'), 'account-halted'],
    ['a halt of the deployment', () => t.sql('UPDATE deployment SET halted = true'), 'deployment-halted'],
  ])('is refused by %s between reading and writing', async (_what, halt, reason) => {
    const { db } = deps;
    let reads = 0;
    deps.db = {
      batch: db.batch,
      run: async (statement) => {
        const rows = await db.run(statement);
        // The second statement of the consumer reads the facts; the halt commits just after it.
        reads += 1;
        if (reads === 2) await halt();
        return rows;
      },
    };
    await deliver();
    expect(await commands()).toEqual([]);
    expect(await delivery()).toEqual({ status: 7, refusal: reason });
  });

  it('is tried again where the database failed: the event stays to be done, with the cause noted', async () => {
    const { db } = deps;
    deps.db = {
      run: db.run,
      batch: async () => {
        throw new Error('secret: a parameter');
      },
    };
    await setAccount('halted = true');
    expect((await deliver()).size).toBe(1);
    const [row] = await t.sql('SELECT done_at, last_error FROM outbox WHERE id = $1', [approval.eventId]);
    expect(row?.['done_at']).toBeNull();
    expect(String(row?.['last_error'])).toMatch(/^Error /);
    expect(String(row?.['last_error'])).not.toContain('secret');
    deps.db = db;
    await deliver();
    expect(await delivery()).toEqual({ status: 7, refusal: 'account-halted' });
  });
});

async function setTerms(change: Record<string, unknown>): Promise<void> {
  await t.sql('UPDATE approvals SET terms = terms || $2 WHERE id = $1', [
    approval.approval.id,
    JSON.stringify(change),
  ]);
}
