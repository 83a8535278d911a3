// A guard's trip at the simulated broker: whatever stands in its scope leaves, whoever opened it, working orders first, and
// what refuses is tried until it has gone.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { DONE, HOUR, MINUTE, SECOND } from './exit-desk.ts';
import { LiquidationDesk } from './liquidation-desk.ts';

let t: TestDatabase;
let g: LiquidationDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  g = await LiquidationDesk.make(t);
});
afterAll(() => t?.drop());

const orderLimits = async (of: object) => {
  g.d.at.control('/symbols', { symbol: 'XAUUSD', ...of });
  await g.d.at.reconcile();
};
const kinds = async () => (await g.made()).map((c) => c.kind);

describe('a trip', () => {
  it('takes out ours and what people opened, and cancels anybody’s orders before', async () => {
    await g.d.open();
    const limit = await g.d.limit();
    g.sell('0.3');
    g.buy('0.2', 'EURUSD');
    g.pending();
    await g.trip();
    expect(g.stands()).toEqual([]);
    expect(await kinds()).toEqual(['cancel', 'cancel', 'close', 'close', 'close']);
    const sent = g.d.at.book().journal.map((j) => j.cmd_id);
    const cancels = await t.sql(`SELECT id FROM commands WHERE trip_id = $1 AND kind = 'cancel'`, [g.tripId]);
    const at = cancels.map((c) => sent.indexOf(String(c['id'])));
    expect(Math.max(...at), 'pendings first').toBe(sent.length - 4);
    expect([g.closedLots(), g.twice()]).toEqual([0.6, []]);
    await g.look();
    // The order of ours has ended with what was to become of its signal.
    expect(await t.sql('SELECT state FROM commands WHERE signal_id = $1', [limit])).toEqual([
      { state: 'ended' },
    ]);
    expect(await g.alerts('liquidation-stuck')).toEqual([]);
  });

  it('of scope own leaves people’s positions and orders as they are', async () => {
    await g.d.open();
    await g.d.limit();
    g.sell('0.3');
    g.pending();
    await g.trip('own');
    await g.look();
    expect(g.stands()).toMatchObject(['0.3', expect.stringMatching(/^order/)]);
    expect(await kinds()).toEqual(['cancel', 'close']);
  });

  it('closes a hedged pair each by its own ticket, the net first, and opens nothing', async () => {
    g.buy('0.5');
    g.buy('0.1');
    g.sell('0.4');
    g.sell('0.1', 'EURUSD');
    await g.trip();
    expect(g.stands()).toEqual([]);
    const volumes = await t.sql(
      `SELECT symbol, instruction->'order'->>'type' || ' ' || (instruction->'order'->>'volume') AS o FROM commands
       WHERE trip_id = $1 ORDER BY created_at, magic`,
      [g.tripId],
    );
    // Net 0.2 lots of gold, of which the larger leg makes up all; then the euro's; then what covered each other.
    expect(volumes.map((v) => [v['symbol'], v['o']])).toEqual([
      ['XAUUSD', 'sell 0.5'],
      ['EURUSD', 'buy 0.1'],
      ['XAUUSD', 'buy 0.4'],
      ['XAUUSD', 'sell 0.1'],
    ]);
    expect(g.d.book().deals.filter((deal) => deal['entry'] === 'in')).toHaveLength(4);
  });

  it('on an account that nets takes out the one position, and never turns it', async () => {
    g = await LiquidationDesk.make(t, 'netting');
    await g.d.open();
    g.buy('0.4');
    g.pending();
    await g.trip();
    expect(g.stands()).toEqual([]);
    expect(g.d.book().deals.map((deal) => deal['entry'])).not.toContain('inout');
    await g.look();
    await g.look(MINUTE);
    expect([g.stands(), g.closedLots(), await kinds()]).toEqual([[], 0.5, ['cancel', 'close']]);
  });

  it('goes out in several orders where the broker takes no more in one', async () => {
    await g.d.open();
    await orderLimits({ volume_max: '0.03' });
    await g.trip();
    expect((await g.made()).map((c) => c.state)).toEqual(['done', 'done', 'done', 'done']);
    expect([g.stands(), g.closedLots(), g.twice()]).toEqual([[], 0.1, []]);
  });

  it('is level-triggered: what is seen to stand before it is over is closed again', async () => {
    await g.d.open();
    await g.trip();
    expect(g.stands()).toEqual([]);
    g.buy('0.2');
    g.pending();
    await g.look();
    expect([g.stands(), (await g.made()).length]).toEqual([[], 3]);
  });

  it('closes what an order left in part, with the order’s own number', async () => {
    g.d.fault('partial_fill');
    await g.d.limit();
    g.d.at.control('/tick', { symbol: 'XAUUSD', bid: '2029.90', ask: '2030.10' });
    await g.trip();
    await g.untilFlat(3);
    expect(g.stands()).toEqual([]);
    const made = await g.made();
    const [order] = made.filter((c) => c.kind === 'cancel');
    if (order !== undefined) expect(made.filter((c) => c.subject === order.subject)).toHaveLength(2);
    expect(made.some((c) => c.kind === 'close')).toBe(true);
  });

  it('follows a position to its new ticket', async () => {
    await g.d.open();
    const [position] = g.d.book().positions;
    await g.d.at.reconcile();
    g.d.at.control('/ticket', { login: g.d.login, position: position?.['ticket'] });
    await g.trip();
    await g.untilFlat(3);
    expect([g.stands(), g.twice()]).toEqual([[], []]);
  });

  it('that was stopped makes nothing more', async () => {
    g.d.market('closed');
    await g.d.open();
    g.d.market('open');
    await g.d.open();
    g.d.fault('reject:10013');
    await g.trip();
    expect(g.stands()).toEqual(['0.1']);
    await g.stop();
    for (let n = 0; n < 5; n += 1) await g.look(MINUTE);
    expect([g.stands(), (await g.made()).length]).toEqual([['0.1'], 1]);
  });

  it('of the shadow, or one that waits for its deadline, closes nothing', async () => {
    await g.d.open();
    await g.trip();
    await t.sql('UPDATE guard_trips SET flat_at = now(), ended_at = now() WHERE id = $1', [g.tripId]);
    for (const [shadow, triggered] of [
      [true, new Date(g.d.nowMs())],
      [false, null],
    ] as const) {
      await g.d.at.reconcile();
      g.buy('0.2');
      await t.sql(
        `INSERT INTO guard_trips (id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at, triggered_at)
         VALUES ($1, $2, 'drawdown', $3, 'all', '{}', now(), now(), $4)`,
        [g.d.at.deps.ids.next(), g.accountId, shadow, triggered],
      );
      await g.look();
      await g.look();
    }
    expect(g.stands()).toEqual(['0.2', '0.2']);
  });
});

