// An approved close at the simulated broker: it takes out what its dedup scope has opened, all of it, as soon as it can and
// never more, and says so loudly where it cannot.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { DONE, EXECUTED, ExitDesk, FAILED, HOUR, MINUTE, SECOND } from './exit-desk.ts';

let t: TestDatabase;
let d: ExitDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  d = await ExitDesk.make(t);
});
afterAll(() => t?.drop());

describe('a close of what is open', () => {
  it('takes all of it out at once, each position by an order of its own', async () => {
    await d.open();
    await d.open();
    const id = await d.close();
    expect([await d.maxVolume(id), d.held(), await d.exit(id)]).toEqual(['0.2', [], DONE]);
    expect(await d.delivery(id)).toEqual([EXECUTED, null]);
    expect((await d.legs(id)).map((l) => [l['kind'], l['state'], l['filled']])).toEqual([
      ['close', 'done', 0.1],
      ['close', 'done', 0.1],
    ]);
    expect(await d.alerts('close-incomplete')).toEqual([]);
  });

  it('is nothing where nothing stands, once more too', async () => {
    const first = await d.close();
    expect([await d.delivery(first), await d.legs(first)]).toEqual([[FAILED, 'nothing-to-close'], []]);
    await d.open();
    await d.close();
    const again = await d.close();
    expect(await d.delivery(again)).toEqual([FAILED, 'nothing-to-close']);
    expect(await d.alerts('close-incomplete')).toEqual([]);
  });

  it('follows a position to its new ticket', async () => {
    await d.open();
    const [before] = d.book().positions;
    d.at.control('/ticket', { login: d.login, position: before?.['ticket'] });
    const id = await d.close();
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
    expect(await d.legs(id)).toMatchObject([{ state: 'done', attempt: 1 }]);
    expect(d.at.book().journal.map((j) => j.executed)).toEqual([1, 1]);
  });

  it('is done where somebody else took the position out meanwhile', async () => {
    await d.open();
    const [position] = d.book().positions;
    d.at.control('/manual-trade', { login: d.login, close: position?.['ticket'] });
    const id = await d.close();
    expect([await d.exit(id), await d.delivery(id)]).toEqual([DONE, [EXECUTED, null]]);
  });

  it('finds a position whose history is not there yet', async () => {
    d.fault('empty_history', { times: 3 });
    await d.open();
    expect(await t.sql('SELECT 1 FROM trades WHERE account_id = $1', [d.at.desk.account.id])).toEqual([]);
    const id = await d.close();
    expect([d.held(), await d.delivery(id)]).toEqual([[], [EXECUTED, null]]);
  });

  it('of a producer closes what its hot standby opened, and nothing of another scope', async () => {
    const standby = await d.follower({ dedupScope: d.at.desk.producer.id });
    const other = await d.follower();
    await d.open();
    await d.open({}, other);
    const id = await d.close({}, standby);
    expect([d.held(), await d.delivery(id)]).toEqual([['0.1'], [EXECUTED, null]]);
    const [left] = d.book().positions;
    const [command] = await t.sql(
      'SELECT signal_id FROM commands WHERE order_ticket = $1 AND account_id = $2',
      [left?.['identifier'], d.at.desk.account.id],
    );
    const [of] = await t.sql('SELECT producer_id FROM signals WHERE id = $1', [command?.['signal_id']]);
    expect(of).toEqual({ producer_id: other });
  });
});

