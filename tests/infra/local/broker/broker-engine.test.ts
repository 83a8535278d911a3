// Arithmetic of the simulated broker, to the cent; every figure below was worked out by hand from the symbol's terms.
import { expect, test } from 'vitest';
import { EngineFixture, type FixtureTerms, LOGIN } from './engine-fixture.ts';

let fixture: EngineFixture;
function start(terms?: FixtureTerms): EngineFixture {
  fixture = new EngineFixture(terms);
  return fixture;
}

function hold(iso: string): void {
  fixture.engine.setClock(Date.parse(iso));
}

test('a long opens at ask, closes at bid, and pays commission on both deals', () => {
  start();
  const opened = fixture.market('buy', '0.10');
  expect(opened).toMatchObject({ retcode: 10009, price: '1.08508', volume: '0.1' });
  expect(fixture.balance()).toBe('9999.65');
  fixture.tick('EURUSD', '1.08608');
  // 0.00100 x 100000 x 0.1 = 10.00; margin 0.1 x 100000 x 1.08508 / 100 = 108.508
  expect(fixture.figures()).toEqual({
    profit: '10',
    equity: '10009.65',
    margin: '108.51',
    margin_level: '9224.63',
  });
  fixture.market('sell', '0.1', { position: opened.order });
  expect(fixture.balance()).toBe('10009.3');
  expect(fixture.positions()).toEqual([]);
  const [, into, out] = fixture.deals();
  expect(into).toMatchObject({ entry: 'in', position_id: opened.order, commission: '-0.35', profit: '0' });
  expect(out).toMatchObject({
    entry: 'out',
    position_id: opened.order,
    commission: '-0.35',
    profit: '10',
    magic: '77',
  });
});

test('profit in another currency is converted at the worse side of the quote', () => {
  start();
  fixture.market('buy', '0.1', { symbol: 'USDJPY' });
  fixture.tick('USDJPY', '150.51');
  // (150.510 - 150.010) x 10000 = 5000 JPY; / ask 150.520 = 33.2182
  expect(fixture.figures().profit).toBe('33.22');
  fixture.tick('USDJPY', '149.51');
  // -5000 JPY / bid 149.510 = -33.4426
  expect(fixture.figures().profit).toBe('-33.44');
  expect(fixture.figures().margin).toBe('100');
});

test('swap is charged at 17:00 New York, threefold on Wednesday, and shared out on a partial close', () => {
  start();
  const opened = fixture.market('buy', '0.10');
  hold('2026-03-03T21:59:59Z');
  expect(fixture.positions()[0]?.swap).toBe('0');
  hold('2026-03-03T22:00:00Z');
  expect(fixture.positions()[0]?.swap).toBe('-0.65');
  hold('2026-03-05T12:00:00Z');
  expect(fixture.positions()[0]?.swap).toBe('-2.6');
  fixture.market('sell', '0.04', { position: opened.order });
  expect(fixture.deals().at(-1)).toMatchObject({
    entry: 'out',
    volume: '0.04',
    swap: '-1.04',
    profit: '-0.32',
  });
  expect(fixture.positions()[0]).toMatchObject({
    volume: '0.06',
    swap: '-1.56',
    price_open: '1.08508',
    identifier: opened.order,
  });
  // 10000 - 0.35 - 0.14 - 0.32 - 1.04
  expect(fixture.balance()).toBe('9998.15');
  // The rest takes the rest of the swap with it: - 0.21 - 0.48 - 1.56
  fixture.market('sell', '0.06', { position: opened.order });
  expect(fixture.deals().at(-1)).toMatchObject({ swap: '-1.56', profit: '-0.48', commission: '-0.21' });
  expect(fixture.balance()).toBe('9995.9');
});

