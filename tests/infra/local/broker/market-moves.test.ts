// Where prices come from: a file of candles played tick by tick, the seeded walk, symbols made on demand.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineFixture } from './engine-fixture.ts';

const CANDLES = `time,open,high,low,close,volume
2026-03-05T20:00:00Z,2000.00,2005.00,1995.00,2002.00,9
2026-03-05T21:00:00Z,2002.00,2004.00,2001.00,2003.00,9
2026-03-06T21:00:00Z,2003.00,2010.00,1999.00,2001.00,9
2026-03-08T22:00:00Z,1980.00,1990.00,1975.00,1985.00,9
`;
const UNTIL = Date.parse('2026-03-06T00:00:00Z');
const range = { from: 0, to: 8e15, nowMs: 8e15, limit: 9, keep: 'last' } as const;

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'candles-'));
  file = join(dir, 'xau.csv');
  writeFileSync(file, CANDLES);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function loaded(): EngineFixture {
  const fixture = new EngineFixture();
  const { lastClose, nowMs } = fixture.engine.loadCandles('XAUUSD', 'H1', file, UNTIL);
  expect([lastClose, new Date(nowMs).toISOString()]).toEqual(['2003', '2026-03-05T22:00:00.000Z']);
  return fixture;
}

test('candles to come are played as open, nearer extreme, other extreme, close; a gap between them hits stops', () => {
  const fixture = loaded();
  const { engine } = fixture;
  const stopped = fixture.market('buy', '0.01', { symbol: 'XAUUSD', sl: '1990' });
  const limit = fixture.pending('sell_limit', '0.01', '2010', { symbol: 'XAUUSD' });
  expect(engine.playCandles('XAUUSD', 1)).toBe(1);
  // A falling candle rises first: the limit is met at its high, 2010, with two thirds of the hour to go.
  expect(fixture.deals().at(-1)).toMatchObject({ order: limit.order, price: '2010' });
  expect(fixture.deals().at(-1)?.time).toBe(Date.parse('2026-03-06T23:20:00Z'));
  expect(fixture.positions()).toHaveLength(2);
  expect(engine.playCandles('XAUUSD', 5)).toBe(1);
  const stop = fixture.deals().find((deal) => deal.reason === 'sl');
  expect(stop).toMatchObject({ position_id: stopped.order, price: '1980', comment: '[sl 1990.00]' });
  const bars = engine.state.candles.closedBars('XAUUSD', 'H1', range);
  expect(bars.map((bar) => [bar.open, bar.high, bar.low, bar.close])).toEqual([
    [200_000, 200_500, 199_500, 200_200],
    [200_200, 200_400, 200_100, 200_300],
    [200_300, 201_000, 199_900, 200_100],
    [198_000, 199_000, 197_500, 198_500],
  ]);
});

test('a restart goes on with the candle that is next', () => {
  const fixture = loaded();
  fixture.engine.playCandles('XAUUSD', 1);
  fixture.reopen();
  expect(fixture.engine.playCandles('XAUUSD', 9)).toBe(1);
  expect(fixture.engine.state.tables.quote.get('XAUUSD')).toMatchObject({ bid: '1985', ask: '1985.2' });
  expect(fixture.engine.playCandles('XAUUSD', 1)).toBe(0);
});

test('a symbol made like another one has its terms and price, a walk of its own, and survives a restart', () => {
  const fixture = new EngineFixture();
  fixture.engine.addSymbol('XAUUSD.pro', 'XAUUSD');
  fixture.engine.changeSymbol('XAUUSD.pro', { contract_size: '10' });
  fixture.market('buy', '0.1', { symbol: 'XAUUSD.pro' });
  fixture.reopen();
  expect(fixture.figures().margin).toBe('20.35');
  for (const symbol of ['XAUUSD', 'XAUUSD.pro']) fixture.engine.walk(symbol, 50, 0);
  const [one, other] = ['XAUUSD', 'XAUUSD.pro'].map((name) => fixture.engine.state.tables.quote.get(name));
  expect(one?.bid).not.toBe(other?.bid);
});

test('a history nobody asked for is never made; asked for, it ends at the price where the broker began', () => {
  const fixture = new EngineFixture();
  const { candles } = fixture.engine.state;
  expect([candles.count('US500', 'M1'), candles.count('US500', 'H1')]).toEqual([30_000, 500]);
  const bars = candles.closedBars('US500', 'H1', { ...range, nowMs: fixture.realNowMs, limit: 500 });
  expect(bars).toHaveLength(500);
  expect(bars.at(-1)?.close).toBe(521_025);
  for (const bar of bars)
    for (const price of [bar.open, bar.high, bar.low, bar.close]) expect(price % 25).toBe(0);
});

test('rows of an older version are completed, orders and symbols alike', () => {
  const fixture = new EngineFixture();
  const placed = fixture.pending('buy_limit', '0.1', '1.08', { expiration: fixture.realNowMs + 9e6 });
  const added = ['type_time', 'type_filling', 'price_stoplimit', 'position_by_id', 'margin_so_so', 'fee'];
  const old = JSON.parse(JSON.stringify(fixture.journal), (key, value) =>
    added.includes(key) || key === 'filling_modes' ? undefined : value,
  );
  fixture.journal.splice(0, fixture.journal.length, ...old);
  fixture.reopen();
  expect(fixture.orders()).toMatchObject([
    { ticket: placed.order, type_time: 'specified', type_filling: 'return', price_stoplimit: null },
  ]);
  expect(fixture.engine.symbol('GOLD.m')).toMatchObject({ fee: '0', filling_modes: ['ioc'] });
  fixture.market('buy', '0.1');
  expect(fixture.positions()).toHaveLength(1);
});
