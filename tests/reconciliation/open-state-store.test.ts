// What a snapshot leaves of the symbols at its broker: whose specifications are kept, what works in them, how wide they quote.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { SPECIFICATION } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
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

const nowMs = () => at.deps.clock.nowMs();
const quote = (symbol: string, more: Record<string, unknown> = {}) => ({
  ...{ ...SPECIFICATION, symbol, time: isoTime(nowMs()), ...more },
});
async function see(change: Parameters<DeskAtBroker['answer']>[0]): Promise<void> {
  at.answer(change);
  expect((await at.run()).outcome).toBe('applied');
}
const stored = (columns: string) =>
  t.sql(`SELECT symbol, ${columns} FROM account_symbols WHERE account_id = $1 ORDER BY symbol`, [
    at.desk.account.id,
  ]);

describe('a symbol that is no instrument of ours', () => {
  const working = (symbol: string, volume_current: string) => ({
    ...{ ticket: '31', time_setup: isoTime(nowMs()), type: 'sell_limit', state: 'placed', magic: '0' },
    ...{ position_id: '0', volume_initial: '9', volume_current, price_open: '1', symbol, comment: '' },
  });

  it('is kept while something stands or works in it, so that it can be weighed and closed', async () => {
    const held = wirePosition({ identifier: '7', magic: '0', atMs: nowMs(), symbol: 'US500', profit: '0' });
    const symbols = ['GER40', 'JPN225', 'US500', 'XAUUSD'].map((symbol) => quote(symbol));
    await see({ symbols, positions: [held], orders: [working('GER40', '1.5')] });
    expect(await stored('pending_sell::float AS sell')).toEqual([
      { symbol: 'EURUSD', sell: 0 },
      { symbol: 'GER40', sell: 1.5 },
      { symbol: 'US500', sell: 0 },
      { symbol: 'XAUUSD', sell: 0 },
    ]);
  });

  it('has no working orders any more when the snapshots no longer name it', async () => {
    await see({ symbols: [quote('GER40'), quote('XAUUSD')], orders: [working('GER40', '1.5')] });
    at.deps.clock.advance(5_000);
    await see({ symbols: [quote('XAUUSD')], orders: [working('GER40', '0.5')] });
    const lots = async () =>
      (await stored('pending_sell::float AS sell')).find((row) => row['symbol'] === 'GER40')?.['sell'];
    expect(await lots()).toBe(0.5);
    at.deps.clock.advance(5_000);
    await see({ symbols: [quote('XAUUSD')] });
    expect(await lots()).toBe(0);
  });
});

describe('the spreads of a symbol', () => {
  const spreads = async () =>
    (await stored('spreads')).find((row) => row['symbol'] === 'XAUUSD')?.['spreads'] as {
      recent: [number, string][];
      usual: [number, string][];
    };
  const tick = async (ms: number, more: Record<string, unknown> = {}) => {
    at.deps.clock.advance(ms);
    await see({ symbols: [quote('XAUUSD', more)] });
  };

  it('are those of the last moments, and one a minute', async () => {
    const start = nowMs();
    await tick(0);
    await tick(1_999, { ask: '2039.90' });
    await tick(1, { ask: '2036.90' });
    expect(await spreads()).toEqual({
      recent: [
        [start, '0.2'],
        [start + 2_000, '2'],
      ],
      usual: [[start, '0.2']],
    });
    await tick(58_000);
    expect((await spreads()).usual).toEqual([
      [start, '0.2'],
      [start + 60_000, '0.2'],
    ]);
  });

  it('are eight and sixty at the most, and the oldest go', async () => {
    await tick(0);
    const rings = (length: number) =>
      JSON.stringify(Array.from({ length }, (_, i) => [nowMs() - (length - i) * 60_000, '0.3']));
    await t.sql(
      `UPDATE account_symbols SET spreads = jsonb_build_object('recent', $2::jsonb, 'usual', $3::jsonb)
       WHERE account_id = $1 AND symbol = 'XAUUSD'`,
      [at.desk.account.id, rings(8), rings(60)],
    );
    const before = await spreads();
    await tick(60_000);
    const { recent, usual } = await spreads();
    expect(recent).toEqual([...before.recent.slice(1), [nowMs(), '0.2']]);
    expect(usual).toEqual([...before.usual.slice(1), [nowMs(), '0.2']]);
  });

  it('hold nothing of a quote that stands still, nor of the rollover of New York', async () => {
    await tick(0, { time: isoTime(nowMs() - 60_001) });
    expect(await spreads()).toEqual({});
    at.deps.clock.set(Date.parse('2026-03-02T21:55:00Z'));
    await tick(0);
    expect(await spreads()).toEqual({});
    at.deps.clock.set(Date.parse('2026-03-02T23:05:00Z'));
    await tick(0);
    expect((await spreads()).recent).toEqual([[nowMs(), '0.2']]);
    await tick(5_000, { time: isoTime(nowMs() - 60_001) });
    expect((await spreads()).recent).toHaveLength(1);
  });
});