test('a week of nights costs seven, over the change to daylight-saving time too', () => {
  start();
  fixture.market('buy', '1');
  hold('2026-03-10T10:00:00Z');
  expect(fixture.positions()[0]?.swap).toBe('-45.5');
  // From 8 March New York is on UTC-4: the rollover is at 21:00Z.
  hold('2026-03-10T21:00:00Z');
  expect(fixture.positions()[0]?.swap).toBe('-52');
});

test('the stop of a short is judged on the ask and fills there, with the server’s reason and comment', () => {
  start();
  const opened = fixture.market('sell', '0.02', { symbol: 'XAUUSD', sl: '2036.1', tp: '2000' });
  fixture.tick('XAUUSD', '2035.85');
  expect(fixture.positions()).toHaveLength(1);
  fixture.tick('XAUUSD', '2036');
  // ask 2036.20: (2035.10 - 2036.20) x 100 x 0.02
  expect(fixture.deals().at(-1)).toMatchObject({
    position_id: opened.order,
    reason: 'sl',
    comment: '[sl 2036.10]',
    magic: '0',
    price: '2036.2',
    profit: '-2.2',
    entry: 'out',
  });
  expect(fixture.balance()).toBe('9997.66');
});

test('a take profit gives the better price of a gap', () => {
  start();
  fixture.market('buy', '0.01', { symbol: 'XAUUSD', tp: '2040' });
  fixture.tick('XAUUSD', '2041');
  expect(fixture.deals().at(-1)).toMatchObject({
    reason: 'tp',
    comment: '[tp 2040.00]',
    price: '2041',
    profit: '5.7',
  });
});

test('netting: a larger opposite deal reverses with INOUT, keeps the identifier and changes the ticket', () => {
  start({ marginMode: 'netting' });
  const first = fixture.market('buy', '0.10');
  fixture.market('buy', '0.10');
  expect(fixture.positions()).toMatchObject([{ volume: '0.2', price_open: '1.08508' }]);
  fixture.market('sell', '0.10');
  fixture.tick('EURUSD', '1.08608');
  const turn = fixture.market('sell', '0.25');
  expect(fixture.deals().at(-1)).toMatchObject({
    entry: 'inout',
    volume: '0.25',
    profit: '10',
    commission: '-0.88',
    position_id: first.order,
  });
  expect(fixture.positions()).toMatchObject([
    { identifier: first.order, ticket: turn.order, type: 'sell', volume: '0.15', price_open: '1.08608' },
  ]);
});

test('netting: adding averages the price by volume', () => {
  start({ marginMode: 'netting' });
  fixture.market('buy', '0.1');
  fixture.tick('EURUSD', '1.086');
  fixture.market('buy', '0.3');
  expect(fixture.positions()[0]).toMatchObject({ volume: '0.4', price_open: '1.08583' });
});

test('stop-out closes the largest loss first and stops above the level', () => {
  start({ balance: '500' });
  const euro = fixture.market('buy', '0.1');
  const gold = fixture.market('buy', '0.1', { symbol: 'XAUUSD' });
  // margin 108.51 + 203.53 = 312.04; half of it 156.02; equity at 2001.30 is 158.50
  fixture.tick('XAUUSD', '2001.3');
  expect(fixture.positions()).toHaveLength(2);
  fixture.tick('XAUUSD', '2001');
  expect(fixture.deals().at(-1)).toMatchObject({
    position_id: gold.order,
    reason: 'so',
    comment: '[so 49.83%/155.50/312.04]',
    profit: '-343',
  });
  expect(fixture.positions()).toMatchObject([{ ticket: euro.order }]);
});