describe('a broker that refuses', () => {
  it.each([
    ['requote', 2],
    ['reject:10021', 2],
    ['reject:10028', 3],
    ['reject:10029', 3],
  ])('for now (%s) is asked again within seconds', async (fault, times) => {
    await g.d.open();
    g.d.fault(fault, { times });
    const beganMs = g.d.nowMs();
    await g.trip();
    expect([g.stands(), await g.made()]).toMatchObject([[], [{ state: 'done', attempt: times }]]);
    expect(g.d.nowMs() - beganMs).toBeLessThanOrEqual(5 * SECOND);
    expect(await g.alerts('liquidation-stuck')).toEqual([]);
  });

  it('gets more room for the price each time', async () => {
    await g.d.open();
    g.d.fault('requote', { times: 2 });
    const asked: unknown[] = [];
    const { deps } = g.d.at;
    const { outbound } = deps;
    deps.outbound = (request) => {
      const { command } = JSON.parse(request.body) as { command?: { order: Record<string, unknown> } };
      if (command !== undefined) asked.push(command.order['deviation_points']);
      return outbound(request);
    };
    await g.trip();
    expect([g.stands(), asked]).toEqual([[], [20, 50, 100]]);
  });

  it('for good is asked again after 10, 30 and 60 seconds, and a person hears of it once', async () => {
    await g.d.open();
    g.d.fault('reject:10013', { times: 4 });
    await g.trip();
    const beganMs = g.d.nowMs();
    const tries: number[] = [];
    for (let n = 0; n < 120 && g.stands().length > 0; n += 1) {
      const before = (await g.made()).length;
      await g.look(2 * SECOND);
      if ((await g.made()).length > before) tries.push((g.d.nowMs() - beganMs) / SECOND);
    }
    expect(tries).toEqual([10, 40, 100, 160]);
    expect([g.stands(), (await g.made()).at(-1)]).toMatchObject([[], { state: 'done' }]);
    const [position] = await g.made();
    expect(await g.alerts('liquidation-stuck')).toMatchObject([
      { symbol: 'XAUUSD', position: position?.subject, reason: 'retcode-10013', login: g.d.login },
    ]);
  });

  it('one position says nothing of the others', async () => {
    g.buy('0.1');
    g.buy('0.2');
    g.d.fault('reject:10006');
    await g.trip();
    expect(g.stands()).toHaveLength(1);
    await g.look(10 * SECOND);
    expect(g.stands()).toEqual([]);
  });

  it('all trading pauses the account as ever, and the trip goes on, with a page of its own', async () => {
    await g.d.open();
    g.d.at.control('/trading', { login: g.d.login, allowed: false });
    await g.trip();
    const halted = async () =>
      (await t.sql('SELECT halted FROM accounts WHERE id = $1', [g.accountId]))[0]?.['halted'];
    expect([await halted(), g.stands()]).toEqual([true, ['0.1']]);
    expect(await g.alerts('liquidation-stuck')).toMatchObject([{ reason: 'retcode-10027' }]);
    await g.look(10 * SECOND);
    await g.look(30 * SECOND);
    g.d.at.control('/trading', { login: g.d.login, allowed: true });
    await g.look(MINUTE);
    expect([g.stands(), (await g.made()).length]).toEqual([[], 4]);
    expect(await g.alerts('liquidation-stuck')).toHaveLength(1);
  });

  it('past halts of the account and the deployment', async () => {
    await g.d.open();
    g.pending();
    await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [g.accountId]);
    await t.sql(`UPDATE deployment SET halted = true, halted_at = now(), halt_reason = 'why',
      halted_by = (SELECT id FROM users LIMIT 1)`);
    await g.trip();
    await t.sql(
      'UPDATE deployment SET halted = false, halted_at = NULL, halt_reason = NULL, halted_by = NULL',
    );
    expect(g.stands()).toEqual([]);
  });
});

