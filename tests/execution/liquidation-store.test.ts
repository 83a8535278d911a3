// How the commands of a guard's trip are stored: by the lease's holder alone, while the trip goes on, one of each thing at a
// time, and not sent any more once it is over.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, type Lease, takeLease } from '../../functions/execution/account-lease-store.ts';
import { readAccount } from '../../functions/execution/account-store.ts';
import { refuseUnsendable, releaseLease, sendNext } from '../../functions/execution/command-queue-store.ts';
import { retryCommand } from '../../functions/execution/command-settlement-store.ts';
import { readLeaving } from '../../functions/execution/exit-store.ts';
import { type LiquidationPlan, liquidationPlan } from '../../functions/execution/liquidation-plan.ts';
import { applyLiquidation } from '../../functions/execution/liquidation-store.ts';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import { cancelOrders } from '../../functions/execution/withdrawal-store.ts';
import { makeDesk, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';
import { beginTrip } from './liquidation-desk.ts';
import { type Desk, madeCommand } from './made-commands.ts';

let t: TestDatabase;
let stage: Stage;
let desk: Desk;
let lease: Lease;
let tripId: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
  lease = await taken();
  tripId = await beginTrip(t, { deps: stage.deps, desk } as Parameters<typeof beginTrip>[1]);
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
async function taken(): Promise<Lease> {
  const found = await takeLease(t.db, desk.account.id, nowMs());
  if (found === null) throw new Error('the lease is held');
  return found;
}
const close = (position: string): LiquidationPlan['orders'][number] => ({
  kind: 'close',
  pre: {
    ...{ login: desk.account.login, server: 'Demo-1', symbol: 'XAUUSD', position_id: position },
    volume_at_most: '0.1',
  },
  order: { symbol: 'XAUUSD', type: 'sell', volume: '0.1', position_ticket: position, deviation_points: 20 },
});
const cancel = (ticket: string): LiquidationPlan['orders'][number] => ({
  kind: 'cancel',
  pre: { login: desk.account.login, server: 'Demo-1', symbol: 'XAUUSD' },
  order: { symbol: 'XAUUSD', order_ticket: ticket },
});
const stuck = (position: string): LiquidationPlan['alerts'][number] => ({
  ...{ kind: 'liquidation-stuck', period: `close/${position}`, detail: { position } },
});
function apply(over: Partial<LiquidationPlan>, of: Lease = lease) {
  const plan = { orders: [], dropped: [], alerts: [], nextMs: null, ...over };
  const { ids } = stage.deps;
  const made = {
    orderIds: plan.orders.map(() => ids.next()),
    alerts: plan.alerts.map(() => ({ id: ids.next(), eventId: ids.next() })),
  };
  return applyLiquidation(t.db, of, tripId, plan, made, nowMs());
}
const made = () =>
  t.sql(
    `SELECT id, kind, state, reason, target_id, symbol, instrument, expires_at, signal_id,
       coalesce(instruction->'pre'->>'position_id', instruction->'order'->>'order_ticket') AS subject
     FROM commands WHERE trip_id = $1 ORDER BY created_at, magic`,
    [tripId],
  );
const next = async () => (await sendNext(t.db, lease, nowMs()))?.instruction ?? null;

describe('the commands of a trip', () => {
  it('are made in the order of the plan, live for a day, and are sent so', async () => {
    await apply({ orders: [cancel('71'), close('9'), close('7')] });
    expect(await made()).toMatchObject([
      {
        kind: 'cancel',
        subject: '71',
        state: 'created',
        target_id: null,
        instrument: 'XAUUSD',
        signal_id: null,
      },
      { kind: 'close', subject: '9', expires_at: new Date(nowMs() + 86_400_000) },
      { kind: 'close', subject: '7' },
    ]);
    const sent = [await next(), await next(), await next(), await next()];
    expect(sent.map((i) => i?.kind ?? null)).toEqual(['cancel', 'close', 'close', null]);
    expect(sent[1]).toMatchObject({ pre: { position_id: '9' } });
  });

  it('are sent cancellations first, whichever were made first', async () => {
    await apply({ orders: [close('7')] });
    await apply({ orders: [cancel('71')] });
    expect([(await next())?.kind, (await next())?.kind]).toEqual(['cancel', 'close']);
  });

  it('are one at a time of each position and each order, whoever’s the other is', async () => {
    const theirs = await madeCommand(stage, desk, { kind: 'close', position: '8' });
    await apply({ orders: [close('7'), cancel('7'), close('8')] });
    await apply({ orders: [close('7'), cancel('7'), close('8')] });
    expect((await made()).map((c) => [c['kind'], c['subject']])).toEqual([
      ['close', '7'],
      ['cancel', '7'],
    ]);
    await apply({ orders: [close('8')], dropped: [theirs.id] });
    expect((await made()).map((c) => c['subject'])).toEqual(['7', '7', '8']);
    const [row] = await t.sql('SELECT state, reason FROM commands WHERE id = $1', [theirs.id]);
    expect(row).toEqual({ state: 'failed', reason: 'superseded-by-trip' });
  });

  it('are one though two make them at once: the index stands behind it', async () => {
    const one = await t.connect('owner');
    await one.query('BEGIN');
    const columns = `id, account_id, trip_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at,
      negative_lookups, created_at, updated_at`;
    await one.query(
      `INSERT INTO commands (${columns}) VALUES ($1, $2, $3, 'close', 'XAUUSD', $4, $5, 'cs', 0, 'created', now() + interval '1 day',
         0, now(), now())`,
      [
        ...[stage.deps.ids.next(), desk.account.id, tripId, JSON.stringify(close('7'))],
        String(magicNumber(2, BigInt(Math.floor(Math.random() * 1_000_000_000)), 0)),
      ],
    );
    const waiting = apply({ orders: [close('7')] });
    await untilBlocked(t);
    await one.query('COMMIT');
    await waiting;
    expect(await made()).toHaveLength(1);
  });

  it('do not give way to a close of others that was sent meanwhile', async () => {
    const theirs = await madeCommand(stage, desk, { kind: 'close', position: '8' });
    await t.sql(`UPDATE commands SET state = 'sent' WHERE id = $1`, [theirs.id]);
    // The plan saw it waiting: what is sent is not taken back, and its own waits at the sending.
    await apply({ orders: [close('8')], dropped: [theirs.id] });
    const [row] = await t.sql('SELECT state FROM commands WHERE id = $1', [theirs.id]);
    expect([row, await next()]).toEqual([{ state: 'sent' }, null]);
  });

  it('name the working order of ours that they take back, so that nobody else cancels it too', async () => {
    const order = await madeCommandBefore('place');
    await t.sql(`UPDATE commands SET state = 'placed', order_ticket = '71', sent_at = now() WHERE id = $1`, [
      order,
    ]);
    await apply({ orders: [cancel('71')] });
    expect(await made()).toMatchObject([{ target_id: order }]);
    await cancelOrders(t.db, lease, [{ id: order, cancelId: stage.deps.ids.next() }], nowMs());
    expect(await t.sql('SELECT 1 AS one FROM commands WHERE target_id = $1', [order])).toHaveLength(1);
  });

  it('of an order wait for a cancellation of it that was sent, whichever it named', async () => {
    const order = await madeCommandBefore('place');
    await apply({ orders: [cancel('71')] });
    expect((await next())?.kind).toBe('cancel');
    await t.sql(`UPDATE commands SET state = 'placed', order_ticket = '71', sent_at = now() WHERE id = $1`, [
      order,
    ]);
    await cancelOrders(t.db, lease, [{ id: order, cancelId: stage.deps.ids.next() }], nowMs());
    expect(await t.sql('SELECT state FROM commands WHERE target_id = $1', [order])).toEqual([
      { state: 'created' },
    ]);
    expect(await next()).toBeNull();
    await t.sql(`UPDATE commands SET state = 'done' WHERE trip_id = $1`, [tripId]);
    expect((await next())?.kind).toBe('cancel');
  });

  it('are none where the lease is lost, or the trip is over or was stopped', async () => {
    stage.deps.clock.advance(LEASE_MS);
    const newer = await taken();
    await apply({ orders: [close('7')], alerts: [stuck('7')] });
    for (const column of ['stopped_at', 'flat_at']) {
      await t.sql(`UPDATE guard_trips SET ${column} = now() WHERE id = $1`, [tripId]);
      expect(await apply({ orders: [close('7')], alerts: [stuck('7')] }, newer)).toEqual([]);
      await t.sql(`UPDATE guard_trips SET ${column} = NULL WHERE id = $1`, [tripId]);
    }
    expect(await made()).toEqual([]);
    expect(await t.sql('SELECT 1 AS one FROM alerts WHERE subject_id = $1', [tripId])).toEqual([]);
  });

  it('wait for an owner who is stopping it, and then are none', async () => {
    const owner = await t.connect('owner');
    await owner.query('BEGIN');
    await owner.query('UPDATE guard_trips SET stopped_at = now() WHERE id = $1', [tripId]);
    const waiting = apply({ orders: [close('7')] });
    await untilBlocked(t);
    await owner.query('COMMIT');
    await waiting;
    expect(await made()).toEqual([]);
  });
});

/** Made before the guard took no entries any more. */
async function madeCommandBefore(kind: 'open' | 'place'): Promise<string> {
  await t.sql(`UPDATE accounts SET guard_phase = 'armed' WHERE id = $1`, [desk.account.id]);
  const { id } = await madeCommand(stage, desk, { kind });
  await t.sql(`UPDATE accounts SET guard_phase = 'tripped' WHERE id = $1`, [desk.account.id]);
  return id;
}

describe('once the trip is over', () => {
  it.each(['stopped_at', 'flat_at'])('(%s) nothing of it is sent, nor tried again', async (column) => {
    await apply({ orders: [close('7'), close('8')] });
    const sent = await sendNext(t.db, lease, nowMs());
    await t.sql(`UPDATE guard_trips SET ${column} = now() WHERE id = $1`, [tripId]);
    expect(await sendNext(t.db, lease, nowMs())).toBeNull();
    // The broker refuses for now what was on its way.
    const again = { notBeforeMs: nowMs(), reason: 'retcode-10004', retcode: 10004, brokerComment: null };
    const of = { id: sent?.id ?? '', attempt: 0, from: ['sent'] as const };
    expect(await retryCommand(t.db, lease, of, again, nowMs())).toBe(true);
    expect(await sendNext(t.db, lease, nowMs())).toBeNull();
    expect(await refuseUnsendable(t.db, lease, nowMs())).toBe(2);
    expect((await made()).map((c) => [c['state'], c['reason']])).toEqual(
      Array(2).fill(['failed', 'liquidation-stopped']),
    );
  });

  it('and is taken up again, what was dropped is no refusal', async () => {
    await t.sql(
      `INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap, profit,
         magic, comment, opened_at, snapshot_at) VALUES ($1, '7', '7', 'XAUUSD', 'buy', 0.1, 1, 1, 0, 0, '0', '', now(), now())`,
      [desk.account.id],
    );
    await t.sql(
      `UPDATE accounts SET server = 'Demo-1', login = $2, bound_at = now() WHERE id = $1 AND login IS NULL`,
      [desk.account.id, desk.account.login],
    );
    await apply({ orders: [close('7')] });
    await t.sql('UPDATE guard_trips SET stopped_at = now() WHERE id = $1', [tripId]);
    await refuseUnsendable(t.db, lease, nowMs());
    await t.sql('UPDATE guard_trips SET stopped_at = NULL WHERE id = $1', [tripId]);
    const { liquidation } = await readLeaving(t.db, desk.account.id, nowMs());
    if (liquidation === null) throw new Error('nothing is being closed');
    expect(liquidationPlan(liquidation, nowMs())).toMatchObject({ orders: [{ kind: 'close' }], alerts: [] });
  });
});

describe('what a person hears', () => {
  it('is said once of a trip, with the event that carries it', async () => {
    const [event, other] = await apply({ alerts: [stuck('7'), stuck('8')] });
    expect(await apply({ alerts: [stuck('7')] })).toEqual([]);
    const alerts = await t.sql(
      'SELECT kind, subject_kind, user_id, detail, event_id FROM alerts WHERE subject_id = $1 ORDER BY period',
      [tripId],
    );
    expect(alerts).toMatchObject([
      {
        ...{ kind: 'liquidation-stuck', subject_kind: 'guard-trip', user_id: desk.userId, event_id: event },
        detail: { position: '7', login: desk.account.login },
      },
      { event_id: other },
    ]);
    const { liquidation } = await readLeaving(t.db, desk.account.id, nowMs());
    expect(liquidation?.told.toSorted()).toEqual(['liquidation-stuck/close/7', 'liquidation-stuck/close/8']);
  });
});

describe('an account whose everything is being closed', () => {
  const leaving = async () => (await readAccount(t.db, desk.account.id))?.leaving;

  it('is leaving while that goes on, and only then', async () => {
    expect(await leaving()).toBe(true);
    await t.sql('UPDATE guard_trips SET flat_at = now() WHERE id = $1', [tripId]);
    expect(await leaving()).toBe(false);
  });

  it('waits for its own pauses apart from others’, which are messages of the queue', async () => {
    await apply({ orders: [close('7')] });
    const pausedMs = nowMs() + 60_000;
    await t.sql('UPDATE commands SET not_before = $2 WHERE trip_id = $1', [tripId, new Date(pausedMs)]);
    const waiting = await releaseLease(t.db, lease, nowMs());
    expect(waiting).toEqual({ due: false, pausedUntilMs: null, tripPausedMs: pausedMs, lookMs: null });
  });
});
