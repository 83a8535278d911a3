import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { LEASE_MS, takeLease } from '../../functions/execution/account-lease-store.ts';
import { historyFromMs, resolveCommands } from '../../functions/execution/resolve-commands.ts';
import { sendDueCommands } from '../../functions/execution/send-due-commands.ts';
import { consume } from '../../functions/jobs.ts';
import { approveSignal, makeDesk, type Stage, storeSignal } from '../support/organisation.ts';
import {
  executed,
  nothingFound,
  type ScriptedBridge,
  SILENT,
  scriptedBridge,
  wireDeal,
  wirePosition,
  wireSnapshot,
} from '../support/scripted-bridge.ts';
import { testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';
import { madeCommand } from './made-commands.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
let bridge: ScriptedBridge;
let signalId: string;
let commandId: string;
let magic: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
/** A command that was sent and whose answer never came. */
beforeEach(async () => {
  const clock = testClock();
  deps = testDeps(t, { clock, outbound: (request) => bridge.outbound(request) });
  stage = { t, deps };
  desk = await makeDesk(stage);
  bridge = scriptedBridge(desk.bridge.secret, clock, { execute: () => SILENT, lookup: () => nothingFound() });
  signalId = (await storeSignal(stage, desk.producer.id)).id;
  const { approval, eventId } = await approveSignal(stage, signalId, desk.userId);
  await consume(deps, [{ kind: 'outbox', id: eventId }]);
  const [made] = deps.sent.splice(0);
  if (made === undefined) throw new Error('no command was made');
  await consume(deps, [made]);
  const [row] = await t.sql('SELECT id, magic, state FROM commands WHERE approval_id = $1', [approval.id]);
  expect(row?.['state']).toBe('unknown');
  commandId = String(row?.['id']);
  magic = String(row?.['magic']);
});
afterAll(() => t?.drop());

/** A sound snapshot of this moment that shows nothing, its history from the beginning. */
const seen = (change: Parameters<typeof wireSnapshot>[1] = {}) => ({
  snapshot: snapshotReply.parse({
    ...{ v: 1, request_id: 'r', boot_id: 'boot-1', seq: 1, kind: 'snapshot' },
    ...wireSnapshot(deps.clock.nowMs(), change),
  }),
  fromMs: null,
});
const look = async (afterMs: number) => {
  deps.clock.advance(afterMs);
  await resolveCommands(deps, desk.account.id, seen());
  return (
    await t.sql('SELECT state, negative_lookups AS n, position_id FROM commands WHERE id = $1', [commandId])
  )[0];
};
const delivery = async () =>
  (await t.sql('SELECT status, refusal FROM deliveries WHERE signal_id = $1', [signalId]))[0];
const wireOrder = (state: string) => ({
  ticket: '7',
  time_setup: new Date(deps.clock.nowMs()).toISOString(),
  time_done: null,
  type: 'buy',
  state,
  magic,
  position_id: '0',
  volume_initial: '0.10',
  volume_current: '0.10',
  price_open: '0',
  symbol: 'XAUUSD',
  comment: 'cs',
});

describe('a command whose fate is open', () => {
  it.each([
    [
      'an opening deal',
      () => ({ deals: [wireDeal({ ticket: '8', order: '7', magic, atMs: deps.clock.nowMs() })] }),
    ],
    [
      'a position',
      () => ({ positions: [wirePosition({ identifier: '7', magic, atMs: deps.clock.nowMs() })] }),
    ],
  ])('is done by %s with its magic, and the delivery executed', async (_what, evidence) => {
    bridge.script.lookup = () => ({ ...nothingFound('result'), ...evidence() });
    expect(await look(0)).toEqual({ state: 'done', n: 0, position_id: '7' });
    expect(await delivery()).toEqual({ status: 3, refusal: null });
    expect(bridge.received.at(-1)).toMatchObject({ kind: 'lookup', cmd_id: commandId, magic });
  });

  it('is not done by evidence with another magic', async () => {
    const other = String(BigInt(magic) + 16n);
    bridge.script.lookup = () => ({
      ...nothingFound(),
      deals: [wireDeal({ ticket: '8', order: '7', magic: other, atMs: deps.clock.nowMs() })],
    });
    expect(await look(0)).toEqual({ state: 'unknown', n: 1, position_id: null });
  });

  it('is not executed only after two absences half a minute apart, the second past three minutes', async () => {
    expect(await look(30_000)).toMatchObject({ state: 'unknown', n: 1 });
    expect(await look(29_999)).toMatchObject({ state: 'unknown', n: 1 });
    expect(await look(1)).toMatchObject({ state: 'unknown', n: 2 });
    expect(await look(119_999)).toMatchObject({ state: 'unknown', n: 3 });
    expect(await delivery()).toEqual({ status: 1, refusal: null });
    expect(await look(29_999)).toMatchObject({ state: 'unknown', n: 3 });
    expect(await look(1)).toMatchObject({ state: 'not_executed' });
    expect(await delivery()).toEqual({ status: 7, refusal: 'not-executed' });
    expect(bridge.calls('execute')).toBe(1);
  });

  it('is not settled by one absence, however late it comes', async () => {
    expect(await look(86_400_000)).toMatchObject({ state: 'unknown', n: 1 });
    expect(await look(30_000)).toMatchObject({ state: 'not_executed' });
  });

  it('is not settled by many look-ups at the same moment', async () => {
    deps.clock.advance(180_000);
    await Promise.all(Array.from({ length: 10 }, () => resolveCommands(deps, desk.account.id, seen())));
    expect(await look(29_999)).toMatchObject({ state: 'unknown' });
    expect(await delivery()).toEqual({ status: 1, refusal: null });
  });

  it.each(['started', 'placed', 'partial', 'filled'])(
    'waits while the broker has its order as %s',
    async (state) => {
      bridge.script.lookup = () => ({ ...nothingFound(), orders: [wireOrder(state)] });
      for (let i = 0; i < 3; i += 1) expect(await look(180_000)).toMatchObject({ state: 'unknown', n: 0 });
    },
  );

  it('counts an order that has ended without a deal as an absence', async () => {
    bridge.script.lookup = () => ({ ...nothingFound(), history_orders: [wireOrder('rejected')] });
    expect(await look(180_000)).toMatchObject({ state: 'unknown', n: 1 });
    expect(await look(30_000)).toMatchObject({ state: 'not_executed' });
  });

  it('stays as it is while the bridge does not answer, or the journal holds a fresh intent', async () => {
    bridge.script.lookup = () => SILENT;
    expect(await look(600_000)).toMatchObject({ state: 'unknown', n: 0 });
    await t.sql('UPDATE commands SET sent_at = $2 WHERE id = $1', [
      commandId,
      new Date(deps.clock.nowMs()).toISOString(),
    ]);
    bridge.script.lookup = () => nothingFound('intent');
    expect(await look(179_999)).toMatchObject({ state: 'unknown', n: 0 });
    expect(await look(1)).toMatchObject({ state: 'unknown', n: 1 });
  });

  it('that was only sent is left to its sender as long as the lease lasts', async () => {
    await takeLease(t.db, desk.account.id, deps.clock.nowMs());
    await t.sql(`UPDATE commands SET state = 'sent' WHERE id = $1`, [commandId]);
    expect(await look(LEASE_MS - 1)).toMatchObject({ state: 'sent', n: 0 });
    expect(bridge.calls('lookup')).toBe(0);
    expect(await look(1)).toMatchObject({ state: 'unknown', n: 1 });
  });

  it('is looked up no more once it is settled', async () => {
    bridge.script.lookup = () => ({
      ...nothingFound(),
      deals: [wireDeal({ ticket: '8', order: '7', magic, atMs: deps.clock.nowMs() })],
    });
    await look(0);
    await look(60_000);
    expect(bridge.calls('lookup')).toBe(1);
    expect(bridge.executions()).toEqual([commandId]);
  });

  it('of a bridge that answers after all is settled by the answer alone: nothing is sent again', async () => {
    bridge.script.execute = (c) => executed(c, { outcome: 'done', order: '9' });
    await look(30_000);
    await look(180_000);
    expect(bridge.calls('execute')).toBe(1);
  });

  it('is settled by the result in the bridge’s journal, whose reply got lost', async () => {
    const result = {
      ...{ cmd_id: commandId, attempt: 0, order: null, deal: null, price: null, volume: null },
    };
    bridge.script.lookup = () => ({
      ...nothingFound('result'),
      result: { ...result, outcome: 'failed', retcode: 10019, reason: null, broker_comment: 'No money' },
    });
    expect(await look(1_000)).toMatchObject({ state: 'failed' });
    expect(await delivery()).toEqual({ status: 7, refusal: 'retcode-10019' });
  });

  it('is sent again under the next magic where it was surely not executed and its deadline allows', async () => {
    await t.sql(`UPDATE commands SET expires_at = expires_at + interval '1 hour' WHERE id = $1`, [commandId]);
    await look(150_000);
    bridge.script.execute = (c) => executed(c, { outcome: 'done', retcode: 10009, order: '9' });
    expect(await look(30_000)).toMatchObject({ state: 'done', position_id: '9' });
    const sent = bridge.received.filter((e) => e.kind === 'execute').map((e) => e['command']);
    expect(sent).toMatchObject([
      { cmd_id: commandId, attempt: 0, evidence: { magic } },
      { cmd_id: commandId, attempt: 1, evidence: { magic: String(BigInt(magic) + 1n) } },
    ]);
  });

  it('is never sent again inside its deadline without the whole rule', async () => {
    await t.sql(`UPDATE commands SET expires_at = expires_at + interval '1 hour' WHERE id = $1`, [commandId]);
    const cut = { ...seen(), fromMs: deps.clock.nowMs() };
    for (let n = 0; n < 10; n += 1) {
      deps.clock.advance(60_000);
      const { snapshot } = seen();
      await resolveCommands(deps, desk.account.id, { snapshot, fromMs: cut.fromMs });
    }
    expect(await look(0)).toMatchObject({ state: 'unknown' });
    expect(bridge.calls('execute')).toBe(1);
  });
});

describe('the look-ups of an account', () => {
  it('are made after its exits have gone, which wait for nobody’s fate', async () => {
    const exit = await madeCommand(stage, desk, { kind: 'close' });
    const said = bridge.received.length;
    bridge.script.execute = (c) => executed(c, { outcome: 'done', retcode: 10009, order: '9' });
    await resolveCommands(deps, desk.account.id, seen());
    expect(bridge.received.slice(said).map((e) => e.kind)).toEqual(['execute', 'lookup']);
    expect(bridge.executions()).toEqual([commandId, exit.id]);
  });

  it('end with the time that one run has: what came meanwhile is sent by the next', async () => {
    await t.sql(`UPDATE commands SET state = 'failed' WHERE id = $1`, [commandId]);
    for (let n = 0; n < 5; n += 1)
      await t.sql(`UPDATE commands SET state = 'unknown', sent_at = created_at WHERE id = $1`, [
        (await madeCommand(stage, desk)).id,
      ]);
    let exit = '';
    bridge.script.lookup = async () => {
      deps.clock.advance(12_000);
      if (exit === '') exit = (await madeCommand(stage, desk, { kind: 'close' })).id;
      return nothingFound();
    };
    deps.sent.splice(0);
    await resolveCommands(deps, desk.account.id, seen());
    expect(bridge.calls('lookup')).toBe(2);
    expect(deps.sent).toEqual([{ kind: 'reconcile', account_id: desk.account.id }]);
    bridge.script.execute = (c) => executed(c, { outcome: 'done', retcode: 10009, order: '9' });
    await resolveCommands(deps, desk.account.id, seen());
    expect(bridge.executions().slice(1)).toEqual([exit]);
  });

  it('may be so many that nobody counts them any more', async () => {
    await t.sql('UPDATE commands SET negative_lookups = 32767 WHERE id = $1', [commandId]);
    expect(await look(30_000)).toMatchObject({ state: 'unknown', n: 32_767 });
  });
});

describe('a market order or a close that the broker has accepted and not filled', () => {
  let id: string;
  const stored = async () =>
    (await t.sql('SELECT state, reason, order_ticket AS ticket FROM commands WHERE id = $1', [id]))[0];
  /** Accepted as order 7, which the broker shows in this state and in the list where it belongs. */
  const accepted = async (kind: 'open' | 'close') => {
    await t.sql(`UPDATE commands SET state = 'failed' WHERE id = $1`, [commandId]);
    bridge.script.execute = (c) => executed(c, { outcome: 'placed', retcode: 10008, order: '7' });
    ({ id, signalId } = await madeCommand(stage, desk, { kind, position: '3' }));
    await sendDueCommands(deps, desk.account.id);
    magic = String((await t.sql('SELECT magic FROM commands WHERE id = $1', [id]))[0]?.['magic']);
    expect(await stored()).toEqual({ state: 'unknown', reason: 'accepted-not-filled', ticket: '7' });
    expect(await delivery()).toEqual({ status: 1, refusal: null });
  };
  /** The snapshot shows the position that the close is about. */
  const lookAfter = async (ms: number) => {
    deps.clock.advance(ms);
    const stands = wirePosition({ identifier: '3', magic: '0', atMs: deps.clock.nowMs() });
    await resolveCommands(deps, desk.account.id, seen({ positions: [stands] }));
    return (await stored())?.['state'];
  };

  it.each(['open', 'close'] as const)('waits (%s) for its fill, and is done with it', async (kind) => {
    await accepted(kind);
    bridge.script.lookup = () => ({ ...nothingFound('result'), orders: [wireOrder('started')] });
    for (let n = 0; n < 4; n += 1) expect(await lookAfter(180_000)).toBe('unknown');
    bridge.script.lookup = () => ({ ...nothingFound('result'), history_orders: [wireOrder('filled')] });
    expect(await lookAfter(180_000), 'its deal is still to come').toBe('unknown');
    const close = { entry: 'out', type: 'sell', position_id: '3' };
    const deal = { ticket: '8', order: '7', magic, atMs: deps.clock.nowMs() };
    bridge.script.lookup = () => ({
      ...nothingFound('result'),
      deals: [wireDeal({ ...deal, ...(kind === 'close' ? close : {}) })],
    });
    expect(await lookAfter(0)).toBe('done');
    expect(await delivery()).toEqual({ status: 3, refusal: null });
    expect(bridge.executions().filter((c) => c === id)).toEqual([id]);
  });

  it.each(['open', 'close'] as const)(
    'and then rejects (%s) is not executed, by the whole rule',
    async (kind) => {
      await accepted(kind);
      const result = { ...{ cmd_id: id, attempt: 0, outcome: 'placed', retcode: 10008, order: '7' } };
      bridge.script.lookup = () => ({
        ...nothingFound('result'),
        result: { ...result, deal: null, price: null, volume: null, reason: null },
        history_orders: [wireOrder('rejected')],
      });
      expect(await lookAfter(30_000)).toBe('unknown');
      expect(await lookAfter(149_999), 'not before three minutes').toBe('unknown');
      expect(await lookAfter(30_000)).toBe('not_executed');
      // An order of a close says nothing of the close itself.
      const failed = { status: 7, refusal: 'not-executed' };
      expect(await delivery()).toEqual(kind === 'close' ? { status: 1, refusal: null } : failed);
      expect(bridge.executions().filter((c) => c === id)).toEqual([id]);
    },
  );
});

describe('a pending order', () => {
  const put = (state: string) =>
    t.sql(
      `UPDATE commands SET state = $2, order_ticket = '7', kind = 'place', sent_at = $3,
         instruction = jsonb_set(instruction, '{kind}', '"place"') WHERE id = $1`,
      [commandId, state, new Date(deps.clock.nowMs()).toISOString()],
    );
  const shown = (change: Parameters<typeof wireSnapshot>[1]) =>
    resolveCommands(deps, desk.account.id, seen(change));

  it('is working where the broker shows it, and is looked up no more while the snapshot shows it', async () => {
    await put('unknown');
    await shown({ orders: [wireOrder('placed')] });
    expect(await look(0)).toMatchObject({ state: 'placed' });
    const asked = bridge.calls('lookup');
    await shown({ orders: [wireOrder('placed')] });
    expect(bridge.calls('lookup')).toBe(asked);
    expect(await delivery()).toEqual({ status: 1, refusal: null });
  });

  it.each([
    ['expired', 6],
    ['canceled', 5],
    ['rejected', 7],
  ])('that ended %s without a fill ends the delivery with it', async (state, status) => {
    await put('placed');
    await shown({ history_orders: [wireOrder(state)] });
    expect(await t.sql('SELECT state, reason FROM commands WHERE id = $1', [commandId])).toEqual([
      { state: 'ended', reason: `order-${state}` },
    ]);
    expect(await delivery()).toEqual({ status, refusal: `order-${state}` });
  });

  it('that is not shown at all goes on working: its trace will come', async () => {
    await put('placed');
    for (let n = 0; n < 5; n += 1) expect(await look(180_000)).toMatchObject({ state: 'placed', n: 0 });
    bridge.script.lookup = () => ({
      ...nothingFound(),
      deals: [wireDeal({ ticket: '8', order: '7', magic, atMs: deps.clock.nowMs() })],
    });
    expect(await look(0)).toMatchObject({ state: 'done', position_id: '7' });
  });
});

describe('the history that open commands need', () => {
  it('begins five minutes before the first of them was sent', () => {
    const command = (state: 'created' | 'unknown' | 'placed', sentMs: number | null) =>
      ({ state, sentMs }) as never;
    expect(historyFromMs([])).toBeNull();
    expect(historyFromMs([command('created', null), command('created', 5)])).toBeNull();
    expect(historyFromMs([command('unknown', 900_000), command('unknown', 600_000)])).toBe(300_000);
    expect(historyFromMs([command('unknown', 900_000), command('placed', 5)]), 'an order of long ago').toBe(
      600_000,
    );
  });
});
