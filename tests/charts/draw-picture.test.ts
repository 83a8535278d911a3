// Pictures by event, from the commit that wishes for one to the file that is there, through the tick and its lane.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSubjectChart } from '../../functions/charts/chart-store.ts';
import { runTick } from '../../functions/jobs.ts';
import { listTrades } from '../../functions/ledger/trade-store.ts';
import { storeCandles } from '../../functions/market/candle-store.ts';
import { laneOf, type WorkMessage } from '../../functions/platform/work-queue.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { storeSignal } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const WASM = join(import.meta.dirname, '../../node_modules/@resvg/resvg-wasm/index_bg.wasm');
const MINUTE_MS = 60_000;
let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  await t.sql(`UPDATE outbox SET done_at = now() WHERE done_at IS NULL`);
  await t.sql('DELETE FROM schedule_ticks');
  at = await DeskAtBroker.make(t);
  at.deps.loadRasterizerWasm = async () => new Uint8Array(readFileSync(WASM));
  await t.sql('UPDATE bridge_contacts SET next_at = $1', ['2100-01-01T00:00:00Z']);
});
afterAll(() => t?.drop());

/** Sixty bars of each timeframe, the last of which ended so long ago. */
async function bars(symbol: string, minutesAgo = 0): Promise<void> {
  const startMs = (Math.floor(at.deps.clock.nowMs() / MINUTE_MS) - minutesAgo) * MINUTE_MS;
  for (const [timeframe, minutes] of [
    ['M15', 15],
    ['H1', 60],
    ['M1', 1],
  ] as const)
    await storeCandles(
      t.db,
      { accountId: at.desk.account.id, symbol, timeframe },
      Array.from({ length: 60 }, (_, i) => ({
        timeMs: startMs - (60 - i) * minutes * MINUTE_MS,
        ...{ open: '2035', high: '2041', low: '2030', close: '2036', volume: '7' },
      })),
    );
}
const wishes = () =>
  t.sql(
    `SELECT payload->>'kind' AS kind, payload->>'id' AS id, payload->>'user_id' AS user_id, done_at IS NOT NULL AS done
    FROM outbox WHERE topic = 'picture.wanted' AND payload->>'user_id' = $1 ORDER BY created_at`,
    [at.desk.userId],
  );
/** The next tick, and all that it sends. */
async function tick(): Promise<WorkMessage[]> {
  at.deps.clock.advance(MINUTE_MS);
  await runTick(at.deps, at.deps.clock.nowMs());
  const pictures = at.deps.sent.filter((m) => laneOf(m) === 'pictures');
  await at.deps.drain();
  return pictures;
}

