// Entries that the market, the broker or a rule of the account's guard keeps out: each refusal is stored by its name.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { approveSignal, SPECIFICATION, storeSignal } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const HOUR_MS = 3_600_000;

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

const nowMs = () => at.deps.clock.nowMs();
const accountId = () => at.desk.account.id;
/** Gold at 2035, as the bridge says it now. */
const gold = (more: Record<string, unknown> = {}) => ({
  symbols: [{ ...SPECIFICATION, symbol: 'XAUUSD', time: isoTime(nowMs()), ...more }],
});
async function see(change: Parameters<DeskAtBroker['answer']>[0] = gold()): Promise<void> {
  at.answer(change);
  expect((await at.run()).outcome).toBe('applied');
}
const settle = (columns: string) => t.sql(`UPDATE accounts SET ${columns} WHERE id = $1`, [accountId()]);
const guardBy = (settings: object) =>
  t.sql(
    `INSERT INTO guards (account_id, settings, updated_at) VALUES ($1, $2, $3)
     ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings`,
    [accountId(), JSON.stringify(settings), isoTime(nowMs())],
  );

/** Approves and works that event alone; what became of it. */
async function approve(signal: object = {}): Promise<string> {
  const { id } = await storeSignal(at, at.desk.producer.id, signal);
  const { approval, eventId } = await approveSignal(at, id, at.desk.userId);
  await consume(at.deps, [{ kind: 'outbox', id: eventId }]);
  const made = await t.sql('SELECT instruction FROM commands WHERE approval_id = $1', [approval.id]);
  const [delivery] = await t.sql('SELECT refusal FROM deliveries WHERE signal_id = $1', [id]);
  return String(delivery?.['refusal'] ?? `made ${made.length}`);
}

describe('a market that has jumped', () => {
  /** Closed bars of an hour, the last of which ended with the running hour's beginning. */
  const bars = (close: number, symbol = 'XAUUSD') =>
    t.sql(
      `INSERT INTO candles (account_id, symbol, timeframe, time, open, high, low, close, volume)
       SELECT $1, $4, 'H1', $2::timestamptz - n * interval '1 hour', $3, $3::numeric + 1, $3::numeric - 1, $3, 1
       FROM generate_series(1, 20) AS n`,
      [accountId(), isoTime(Math.floor(nowMs() / HOUR_MS) * HOUR_MS), close, symbol],
    );

  it('takes no entry by the quote that it would meet, until its user has it otherwise', async () => {
    await see();
    await bars(1900);
    expect(await approve()).toBe('market-gap');
    await guardBy({ market: { block_on: ['market-spread'] } });
    expect(await approve()).toBe('made 1');
  });

  it('is judged by its own bars: those of another symbol, and a quiet hour, keep nobody out', async () => {
    await see();
    await bars(2034);
    await bars(1900, 'EURUSD');
    expect(await approve()).toBe('made 1');
  });
});

describe('a spread far above the usual', () => {
  const minute = async (ask: string) => {
    at.deps.clock.advance(60_000);
    await see(gold({ ask }));
  };

  it('keeps entries out while three snapshots in a row show it, and no longer', async () => {
    for (let n = 0; n < 6; n += 1) await minute('2035.10');
    await minute('2038.90');
    await minute('2038.90');
    expect(await approve()).toBe('made 1');
    await minute('2038.90');
    expect(await approve()).toBe('market-spread');
    await minute('2035.10');
    expect(await approve()).toBe('made 1');
  });

  it('is looked at once more before it refuses: it may be over', async () => {
    for (let n = 0; n < 6; n += 1) await minute('2035.10');
    for (let n = 0; n < 3; n += 1) await minute('2038.90');
    at.deps.clock.advance(10_000);
    at.answer(gold({ ask: '2035.10' }));
    expect(await approve()).toBe('made 1');
  });
});

describe('an account that the broker lets nobody trade', () => {
  it('takes no entry, and is asked once more first', async () => {
    await see({ ...gold(), account: { trade_allowed: false } });
    at.deps.clock.advance(1_000);
    expect(await approve()).toBe('trading-disabled');
    at.deps.clock.advance(1_000);
    at.answer(gold());
    expect(await approve()).toBe('made 1');
  });
});

