// What a server does of its own accord, and what marks it leaves: gaps, stop-out, close-by, cancelled deals, tickets.
import { expect, test } from 'vitest';
import { dec } from '../../../../infra/local/broker/decimal.ts';
import { symbolRow } from '../../../../infra/local/broker/wire-rows.ts';
import { EngineFixture, LOGIN } from './engine-fixture.ts';

test('a stop in a gap fills at the price behind it, and the reason is still SL', () => {
  const fixture = new EngineFixture();
  fixture.market('buy', '0.01', { symbol: 'XAUUSD', sl: '2030' });
  fixture.tick('XAUUSD', '2020');
  expect(fixture.deals().at(-1)).toMatchObject({
    reason: 'sl',
    comment: '[sl 2030.00]',
    price: '2020',
    profit: '-15.3',
    magic: '0',
  });
});

test('a spread that widens alone stops a short out', () => {
  const fixture = new EngineFixture();
  fixture.market('sell', '0.01', { symbol: 'XAUUSD', sl: '2037' });
  fixture.tick('XAUUSD', '2035.1', '2037.5');
  expect(fixture.deals().at(-1)).toMatchObject({ reason: 'sl', price: '2037.5', profit: '-2.4' });
});

test('stop-out deletes the pending orders and then closes by size of loss', () => {
  const fixture = new EngineFixture({ balance: '500' });
  const euro = fixture.market('buy', '0.1');
  const large = fixture.market('buy', '0.1', { symbol: 'XAUUSD' });
  const small = fixture.market('buy', '0.05', { symbol: 'XAUUSD' });
  const pending = fixture.pending('buy_limit', '0.1', '1.08');
  fixture.tick('XAUUSD', '1950');
  expect(fixture.history(pending.order)).toMatchObject({
    state: 'canceled',
    comment: expect.stringMatching(/^\[so -/),
  });
  const closed = fixture.deals().filter((deal) => deal.entry === 'out');
  expect(closed.map((deal) => deal.position_id)).toEqual([large.order, small.order, euro.order]);
  for (const deal of closed) expect(deal).toMatchObject({ reason: 'so', magic: '0' });
  // Margin 108.51 + 203.53 + 101.77; equity 499.12 - 853 - 426.5 - 0.8.
  expect(closed[0]?.comment).toBe('[so -188.78%/-781.18/413.81]');
});

test('the stop-out level is the account’s own', () => {
  const fixture = new EngineFixture({ balance: '500', account: { margin_so_so: '20' } });
  fixture.market('buy', '0.1');
  fixture.market('buy', '0.1', { symbol: 'XAUUSD' });
  fixture.tick('XAUUSD', '2001');
  expect(fixture.figures().margin_level).toBe('49.83');
  expect(fixture.positions()).toHaveLength(2);
  fixture.tick('XAUUSD', '1991');
  expect(fixture.positions()).toHaveLength(1);
});

test('close-by: two OUT_BY deals, the money booked once, no commission, the rest stays', () => {
  const fixture = new EngineFixture();
  const long = fixture.market('buy', '0.3');
  fixture.tick('EURUSD', '1.08608');
  const short = fixture.market('sell', '0.1');
  const balance = fixture.balance();
  const done = fixture.send({ action: 'close_by', position: long.order, position_by: short.order });
  expect(done).toMatchObject({ retcode: 10009, volume: '0.1', price: '1.08608' });
  expect(fixture.history(done.order)).toMatchObject({
    type: 'close_by',
    position_id: long.order,
    position_by_id: short.order,
    magic: '79',
  });
  const common = { entry: 'out_by', volume: '0.1', commission: '0', order: done.order };
  expect(fixture.deals().slice(-2)).toMatchObject([
    { ...common, type: 'sell', position_id: long.order, profit: '10' },
    { ...common, type: 'buy', position_id: short.order, profit: '0' },
  ]);
  expect(Number(fixture.balance()) - Number(balance)).toBeCloseTo(10, 8);
  expect(fixture.positions()).toMatchObject([{ identifier: long.order, volume: '0.2' }]);
  const again = { action: 'close_by', position: long.order, position_by: short.order } as const;
  expect(fixture.send(again).retcode).toBe(10036);
  const other = fixture.market('buy', '0.1');
  expect(fixture.send({ ...again, position_by: other.order }).retcode).toBe(10013);
});

test('magic: lost when the server closes, unless the server keeps it', () => {
  for (const keeps of [false, true]) {
    const fixture = new EngineFixture({ account: { keeps_magic: keeps } });
    fixture.market('buy', '0.01', { symbol: 'XAUUSD', tp: '2040' });
    fixture.tick('XAUUSD', '2040');
    expect(fixture.deals().at(-1)).toMatchObject({ reason: 'tp', magic: keeps ? '77' : '0' });
  }
});

test('comments are cut to what the server keeps', () => {
  const fixture = new EngineFixture({ account: { comment_length: 16 } });
  const comment = 'CS0000000001-abcdefgh';
  const { order } = fixture.market('buy', '0.01', { comment });
  expect(fixture.positions()).toMatchObject([{ comment: 'CS0000000001-abc' }]);
  expect(fixture.history(order)).toMatchObject({ comment: 'CS0000000001-abc' });
});

test('a service operation changes the ticket and nothing else; the old one is gone', () => {
  const fixture = new EngineFixture();
  const { order } = fixture.market('buy', '0.1', { sl: '1.08' });
  const moved = fixture.engine.changeTicket(LOGIN, order ?? '', true);
  expect(moved.ticket).not.toBe(order);
  expect(fixture.positions()).toMatchObject([{ ticket: moved.ticket, identifier: order, sl: '1.08' }]);
  expect(fixture.deals().slice(-2)).toMatchObject([
    { entry: 'out', reason: 'rollover', profit: '0', position_id: order },
    { entry: 'in', reason: 'rollover', profit: '0', position_id: order },
  ]);
  expect(fixture.market('sell', '0.1', { position: order }).retcode).toBe(10036);
  expect(fixture.market('sell', '0.1', { position: moved.ticket }).retcode).toBe(10009);
  expect(fixture.deals().at(-1)).toMatchObject({ position_id: order, entry: 'out' });
});

test('a cancelled deal shows no money, a correction takes its money back, and its volume is undone', () => {
  const fixture = new EngineFixture();
  const opened = fixture.market('buy', '0.1');
  fixture.tick('EURUSD', '1.08608');
  const closed = fixture.market('sell', '0.1', { position: opened.order });
  expect(fixture.balance()).toBe('10009.3');
  const cancel = (deal: string | null) => fixture.engine.cancelDeal(LOGIN, deal ?? '');
  expect(() => cancel(opened.deal)).toThrow('closing deals first');
  const { deal, correction } = cancel(closed.deal);
  expect(deal).toMatchObject({ ticket: closed.deal, type: 'sell_canceled', profit: '0', commission: '0' });
  expect(correction).toMatchObject({ type: 'correction', profit: '-9.65', position_id: '0' });
  expect(fixture.balance()).toBe('9999.65');
  expect(fixture.positions()).toMatchObject([
    { identifier: opened.order, volume: '0.1', price_open: '1.08508', type: 'buy' },
  ]);
  expect(() => cancel(closed.deal)).toThrow('no deal');
  cancel(opened.deal);
  expect(fixture.positions()).toEqual([]);
  expect(fixture.balance()).toBe('10000');
});

test('an index with tick 0.25: prices in ticks, fee on both deals, commission on the first, triple swap on Friday', () => {
  const fixture = new EngineFixture({ balance: '100000', nowMs: Date.parse('2026-03-06T12:00:00Z') });
  const symbol = 'US500';
  expect(() => fixture.tick(symbol, '5210.30')).toThrow('multiples of 0.25');
  expect(fixture.pending('buy_limit', '1', '5200.1', { symbol }).retcode).toBe(10015);
  expect(fixture.market('buy', '1.5', { symbol }).retcode).toBe(10014);
  expect(fixture.pending('buy_limit', '41', '5100', { symbol }).retcode).toBe(10034);
  const opened = fixture.market('buy', '1', { symbol });
  expect(opened.price).toBe('5210.75');
  expect(fixture.deals().at(-1)).toMatchObject({ commission: '-2', fee: '-0.85' });
  fixture.hold('2026-03-06T22:00:00Z');
  expect(fixture.positions()[0]?.swap).toBe('-43.5');
  fixture.tick(symbol, '5220.25');
  fixture.market('sell', '1', { symbol, position: opened.order });
  expect(fixture.deals().at(-1)).toMatchObject({
    commission: '0',
    fee: '-0.85',
    profit: '475',
    swap: '-43.5',
  });
  expect(fixture.balance()).toBe('100427.8');
  fixture.engine.walk(symbol, 200, 60);
  const quote = fixture.engine.state.tables.quote.get(symbol);
  for (const price of [quote?.bid, quote?.ask]) expect((Number(price) * 100) % 25).toBe(0);
  const { state } = fixture.engine;
  const row = symbolRow(state, fixture.engine.account(LOGIN), fixture.engine.symbol(symbol));
  expect(row).toMatchObject({
    point: '0.01',
    tick_size: '0.25',
    tick_value: '12.5',
    filling_modes: ['fok'],
    expiration_modes: ['gtc', 'day'],
    currency_profit: 'USD',
    swap_long: '-14.5',
    swap_short: '3.2',
  });
  // One lot: 50 x ask x margin rate 5 / leverage 100.
  expect(Number(row.margin_per_lot)).toBeCloseTo((50 * Number(quote?.ask) * 5) / 100, 2);
});

test('inside the freeze level nothing may be closed, modified or cancelled', () => {
  const fixture = new EngineFixture();
  const symbol = 'GOLD.m';
  const opened = fixture.market('buy', '0.1', { symbol, sl: '2030' });
  const placed = fixture.pending('sell_stop', '0.1', '2030', { symbol });
  fixture.tick(symbol, '2030.05');
  expect(fixture.market('sell', '0.1', { symbol, position: opened.order }).retcode).toBe(10029);
  expect(fixture.send({ action: 'sltp', position: opened.order, sl: '2025' }).retcode).toBe(10029);
  expect(fixture.send({ action: 'remove', order: placed.order }).retcode).toBe(10029);
  fixture.tick(symbol, '2032');
  expect(fixture.send({ action: 'remove', order: placed.order }).retcode).toBe(10009);
});

test('the night is charged at the server’s own midnight, an hour apart where the dates of summer time differ', () => {
  for (const [serverTz, midnight] of [
    ['NY+7', '2026-03-10T21:00:00Z'],
    ['EET', '2026-03-10T22:00:00Z'],
  ] as const) {
    const fixture = new EngineFixture({ serverTz, nowMs: Date.parse('2026-03-10T12:00:00Z') });
    fixture.market('buy', '1');
    fixture.engine.setClock(Date.parse(midnight) - 1000);
    expect(fixture.positions()[0]?.swap).toBe('0');
    fixture.engine.setClock(Date.parse(midnight));
    expect(fixture.positions()[0]?.swap).toBe('-6.5');
  }
});

test('two servers in one broker: each account is charged once, at its own midnight', () => {
  const fixture = new EngineFixture({ serverTz: 'NY+7', nowMs: Date.parse('2026-03-10T12:00:00Z') });
  const { engine } = fixture;
  const other = { ...engine.account(LOGIN), login: '1002', server: 'Other', server_tz: 'EET' };
  engine.createAccount(other, dec('10000'));
  for (const login of [LOGIN, '1002']) fixture.market('buy', '1', { login });
  const swaps = () => [LOGIN, '1002'].map((login) => engine.state.positionsOf(login)[0]?.swap);
  fixture.hold('2026-03-10T21:30:00Z');
  expect(swaps()).toEqual(['-6.5', '0']);
  fixture.hold('2026-03-10T22:30:00Z');
  expect(swaps()).toEqual(['-6.5', '-6.5']);
});

test('a transaction that fails leaves no trace, in the tables or by account', () => {
  const fixture = new EngineFixture();
  const { engine } = fixture;
  const { order } = fixture.market('buy', '0.1');
  const seen = () => [fixture.positions(), fixture.deals(), fixture.balance(), engine.state.busyLogins()];
  const before = seen();
  const failing = () =>
    engine.transact(() => {
      engine.state.put('position', order ?? '', null);
      const [deal] = fixture.deals();
      if (deal) engine.state.put('deal', 'x', { ...deal, ticket: 'x' });
      engine.state.put('account', LOGIN, { ...engine.account(LOGIN), balance: '0' });
      throw new Error('in the middle');
    });
  expect(failing).toThrow('in the middle');
  expect(seen()).toEqual(before);
  fixture.reopen();
  expect(fixture.balance()).toBe('9999.65');
});
