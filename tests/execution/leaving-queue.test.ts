// How what leaves the market waits to be sent: cancellations first, past every halt, and closes by what their positions are
// by then.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { leaseBeforeWaiting, releaseLease, sendNext } from '../../functions/execution/command-queue-store.ts';
import { cancelOrders } from '../../functions/execution/withdrawal-store.ts';
import { makeDesk, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { type Desk, type Given, madeCommand } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
let lease: Lease;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  lease = await taken();
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
async function taken(): Promise<Lease> {
  const found = await takeLease(t.db, desk.account.id, nowMs());
  if (found === null) throw new Error('the lease is held');
  return found;
}
const made = async (given: Given = {}) => (await madeCommand(stage, desk, given)).id;
const next = () => sendNext(t.db, lease, nowMs());
const put = (id: string, state: string) =>
  t.sql('UPDATE commands SET state = $2, resolved_at = $3 WHERE id = $1', [id, state, new Date(nowMs())]);

/** A working order, by the id of its command. */
async function working(ticket: string): Promise<string> {
  const id = await made({ kind: 'place' });
  await t.sql(`UPDATE commands SET state = 'placed', order_ticket = $2, sent_at = now() WHERE id = $1`, [
    id,
    ticket,
  ]);
  return id;
}
async function cancel(...orders: string[]): Promise<void> {
  const named = orders.map((id) => ({ id, cancelId: stage.deps.ids.next() }));
  await cancelOrders(t.db, lease, named, nowMs());
}
const cancels = (order: string) =>
  t.sql('SELECT id, state, expires_at FROM commands WHERE target_id = $1 ORDER BY created_at, id', [order]);

describe('a cancellation', () => {
  it('goes before closes and entries, and past the halts of account and deployment', async () => {
    await made();
    const close = await made({ kind: 'close' });
    const order = await working('71');
    await cancel(order);
    await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [desk.account.id]);
    await t.sql('UPDATE deployment SET halted = true');
    const [first, second, third] = [await next(), await next(), await next()];
    await t.sql('UPDATE deployment SET halted = false');
    expect(first).toMatchObject({
      targetId: order,
      instruction: {
        kind: 'cancel',
        pre: { login: desk.account.login, server: 'Demo-1', symbol: 'XAUUSD' },
        order: { symbol: 'XAUUSD', order_ticket: '71' },
      },
    });
    expect([second?.id, third]).toEqual([close, null]);
  });

  it('waits ten minutes to be sent, and no longer', async () => {
    const order = await working('71');
    await cancel(order);
    expect(await cancels(order)).toMatchObject([{ expires_at: new Date(nowMs() + 600_000) }]);
    stage.deps.clock.advance(600_000);
    lease = await taken();
    expect(await next()).toBeNull();
  });

  it('is one at a time, under 20 at once, and another two minutes after one that ended', async () => {
    const order = await working('71');
    await Promise.all(Array.from({ length: 20 }, () => cancel(order)));
    const [one, ...more] = await cancels(order);
    expect(more).toEqual([]);
    for (const state of ['sent', 'unknown', 'failed']) {
      await put(String(one?.['id']), state);
      await cancel(order);
      expect(await cancels(order)).toHaveLength(1);
    }
    stage.deps.clock.advance(120_000);
    await cancel(order);
    expect(await cancels(order)).toHaveLength(2);
  });

  it('is of an order that works, at the login and server that the account is bound to, by the lease’s holder', async () => {
    const [order, elsewhere, waiting] = [await working('71'), await working('72'), await made()];
    await t.sql(
      `UPDATE commands SET instruction = jsonb_set(instruction, '{pre,login}', '"1"') WHERE id = $1`,
      [elsewhere],
    );
    await cancelOrders(
      t.db,
      { ...lease, epoch: lease.epoch + 1n },
      [{ id: order, cancelId: stage.deps.ids.next() }],
      nowMs(),
    );
    await cancel(elsewhere, waiting);
    expect([await cancels(order), await cancels(elsewhere), await cancels(waiting)]).toEqual([[], [], []]);
    const other = await takeLease(t.db, (await makeDesk(stage)).account.id, nowMs());
    if (other !== null)
      await cancelOrders(t.db, other, [{ id: order, cancelId: stage.deps.ids.next() }], nowMs());
    expect(await cancels(order)).toEqual([]);
  });

  it('waits for no other order’s, and holds back entries of its symbol while its fate is open', async () => {
    const [order, another] = [await working('71'), await working('72')];
    await cancel(order, another);
    const entry = await made();
    const sent = [(await next())?.instruction.kind, (await next())?.instruction.kind];
    expect([...sent, await next()]).toEqual(['cancel', 'cancel', null]);
    for (const target of [order, another]) await put(String((await cancels(target))[0]?.['id']), 'done');
    expect((await next())?.id).toBe(entry);
  });
});

describe('a close', () => {
  const position = (ticket: string, volume: string) =>
    t.sql(
      `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap,
         profit, magic, comment, opened_at, snapshot_at)
       VALUES ($1, '7', $2, 'XAUUSD', 'buy', $3, 1, 1, 0, 0, '0', '', now(), now())
       ON CONFLICT (account_id, identifier) DO UPDATE SET ticket = excluded.ticket, volume = excluded.volume`,
      [desk.account.id, ticket, volume],
    );
  const asSent = async () => {
    const command = await next();
    const { order, pre } = (command?.instruction ?? {}) as {
      order: { position_ticket?: string; volume?: string };
      pre: { volume_at_most?: string };
    };
    return [order.position_ticket, order.volume, pre.volume_at_most];
  };

  it('is sent by the ticket that its position has by then, with no more than is left of it', async () => {
    const id = await made({ kind: 'close' });
    await position('900', '0.04');
    expect(await asSent()).toEqual(['900', '0.04', '0.04']);
    await put(id, 'created');
    await position('901', '5');
    expect(await asSent(), 'never more again than an attempt before had').toEqual(['901', '0.04', '0.04']);
  });

  it('is sent as it was made where no snapshot shows its position', async () => {
    await made({ kind: 'close' });
    expect(await asSent()).toEqual(['7', '0.1', undefined]);
  });
});

describe('an open close', () => {
  it('has its next look told to who lets the lease go, and keeps others coming', async () => {
    const { approvalId } = await madeCommand(stage, desk);
    await t.sql('DELETE FROM commands WHERE approval_id = $1', [approvalId]);
    const look = (ms: number) =>
      t.sql(
        `INSERT INTO exits (approval_id, account_id, state, next_at, expires_at, created_at, updated_at)
         VALUES ($1, $2, 'open', $3, $3, $4, $4) ON CONFLICT (approval_id) DO UPDATE SET next_at = excluded.next_at`,
        [approvalId, desk.account.id, new Date(nowMs() + ms), new Date(nowMs())],
      );
    await look(5_000);
    expect(await leaseBeforeWaiting(t.db, desk.account.id, nowMs())).not.toBeNull();
    expect(await releaseLease(t.db, lease, nowMs())).toMatchObject({ due: false, lookMs: nowMs() + 5_000 });
    lease = await taken();
    await look(0);
    expect(await releaseLease(t.db, lease, nowMs())).toMatchObject({ due: true, lookMs: nowMs() });
    await t.sql(`UPDATE exits SET state = 'done', ended_at = now() WHERE approval_id = $1`, [approvalId]);
    expect(await leaseBeforeWaiting(t.db, desk.account.id, nowMs())).toBeNull();
  });
});