describe('a market that is closed', () => {
  it('over a weekend is waited for, plainly told once, and closed in when it opens', async () => {
    await g.d.open();
    g.pending();
    g.d.market('closed');
    g.d.at.deps.clock.set(Date.parse('2026-03-06T22:30:00Z'));
    await g.trip();
    expect(await g.alerts('liquidation-waits')).toEqual([
      { account: expect.any(String), login: g.d.login, symbol: 'XAUUSD', opens: '2026-03-08T22:00:00.000Z' },
    ]);
    const waiting = await t.sql('SELECT DISTINCT not_before FROM commands WHERE trip_id = $1', [g.tripId]);
    expect(waiting).toEqual([{ not_before: new Date('2026-03-08T22:00:00Z') }]);
    for (let n = 0; n < 47; n += 1) await g.look(HOUR);
    expect(g.stands()).toHaveLength(2);
    // Of each one a day, whose time was over: nobody is alarmed by that.
    expect((await g.made()).filter((c) => c.state === 'expired')).toHaveLength(2);
    expect(await g.alerts('liquidation-waits')).toHaveLength(1);
    expect(await g.alerts('liquidation-stuck')).toEqual([]);
    g.d.market('open');
    g.d.at.deps.clock.set(Date.parse('2026-03-08T21:59:50Z'));
    await g.look(0);
    expect(g.stands()).toHaveLength(2);
    await g.look(10 * SECOND);
    expect([g.stands(), g.twice()]).toEqual([[], []]);
  });

  it('against its calendar is asked again and again, and told as what it is', async () => {
    await g.d.open();
    g.d.market('closed');
    await g.trip();
    for (let n = 0; n < 40; n += 1) await g.look(5 * SECOND);
    expect(await g.alerts('liquidation-waits')).toMatchObject([{ opens: 'not known, asked each minute' }]);
    g.d.market('open');
    await g.untilFlat(13, 5 * SECOND);
    expect(g.stands()).toEqual([]);
  });
});