describe('what an account may have in the market', () => {
  it('is limited in one instrument: positions, working orders and what is on its way, of both sides', async () => {
    await settle('max_instrument_volume = 0.35');
    const held = wirePosition({ identifier: '7', magic: '0', atMs: nowMs(), type: 'sell', profit: '0' });
    await see({ ...gold(), positions: [held] });
    expect(await approve()).toBe('made 1');
    expect(await approve()).toBe('made 1');
    expect(await approve()).toBe('instrument-exposure-reached');
  });

  it('is limited as a whole, and weighs what stands in a symbol that is no instrument of ours', async () => {
    await settle('max_exposure_percent = 500');
    const index = { ...SPECIFICATION, symbol: 'US500', tick_value_loss: '0.01', ask: '5000', bid: '4999' };
    const of = { identifier: '7', magic: '0', atMs: nowMs(), profit: '0', symbol: 'US500' };
    const seen = (volume: string) => ({
      positions: [wirePosition({ ...of, volume })],
      symbols: [...gold().symbols, { ...index, time: isoTime(nowMs()) }],
    });
    // 0.1 lot of gold is worth 20,351; five times 10,000 may stand.
    await see(seen('5'));
    expect(await approve()).toBe('made 1');
    await t.sql(`UPDATE commands SET state = 'failed' WHERE account_id = $1`, [accountId()]);
    await see(seen('6'));
    expect(await approve()).toBe('total-exposure-reached');
  });

  it('cannot be judged where somebody else’s position has no known worth', async () => {
    await settle('max_exposure_percent = 500');
    const of = { identifier: '7', magic: '0', atMs: nowMs(), profit: '0', symbol: 'US500' };
    await see({ ...gold(), positions: [wirePosition(of)] });
    expect(await approve()).toBe('exposure-unknown');
  });

  it('is counted anew where another order came first', async () => {
    await settle('max_instrument_volume = 0.15');
    await see();
    const approvals = await Promise.all(
      [1, 2].map(async () => {
        const { id } = await storeSignal(at, at.desk.producer.id);
        return { id, ...(await approveSignal(at, id, at.desk.userId)) };
      }),
    );
    await Promise.all(approvals.map(({ eventId }) => consume(at.deps, [{ kind: 'outbox', id: eventId }])));
    const refusals = await t.sql('SELECT refusal FROM deliveries WHERE signal_id = ANY($1)', [
      approvals.map((a) => a.id),
    ]);
    expect(refusals.map((r) => r['refusal']).sort()).toEqual(['instrument-exposure-reached', null]);
  });
});

describe('an account whose day may lose no more than a rule says', () => {
  /** 300 from the balance at midnight in Prague, of which 240 may be lost. */
  const RULE = {
    ...{
      name: 'daily',
      tz: 'Europe/Prague',
      reset: '00:00',
      base: 'balance',
      buffer_bps: 8_000,
      initial: null,
    },
    amount: { kind: 'money', value: '300' },
  };
  // 0.1 lot, bought at 2045.27 at worst: ten dollars for each of the price.
  const near = { stop_loss: '2025.00' };
  const far = { stop_loss: '2020.00' };

  it('takes an entry whose stop costs less than is left, and none that costs more or has none', async () => {
    await guardBy({ daily_rules: [RULE] });
    await see();
    expect(await approve(near)).toBe('made 1');
    expect(await approve(far)).toBe('daily-loss-too-near');
    expect(await approve({ stop_loss: undefined })).toBe('stop-required');
  });

  it('has less left when it has lost', async () => {
    await guardBy({ daily_rules: [RULE] });
    await see();
    const held = wirePosition({ identifier: '7', magic: '0', atMs: nowMs(), profit: '-50' });
    at.deps.clock.advance(60_000);
    await see({ ...gold(), positions: [held] });
    expect(await approve(near)).toBe('daily-loss-too-near');
  });

  it('is not held to rules that its guard only watches', async () => {
    await guardBy({ mode: 'shadow', daily_rules: [RULE] });
    await see();
    expect(await approve(far)).toBe('made 1');
  });
});
