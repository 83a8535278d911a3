import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Row } from '../../../functions/platform/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { DivergenceDesk } from './divergence-desk.ts';

let t: TestDatabase;
let desk: DivergenceDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  desk = await DivergenceDesk.make(t);
});
afterAll(() => t?.drop());

const noted = { status: 'resolved', resolution: 'noted', policy: 'notice' };
const HOUR = 3_600_000;

/** A buy limit of ours that works below the market, and its ticket. */
async function working(change: Record<string, unknown> = {}): Promise<{ command: Row; ticket: string }> {
  const command = await desk.entry({ order_type: 'limit', price: '2030.00', stop_loss: '2020', ...change });
  await desk.look();
  return { command, ticket: String(desk.book().orders[0]?.['ticket']) };
}
const inAnHour = () => desk.at.deps.clock.nowMs() + HOUR;
const command = async (id: unknown) => (await t.sql('SELECT * FROM commands WHERE id = $1', [id]))[0];

describe('a pending order of ours', () => {
  it('PENDING_EXPIRED: ended with its time at the broker, and is never placed again', async () => {
    const { command: c, ticket } = await working({ orderExpiresMs: inAnHour() });
    desk.at.deps.clock.advance(2 * HOUR);
    expect(await desk.events()).toContain(`PENDING_EXPIRED ${ticket}`);
    expect(await desk.rows('PENDING_EXPIRED')).toMatchObject([
      { ...noted, evidence: { unfilled: '0.1', command: c['id'] } },
    ]);
    expect(await command(c['id'])).toMatchObject({ state: 'ended', reason: 'order-expired' });
    await desk.look();
    expect(desk.book().orders).toEqual([]);
  });

  it('PENDING_CANCELED_EXTERNAL: by hand; a cancellation of ours is none', async () => {
    const { command: c, ticket } = await working();
    desk.manual({ cancel: ticket });
    expect(await desk.events()).toEqual([`PENDING_CANCELED_EXTERNAL ${ticket}`]);
    expect(await desk.rows('PENDING_CANCELED_EXTERNAL')).toMatchObject([noted]);
    expect(await command(c['id'])).toMatchObject({ state: 'ended', reason: 'order-canceled' });
    const own = await working();
    await t.sql('UPDATE accounts SET halted = true, withdraw_pending = true WHERE id = $1', [
      desk.at.desk.account.id,
    ]);
    await desk.at.deps.queue.send([{ kind: 'reconcile', account_id: desk.at.desk.account.id }]);
    for (let i = 0; i < 3; i += 1) await desk.look();
    expect(desk.book().orders.map((o) => o['ticket'])).not.toContain(own.ticket);
    expect(await desk.rows('PENDING_CANCELED_EXTERNAL')).toHaveLength(1);
  });

  it('PENDING_REJECTED: the server took it and threw it out when its price came', async () => {
    const { command: c, ticket } = await working();
    const order = desk.at.host.engine.state.tables.order.get(ticket);
    if (order === undefined) throw new Error('no order');
    desk.at.host.engine.transact(() => {
      desk.at.host.engine.state.put('order', ticket, null);
      desk.at.host.engine.state.put('history', ticket, {
        ...order,
        ...{ state: 'rejected', time_done: order.time_setup + 60_000 },
      });
    });
    expect(await desk.events()).toEqual([`PENDING_REJECTED ${ticket}`]);
    expect(await desk.rows('PENDING_REJECTED')).toMatchObject([noted]);
    expect(await command(c['id'])).toMatchObject({ state: 'ended', reason: 'order-rejected' });
  });

  it('PENDING_MODIFIED: moved by somebody else, once for each place it was moved to', async () => {
    const { ticket } = await working();
    desk.manual({ modify_order: ticket, price: '2029.00' });
    expect(await desk.events()).toEqual([`PENDING_MODIFIED ${ticket}/price=2029`]);
    expect(await desk.events()).toEqual([]);
    expect(await desk.rows('PENDING_MODIFIED')).toMatchObject([{ ...noted, evidence: { price: '2029' } }]);
    desk.manual({ modify_order: ticket, sl: '2010' });
    expect(await desk.events()).toEqual([`PENDING_MODIFIED ${ticket}/price=2029,sl=2010`]);
  });

  it('LATE_PENDING: works past the end that we gave it, and is taken back', async () => {
    const { ticket } = await working({ orderExpiresMs: inAnHour() });
    // Somebody has made it good till cancelled.
    desk.tamper('order', ticket, { time_expiration: null, type_time: 'gtc' });
    desk.at.deps.clock.advance(2 * HOUR);
    expect(await desk.events()).toContain(`LATE_PENDING ${ticket}`);
    expect(await desk.rows('LATE_PENDING')).toMatchObject([
      { policy: 'automatic', evidence: { order_ticket: ticket } },
    ]);
    expect(await desk.commands('cancel')).toMatchObject([{ state: 'done' }]);
    expect(desk.book().orders).toEqual([]);
    await desk.look();
    expect(await desk.rows('LATE_PENDING')).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
    expect(await desk.rows('PENDING_CANCELED_EXTERNAL'), 'it was us').toEqual([]);
  });

  it('DUPLICATE_EXECUTION: a second order of one command is taken back, the earliest works on', async () => {
    const { command: c, ticket } = await working();
    const order = {
      ...{ action: 'pending', magic: String(c['magic']), comment: String(c['comment']), reason: 'expert' },
      ...{ symbol: 'XAUUSD', type: 'buy_limit', volume: '0.10', price: '2030.00', sl: '2020', tp: null },
      ...{ expiration: null },
    };
    const { order: second } = desk.send(order as never);
    expect(await desk.events()).toContain(`DUPLICATE_EXECUTION ${second}`);
    expect(await desk.rows('DUPLICATE_EXECUTION')).toMatchObject([
      { policy: 'automatic', evidence: { kept: ticket, order_ticket: second, command: c['id'] } },
    ]);
    expect(await desk.alarms()).toEqual(['DUPLICATE_EXECUTION']);
    expect(await desk.commands('cancel')).toMatchObject([{ state: 'done', target_id: c['id'] }]);
    expect(desk.book().orders.map((o) => o['ticket'])).toEqual([ticket]);
    await desk.look();
    expect(await desk.rows('DUPLICATE_EXECUTION')).toMatchObject([
      { status: 'resolved', resolution: 'settled' },
    ]);
  });
});