describe('a close of more than the broker takes in one order', () => {
  /** What an order may be from now on, and known to us. */
  const orderLimits = async (of: object) => {
    d.at.control('/symbols', { symbol: 'XAUUSD', ...of });
    await d.at.reconcile();
  };
  const volumes = async (id: string) => (await d.legs(id)).map((l) => [l['state'], l['filled']]);

  it('goes out in several, one after the other, each once', async () => {
    await d.open();
    await orderLimits({ volume_max: '0.03' });
    const id = await d.close();
    expect(await volumes(id)).toEqual([0.03, 0.03, 0.03, 0.01].map((v) => ['done', v]));
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
    expect(d.at.book().journal.map((j) => j.executed)).toEqual([1, 1, 1, 1, 1]);
    const out = d.book().deals.filter((deal) => deal['entry'] === 'out');
    expect(out.map((deal) => deal['volume'])).toEqual(['0.03', '0.03', '0.03', '0.01']);
    await d.tick();
    expect(d.at.book().journal).toHaveLength(5);
  });

  it('goes out in whole steps, though the most is none', async () => {
    await d.open();
    await orderLimits({ volume_max: '0.05', volume_step: '0.02', volume_min: '0.02' });
    const id = await d.close();
    expect(await volumes(id)).toEqual([0.04, 0.04, 0.02].map((v) => ['done', v]));
    expect([d.held(), await d.exit(id)]).toEqual([[], DONE]);
  });

  it('is found where an answer was lost between two of them, and none is sent again', async () => {
    await d.open();
    await orderLimits({ volume_max: '0.04' });
    d.fault('timeout_after', { on: 'execute' });
    const id = await d.close();
    await d.pass(SECOND);
    expect(await volumes(id)).toEqual([0.04, 0.04, 0.02].map((v) => ['done', v]));
    expect([d.held(), await d.exit(id)]).toEqual([[], DONE]);
    expect(d.at.book().journal.map((j) => j.executed)).toEqual([1, 1, 1, 1]);
  });

  it('goes by the limits of what stands there, also under a name that is mapped otherwise by now', async () => {
    await d.open();
    await orderLimits({ volume_max: '0.06' });
    await t.sql(`UPDATE accounts SET symbols = '{"XAUUSD": "GBPUSD"}' WHERE id = $1`, [d.at.desk.account.id]);
    const id = await d.close();
    expect(await volumes(id)).toEqual([0.06, 0.04].map((v) => ['done', v]));
    expect(d.held()).toEqual([]);
  });

  it('takes no more than the scope filled of a position that a person has added to', async () => {
    d = await ExitDesk.make(t, 'netting');
    await d.open();
    d.at.control('/manual-trade', { login: d.login, symbol: 'XAUUSD', side: 'buy', volume: '0.3' });
    await orderLimits({ volume_max: '0.03' });
    const id = await d.close();
    expect(await volumes(id)).toEqual([0.03, 0.03, 0.03, 0.01].map((v) => ['done', v]));
    expect([d.held(), await d.exit(id)]).toEqual([['0.3'], DONE]);
  });
});

