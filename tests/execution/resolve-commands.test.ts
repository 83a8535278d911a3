import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveCommands } from '../../functions/execution/resolve-commands.ts';
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
} from '../support/scripted-bridge.ts';
import { testClock } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

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

const look = async (afterMs: number) => {
  deps.clock.advance(afterMs);
  await resolveCommands(deps, desk.account.id);
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
    await Promise.all(Array.from({ length: 10 }, () => resolveCommands(deps, desk.account.id)));
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

  it('that was only sent is left to its sender for half a minute', async () => {
    await t.sql(`UPDATE commands SET state = 'sent' WHERE id = $1`, [commandId]);
    expect(await look(29_999)).toMatchObject({ state: 'sent', n: 0 });
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
});
