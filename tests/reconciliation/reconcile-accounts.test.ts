import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { dueAccounts } from '../../functions/reconciliation/due-account-store.ts';
import {
  reconcileAccounts,
  togetherAgain,
  turnsOf,
} from '../../functions/reconciliation/reconcile-accounts.ts';
import { type Fleet, makeFleet } from '../support/account-fleet.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let fleet: Fleet;
beforeAll(async () => {
  t = await createTestDatabase();
  fleet = await makeFleet(t, 3);
});
afterAll(() => t?.drop());

const accountIds = (messages: readonly WorkMessage[]) =>
  messages.flatMap((m) => (m.kind === 'schedule' ? m.account_ids : []));
const due = (afterId: string | null, limit: number) =>
  dueAccounts(t.db, fleet.deps.clock.nowMs(), { afterId, limit });
const slowBridge = (bridgeId: string, slowFor: number) =>
  t.sql(
    `INSERT INTO bridge_contacts (bridge_id, outcome, failures, next_at, updated_at, slow_for)
     VALUES ($1, 'applied', 0, $2, $2, $3) ON CONFLICT (bridge_id) DO UPDATE SET slow_for = excluded.slow_for`,
    [bridgeId, new Date(fleet.deps.clock.nowMs()).toISOString(), slowFor],
  );

describe('the accounts that are due', () => {
  it('are those whose bridge lives, page by page, in the order of their ids, each once', async () => {
    const ids = fleet.accounts.map((a) => a.id).sort();
    expect((await due(null, 2)).map((a) => a.id)).toEqual(ids.slice(0, 2));
    expect((await due(ids[1] ?? '', 2)).map((a) => a.id)).toEqual(ids.slice(2));
    expect(await due(ids[2] ?? '', 2)).toEqual([]);
    const [gone] = fleet.accounts;
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [gone?.bridgeId]);
    expect((await due(null, 9)).map((a) => a.id)).toEqual(ids.filter((id) => id !== gone?.id));
    await t.sql('UPDATE bridges SET revoked_at = NULL');
  });

  it('are slow while their bridge owes prompt answers', async () => {
    const [slow] = fleet.accounts;
    await slowBridge(slow?.bridgeId ?? '', 1);
    const found = new Map((await due(null, 9)).map((a) => [a.id, a.slow]));
    expect(found).toEqual(new Map(fleet.accounts.map((a) => [a.id, a === slow])));
    await slowBridge(slow?.bridgeId ?? '', 0);
    expect((await due(null, 9)).some((a) => a.slow)).toBe(false);
  });

  it('come a second time half a minute later where something stands that may lose money', async () => {
    const [exposed, works] = fleet.accounts;
    await t.sql(
      `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap, profit,
         magic, comment, opened_at, snapshot_at) VALUES ($1, '1', '1', 'XAUUSD', 'buy', 1, 1, 1, 0, 0, '0', '', now(), now())`,
      [exposed?.id],
    );
    await t.sql(`UPDATE accounts SET state = '{"orders":"1"}' WHERE id = $1`, [works?.id]);
    const sent: { messages: readonly WorkMessage[]; delaySeconds: number | undefined }[] = [];
    const queue = {
      send: async (messages: readonly WorkMessage[], delaySeconds?: number) => {
        sent.push({ messages, delaySeconds });
      },
    };
    await reconcileAccounts({ ...fleet.deps, queue });
    const [first, second, ...more] = sent;
    expect([accountIds(first?.messages ?? []).length, first?.delaySeconds]).toEqual([3, undefined]);
    expect(accountIds(second?.messages ?? [])).toEqual([exposed?.id, works?.id].sort());
    expect([second?.delaySeconds, more]).toEqual([30, []]);
    const [turn] = second?.messages ?? [];
    // Whoever was looked at in between has had it.
    expect(turn).toMatchObject({ due_ms: fleet.deps.clock.nowMs() + 30_000 });
    await t.sql('DELETE FROM positions');
    await t.sql('UPDATE accounts SET state = NULL');
  });

  it('go on the queue all of them, each once, however many pages they are, and the slow apart', async () => {
    const [{ bridgeId = '' } = {}] = fleet.accounts;
    const [owner] = await t.sql('SELECT owner_id FROM bridges WHERE id = $1', [bridgeId]);
    await t.sql(
      `WITH b AS (INSERT INTO bridges (id, owner_id, name, url, created_at)
         SELECT gen_random_uuid(), $1, 'one of many', 'http://127.0.0.1:9', now() FROM generate_series(1, 2040) RETURNING id)
       INSERT INTO accounts (id, user_id, bridge_id, name, halted, order_volume, version, created_at, updated_at)
       SELECT gen_random_uuid(), $1, id, 'one of many', true, 0.01, 0, now(), now() FROM b`,
      [owner?.['owner_id']],
    );
    await slowBridge(bridgeId, 3);
    const pages: number[] = [];
    const { queue } = fleet.deps;
    const deps = {
      ...fleet.deps,
      queue: {
        send: async (messages: readonly WorkMessage[]) => {
          pages.push(accountIds(messages).length);
          await queue.send(messages);
        },
      },
    };
    expect(await reconcileAccounts(deps)).toBe(2_043);
    expect(pages).toEqual([1_000, 1_000, 43]);
    const sent = accountIds(fleet.deps.sent);
    expect(sent.length).toBe(2_043);
    expect(new Set(sent).size).toBe(2_043);
    const slow = fleet.deps.sent.filter((m) => m.kind === 'schedule' && m.slow === true);
    expect(accountIds(slow)).toEqual([fleet.accounts[0]?.id]);
  });
});

describe('messages of turns', () => {
  const some = (count: number, slow: boolean) =>
    Array.from({ length: count }, () => ({ id: randomUUID(), slow }));

  it('name at most 25 accounts, and five slow ones; a message of the most fits a queue many times', () => {
    const messages = turnsOf([...some(26, false), ...some(6, true)], 5);
    expect(messages.map((m) => [m.account_ids.length, m.slow ?? false])).toEqual([
      [25, false],
      [1, false],
      [5, true],
      [1, true],
    ]);
    // Both clouds take 256 KB a call, of which the larger takes 100 messages.
    expect(JSON.stringify(messages[0]).length * 100).toBeLessThan(256 * 1024);
    expect(turnsOf([], 5)).toEqual([]);
  });

  it('that were taken apart go together again by time and lane, and all else stays as it is', () => {
    const [a, b, c, d] = some(4, false).map((x) => x.id) as [string, string, string, string];
    const one = (id: string, due_ms: number, slow?: true): WorkMessage => ({
      ...{ kind: 'schedule', account_ids: [id], due_ms },
      ...(slow && { slow }),
    });
    const event: WorkMessage = { kind: 'outbox', id: a };
    expect(togetherAgain([one(a, 1), event, one(b, 2), one(c, 1), one(d, 1, true)])).toEqual([
      event,
      { kind: 'schedule', account_ids: [a, c], due_ms: 1 },
      { kind: 'schedule', account_ids: [d], due_ms: 1, slow: true },
      { kind: 'schedule', account_ids: [b], due_ms: 2 },
    ]);
  });
});
