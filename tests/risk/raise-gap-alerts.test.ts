import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const HOUR_MS = 3_600_000;
/** A Monday's hour that has just ended. */
const NOW = Date.parse('2026-03-02T10:00:00Z');

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

/** Bars of an hour that end with the hour `endMs`, flat but for jumps to a price from a bar on, counted from the last. */
const bars = (endMs: number, jumps: Readonly<Record<number, number>> = {}, count = 20) => {
  let price = 2000;
  return Array.from({ length: count }, (_, i) => {
    price = jumps[count - 1 - i] ?? price;
    const [open, high, low] = [String(price), String(price + 1), String(price - 1)];
    return { time: isoTime(endMs - (count - i) * HOUR_MS), open, high, low, close: open, volume: '1' };
  });
};
async function push(series: object[], symbol = 'XAUUSD', timeframe = 'H1'): Promise<void> {
  at.answer({ candles: [{ symbol, timeframe, bars: series }] });
  expect((await at.run()).outcome).toBe('applied');
}
const alerts = async () =>
  (
    await t.sql(
      `SELECT period, detail FROM alerts WHERE kind = 'market-gap' AND subject_id LIKE $1 ORDER BY period`,
      [`${at.desk.account.id}/%`],
    )
  ).map(({ period, detail }) => ({ period, ...(detail as object) }));

describe('a gap', () => {
  it('is told when its bar has closed, once, with what it was and until when no entry is taken', async () => {
    await push(bars(NOW, { 0: 2110 }));
    const told = {
      ...{
        period: isoTime(NOW - HOUR_MS),
        bar: isoTime(NOW - HOUR_MS),
        instrument: 'XAUUSD',
        symbol: 'XAUUSD',
      },
      ...{
        gap: 'intra-session',
        from: '2000',
        to: '2110',
        percent: 5.5,
        account: 'An account',
      },
    };
    expect(await alerts()).toEqual([{ ...told, no_entries_until: isoTime(NOW + HOUR_MS) }]);
    const sent = at.deps.sent.length;
    expect(at.deps.sent.some((m) => m.kind === 'outbox')).toBe(true);
    at.deps.clock.advance(60_000);
    await push(bars(NOW, { 0: 2110 }));
    expect(await alerts()).toHaveLength(1);
    expect(at.deps.sent.slice(sent).filter((m) => m.kind === 'outbox')).toEqual([]);
  });

  it('over a weekend is one of the session', async () => {
    at.deps.clock.set(Date.parse('2026-03-02T00:00:00Z'));
    const friday = bars(Date.parse('2026-02-27T22:00:00Z'));
    await push([...friday, ...bars(Date.parse('2026-03-02T00:00:00Z'), { 0: 1890 }, 1)]);
    expect(await alerts()).toMatchObject([{ gap: 'session', percent: 5.5 }]);
  });

  it('of yesterday, which an older history brings, is told to nobody', async () => {
    await push(bars(NOW, { 3: 2110 }));
    expect(await alerts()).toEqual([]);
  });

  it('is told though its user has it block nothing, and by his own measure', async () => {
    await t.sql(`INSERT INTO guards (account_id, settings, updated_at) VALUES ($1, $2, now())`, [
      at.desk.account.id,
      JSON.stringify({ market: { gap_bps: 10_000, gap_ranges: 100, block_on: [] } }),
    ]);
    await push(bars(NOW, { 0: 2110 }));
    expect(await alerts()).toEqual([]);
    await t.sql(`UPDATE guards SET settings = '{"market": {"block_on": []}}'`);
    at.deps.clock.advance(1_000);
    await push(bars(NOW, { 0: 2110 }));
    const [told] = await alerts();
    expect(told).toMatchObject({ percent: 5.5 });
    expect(told).not.toHaveProperty('no_entries_until');
  });

  it('is looked for in bars of an hour and our instruments alone', async () => {
    await push(bars(NOW, { 0: 2110 }), 'US500');
    await push(bars(NOW, { 0: 2110 }), 'XAUUSD', 'M5');
    expect(await alerts()).toEqual([]);
  });
});
