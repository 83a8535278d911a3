import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { approveSignal, storeSignal } from '../support/organisation.ts';
import { SILENT, wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

describe('the life of a trade', () => {
  /** A signal that was approved, executed as order 7, and is now in the broker's books. */
  async function filled(): Promise<{ signalId: string; magic: string }> {
    const signal = await storeSignal(at, at.desk.producer.id);
    const { approval, eventId } = await approveSignal(at, signal.id, at.desk.userId);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    at.bridge.script.snapshot = () => SILENT;
    expect(await at.deps.drain()).toEqual([]);
    const [row] = await t.sql('SELECT magic FROM commands WHERE approval_id = $1', [approval.id]);
    return { signalId: signal.id, magic: String(row?.['magic']) };
  }
  const status = async (signalId: string) =>
    (await t.sql('SELECT status FROM deliveries WHERE signal_id = $1', [signalId]))[0]?.['status'];

  it('is executed by its fill and closed by its exit, and every repeat leaves the same rows', async () => {
    const { signalId, magic } = await filled();
    expect(await status(signalId)).toBe(3);
    const opened = at.opening({ magic });
    const position = wirePosition({ identifier: '7', magic, atMs: at.deps.clock.nowMs() });
    at.answer({ deals: [opened], positions: [position] });
    await at.run();
    const open = await at.books();
    expect(open).toMatchObject({
      trades: [
        { row: { position_id: '7', status: 'open', source: 'bot', signal_id: signalId, volume_open: 0.1 } },
      ],
      positions: [{ row: { identifier: '7', profit: 10 } }],
      divergences: [],
    });
    at.deps.clock.advance(60_000);
    await at.run();
    expect(await at.books()).toEqual(open);
    at.deps.clock.advance(60_000);
    at.answer({ deals: [opened, at.closing()] });
    await at.run();
    const closed = await at.books();
    expect(closed).toMatchObject({
      trades: [
        {
          row: {
            status: 'closed',
            profit: 50,
            commission: -0.7,
            net: 49.3,
            exit_price: 2040.1,
            exit_reason: 'tp',
          },
        },
      ],
      positions: [],
      divergences: [{ row: { code: 'CLOSED_AT_BROKER', broker_key: '7/9', resolution: 'noted' } }],
    });
    expect(await status(signalId)).toBe(4);
    for (let i = 0; i < 3; i += 1) {
      at.deps.clock.advance(60_000);
      await at.run();
    }
    // Without the old deals, as later snapshots come, nothing is lost either.
    at.answer({});
    await at.run();
    expect(await at.books()).toEqual(closed);
    expect(await status(signalId)).toBe(4);
  });

  it('is done by the ledger though the bridge never answered, and executed though it was thought lost', async () => {
    at.bridge.script.execute = () => SILENT;
    const { signalId, magic } = await filled();
    expect(await status(signalId)).toBe(1);
    await t.sql(`UPDATE commands SET state = 'not_executed' WHERE magic = $1`, [magic]);
    await t.sql('UPDATE deliveries SET status = 7 WHERE signal_id = $1', [signalId]);
    at.answer({
      deals: [at.opening({ magic })],
      positions: [wirePosition({ identifier: '7', magic, atMs: at.deps.clock.nowMs() })],
    });
    await at.run();
    expect(await t.sql('SELECT state, position_id FROM commands WHERE magic = $1', [magic])).toEqual([
      { state: 'done', position_id: '7' },
    ]);
    expect(await status(signalId)).toBe(3);
  });

  it('is never taken for closed because its position is gone: it is marked, and one divergence says so', async () => {
    const { signalId, magic } = await filled();
    at.answer({
      deals: [at.opening({ magic })],
      positions: [wirePosition({ identifier: '7', magic, atMs: at.deps.clock.nowMs() })],
    });
    await at.run();
    at.answer({});
    for (let i = 0; i < 3; i += 1) {
      at.deps.clock.advance(60_000);
      await at.run();
    }
    expect(await at.books()).toMatchObject({
      trades: [{ row: { status: 'closing_unconfirmed', closed_at: null } }],
      positions: [],
      divergences: [{ row: { code: 'MISSING_NO_DEALS', broker_key: '7', status: 'open' } }],
    });
    expect(await status(signalId)).toBe(3);
  });

  it('of somebody else is kept as manual, with one divergence however often it is seen', async () => {
    at.answer({
      deals: [at.opening({ magic: '42' })],
      positions: [wirePosition({ identifier: '7', magic: '42', atMs: at.deps.clock.nowMs() })],
    });
    for (let i = 0; i < 3; i += 1) {
      await at.run();
      at.deps.clock.advance(1_000);
    }
    expect(await at.books()).toMatchObject({
      trades: [{ row: { source: 'manual', signal_id: null, command_id: null } }],
      divergences: [
        { row: { code: 'EXTERNAL_POSITION', broker_key: '7', evidence: { magic: '42', symbol: 'XAUUSD' } } },
      ],
    });
  });

  it('asks for deals from the beginning, then from two days before the newest, and never before 1970', async () => {
    at.answer({ deals: [at.opening()] });
    await at.run();
    // What it has does not add up to the balance, and all of the history is read once more.
    await at.run();
    await at.run();
    const asked = at.bridge.received.filter((e) => e.kind === 'snapshot').map((e) => e['deals_from']);
    expect(asked).toEqual([null, null, new Date(at.deps.clock.nowMs() - 48 * 3_600_000).toISOString()]);
    const empty = await at.unbound();
    await at.run(empty.id);
    await at.run(empty.id);
    const [, second] = at.bridge.received.map((e) => e['deals_from']);
    expect(second === null || String(second) >= '1970').toBe(true);
  });
});
