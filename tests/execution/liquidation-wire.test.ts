// A guard's trip while the wire to the broker fails: nothing is sent twice, whatever is not known, and nothing is given up.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { MINUTE, SECOND } from './exit-desk.ts';
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

const ambiguous = (given: { fault: string; on?: string }) =>
  g.d.fault(given.fault, given.on === undefined ? {} : { on: given.on });

describe('an answer that says nothing', () => {
  it.each([
    // The broker acted and its answer was lost, or never said so.
    { fault: 'timeout_after', on: 'execute', acted: true },
    { fault: 'garbage', on: 'execute', acted: true },
    { fault: 'acted:timeout', acted: true },
    { fault: 'acted:connection', acted: true },
    // It did not, and nobody was told.
    { fault: 'drop', on: 'execute', acted: false },
    { fault: 'reject:timeout', acted: false },
    { fault: 'reject:error', acted: false },
  ])('to a close ($fault) is looked up, and never sent again blindly', async (given) => {
    g.buy('0.2');
    await g.d.at.reconcile();
    ambiguous(given);
    await g.trip();
    if (given.acted) {
      await g.untilFlat(2);
      await g.look();
      expect([g.stands(), await g.made()]).toMatchObject([[], [{ state: 'done', attempt: 0 }]]);
    } else {
      expect([g.stands(), await g.made()]).toMatchObject([['0.2'], [{ state: 'unknown', attempt: 0 }]]);
      // It is surely not known to have failed before three minutes are over: until then nothing more is sent.
      for (let n = 0; n < 8; n += 1) await g.look(20 * SECOND);
      expect([g.stands(), (await g.made()).length]).toEqual([['0.2'], 1]);
      await g.untilFlat(12, 20 * SECOND);
      expect([g.stands(), await g.made()]).toMatchObject([[], [{ state: 'done', attempt: 1 }]]);
    }
    expect([g.closedLots(), g.twice()]).toEqual([0.2, []]);
    const out = g.d.book().deals.filter((deal) => deal['entry'] === 'out');
    expect(out, 'one execution').toHaveLength(1);
  });

  it.each([
    { fault: 'timeout_after', on: 'execute', acted: true },
    { fault: 'acted:timeout', acted: true },
    { fault: 'drop', on: 'execute', acted: false },
  ])('to a cancellation of somebody’s order ($fault) is settled by what works', async (given) => {
    g.pending();
    await g.d.at.reconcile();
    ambiguous(given);
    await g.trip();
    await g.untilFlat(18, 20 * SECOND);
    await g.look();
    expect([g.stands(), await g.made()]).toMatchObject([[], [{ kind: 'cancel', state: 'done' }]]);
    expect(g.twice()).toEqual([]);
  });

  it('in the midst of several leaves the others to go on', async () => {
    for (const volume of ['0.1', '0.2', '0.3', '0.4']) g.buy(volume);
    g.pending();
    await g.d.at.reconcile();
    g.d.fault('drop', { on: 'execute', times: 2 });
    await g.trip();
    expect(g.stands()).toHaveLength(2);
    await g.untilFlat(20, 20 * SECOND);
    expect([g.stands(), g.closedLots(), g.twice()]).toEqual([[], 1, []]);
  });
});

describe('a close that fills in part', () => {
  it('leaves the rest to the next, and takes out no more than there was', async () => {
    g.buy('0.4');
    await g.d.at.reconcile();
    g.d.fault('partial_fill', { times: 2 });
    await g.trip();
    await g.untilFlat(6);
    expect([g.stands(), g.closedLots(), g.twice()]).toEqual([[], 0.4, []]);
    expect((await g.made()).map((c) => c.state)).toEqual(['partial', 'partial', 'done']);
  });
});

describe('a bridge that is away', () => {
  it('for an hour has everything closed within a minute of its return, once', async () => {
    for (const volume of ['0.1', '0.2', '0.3']) g.buy(volume);
    g.pending();
    await g.d.at.reconcile();
    const { deps } = g.d.at;
    const { outbound } = deps;
    deps.outbound = async () => ({ kind: 'failed', effect: 'none', word: 'unreachable' });
    await g.trip();
    for (let n = 0; n < 30; n += 1) {
      deps.delayed.splice(0);
      await g.look(2 * MINUTE);
    }
    expect(g.stands()).toHaveLength(4);
    // Once of each position; the order was not seen before the bridge went.
    expect((await g.alerts('liquidation-stuck')).map((a) => (a as { reason: string }).reason)).toEqual(
      Array(3).fill('bridge-unreachable'),
    );
    deps.outbound = outbound;
    const backMs = g.d.nowMs();
    deps.delayed.splice(0);
    await g.look(MINUTE);
    await g.look(2 * SECOND);
    await g.look(2 * SECOND);
    expect(g.stands()).toEqual([]);
    expect(g.d.nowMs() - backMs).toBeLessThanOrEqual(70 * SECOND);
    expect([g.closedLots(), g.twice()]).toEqual([0.6, []]);
  });

  it('while its journal and our books are behind: a snapshot that comes late closes nothing twice', async () => {
    g.buy('0.2');
    await g.d.at.reconcile();
    await g.trip();
    expect(g.stands()).toEqual([]);
    g.d.fault('stale', { on: 'snapshot', times: 3 });
    for (let n = 0; n < 6; n += 1) await g.look(5 * SECOND);
    expect([(await g.made()).length, g.closedLots()]).toEqual([1, 0.2]);
  });

  it('whose history comes late is not asked to close what it has closed', async () => {
    g.buy('0.2');
    await g.d.at.reconcile();
    g.d.fault('empty_history', { times: 20 });
    await g.trip();
    for (let n = 0; n < 10; n += 1) await g.look(10 * SECOND);
    expect([g.stands(), (await g.made()).length, g.closedLots()]).toEqual([[], 1, 0.2]);
  });
});

describe('who comes back', () => {
  it('is one for each try: a trip that waits does not make its messages grow', async () => {
    for (const volume of ['0.1', '0.2', '0.3']) g.buy(volume);
    await g.d.at.reconcile();
    const { deps } = g.d.at;
    g.d.fault('reject:10028', { times: 1_000 });
    await g.trip();
    let most = 0;
    for (let n = 0; n < 20; n += 1) {
      // All that was sent to come later comes at once, which is sooner than it would.
      deps.sent.push(...deps.delayed.splice(0));
      await g.look(2 * SECOND);
      most = Math.max(most, deps.delayed.length);
    }
    expect(most).toBeLessThanOrEqual(6);
  });
});