describe('the picture of a signal', () => {
  it('is wished for once by its fan-out and drawn for its owner behind the next tick', async () => {
    await bars('XAUUSD');
    const { id, eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId }, { kind: 'outbox', id: eventId });
    expect(await at.deps.drain()).toEqual([]);
    expect(await wishes()).toEqual([{ kind: 'signal', id, user_id: at.desk.userId, done: false }]);
    expect((await tick()).length).toBe(1);
    expect(await wishes()).toMatchObject([{ done: true }]);
    const found = await readSubjectChart(
      t.db,
      { signalId: id },
      at.desk.userId,
      false,
      at.deps.clock.nowMs(),
    );
    expect(found?.alt).toMatch(/^XAUUSD H1/);
    const file = await at.deps.media.get(`charts/${found?.digest}.png`);
    expect([...(file?.body.slice(0, 4) ?? [])]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const [row] = await t.sql('SELECT expires_at, kind FROM charts WHERE digest = $1', [found?.digest]);
    expect(row).toEqual({ expires_at: null, kind: 'candlestick' });
  });

  it('is not wished for where no account of its owner could have candles', async () => {
    await t.sql('DELETE FROM account_producers WHERE account_id = $1', [at.desk.account.id]);
    const { eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    expect(await wishes()).toEqual([]);
  });

  it('waits for candles that a bridge has yet to send, up to its own time', async () => {
    const { id, eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    await tick();
    expect(await wishes()).toMatchObject([{ done: false }]);
    await bars('XAUUSD', 5 * 60);
    await tick();
    expect(await wishes()).toMatchObject([{ done: false }]);
    await bars('XAUUSD');
    await tick();
    await tick();
    expect(await wishes()).toMatchObject([{ done: true }]);
    expect(
      await readSubjectChart(t.db, { signalId: id }, at.desk.userId, false, at.deps.clock.nowMs()),
    ).not.toBeNull();
  });

  it('is drawn from what there is where its own time never comes', async () => {
    await bars('XAUUSD', 5 * 60);
    const { id, eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    for (let i = 0; i < 12; i += 1) await tick();
    expect(await wishes()).toMatchObject([{ done: true }]);
    expect(
      await readSubjectChart(t.db, { signalId: id }, at.desk.userId, false, at.deps.clock.nowMs()),
    ).not.toBeNull();
  });

  it('without candles is done without one, and not tried for ever', async () => {
    const { id, eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    for (let i = 0; i < 12; i += 1) await tick();
    expect(await wishes()).toMatchObject([{ done: true }]);
    expect(
      await readSubjectChart(t.db, { signalId: id }, at.desk.userId, false, at.deps.clock.nowMs()),
    ).toBeNull();
  });

  it('that cannot be drawn is tried five times and then left to whoever asks', async () => {
    await bars('XAUUSD');
    at.deps.media.put = async () => {
      throw new Error('the bucket is full');
    };
    const { eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    const seen: number[] = [];
    for (let i = 0; i < 12; i += 1) seen.push((await tick()).length);
    expect(seen.reduce((sum, n) => sum + n, 0)).toBe(5);
    expect(await wishes()).toMatchObject([{ done: true }]);
  });

  it('is not wished for while as many wait as are ever drawn soon', async () => {
    await t.sql(`INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
      SELECT gen_random_uuid(), 'picture.wanted', '{}', now(), now(), 0 FROM generate_series(1, 200)`);
    const { eventId } = await storeSignal(at, at.desk.producer.id);
    at.deps.sent.push({ kind: 'outbox', id: eventId });
    await at.deps.drain();
    expect(await wishes()).toEqual([]);
  });
});

describe('the picture of a trade', () => {
  const open = () => {
    const atMs = at.deps.clock.nowMs();
    at.answer({ deals: [at.opening()], positions: [wirePosition({ identifier: '7', magic: '0', atMs })] });
  };

  it('is wished for when it opens and when it closes, and the newest is the one that is shown', async () => {
    await bars('XAUUSD');
    open();
    const opening = at.opening();
    await at.run();
    await at.run();
    const [trade] = (await listTrades(t.db, at.desk.userId, {}, { page: 1, page_size: 9 })).items;
    expect(await wishes()).toEqual([{ kind: 'trade', id: trade?.id, user_id: at.desk.userId, done: false }]);
    await tick();
    const of = { tradeId: trade?.id ?? '' };
    const first = await readSubjectChart(t.db, of, at.desk.userId, false, at.deps.clock.nowMs());
    expect(first?.alt).toContain('1 buy entry');
    at.answer({ deals: [opening, at.closing()] });
    await bars('XAUUSD');
    await at.run();
    await tick();
    const second = await readSubjectChart(t.db, of, at.desk.userId, false, at.deps.clock.nowMs());
    expect(second?.digest).not.toBe(first?.digest);
    expect(second?.alt).toContain('1 sell exit');
    expect((await wishes()).map((w) => w['done'])).toEqual([true, true]);
  });

  it('of long ago is not wished for, nor more than three of one look', async () => {
    const deals = Array.from({ length: 5 }, (_, i) =>
      at.opening({ ticket: `${50 + i}`, order: `${60 + i}`, position_id: `${60 + i}`, magic: '0' }),
    );
    const atMs = at.deps.clock.nowMs();
    const positions = deals.map((_, i) => wirePosition({ identifier: `${60 + i}`, magic: '0', atMs }));
    at.answer({ deals, positions });
    await at.run();
    expect((await wishes()).length).toBe(3);
    await t.sql('DELETE FROM outbox');
    const late = await DeskAtBroker.make(t);
    const old = late.opening();
    const held = wirePosition({ identifier: '7', magic: '0', atMs: late.deps.clock.nowMs() });
    late.deps.clock.advance(16 * MINUTE_MS);
    late.answer({ deals: [old], positions: [held] });
    await late.run();
    expect(
      (await listTrades(t.db, late.desk.userId, { status: 'open' }, { page: 1, page_size: 9 })).items.length,
    ).toBe(1);
    expect(await t.sql(`SELECT 1 FROM outbox WHERE topic = 'picture.wanted'`)).toEqual([]);
  });
});