test('a half-filled pending keeps working beside its position and opens the same identifier again', () => {
  start();
  const placed = fixture.pending('buy_limit', '0.2', '1.08');
  expect(placed.retcode).toBe(10008);
  fixture.arm('partial_fill');
  fixture.tick('EURUSD', '1.0799');
  expect(fixture.positions()).toMatchObject([{ identifier: placed.order, volume: '0.1', magic: '78' }]);
  expect(fixture.engine.state.ordersOf(LOGIN)).toMatchObject([{ state: 'partial', volume_current: '0.1' }]);
  fixture.market('sell', '0.1', { position: placed.order });
  expect(fixture.positions()).toEqual([]);
  fixture.tick('EURUSD', '1.0798');
  expect(fixture.positions()).toMatchObject([
    { identifier: placed.order, volume: '0.1', price_open: '1.07988' },
  ]);
  expect(fixture.engine.state.tables.history.get(placed.order ?? '')).toMatchObject({ state: 'filled' });
});

test('stop and limit orders wait for their side of the quote', () => {
  start();
  fixture.pending('sell_limit', '0.1', '1.086');
  fixture.pending('buy_stop', '0.1', '1.087');
  fixture.pending('sell_stop', '0.1', '1.084');
  fixture.tick('EURUSD', '1.08599');
  expect(fixture.positions()).toEqual([]);
  fixture.tick('EURUSD', '1.086');
  expect(fixture.positions()).toMatchObject([{ type: 'sell', price_open: '1.086' }]);
  fixture.tick('EURUSD', '1.08692');
  expect(fixture.positions()).toMatchObject([{ type: 'sell' }, { type: 'buy', price_open: '1.087' }]);
});

test('pending orders expire at their own instant, also when it is noticed late', () => {
  start();
  const server = (iso: string) => Date.parse(iso) + 2 * 3_600_000;
  const placed = fixture.pending('buy_limit', '0.1', '1.08', { expiration: server('2026-03-03T12:00:00Z') });
  hold('2026-03-04T12:00:00Z');
  expect(fixture.engine.state.tables.history.get(placed.order ?? '')).toMatchObject({
    state: 'expired',
    time_done: server('2026-03-03T12:00:00Z'),
  });
  fixture.tick('EURUSD', '1.07');
  expect(fixture.positions()).toEqual([]);
});

test('refusals carry the return codes of MT5 and move nothing', () => {
  start({ balance: '100' });
  const codes = [
    fixture.market('buy', '0.005').retcode,
    fixture.market('buy', '1').retcode,
    fixture.market('buy', '0.01', { sl: '1.09' }).retcode,
    fixture.market('buy', '0.01', { sl: '1.08495' }).retcode,
    fixture.market('buy', '0.01', { price: '1.085', deviation_points: 5 }).retcode,
    fixture.market('sell', '0.01', { position: '12345' }).retcode,
    fixture.pending('buy_limit', '0.01', '1.09').retcode,
    fixture.pending('buy_limit', '0.01', '1.080001').retcode,
    fixture.pending('buy_limit', '0.01', '1.08', { expiration: 1 }).retcode,
    fixture.engine.send({
      action: 'remove',
      login: LOGIN,
      order: '1',
      magic: '1',
      comment: '',
      reason: 'expert',
    }).retcode,
  ];
  expect(codes).toEqual([10014, 10019, 10016, 10016, 10004, 10036, 10015, 10015, 10022, 10035]);
  fixture.engine.changeSymbol('EURUSD', { market: 'sessions' });
  hold('2026-03-07T12:00:00Z');
  expect(fixture.market('buy', '0.01').retcode).toBe(10018);
  fixture.engine.changeSymbol('EURUSD', { market: 'open', trade_mode: 'close_only' });
  expect(fixture.market('buy', '0.01').retcode).toBe(10044);
  fixture.engine.setTradeAllowed(LOGIN, false);
  expect(fixture.market('buy', '0.01').retcode).toBe(10027);
  expect(fixture.balance()).toBe('100');
  expect(fixture.deals()).toHaveLength(1);
});

test('hedging: both directions stand side by side and the larger one carries the margin', () => {
  start();
  fixture.market('buy', '0.1');
  fixture.market('sell', '0.1');
  expect(fixture.positions()).toHaveLength(2);
  expect(fixture.figures().margin).toBe('108.51');
});