describe('a close that the market or the wire holds up', () => {
  it('is tried again after one dropped connection, once it is known that nothing was done', async () => {
    await d.open();
    d.fault('drop', { on: 'execute' });
    const id = await d.close();
    expect([d.held(), await d.legs(id)]).toMatchObject([['0.1'], [{ state: 'unknown' }]]);
    for (let n = 0; n < 12 && d.held().length > 0; n += 1) await d.pass(20 * SECOND);
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
    expect(await d.legs(id)).toMatchObject([{ state: 'done', attempt: 1 }]);
    expect(
      d.at
        .book()
        .journal.map((j) => j.executed)
        .filter((n) => n > 1),
    ).toEqual([]);
  });

  it('is found where the broker acted and its answer was lost, and is not sent again', async () => {
    await d.open();
    d.fault('timeout_after', { on: 'execute' });
    const id = await d.close();
    await d.pass(SECOND);
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
    expect(await d.legs(id)).toMatchObject([{ state: 'done', attempt: 0 }]);
  });

  it('waits while the broker says that the market is closed, and goes when it opens', async () => {
    await d.open();
    d.market('closed');
    const id = await d.close();
    for (let n = 0; n < 5; n += 1) await d.pass(MINUTE);
    expect([d.held(), await d.exit(id)]).toEqual([['0.1'], { state: 'open', reason: 'closing' }]);
    expect(await d.legs(id)).toMatchObject([{ state: 'created', reason: 'retcode-10018' }]);
    d.market('open');
    for (let n = 0; n < 3 && d.held().length > 0; n += 1) await d.pass(5 * MINUTE);
    expect([d.held(), await d.delivery(id)]).toEqual([[], [EXECUTED, null]]);
  });

  it('approved on a Saturday goes when the market opens on Sunday, with one try in between', async () => {
    await d.open();
    d.market('closed');
    d.at.deps.clock.set(Date.parse('2026-03-07T12:00:00Z'));
    const id = await d.close();
    const [leg] = await t.sql('SELECT not_before, expires_at FROM commands WHERE signal_id = $1', [id]);
    expect(leg).toEqual({
      not_before: new Date('2026-03-08T22:00:00Z'),
      expires_at: new Date('2026-03-08T23:00:00Z'),
    });
    d.at.deps.clock.set(Date.parse('2026-03-08T21:59:00Z'));
    await d.tick();
    expect(await d.legs(id)).toMatchObject([{ state: 'created', attempt: 1 }]);
    d.market('open');
    await d.pass(MINUTE);
    await d.tick();
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
  });

  it('goes on with the rest where a part was filled', async () => {
    await d.open();
    d.fault('partial_fill');
    const id = await d.close();
    await d.at.deps.drain();
    expect([d.held(), await d.exit(id), await d.delivery(id)]).toEqual([[], DONE, [EXECUTED, null]]);
    expect((await d.legs(id)).map((l) => [l['state'], l['filled']])).toEqual([
      ['partial', 0.05],
      ['done', 0.05],
    ]);
  });

  it('says after five minutes that it waits, and after a day that it could not, what still stands', async () => {
    await d.open();
    d.market('closed');
    const id = await d.close();
    await d.pass(4 * MINUTE);
    await d.tick();
    expect(await d.alerts('close-delayed')).toEqual([]);
    await d.pass(2 * MINUTE);
    await d.tick();
    await d.tick();
    expect(await d.alerts('close-delayed')).toMatchObject([
      { detail: { instrument: 'XAUUSD', reason: 'retcode-10018' } },
    ]);
    await d.pass(23 * HOUR);
    await d.tick();
    expect(await d.exit(id)).toMatchObject({ state: 'open' });
    await d.pass(HOUR);
    await d.tick();
    expect(await d.exit(id)).toMatchObject({ state: 'failed' });
    expect(await d.delivery(id)).toEqual([FAILED, 'retcode-10018']);
    expect(await d.alerts('close-incomplete')).toMatchObject([
      { detail: { instrument: 'XAUUSD', reason: 'retcode-10018' } },
    ]);
  });

  it('ends at once, and loudly, where the broker refuses it for good', async () => {
    await d.open();
    d.fault('reject:10013');
    const id = await d.close();
    expect([await d.exit(id), await d.delivery(id)]).toEqual([
      { state: 'failed', reason: 'retcode-10013' },
      [FAILED, 'retcode-10013'],
    ]);
    expect(await d.alerts('close-incomplete')).toHaveLength(1);
    expect(d.held()).toEqual(['0.1']);
  });

  it('waits for a terminal in which trading was switched off, which suspends entries and is told', async () => {
    await d.open();
    d.at.control('/trading', { login: d.login, allowed: false });
    const id = await d.close();
    expect(await d.exit(id)).toEqual({ state: 'open', reason: 'retcode-10027' });
    expect(await t.sql('SELECT halted FROM accounts WHERE id = $1', [d.at.desk.account.id])).toEqual([
      { halted: true },
    ]);
    d.at.control('/trading', { login: d.login, allowed: true });
    await d.pass(10 * MINUTE);
    expect([d.held(), await d.delivery(id)]).toEqual([[], [EXECUTED, null]]);
  });
});

describe('on an account that nets', () => {
  beforeEach(async () => {
    d = await ExitDesk.make(t, 'netting');
  });

  it('an entry does not join another scope’s position, nor a person’s', async () => {
    const other = await d.follower();
    await d.open();
    const joining = await d.open({}, other);
    expect([await d.delivery(joining), d.held()]).toEqual([[FAILED, 'would-merge'], ['0.1']]);
    const own = await d.open();
    expect([await d.delivery(own), d.held()]).toEqual([[EXECUTED, null], ['0.2']]);
    const id = await d.close();
    expect([await d.maxVolume(id), d.held(), await d.delivery(id)]).toEqual(['0.2', [], [EXECUTED, null]]);
    d.at.control('/manual-trade', { login: d.login, symbol: 'XAUUSD', side: 'buy', volume: '0.5' });
    await d.at.reconcile();
    expect(await d.delivery(await d.open())).toEqual([FAILED, 'would-merge']);
  });

  it('a close takes no more than its own commands filled', async () => {
    await d.open();
    d.at.control('/manual-trade', { login: d.login, symbol: 'XAUUSD', side: 'buy', volume: '0.5' });
    await d.at.reconcile();
    const id = await d.close();
    expect([await d.maxVolume(id), d.held(), await d.delivery(id)]).toEqual([
      '0.1',
      ['0.5'],
      [EXECUTED, null],
    ]);
    const again = await d.close();
    expect([await d.delivery(again), d.held()]).toEqual([[FAILED, 'nothing-to-close'], ['0.5']]);
  });
});