describe('a close that was approved before', () => {
  it('and waits gives way to the trip, and ends with nothing left to do', async () => {
    await g.d.open();
    g.d.market('closed');
    const id = await g.d.close();
    expect(await g.d.legs(id)).toMatchObject([{ state: 'created', reason: 'retcode-10018' }]);
    g.d.market('open');
    await g.trip();
    expect(g.stands()).toEqual([]);
    expect(await g.d.legs(id)).toMatchObject([{ state: 'failed', reason: 'superseded-by-trip' }]);
    await g.look();
    for (let n = 0; n < 3; n += 1) await g.look(MINUTE);
    expect(await g.d.exit(id)).toEqual({ state: 'failed', reason: 'nothing-to-close' });
    expect([g.closedLots(), await g.alerts('close-incomplete')]).toEqual([0.1, []]);
  });

  it('and is unknown is waited for: no second close is sent until it is known', async () => {
    await g.d.open();
    g.d.fault('drop', { on: 'execute' });
    const id = await g.d.close();
    expect(await g.d.legs(id)).toMatchObject([{ state: 'unknown' }]);
    await g.trip();
    for (let n = 0; n < 5; n += 1) await g.look(20 * SECOND);
    expect(await g.made()).toEqual([]);
    await g.untilFlat(15, 20 * SECOND);
    expect([g.stands(), g.closedLots(), g.twice()]).toEqual([[], 0.1, []]);
  });

  it('and in the midst of the trip makes no order of its own', async () => {
    await g.d.open();
    g.d.fault('reject:10013');
    await g.trip();
    const id = await g.d.close();
    expect([await g.d.legs(id), g.stands()]).toEqual([[], ['0.1']]);
    await g.look(10 * SECOND);
    await g.look(MINUTE);
    expect([g.stands(), g.closedLots(), await g.d.exit(id)]).toMatchObject([[], 0.1, { state: 'failed' }]);
  });

  it('after the trip waits for what that has sent and nobody knows the end of', async () => {
    await g.d.open();
    g.d.fault('drop', { on: 'execute' });
    await g.trip();
    expect(await g.made()).toMatchObject([{ state: 'unknown' }]);
    await g.stop();
    const id = await g.d.close();
    expect([await g.d.legs(id), await g.d.exit(id)]).toMatchObject([
      [],
      { state: 'open', reason: 'closing' },
    ]);
    for (let n = 0; n < 15 && g.stands().length > 0; n += 1) await g.look(30 * SECOND);
    expect([g.stands(), g.closedLots(), g.twice()]).toEqual([[], 0.1, []]);
  });

  it('goes on by itself where the trip was stopped', async () => {
    await g.d.open();
    g.d.fault('reject:10013');
    await g.trip();
    const id = await g.d.close();
    await g.stop();
    for (let n = 0; n < 3; n += 1) await g.d.pass(MINUTE);
    expect([g.stands(), await g.d.exit(id)]).toEqual([[], DONE]);
  });
});