describe('a command whose fate was open', () => {
  it('UNKNOWN_RESOLVED_DONE: its deals tell that it was done', async () => {
    desk.at.control('/fault', { kind: 'timeout_after', login: desk.login, on: 'execute' });
    const c = await desk.entry();
    for (let i = 0; i < 2; i += 1) await desk.look();
    expect(await command(c['id'])).toMatchObject({ state: 'done' });
    expect(await desk.rows('UNKNOWN_RESOLVED_DONE')).toMatchObject([{ ...noted, broker_key: c['id'] }]);
    expect(desk.book().positions).toHaveLength(1);
  });

  it('UNKNOWN_RESOLVED_NOT_EXECUTED: by the full rule alone, and nothing was sent twice', async () => {
    desk.at.control('/fault', { kind: 'timeout_before', login: desk.login, on: 'execute' });
    const c = await desk.entry();
    expect(await command(c['id'])).toMatchObject({ state: 'unknown' });
    for (let i = 0; i < 6; i += 1) await desk.look();
    expect(await command(c['id'])).toMatchObject({ state: 'not_executed' });
    expect(await desk.rows('UNKNOWN_RESOLVED_NOT_EXECUTED')).toMatchObject([
      { ...noted, broker_key: c['id'] },
    ]);
    expect(desk.book().positions).toEqual([]);
  });
});
